"""One change to all that is selected: ticked in the list, or frozen by "Select all"; one act, one toast, one Undo."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render

from issues.input import Invalid
from issues.listing import Sort
from issues.models import SELECTION_MAX, Issue, Selection, bulk
from issues.models.bulk import Act
from issues.models.limits import OWNER_MAX, UNASSIGNED
from issues.queries import IssueFilter

from .forms import member, read_changes, sentence
from .htmx import PageRequest, announce, came_from, go_back, ids_in, verb, wants_fragment, without_did
from .said import said

_NOBODY = "Nothing is selected."


@verb
def select(request: PageRequest) -> HttpResponse:
    """`do=all` freezes what matches the filter in `query`; `do=keep` what is ticked, on the way to the address in `go`."""
    wanted = IssueFilter.parse(QueryDict(request.POST.get("query", "")), me=request.user.email)
    sort = Sort.parse(request.POST.get("sort", ""))
    if request.POST.get("do") == "all":
        selection = Selection.take(wanted.apply(Issue.objects.alive()), by=request.user)
        target = _address(wanted.query_string(), sort, selection)
    else:
        selection = Selection.keep(chosen(request), by=request.user)
        target = _address(request.POST.get("go", ""), None, selection)
    response = HttpResponseRedirect(target)
    response.status_code = 303
    return response


@verb
def change_selected(request: PageRequest) -> HttpResponse:
    """`do` says what: `status=resolved`, `priority=high`, `owner`, `tags` or `delete`. The others' values are in fields."""
    ids = chosen(request)
    if not ids:
        return _refused(request, _NOBODY)
    if len(ids) > SELECTION_MAX:
        return _refused(
            request, f"At most {SELECTION_MAX:,} issues change at once. Narrow the filter, or do it in parts."
        )
    what, _, value = request.POST.get("do", "").partition("=")
    try:
        act = _do(request, what, value, ids)
    except Invalid as error:
        return _refused(request, " ".join(map(sentence, error.problems)), what, ids)
    return _done(request, act)


def chosen(request: PageRequest) -> list[int]:
    """What is selected: the frozen selection less the rows that are shown without a tick, and every row with one."""
    ticked, shown = (set(ids_in(request.POST.getlist(name))) for name in ("issue", "shown"))
    selection = selection_of(request, request.POST.get("selection", ""))
    frozen = set(selection.issue_ids) if selection else set()
    return sorted((frozen - shown) | ticked)


def selection_of(request: PageRequest, text: str) -> Selection | None:
    """The viewer's own selection of this id, unless it expired."""
    try:
        return Selection.of(request.user, UUID(text)) if text else None
    except ValueError:
        return None


def _do(request: PageRequest, what: str, value: str, ids: list[int]) -> Act:
    by = request.user
    match what:
        case "status" | "priority":
            return bulk.change(ids, by=by, fields=read_changes({what: member(value or None)}))  # type: ignore[arg-type]
        case "owner":
            owner = (value or request.POST.get("owner", "")).strip() or UNASSIGNED
            return bulk.change(ids, by=by, fields=read_changes({"owner": member(owner)}))  # type: ignore[arg-type]
        case "tags":
            add, remove = (_tags(request.POST.getlist(name)) for name in ("add_tags", "remove_tags"))
            read_changes({"tags": member(add)})
            return bulk.change(ids, by=by, add_tags=add, remove_tags=remove)
        case "delete":
            return bulk.trash(ids, by=by)
    return Act(UUID(int=0), passed=len(ids))


def _tags(fields: list[str]) -> list[str]:
    return list(
        dict.fromkeys(tag for field in fields for tag in (part.strip() for part in field.split(",")) if tag)
    )


def _done(request: PageRequest, act: Act) -> HttpResponse:
    event = act.first_event
    words = [said(event)] if event else ["Nothing to change: all of them are so already, or deleted"]
    if event and act.passed:
        words.append(f"{act.passed:,} {'was' if act.passed == 1 else 'were'} so already")
    if act.refused:
        words.append(f"{len(act.refused):,} would have too many tags")
    text = ". ".join(words)
    if wants_fragment(request):
        undo: dict[str, Any] = {"undo": {"act": str(act.id)}} if event else {}
        return announce(HttpResponse(status=204), text=text, **undo)
    if event is None or act.refused:
        return render(request, "undo.html", {"title": "Done", "words": f"{text}.", "next": _back(request)})
    return go_back(request, "/list", did=event.pk)


def _refused(request: PageRequest, words: str, field: str = "", ids: list[int] | None = None) -> HttpResponse:
    """422: by script the words; by form a page that keeps the selection and what was typed."""
    if wants_fragment(request):
        return HttpResponse(words, status=422, content_type="text/plain; charset=utf-8")
    kept = Selection.keep(ids, by=request.user) if ids else None
    context = {
        "words": words,
        "field": field,
        "typed": {name: request.POST.get(name, "") for name in ("owner", "add_tags", "remove_tags")},
        "selection": kept,
        "next": _back(request),
        "owner_max": OWNER_MAX,
    }
    return render(request, "selected.html", context, status=422)


def _back(request: PageRequest) -> str:
    return without_did(came_from(request) or "/list")


def _address(query: str, sort: Sort | None, selection: Selection) -> str:
    """The list with this query string, showing this selection."""
    kept = [part for part in query.split("&") if part and not part.startswith("selection=")]
    kept += [f"sort={sort}"] if sort and sort != Sort() else []
    return f"/list?{'&'.join([*kept, f'selection={selection.uuid}'])}"

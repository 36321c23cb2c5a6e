"""The description: edited as Markdown, looked at before saving, and every earlier version of it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from issues.blocks.description import Unreadable, description_to_markdown, markdown_to_description
from issues.blocks.diff import compare
from issues.blocks.html import render_html
from issues.input import Invalid, Member
from issues.models import ChangedSince, DomainError, Event, EventKind, Gone, Issue, IssueFields

from .conflict import changed_by, hunks
from .files import TRIES, linked_files, new_pictures
from .forms import find_issue, fingerprint, loads, member, read_changes, sentence
from .htmx import PageRequest, verb, wants_fragment
from .showing import done, explain, kept
from .viewer import Words, fill

VERSIONS = 20  # of the history on one page


@require_http_methods(["GET", "HEAD", "POST"])
def edit_description(request: PageRequest, number: int) -> HttpResponse:
    """The description as Markdown; blocks that Markdown cannot say stay untouched in a fence."""
    if request.method == "POST":
        return _save(request, number)
    issue = find_issue(number)
    return _form(request, issue, description_to_markdown(issue.description))


@verb
def _save(request: PageRequest, number: int) -> HttpResponse:
    issue = find_issue(number, trashed_too=True)
    typed = request.POST.get("description", "").replace("\r\n", "\n")
    if issue.deleted_at is not None:
        return kept(request, issue, "It was deleted meanwhile.", typed, status=404)
    unchanged = request.POST.get("was") == fingerprint(issue.description)
    if unchanged and request.POST.get("do") == "choose":
        typed = _chosen(request, issue, typed)
    try:
        description = markdown_to_description(typed, issue.description)
        fields = read_changes({"description": Member(loads(description), description)})
        if request.POST.get("do") == "preview":
            return _form(request, issue, typed, preview=description, was=request.POST.get("was"))
        if not unchanged:
            return _conflict(request, issue, typed)
        _change(request, issue, fields, new_pictures(description))
    except ChangedSince:
        return _conflict(request, find_issue(number), typed)
    except Unreadable as error:
        return _form(request, issue, typed, problem=str(error), status=422, was=request.POST.get("was"))
    except Invalid as error:
        words = " ".join(map(sentence, error.problems))
        return _form(request, issue, typed, problem=words, status=422, was=request.POST.get("was"))
    except Gone:
        gone = find_issue(number, trashed_too=True)
        return kept(request, gone, "It was deleted meanwhile.", typed, status=404)
    return done(request, issue)


def _change(request: PageRequest, issue: Issue, fields: dict[str, Any], pictures: list[UUID]) -> None:
    """The description, and its new pictures as evidence, as one change. ChangedSince if the description is another by now."""
    was: IssueFields = {"description": issue.description}
    if not pictures:
        issue.change(by=request.user, expected=was, **fields)
        return
    for _ in range(TRIES):
        linked = linked_files(issue)
        fields |= read_changes({"attachment_ids": member([*map(str, [*linked, *pictures])])})
        try:
            issue.change(by=request.user, expected={**was, "attachments": linked}, **fields)
        except ChangedSince as error:
            if "description" in error.fields:
                raise
            continue  # somebody attached a file meanwhile
        return
    raise ChangedSince(["attachments"])


@require_safe
def history(request: PageRequest, number: int) -> HttpResponse:
    """Who changed the description to what: newest first, each change as a comparison, each version restorable."""
    issue = find_issue(number, trashed_too=True)
    events = _changes(issue)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        events = events.filter(id__lt=int(before))
    found = list(events.select_related("actor").order_by("-id")[: VERSIONS + 1])
    versions = [_version(event, issue) for event in found[:VERSIONS]]
    context = {
        "issue": issue,
        "versions": versions,
        "earlier": found[VERSIONS - 1].pk if len(found) > VERSIONS else None,
        "can_write": request.user.can_write and issue.deleted_at is None,
    }
    return render(request, "history.html", context)


@verb
def restore_description(request: PageRequest, number: int) -> HttpResponse:
    """Make an earlier version the current one: `event` and `side` (what it changed `from` or `to`)."""
    issue = find_issue(number)
    event = request.POST.get("event", "")
    side = "from" if request.POST.get("side") == "from" else "to"
    change = _changes(issue).filter(pk=int(event)).first() if event.isdecimal() and len(event) < 19 else None
    if change is None:
        return kept(request, issue, "There is no such version.", "", status=404)
    try:
        issue.change(by=request.user, description=change.data["description"][side])
    except DomainError as error:
        status, words = explain(error, issue)
        return kept(request, issue, words, "", status=status)
    return done(request, issue)


def _changes(issue: Issue) -> Any:
    return issue.events.filter(kind=EventKind.CHANGED, data__has_key="description")


def _version(event: Event, issue: Issue) -> dict[str, Any]:
    old, new = (event.data["description"][side] for side in ("from", "to"))
    return {
        "event": event,
        "lines": compare(description_to_markdown(old), description_to_markdown(new)),
        "is_current": new == issue.description,
        "was_current": old == issue.description,
    }


def _chosen(request: PageRequest, issue: Issue, mine: str) -> str:
    """The text that the choices of the conflict make: block by block theirs or mine."""
    parts = []
    for hunk in hunks(description_to_markdown(issue.description), mine):
        theirs = hunk.name and request.POST.get(hunk.name) == "theirs"
        parts.append(hunk.theirs if theirs else hunk.mine)
    return "\n\n".join(part for part in parts if part)


def _conflict(request: PageRequest, issue: Issue, typed: str) -> HttpResponse:
    context = {
        "issue": issue,
        "typed": typed,
        "was": fingerprint(issue.description),
        "who": changed_by(issue, "description"),
        "hunks": hunks(description_to_markdown(issue.description), typed),
    }
    return _answer(request, "description.html", "conflict", context, 409)


def _form(
    request: PageRequest,
    issue: Issue,
    typed: str,
    *,
    preview: str | None = None,
    problem: str = "",
    was: str | None = None,
    status: int = 200,
) -> HttpResponse:
    was = was or fingerprint(issue.description)
    context = {
        "issue": issue,
        "typed": typed,
        "problem": problem,
        "was": was,
        "keep": f"{request.user.pk}/{issue.reference}/description/{was}",
        "preview": None if preview is None else _drawn(request, preview),
    }
    return _answer(request, "description.html", "form", context, status)


def _drawn(request: PageRequest, description: str) -> str:
    return fill(render_html(loads(description)), request, Words(""))


def _answer(
    request: PageRequest, template: str, part: str, context: dict[str, Any], status: int
) -> HttpResponse:
    name = f"{template}#{part}" if wants_fragment(request) else template
    response = render(request, name, {**context, "part": part}, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response

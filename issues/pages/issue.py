"""The issue page: the claim on the left, the proof on the right, and every change a form."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from issues import queries
from issues.input import Invalid
from issues.models import ChangedSince, Conflict, DomainError, Gone, Issue, Priority, Status, User
from issues.models.limits import TAGS_MAX, UNASSIGNED

from .activity import in_words
from .cards import cards
from .conflict import changed_by, compared
from .evidence import asked_figure
from .forms import expected_version, find_issue, fingerprint, member, react_as_asked, read_changes, seen_issue
from .htmx import PageRequest, verb, wants_fragment
from .icons import PRIORITY_ICONS, STATUS_ICONS
from .showing import FIELDS, done, explain, figure_for, kept, refused, show, told
from .viewer import Words, fill

PEOPLE_MAX = 500  # whom a choice of owners offers
LABELS = {"title": "Title", "status": "Status", "priority": "Priority", "owner": "Owner", "tags": "Tags",
          "resolution_summary": "Resolution"}  # fmt: skip


@require_safe
def issue_page(request: PageRequest, number: int) -> HttpResponse:
    """One issue; from the trash it stays readable, with Restore."""
    return show(request, seen_issue(int(number)))


@require_safe
def issue_figure(request: PageRequest, number: int) -> HttpResponse:
    """The plot that stands under Evidence, of another `file` or `column`: what a tab of it swaps in."""
    figure = figure_for(find_issue(number, trashed_too=True), asked_figure(request))
    if figure is None:
        raise Http404("There is nothing to draw in this issue.")
    issue = seen_issue(number)
    body = render_to_string("_figure.html", {"figure": figure, "issue": issue}, request)
    return HttpResponse(fill(body, request, Words("", {"and_from": ""})))


@require_safe
def other_spelling(request: PageRequest, number: int) -> HttpResponse:
    """`/fnd-12` and `/12` are `/FND-12`."""
    return redirect(find_issue(number, trashed_too=True), permanent=True)


@require_http_methods(["GET", "HEAD", "POST"])
def change_status(request: PageRequest, number: int) -> HttpResponse:
    """Move the issue on. The issue page gets itself back, the board the new card, each with a toast that offers Undo."""
    if request.method != "POST":
        return _field_form(request, find_issue(number), "status")
    return _change_status(request, number)


@verb
def _change_status(request: PageRequest, number: int) -> HttpResponse:
    issue = find_issue(number)
    status = request.POST.get("status", "")
    summary = request.POST.get("resolution_summary", "").replace("\r\n", "\n").strip()
    if "was" in request.POST and request.POST["was"] != fingerprint(issue.status):
        return _conflict(request, issue, "status", status, summary)
    fields = {"status": member(status or None)}
    if summary:
        fields["resolution_summary"] = member(summary)
    try:
        changes = read_changes(fields)
        _change(issue, "status", request, expected_version(request), **changes)
    except (ChangedSince, Conflict):
        return _conflict(request, find_issue(number), "status", status, summary)
    except Gone:
        return kept(
            request, find_issue(number, trashed_too=True), "It was deleted meanwhile.", summary, status=404
        )
    except (Invalid, DomainError) as error:
        if _on_the_page(request):
            return _field_form(request, issue, "status", status, error=error)
        if wants_fragment(request):
            _, words = explain(error, issue)
            return HttpResponse(words, status=422, content_type="text/plain; charset=utf-8")
        return refused(request, issue, error, f"decide-{status}", summary)
    if _on_the_page(request):
        return done(request, issue)
    response = HttpResponse(cards([(issue.pk, issue.version)]))
    return told(response, issue.last_event_id)


@require_http_methods(["GET", "HEAD", "POST"])
def change_field(request: PageRequest, number: int, field: str) -> HttpResponse:
    """Change one property in a form of its own, which the page swaps in. A value changed meanwhile is not overwritten."""
    if field not in FIELDS:
        raise Http404
    if request.method != "POST":
        return _field_form(request, find_issue(number), field)
    return _change_field(request, number, field)


@verb
def _change_field(request: PageRequest, number: int, field: str) -> HttpResponse:
    issue = find_issue(number, trashed_too=True)
    typed = _typed(request, field, issue)
    if issue.deleted_at is not None:
        return kept(request, issue, "It was deleted meanwhile.", _as_text(typed), status=404)
    if "was" in request.POST and request.POST["was"] != fingerprint(getattr(issue, field)):
        return _conflict(request, issue, field, _as_text(typed))
    try:
        _change(issue, field, request, **read_changes({field: member(typed)}))
    except ChangedSince:
        return _conflict(request, find_issue(number), field, _as_text(typed))
    except Gone:
        return kept(
            request,
            find_issue(number, trashed_too=True),
            "It was deleted meanwhile.",
            _as_text(typed),
            status=404,
        )
    except (Invalid, DomainError) as error:
        return _field_form(request, issue, field, _as_text(typed), error=error)
    return done(request, issue)


def _change(
    issue: Issue, field: str, request: PageRequest, version: int | None = None, **changes: Any
) -> None:
    """Change the issue, but not a field that somebody changed since it was read (ChangedSince)."""
    was: Any = {field: getattr(issue, field)}
    issue.change(by=request.user, expected=was, expected_version=version, **changes)


@verb
def trash_issue(request: PageRequest, number: int) -> HttpResponse:
    """Delete; the page stays readable, and offers Restore."""
    issue = find_issue(number, trashed_too=True)
    issue.trash(by=request.user)
    return done(request, issue)


@verb
def restore_issue(request: PageRequest, number: int) -> HttpResponse:
    """Take it back from the trash."""
    issue = find_issue(number, trashed_too=True)
    issue.restore(by=request.user)
    return done(request, issue)


@verb
def react_to_issue(request: PageRequest, number: int) -> HttpResponse:
    """Put an emoji on the description, or take it off."""
    issue = find_issue(number)
    try:
        react_as_asked(request, issue)
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "status")
    return done(request, issue, at="reactions")


@require_safe
def choices(request: PageRequest, number: int, field: str) -> HttpResponse:
    """What a menu of the page offers for a property, as the lines of a list box."""
    issue = find_issue(number)
    context = {"issue": issue, "options": _OPTIONS[field](request, issue), "field": field}
    return render(request, "issue/_choices.html", context)


# Forms


def _on_the_page(request: PageRequest) -> bool:
    """Whether script on the issue page asks, and not the board's."""
    return not wants_fragment(request) or request.headers.get("HX-Target") == "issue"


def _typed(request: PageRequest, field: str, issue: Issue) -> Any:
    """What the form says, as the rules read it."""
    typed = request.POST.get(field, "").replace("\r\n", "\n")
    match field:
        case "tags":
            new = request.POST.get("new", "").replace("\n", ",").split(",")
            return [tag for tag in (tag.strip() for tag in [*request.POST.getlist("tags"), *new]) if tag]
        case "owner" if "take" in request.POST:
            return request.user.email
        case "owner":
            return request.POST.get("other", "").strip() or typed.strip() or UNASSIGNED
        case "priority" | "resolution_summary" | "status":
            return typed or None
    return typed


def _as_text(typed: Any) -> str:
    return ", ".join(typed) if isinstance(typed, list) else typed or ""


def _field_form(
    request: PageRequest,
    issue: Issue,
    field: str,
    typed: str | None = None,
    *,
    error: Exception | None = None,
) -> HttpResponse:
    status, words = explain(error, issue) if error else (200, "")
    value = getattr(issue, field)
    context = {
        "issue": issue,
        "field": field,
        "label": LABELS[field],
        "value": _as_text(value) if typed is None else typed,
        "tags": issue.tags,
        "options": _OPTIONS[field](request, issue) if field in _OPTIONS else (),
        "was": fingerprint(value),
        "words": words,
        "tags_max": TAGS_MAX,
    }
    template = "field.html#form" if wants_fragment(request) else "field.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _conflict(request: PageRequest, issue: Issue, field: str, typed: str, summary: str = "") -> HttpResponse:
    """Somebody else changed the same field: both versions side by side, and the typed one kept for another try."""
    current = getattr(issue, field)
    theirs = _as_text(current)
    context = {
        "issue": issue,
        "field": field,
        "label": LABELS[field],
        "theirs": in_words(field, current) if field in ("status", "priority", "owner") else theirs,
        "mine": in_words(field, typed or None) if field in ("status", "priority") else typed,
        "typed": typed,
        "summary": summary,
        "is_text": field in ("title", "resolution_summary"),
        "lines": compared(theirs, typed) if field in ("title", "resolution_summary") else (),
        "who": changed_by(issue, field),
        "was": fingerprint(current),
    }
    template = "conflict.html#conflict" if wants_fragment(request) else "conflict.html"
    response = render(request, template, context, status=409)
    patch_vary_headers(response, ("HX-Request",))
    return response


# What there is to choose: value, label, icon, whether it is chosen now.
Option = tuple[str, str, str, bool]


def _statuses(request: PageRequest, issue: Issue) -> list[Option]:
    known = [
        (one.value, str(one.label), f"i-{STATUS_ICONS[one.value]}", one.value == issue.status)
        for one in Status
    ]
    return [*known, ("", "No status", "i-st-none", issue.status is None)]


def _priorities(request: PageRequest, issue: Issue) -> list[Option]:
    known = [
        (one.value, str(one.label), f"i-{PRIORITY_ICONS[one.value]}", one.value == issue.priority)
        for one in (Priority.HIGH, Priority.MEDIUM, Priority.LOW)
    ]
    return [*known, ("", "No priority", "i-p-none", issue.priority is None)]


def _owners(request: PageRequest, issue: Issue) -> list[Option]:
    """The viewer first, then everybody by name; whoever else owns it now; nobody."""
    people = sorted(
        User.objects.filter(is_active=True, is_agent=False)[:PEOPLE_MAX],
        key=lambda user: (user.pk != request.user.pk, user.display_name.lower()),
    )
    options = [
        (
            user.email,
            user.display_name + (" (you)" if user.pk == request.user.pk else ""),
            "i-user",
            user.email == issue.owner,
        )
        for user in people
    ]
    if issue.owner != UNASSIGNED and issue.owner not in {user.email for user in people}:
        options.insert(0, (issue.owner, issue.owner, "i-user", True))
    return [("", "Unassigned", "i-ban", issue.owner == UNASSIGNED), *options]


def _tags(request: PageRequest, issue: Issue) -> list[Option]:
    names = dict.fromkeys([*issue.tags, *queries.tags_in_use(100)])
    return [(name, name, "i-tag", name in issue.tags) for name in names]


_OPTIONS: dict[str, Callable[[PageRequest, Issue], list[Option]]] = {
    "status": _statuses,
    "priority": _priorities,
    "owner": _owners,
    "tags": _tags,
}

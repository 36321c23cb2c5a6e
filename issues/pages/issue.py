"""The issue page: the claim on the left, the proof on the right, and every change a form."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from issues.input import Invalid
from issues.models import Conflict, DomainError, Status
from issues.models.limits import UNASSIGNED

from .cards import cards
from .forms import expected_version, find_issue, fingerprint, member, read_changes
from .htmx import PageRequest, announce, go_back, verb, wants_fragment
from .showing import FIELDS, conflict, refused, show


@require_safe
def issue_page(request: PageRequest, number: int) -> HttpResponse:
    """One issue; from the trash it stays readable, with Restore."""
    return show(request, find_issue(number, trashed_too=True))


@require_safe
def other_spelling(request: PageRequest, number: int) -> HttpResponse:
    """`/fnd-12` and `/12` are `/FND-12`."""
    return redirect(find_issue(number, trashed_too=True), permanent=True)


@verb
def change_status(request: PageRequest, number: int) -> HttpResponse:
    """Move the issue to another column. By script: the new card, and a toast that offers Undo."""
    issue = find_issue(number)
    before = issue.status
    status = request.POST.get("status", "")
    fields = {"status": member(status or None)}
    if request.POST.get("resolution_summary", "").strip():
        fields["resolution_summary"] = member(request.POST["resolution_summary"])
    try:
        changes = read_changes(fields)
        issue.change(by=request.user, expected_version=expected_version(request), **changes)
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "status")
    if not wants_fragment(request):
        return go_back(request, issue.get_absolute_url())
    response = HttpResponse(cards([(issue.pk, issue.version)]))
    word = Status(issue.status).label.lower() if issue.status else "without a status"
    undo = {"url": f"/{issue.reference}/status", "status": before or "", "version": issue.version}
    return announce(response, text=f"{issue.reference} is {word}", undo=undo)


@verb
def change_field(request: PageRequest, number: int, field: str) -> HttpResponse:
    """Change one property from its form. A value that somebody else changed meanwhile is not overwritten."""
    if field not in FIELDS:
        raise Http404
    issue = find_issue(number)
    typed = request.POST.get(field, "")
    if "was" in request.POST and request.POST["was"] != fingerprint(getattr(issue, field)):
        return conflict(request, issue, field, typed)
    value: Any = typed
    if field == "tags":
        value = [tag for tag in (part.strip() for part in typed.replace("\n", ",").split(",")) if tag]
    elif field == "owner":
        value = typed.strip() or UNASSIGNED
    elif field in ("priority", "resolution_summary"):
        value = typed or None
    try:
        issue.change(by=request.user, expected_version=issue.version, **read_changes({field: member(value)}))
    except Conflict:
        return conflict(request, find_issue(number), field, typed)
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, field, typed)
    return go_back(request, issue.get_absolute_url())


@verb
def trash_issue(request: PageRequest, number: int) -> HttpResponse:
    """Delete; the page stays readable, and offers Restore."""
    issue = find_issue(number, trashed_too=True)
    issue.trash(by=request.user)
    return go_back(request, issue.get_absolute_url())


@verb
def restore_issue(request: PageRequest, number: int) -> HttpResponse:
    """Take it back from the trash."""
    issue = find_issue(number, trashed_too=True)
    issue.restore(by=request.user)
    return go_back(request, issue.get_absolute_url())

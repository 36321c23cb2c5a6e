"""How the issue page is made, and how it says that something was refused."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from issues.blocks.html import render_html
from issues.evidence.serving import INLINE
from issues.input import Invalid
from issues.models import (
    Conflict,
    Gone,
    Issue,
    IssueAttachment,
    IssueSession,
    NotYours,
    Priority,
    SessionAttachment,
    Status,
    User,
)

from .activity import activity
from .cards import Person
from .forms import find_issue, fingerprint
from .htmx import PageRequest, wants_fragment

EMOJI = ("👍", "👎", "👀", "🎯", "🔧", "🎉", "❤️", "🤔", "✅", "❌", "🔥", "🪫")
# What a form of the page changes, and under which name the shapes know it.
FIELDS = {"title", "status", "priority", "owner", "tags", "resolution_summary"}


def show(
    request: PageRequest, issue: Issue, *, status: int = 200, error: dict[str, Any] | None = None
) -> HttpResponse:
    """Ten queries, however much there is on the page."""
    links = IssueAttachment.objects.filter(issue=issue, attachment__is_visible=True)
    attachments = [link.attachment for link in links.select_related("attachment").order_by("id")]
    sessions = [
        link.session
        for link in IssueSession.objects.filter(issue=issue).select_related("session").order_by("id")
    ]
    of_sessions = SessionAttachment.objects.filter(session__in=sessions, attachment__is_visible=True)
    session_files = [link.attachment for link in of_sessions.select_related("attachment").order_by("id")]
    files = issue.files.select_related("attachment", "created_by").order_by("created_at", "uuid")
    context = {
        "issue": issue,
        "description": render_html(issue.blocks),
        "owner": Person.of(issue.owner),
        "tags_text": ", ".join(issue.tags),
        "files": tiles(attachments),
        "session_files": tiles([file for file in session_files if file not in attachments]),
        "plans": list(files),
        "sessions": sessions,
        "activity": activity(request, issue),
        "people": list(User.objects.filter(is_active=True, is_agent=False).order_by("email")[:200]),
        "statuses": list(Status),
        "priorities": [Priority.HIGH, Priority.MEDIUM, Priority.LOW],
        "emoji": EMOJI,
        "was": {field: fingerprint(getattr(issue, field)) for field in FIELDS},
        "error": error or {},
        "can_write": request.user.can_write and issue.deleted_at is None,
    }
    return render(request, "issue.html", context, status=status)


def refused(
    request: PageRequest, issue: Issue, error: Exception, field: str, typed: str | None = None
) -> HttpResponse:
    """The page again, with what was wrong at the field and what was typed still in it."""
    status = 422
    match error:
        case Invalid():
            words = "; ".join(f"{problem.pointer.strip('/')} {problem.detail}" for problem in error.problems)
        case Conflict():
            status, words = (
                409,
                f"{issue.reference} was changed by somebody else meanwhile. Nothing was overwritten.",
            )
        case NotYours():
            status, words = 403, "Only its author may do this to a comment."
        case Gone():
            status, words = 404, "It was deleted meanwhile."
        case _:
            words = str(error)
    if wants_fragment(request):
        return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
    return show(
        request,
        find_issue(issue.pk, trashed_too=True),
        status=status,
        error={"field": field, "words": words, "typed": typed},
    )


def conflict(request: PageRequest, issue: Issue, field: str, typed: str) -> HttpResponse:
    """Somebody else changed the same field: both versions side by side, and the typed one kept for another try."""
    current = getattr(issue, field)
    theirs = ", ".join(current) if isinstance(current, list) else current
    who = issue.events.filter(data__has_key=field).select_related("actor").order_by("-id").first()
    context = {
        "issue": issue,
        "field": field,
        "label": field.replace("_", " ").capitalize(),
        "theirs": theirs or "",
        "typed": typed,
        "who": who.actor.display_name if who else "Somebody",
        "was": fingerprint(current),
    }
    return render(request, "conflict.html", context, status=409)


def tiles(attachments: Any) -> list[dict[str, Any]]:
    """Files as tiles: the newest address, name, size in words, and whether to show a thumbnail."""
    return [
        {
            "url": file.get_absolute_url(),
            "name": file.title or file.name,
            "size": _size(file.size),
            "is_image": file.extension in INLINE,
            "is_table": file.extension in ("csv", "tsv"),
        }
        for file in attachments
    ]


def _size(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size = size / 1000  # type: ignore[assignment]
    return f"{size:.3g} GB"

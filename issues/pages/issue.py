"""The issue page: the claim on the left, the proof on the right, and every change a form."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import truncatechars
from django.views.decorators.http import require_http_methods, require_safe

from issues.blocks.html import render_html
from issues.blocks.markdown import blocks_to_markdown, markdown_to_blocks, markdown_to_html
from issues.evidence.serving import INLINE, serve
from issues.input import Invalid, IssueChanges, Member, NewComment, Problem, read
from issues.models import (
    Attachment,
    Comment,
    CommentAttachment,
    Conflict,
    DomainError,
    Event,
    Gone,
    Issue,
    IssueAttachment,
    IssueSession,
    NotYours,
    Priority,
    Reaction,
    Session,
    SessionAttachment,
    Status,
    User,
    is_emoji,
)
from issues.models.limits import UNASSIGNED

from .cards import Person, cards
from .htmx import PageRequest, announce, go_back, verb, wants_fragment

ACTIVITY_MAX = 300  # the newest events on a page; an issue with more says so
EMOJI = ("👍", "👎", "👀", "🎯", "🔧", "🎉", "❤️", "🤔", "✅", "❌", "🔥", "🪫")
# What a form of the page changes, and under which name the shapes know it.
FIELDS = {"title", "status", "priority", "owner", "tags", "resolution_summary"}


@require_safe
def issue_page(request: PageRequest, number: int) -> HttpResponse:
    """One issue; from the trash it stays readable, with Restore."""
    return _render(request, _issue(number, trashed_too=True))


@require_safe
def other_spelling(request: PageRequest, number: int) -> HttpResponse:
    """`/fnd-12` and `/12` are `/FND-12`."""
    return redirect(_issue(number, trashed_too=True), permanent=True)


@verb
def change_status(request: PageRequest, number: int) -> HttpResponse:
    """Move the issue to another column. By script: the new card, and a toast that offers Undo."""
    issue = _issue(number)
    before = issue.status
    status = request.POST.get("status", "")
    fields = {"status": _member(status or None)}
    if request.POST.get("resolution_summary", "").strip():
        fields["resolution_summary"] = _member(request.POST["resolution_summary"])
    try:
        changes = _read(fields)
        issue.change(by=request.user, expected_version=_expected(request), **changes)
    except (Invalid, DomainError) as error:
        return _refused(request, issue, error, "status")
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
    issue = _issue(number)
    typed = request.POST.get(field, "")
    if "was" in request.POST and request.POST["was"] != fingerprint(getattr(issue, field)):
        return _conflict(request, issue, field, typed)
    value: Any = typed
    if field == "tags":
        value = [tag for tag in (part.strip() for part in typed.replace("\n", ",").split(",")) if tag]
    elif field == "owner":
        value = typed.strip() or UNASSIGNED
    elif field in ("priority", "resolution_summary"):
        value = typed or None
    try:
        issue.change(by=request.user, expected_version=issue.version, **_read({field: _member(value)}))
    except Conflict:
        return _conflict(request, _issue(number), field, typed)
    except (Invalid, DomainError) as error:
        return _refused(request, issue, error, field, typed)
    return go_back(request, issue.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
def edit_description(request: PageRequest, number: int) -> HttpResponse:
    """The description as Markdown; blocks that Markdown cannot say stay untouched in a fence."""
    issue = _issue(number)
    if request.method != "POST":
        return _description_form(request, issue, blocks_to_markdown(issue.blocks))
    return _save_description(request, issue)


@verb
def _save_description(request: PageRequest, issue: Issue) -> HttpResponse:
    typed = request.POST.get("description", "")
    if request.POST.get("was") != fingerprint(issue.description):
        theirs = blocks_to_markdown(issue.blocks)
        return _description_form(request, issue, typed, theirs=theirs, status=409)
    try:
        blocks = markdown_to_blocks(typed)
        issue.change(
            by=request.user, expected_version=issue.version, **_read({"description": _member(blocks)})
        )
    except Conflict:
        fresh = _issue(issue.pk)
        return _description_form(request, fresh, typed, theirs=blocks_to_markdown(fresh.blocks), status=409)
    except Invalid as error:
        return _description_form(request, issue, typed, problems=error.problems, status=422)
    except Gone:
        raise Http404 from None
    return go_back(request, issue.get_absolute_url())


@verb
def trash_issue(request: PageRequest, number: int) -> HttpResponse:
    """Delete; the page stays readable, and offers Restore."""
    issue = _issue(number, trashed_too=True)
    issue.trash(by=request.user)
    return go_back(request, issue.get_absolute_url())


@verb
def restore_issue(request: PageRequest, number: int) -> HttpResponse:
    """Take it back from the trash."""
    issue = _issue(number, trashed_too=True)
    issue.restore(by=request.user)
    return go_back(request, issue.get_absolute_url())


@verb
def attach_files(request: PageRequest, number: int) -> HttpResponse:
    """Add files to the evidence."""
    issue = _issue(number)
    linked = list(issue.attachments.order_by("issue_links").values_list("uuid", flat=True))
    try:
        new = store_files(request)
        issue.change(by=request.user, **_read({"attachment_ids": _member([*map(str, [*linked, *new])])}))
    except (Invalid, DomainError) as error:
        return _refused(request, issue, error, "attachments")
    return go_back(request, issue.get_absolute_url())


# Comments


@verb
def add_comment(request: PageRequest, number: int) -> HttpResponse:
    """Say something, with files."""
    issue = _issue(number)
    typed = request.POST.get("content", "").replace("\r\n", "\n")
    try:
        read(NewComment, {"content": _member(typed)})  # before any file is kept
        comment = issue.comment(by=request.user, content=typed, attachments=store_files(request))
    except (Invalid, DomainError) as error:
        return _refused(request, issue, error, "content", typed)
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


@verb
def edit_comment(request: PageRequest, number: int, comment_id: UUID) -> HttpResponse:
    """Say it otherwise; its author only."""
    issue, comment = _comment(number, comment_id)
    typed = request.POST.get("content", "").replace("\r\n", "\n")
    try:
        read(NewComment, {"content": _member(typed)})
        comment.edit(typed, by=request.user)
    except (Invalid, DomainError) as error:
        return _refused(request, issue, error, f"content-{comment.uuid}", typed)
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


@verb
def trash_comment(request: PageRequest, number: int, comment_id: UUID) -> HttpResponse:
    """Delete it, leaving a tombstone with Restore. A second click finds it done."""
    issue, comment = _comment(number, comment_id)
    try:
        comment.trash(by=request.user)
    except Gone:
        pass
    except NotYours as error:
        return _refused(request, issue, error, "content")
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


@verb
def restore_comment(request: PageRequest, number: int, comment_id: UUID) -> HttpResponse:
    """Take it back from the trash."""
    issue, comment = _comment(number, comment_id)
    try:
        comment.restore(by=request.user)
    except DomainError as error:
        return _refused(request, issue, error, "content")
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


@verb
def react(request: PageRequest, number: int, comment_id: UUID) -> HttpResponse:
    """Put an emoji on a comment (`on=1`), or take it off (`on=0`): what should be true, never "the other way round"."""
    issue, comment = _comment(number, comment_id)
    emoji = request.POST.get("emoji", "")
    if not is_emoji(emoji):
        return _refused(request, issue, Invalid([Problem("/emoji", "must be one emoji")]), "content")
    try:
        if request.POST.get("on") == "0":
            comment.unreact(emoji, by=request.user)
        else:
            comment.react(emoji, by=request.user)
    except DomainError as error:
        return _refused(request, issue, error, "content")
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


# Files and sessions


@require_safe
def file_content(request: PageRequest, attachment_id: UUID) -> HttpResponseBase:
    """The bytes of an attachment, in an answer no browser can be tricked with."""
    attachment = Attachment.objects.filter(uuid=attachment_id).first()
    if attachment is None:
        raise Http404("There is no such file.")
    return serve(request, attachment, download="download" in request.GET)


@require_safe
def session_page(request: PageRequest, session_id: UUID) -> HttpResponse:
    """A session: what it was about, its files, and the issues that came out of it."""
    session = Session.objects.alive().filter(uuid=session_id).select_related("created_by").first()
    if session is None:
        raise Http404("There is no such session.")
    files = session.attachments.filter(is_visible=True).order_by("session_links")
    issues = session.issues.filter(deleted_at=None).order_by("-created_at")[:100]
    return render(request, "session.html", {"session": session, "files": _tiles(files), "issues": issues})


def store_files(request: PageRequest) -> list[UUID]:
    """Keep the files of the form's `files` field; their ids."""
    return [
        Attachment.store(by=request.user, name=file.name or "", content=file).uuid
        for file in request.FILES.getlist("files")
    ]


def fingerprint(value: Any) -> str:
    """What a form carries of the value it shows, so that saving notices if somebody else changed it."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


# How the page is made


def _issue(number: int, *, trashed_too: bool = False) -> Issue:
    issue = Issue.objects.select_related("created_by", "deleted_by").filter(pk=number).first()
    if issue is None or (issue.deleted_at is not None and not trashed_too):
        raise Http404("There is no such issue, or it was deleted.")
    return issue


def _comment(number: int, comment_id: UUID) -> tuple[Issue, Comment]:
    issue = _issue(number)
    comment = Comment.objects.filter(issue=issue, uuid=comment_id).first()
    if comment is None:
        raise Http404("There is no such comment.")
    return issue, comment


def _member(value: Any) -> Member:
    return Member(value, json.dumps(value, ensure_ascii=False))


def _read(fields: dict[str, Member]) -> dict[str, Any]:
    """The fields by the API's own rules, named as the verbs name them."""
    changes = read(IssueChanges, fields)
    names = {"attachment_ids": "attachments", "session_ids": "sessions"}
    return {names.get(name, name): getattr(changes, name) for name in fields}


def _expected(request: PageRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 19 else None


def _refused(
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
    return _render(
        request,
        _issue(issue.pk, trashed_too=True),
        status=status,
        error={"field": field, "words": words, "typed": typed},
    )


def _conflict(request: PageRequest, issue: Issue, field: str, typed: str) -> HttpResponse:
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


def _description_form(
    request: PageRequest,
    issue: Issue,
    typed: str,
    *,
    theirs: str | None = None,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "issue": issue,
        "typed": typed,
        "theirs": theirs,
        "problems": problems,
        "was": fingerprint(issue.description),
    }
    return render(request, "description.html", context, status=status)


def _render(
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
        "files": _tiles(attachments),
        "session_files": _tiles([file for file in session_files if file not in attachments]),
        "plans": list(files),
        "sessions": sessions,
        "activity": _activity(request, issue),
        "people": list(User.objects.filter(is_active=True, is_agent=False).order_by("email")[:200]),
        "statuses": list(Status),
        "priorities": [Priority.HIGH, Priority.MEDIUM, Priority.LOW],
        "emoji": EMOJI,
        "was": {field: fingerprint(getattr(issue, field)) for field in FIELDS},
        "error": error or {},
        "can_write": request.user.can_write and issue.deleted_at is None,
    }
    return render(request, "issue.html", context, status=status)


def _tiles(attachments: Any) -> list[dict[str, Any]]:
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


def _activity(request: PageRequest, issue: Issue) -> list[dict[str, Any]]:
    """Comments and changes in the order they happened."""
    comments = (
        Comment.objects.filter(issue=issue)
        .select_related("created_by", "deleted_by")
        .prefetch_related(
            Prefetch("reactions", Reaction.objects.select_related("user").order_by("id")),
            Prefetch(
                "attachment_links", CommentAttachment.objects.select_related("attachment").order_by("id")
            ),
        )
    )
    found = {str(comment.uuid): comment for comment in comments}
    events = Event.objects.filter(issue=issue).select_related("actor").order_by("-id")[:ACTIVITY_MAX]
    activity: list[dict[str, Any]] = []
    for event in reversed(events):
        if event.kind == "commented":
            comment = found.get(event.data.get("comment", ""))
            if comment is not None:
                activity.append({"comment": _comment_context(request, comment)})
        elif not event.kind.startswith(("comment_", "reacted", "unreacted")):
            changes = [
                _change(field, change) for field, change in event.data.items() if isinstance(change, dict)
            ]
            activity.append({"event": event, "changes": changes, "template": f"events/{event.kind}.html"})
    return activity


def _comment_context(request: PageRequest, comment: Comment) -> dict[str, Any]:
    """A comment as the template draws it; `mine` says whether this viewer used the emoji."""
    reactions: dict[str, dict[str, Any]] = {}
    for reaction in comment.reactions.all():
        entry = reactions.setdefault(reaction.emoji, {"emoji": reaction.emoji, "names": [], "mine": False})
        entry["names"].append(reaction.user.display_name)
        entry["mine"] |= reaction.user_id == request.user.pk
    author = comment.created_by_id == request.user.pk
    return {
        "it": comment,
        "html": "" if comment.is_deleted else markdown_to_html(comment.content),
        "reactions": list(reactions.values()),
        "files": [link.attachment for link in comment.attachment_links.all() if link.attachment.is_visible],
        "can_edit": author,
        "can_delete": author or request.user.is_administrator,
    }


def _change(field: str, change: dict[str, Any]) -> dict[str, str]:
    """One field's change in words: what it was and what it is."""
    return {
        "field": field,
        "label": field.replace("_", " "),
        "from": _in_words(field, change.get("from")),
        "to": _in_words(field, change.get("to")),
    }


def _in_words(field: str, value: Any) -> str:
    if field == "status":
        return str(Status(value).label) if value in Status.values else "No status"
    if field == "priority":
        return str(Priority(value).label) if value in Priority.values else "No priority"
    if isinstance(value, list):
        return ", ".join(str(item["name"]) if isinstance(item, dict) else str(item) for item in value)
    return truncatechars("" if value is None else str(value), 160)

"""How the issue page is made: once per version for everybody, then filled in for each viewer."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.cache import patch_vary_headers
from django.utils.safestring import mark_safe

from issues.blocks.html import render_html
from issues.evidence.kinds import INLINE
from issues.evidence.sizes import size_in_words
from issues.evidence.tables import TABLES
from issues.fragments import Fragments, Key
from issues.input import Invalid
from issues.models import (
    OFFERED,
    Attachment,
    Conflict,
    Event,
    FileKind,
    Gone,
    Issue,
    IssueAttachment,
    IssueFile,
    IssueSession,
    NoRoom,
    NotYours,
    Progress,
    Reading,
    ReadingState,
    SessionAttachment,
    Status,
    StepTick,
    StoreAway,
    TooLarge,
)
from issues.models.account import LOCAL_EMAIL

from .activity import SHOWS, activity, by_emoji
from .cards import Person
from .evidence import (
    Asked,
    Figure,
    about,
    asked_figure,
    draw_block,
    drawable,
    figure_of,
    lifted,
    readings_of,
    waiting_words,
)
from .forms import find_issue, fingerprint, seen_issue, sentence
from .htmx import PageRequest, announce, go_back, wants_fragment
from .kept import mark_of
from .place import Came
from .undo import Did
from .viewer import Words, fill, own_avatar

# What a form of the page changes one at a time.
FIELDS = ("title", "status", "priority", "owner", "tags", "resolution_summary")


def show(
    request: PageRequest, issue: Issue, *, status: int = 200, error: dict[str, Any] | None = None
) -> HttpResponse:
    """The issue page; by script only what is inside it, which the page merges into itself."""
    asked = request.GET if request.method == "GET" else {}
    shown = asked.get("show", "all")
    before = asked.get("before", "")
    figure = asked_figure(request) if request.method == "GET" else None
    writes = request.user.can_write
    if shown == "all" and figure is None and not (before or error):
        body = (_bodies[writes].one((issue.pk, issue.version)) or b"").decode()
    else:
        body = render_body(
            find_issue(issue.pk, trashed_too=True),
            writes=writes,
            show=shown if shown in SHOWS else "all",
            before=int(before) if before.isdecimal() and len(before) < 19 else None,
            figure=figure,
            error=error,
        )
    came = Came.read(request)
    fragment = wants_fragment(request)
    words = Words(
        here=came.address(issue, show=shown if shown in SHOWS else "all"),
        gaps={
            "back": came.back,
            "place": "" if fragment else came.place(issue, request.user.email, mark_of(request)),
            "from": came.suffix,
            "and_from": came.suffix.replace("?", "&amp;"),
            "me": own_avatar(request.user),
            "viewer": "" if request.user.email == LOCAL_EMAIL else str(request.user.pk),
        },
    )
    filled = fill(body, request, words)
    if fragment:
        response = HttpResponse(filled, status=status)
    else:
        context = {"issue": issue, "body": filled}
        response = render(request, "issue.html", context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response


def done(request: PageRequest, issue: Issue, event: int | None = None, *, at: str = "") -> HttpResponse:
    """After a change: by script the issue as it is now, else back to the page (`at` an element); both offer Undo."""
    event = event or issue.last_event_id
    if not wants_fragment(request):
        response = go_back(request, issue.get_absolute_url(), did=event)
        if at:
            response.headers["Location"] += f"#{at}"
        return response
    return told(show(request, seen_issue(issue.pk)), event)


def told(response: HttpResponse, event_id: int | None) -> HttpResponse:
    """The answer with a toast that says what was done, and offers Undo; nothing if nothing was done."""
    event = Event.objects.filter(pk=event_id).select_related("actor").first() if event_id else None
    if event is None:
        return response
    did = Did.about(event)
    return announce(response, text=did.text, undo={did.name: did.undo, "label": did.label})


def render_body(
    issue: Issue,
    *,
    writes: bool,
    show: str = "all",
    before: int | None = None,
    figure: Asked | None = None,
    error: dict[str, Any] | None = None,
) -> str:
    """The inside of the page with its gaps. Some fifteen queries, however much there is on it."""
    links = IssueAttachment.objects.filter(issue=issue).select_related("attachment").order_by("id")
    # The issue knows whether there are any.
    attachments = [link.attachment for link in links] if issue.file_count else []
    visible = [file for file in attachments if file.is_visible]
    links_to = IssueSession.objects.filter(issue=issue, session__deleted_at=None)
    sessions = [link.session for link in links_to.select_related("session").order_by("id")]
    of_sessions = SessionAttachment.objects.filter(session__in=sessions, attachment__is_visible=True)
    session_files = (
        [link.attachment for link in of_sessions.select_related("attachment").order_by("id")]
        if sessions
        else []
    )
    readings = readings_of([*visible, *session_files])
    ready = drawable(visible, readings)
    first = lifted(issue, ready)
    roles = issue.files.select_related("attachment", "created_by").order_by("created_at", "uuid")
    files = list(roles) if issue.plan_count else []
    plans = [file for file in files if file.is_plan]
    context = {
        "issue": issue,
        "description": render_html(issue.blocks, draw=partial(draw_block, files=ready, lifted=first)),
        "react_url": f"/{issue.reference}/react",
        "reactions": by_emoji(issue.reactions.select_related("user").order_by("id")),
        "owner": Person.of(issue.owner),
        "attachments": [tile(file, readings.get(file.pk)) for file in visible],
        "figure": figure_of(ready, first, figure),
        "hidden": len(attachments) - len(visible),
        "session_files": [
            tile(file, readings.get(file.pk))
            for file in dict.fromkeys(session_files)
            if file not in attachments
        ],
        "plans": [(file, progress) for file, progress in zip(plans, _progress(issue, plans), strict=True)],
        "plan_ids": {str(file.uuid) for file in plans},
        "other_files": [file for file in files if not file.is_plan],
        "sessions": sessions,
        "activity": activity(issue, show, before),
        "offered": OFFERED.items(),
        "tags_json": json.dumps(issue.tags),
        "was": {field: fingerprint(getattr(issue, field)) for field in FIELDS},
        "error": error or {},
        "can_write": writes and issue.deleted_at is None,
        "can_restore": writes and issue.deleted_at is not None,
        "decisions": DECISIONS,
    }
    return get_template("issue/_body.html").render(context)


def figure_for(issue: Issue, asked: Asked | None) -> Figure | None:
    """What stands under Evidence; another file or column of it, where that is asked for."""
    visible = list(issue.attachments.filter(is_visible=True).order_by("issue_links"))
    ready = drawable(visible, readings_of(visible))
    return figure_of(ready, lifted(issue, ready), asked)


PLANS_COUNTED = 20  # of an issue; how far others are says their page


def _progress(issue: Issue, plans: Sequence[IssueFile]) -> list[Progress | None]:
    """How far these plans of the issue are, in one query; the first of them only, for each has to be read once."""
    ticks: dict[str, list[StepTick]] = {}
    for tick in StepTick.objects.filter(issue=issue) if plans else ():
        ticks.setdefault(tick.plan, []).append(tick)
    return [
        Progress.of(file.attachment, ticks.get(file.file_name, ())) if n < PLANS_COUNTED else None
        for n, file in enumerate(plans)
    ]


# The two ways an issue is closed: status, the verb on the button, what is asked, the icon.
DECISIONS = (
    (Status.REJECTED.value, "Reject", "Why not?", "i-ban"),
    (Status.RESOLVED.value, "Resolve", "What was it?", "i-check"),
)


def _make(ids: Sequence[int], *, writes: bool) -> Mapping[Key, bytes]:
    issues = Issue.objects.filter(id__in=ids).select_related("created_by", "deleted_by")
    return {(issue.pk, issue.version): render_body(issue, writes=writes).encode() for issue in issues}


_bodies = {
    writes: Fragments(partial(_make, writes=writes), capacity=settings.FRAGMENT_BYTES // 12)
    for writes in (True, False)
}


def refused(
    request: PageRequest, issue: Issue, error: Exception, field: str, typed: str | None = None
) -> HttpResponse:
    """The page again, with what was wrong at the field and what was typed still in it."""
    status, words = explain(error, issue)
    fresh = find_issue(issue.pk, trashed_too=True)
    if fresh.deleted_at is not None and typed:
        return kept(request, fresh, words, typed, status=status)
    return show(request, fresh, status=status, error={"field": field, "words": words, "typed": typed})


def explain(error: Exception, issue: Issue | None = None) -> tuple[int, str]:
    """Status and words for what a verb, the rules or the store refused."""
    match error:
        case Invalid():
            return 422, " ".join(map(sentence, error.problems))
        case TooLarge():
            return 413, f"At most {size_in_words(error.limit)} can be sent at a time. Nothing was saved."
        case NoRoom():
            return 507, "The server has no room for this file. Nothing was saved. Tell an administrator."
        case StoreAway():
            return 503, "The file store does not answer. Nothing was saved. Try again in a moment."
        case Conflict():
            return (
                409,
                f"{issue.reference if issue else 'It'} was changed by somebody else meanwhile. Nothing was overwritten.",
            )
        case NotYours():
            return 403, "Only its author may do this to a comment."
        case Gone():
            return 404, "It was deleted meanwhile."
    return 422, str(error)


def kept(request: PageRequest, issue: Issue, words: str, typed: str, *, status: int) -> HttpResponse:
    """What was typed, when there is no place for it any more."""
    context = {"issue": issue, "words": words, "typed": typed}
    template = "kept.html#kept" if wants_fragment(request) else "kept.html"
    return render(request, template, context, status=status)


def tiles(attachments: Any) -> list[dict[str, Any]]:
    """Files as tiles: address, name, size in words, and whether to show a thumbnail."""
    files = list(attachments)
    readings = readings_of(files)
    return [tile(file, readings.get(file.pk)) for file in files]


def tile(file: Attachment, reading: Reading | None = None) -> dict[str, Any]:
    return {
        "uuid": file.uuid,
        "url": file.get_absolute_url(),
        "name": file.title or file.name,
        "size": about(reading, size_in_words(file.size)),
        "kind": reading.kind if reading else "",
        "trace": mark_safe(reading.trace) if reading else "",  # noqa: S308 - drawn by issues/evidence/plot.py
        "has_preview": bool(reading and reading.preview),
        "waiting": waiting_words(reading),
        "waiting_for": waiting_words(reading, file.name),
        "problem": reading.reason if reading and reading.state == ReadingState.UNREADABLE else "",
        "is_image": file.extension in INLINE,
        "is_table": file.extension in TABLES,
        "image": f"{file.get_absolute_url()}/preview?large"
        if reading and reading.kind == FileKind.IMAGE
        else "",
        "is_pdf": bool(reading and reading.kind == FileKind.PDF),
        "is_visible": file.is_visible,
        "title": file.title,
        "file_name": file.name,
    }

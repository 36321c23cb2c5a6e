"""The page of a session: what was said and recorded in it, its files, and the issues that came out of it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from issues.blocks.markdown import markdown_to_html
from issues.evidence.text import lines_from
from issues.input import Invalid, SessionChanges, read
from issues.models import (
    Attachment,
    ChangedSince,
    DomainError,
    FileKind,
    Gone,
    Issue,
    Reading,
    ReadingState,
    Session,
    all_or_nothing,
)
from issues.models.limits import SESSION_DESCRIPTION_MAX

from .evidence import readings_of
from .files import store_files
from .forms import fingerprint, member
from .htmx import PageRequest, announce, go_back, verb, wants_fragment
from .showing import explain, tile
from .viewer import Words, fill

ISSUES = 50  # on one page
RECORDS = 4  # texts that the page shows the beginning of
LINES = 12  # of each
COUNTED = 1_000  # issues; the page counts no further


@require_safe
def session_page(request: PageRequest, session_id: UUID) -> HttpResponse:
    """A session; by script only what can be edited in place."""
    return _show(request, _find(session_id))


@require_http_methods(["GET", "HEAD", "POST"])
def edit_session(request: PageRequest, session_id: UUID) -> HttpResponse:
    """Title and description in a form, which the page swaps in."""
    if request.method != "POST":
        session = _find(session_id)
        return _form(request, session, session.title, session.description)
    return _edit(request, session_id)


@verb
def _edit(request: PageRequest, session_id: UUID) -> HttpResponse:
    session = _find(session_id)
    title = request.POST.get("title", "").strip()
    description = request.POST.get("description", "").replace("\r\n", "\n").strip()
    expected = {"title": session.title, "description": session.description}
    try:
        read(SessionChanges, {"title": member(title), "description": member(description)})
        if request.POST.get("was", _was(session)) != _was(session):
            raise ChangedSince(list(expected))
        session.change(by=request.user, title=title, description=description, expected=expected)
    except ChangedSince:
        return _form(request, _find(session_id), title, description, is_conflict=True, status=409)
    except Gone:
        return _form(request, session, title, description, "The session was deleted meanwhile.", status=404)
    except Invalid as error:
        status, words = explain(error)
        return _form(request, session, title, description, words, status=status)
    return _done(request, session, "Session changed")


@verb
def star_session(request: PageRequest, session_id: UUID) -> HttpResponse:
    """Star it for everybody. Again does nothing."""
    return _star(request, session_id, starred=True)


@verb
def unstar_session(request: PageRequest, session_id: UUID) -> HttpResponse:
    """Take the star off. Again does nothing."""
    return _star(request, session_id, starred=False)


@verb
def add_session_files(request: PageRequest, session_id: UUID) -> HttpResponse:
    """Put files into the session: all of them or none."""
    session = _find(session_id)
    try:
        with all_or_nothing():
            new = store_files(request)
            session.add_attachments(new, by=request.user)
    except Gone:
        raise Http404("The session was deleted meanwhile.") from None
    except DomainError as error:
        status, words = explain(error)
        return _show(request, session, words, status=status)
    if not new:
        return _show(request, session, "Files must be chosen.", status=422)
    return go_back(request, f"{session.get_absolute_url()}#files")


def _star(request: PageRequest, session_id: UUID, *, starred: bool) -> HttpResponse:
    session = _find(session_id)
    try:
        session.change(by=request.user, starred=starred)
    except Gone:
        raise Http404("The session was deleted meanwhile.") from None
    return _done(request, session, "Session starred" if starred else "Star taken off")


def _find(session_id: UUID) -> Session:
    session = Session.objects.alive().filter(uuid=session_id).select_related("created_by").first()
    if session is None:
        raise Http404("There is no such session, or it was deleted.")
    return session


def _was(session: Session) -> str:
    return fingerprint([session.title, session.description])


def _done(request: PageRequest, session: Session, words: str) -> HttpResponse:
    if wants_fragment(request):
        return announce(_show(request, session), text=words)
    return go_back(request, session.get_absolute_url())


def _show(request: PageRequest, session: Session, words: str = "", *, status: int = 200) -> HttpResponse:
    said = fill(markdown_to_html(session.description), request, Words("")) if session.description else ""
    context = {"session": session, "said": said, "words": words, "can_write": request.user.can_write}
    if wants_fragment(request):
        return _answer(request, "session.html#about", context, status)
    links = session.attachment_links.filter(attachment__is_visible=True).select_related("attachment")
    files = [link.attachment for link in links.order_by("id")]
    readings = readings_of(files)
    before = request.GET.get("before", "")
    context |= {
        "files": [tile(file, readings.get(file.pk)) for file in files],
        "hidden": session.attachment_links.filter(attachment__is_visible=False).count(),
        "records": _records(files, readings),
        **_issues(session, int(before) if before.isdecimal() and len(before) < 19 else None),
    }
    return _answer(request, "session.html", context, status)


def _issues(session: Session, before: int | None) -> dict[str, Any]:
    """A page of the issues that came out of the session, newest first, and how many there are, up to a point."""
    all_of_it = Issue.objects.alive().filter(session_links__session=session)
    page = all_of_it if before is None else all_of_it.filter(pk__lt=before)
    found = list(page.select_related("created_by").defer("description").order_by("-pk")[: ISSUES + 1])
    count = all_of_it[: COUNTED + 1].count()
    return {
        "issues": found[:ISSUES],
        "older": found[ISSUES - 1].pk if len(found) > ISSUES else None,
        "is_first": before is None,
        "count": f"{COUNTED:,}+" if count > COUNTED else f"{count:,}",
    }


def _records(files: list[Attachment], readings: dict[int, Reading]) -> list[dict[str, Any]]:
    """How the texts among the files begin: transcripts, logs, notes."""
    records = []
    for file in files:
        reading = readings.get(file.pk)
        if reading is None or reading.state != ReadingState.READY or reading.kind != FileKind.TEXT:
            continue
        try:
            with file.file.open("rb") as stored:
                facts = reading.facts
                lines = list(lines_from(stored, 1, LINES, facts["index"], facts["encoding"]))
        except OSError:  # the file's own page says that it is missing
            continue
        more = max(0, facts["lines"] - LINES)
        records.append({"file": file, "text": "\n".join(lines), "more": more, "lines": facts["lines"]})
        if len(records) == RECORDS:
            break
    return records


def _form(
    request: PageRequest,
    session: Session,
    title: str,
    description: str,
    words: str = "",
    *,
    is_conflict: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "session": session,
        "title": title,
        "description": description,
        "words": words,
        "is_conflict": is_conflict,
        "was": _was(session),
        "description_hint": f"{SESSION_DESCRIPTION_MAX:,}",
    }
    name = "session_edit.html#form" if wants_fragment(request) else "session_edit.html"
    return _answer(request, name, context, status)


def _answer(request: PageRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response

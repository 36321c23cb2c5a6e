"""/sessions: the conversations that findings came out of, and their files."""

from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import UNSET

from issues.input import Invalid, NewSession, Problem, SessionChanges, read
from issues.models import DEFAULT_TITLE, Attachment, Session, all_or_nothing

from . import representations, types
from .http import ApiRequest, Operation, empty, not_found, read_files, read_json, reply, route
from .paging import links, paging_parameters, read_page

DEFAULT_LIMIT = 100


def create_session(request: ApiRequest) -> HttpResponse:
    """POST /sessions"""
    new = read(NewSession, read_json(request))
    session = Session.create(
        by=request.caller,
        title=DEFAULT_TITLE if new.title is None else new.title,
        description=new.description or "",
        attachments=[reference.attachment_id for reference in new.attachments or ()],
    )
    return reply(representations.session(session.uuid), 201, {"Location": f"/sessions/{session.uuid}"})


def list_sessions(request: ApiRequest) -> HttpResponse:
    """GET /sessions: newest first."""
    problems: list[Problem] = []
    page = read_page(request, problems, default=DEFAULT_LIMIT)
    if problems:
        raise Invalid(problems)
    items, count = representations.sessions(page.limit, page.offset)
    return reply(representations.collection(items, count), headers=links(request, page, count))


def get_session(request: ApiRequest, session_id: UUID) -> HttpResponse:
    """GET /sessions/{session_id}"""
    return reply(representations.session(_session_or_404(session_id).uuid))


def update_session(request: ApiRequest, session_id: UUID) -> HttpResponse:
    """PUT /sessions/{session_id}: changes what it was sent."""
    session = _session_or_404(session_id)
    changes = msgspec.structs.asdict(read(SessionChanges, read_json(request)))
    session.change(
        by=request.caller, **{name: value for name, value in changes.items() if value is not UNSET}
    )
    return reply(representations.session(session.uuid))


def delete_session(request: ApiRequest, session_id: UUID) -> HttpResponse:
    """DELETE /sessions/{session_id}: it leaves its issues, its files stay."""
    _session_or_404(session_id).trash(by=request.caller)
    return empty(204)


def upload_files(request: ApiRequest, session_id: UUID) -> HttpResponse:
    """POST /sessions/{session_id}/upload-files: all of them or none."""
    session = _session_or_404(session_id)
    files = read_files(request, "files")
    with all_or_nothing():
        kept = [
            Attachment.store(
                by=request.caller, name=file.name or "", content=file, source_session=session
            ).uuid
            for file in files
        ]
        session.add_attachments(kept, by=request.caller)
    items = representations.attachments(kept)
    return reply(representations.collection(items, len(items)), 201)


def remove_attachment(request: ApiRequest, session_id: UUID, attachment_id: UUID) -> HttpResponse:
    """DELETE /sessions/{session_id}/attachments/{attachment_id}"""
    if not _session_or_404(session_id).remove_attachment(attachment_id, by=request.caller):
        raise not_found("attachment")
    return empty(204)


def _session_or_404(uuid: UUID) -> Session:
    session = Session.objects.alive().filter(uuid=uuid).first()
    if session is None:
        raise not_found("session")
    return session


collection_route = route(
    Operation(
        "POST",
        create_session,
        "Create a session",
        reply=types.Session,
        status=201,
        body=NewSession,
        errors=(400, 413, 415, 422),
        example={"title": "TVAC cold soak review"},
        headers=("Location",),
    ),
    Operation(
        "GET",
        list_sessions,
        "List sessions",
        reply=types.SessionList,
        query=paging_parameters(DEFAULT_LIMIT),
        errors=(422,),
        headers=("Link",),
    ),
)
item_route = route(
    Operation("GET", get_session, "Get a session", reply=types.Session, errors=(404,)),
    Operation(
        "PUT",
        update_session,
        "Update a session",
        reply=types.Session,
        body=SessionChanges,
        errors=(400, 404, 413, 415, 422),
        example={"starred": True},
    ),
    Operation("DELETE", delete_session, "Delete a session", status=204, errors=(404,)),
)
upload_route = route(
    Operation(
        "POST",
        upload_files,
        "Upload files into a session",
        reply=types.AttachmentList,
        status=201,
        upload="files",
        errors=(400, 404, 411, 413, 415, 422, 507),
    )
)
attachment_route = route(
    Operation("DELETE", remove_attachment, "Take a file out of a session", status=204, errors=(404,))
)

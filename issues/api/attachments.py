"""/attachments: upload, find, describe, and a signed address for the bytes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.core import signing
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from msgspec import UNSET

from issues.blocks.check import has_bad_characters
from issues.evidence.serving import serve
from issues.input import AttachmentChanges, Invalid, Problem, read
from issues.models import Attachment, limits

from . import representations, types
from .http import ApiError, ApiRequest, Operation, not_found, read_files, read_json, reply, route
from .paging import links, paging_parameters, read_page

DEFAULT_LIMIT = 100
EXPORT_SECONDS = 300
_SALT = "findings.attachment.export"


def upload_attachment(request: ApiRequest) -> HttpResponse:
    """POST /attachments: one file."""
    files = read_files(request, "file")
    if len(files) > 1:
        raise Invalid([Problem("/file", "must be one file")])
    attachment = Attachment.store(by=request.caller, name=files[0].name or "", content=files[0])
    location = f"/attachments/{attachment.uuid}"
    return reply(representations.attachment(attachment.uuid), 201, {"Location": location})


def list_attachments(request: ApiRequest) -> HttpResponse:
    """GET /attachments: newest first."""
    problems: list[Problem] = []
    page = read_page(request, problems, default=DEFAULT_LIMIT)
    found = Attachment.objects.all()
    for name, conditions in _FILTERS.items():
        values = request.GET.getlist(name)
        if not values:
            continue
        value = _READERS[name](values[0]) if len(values) == 1 else None
        if value is None:
            problems.append(Problem(f"?{name}", _EXPECTED[name]))
        else:
            found = found.filter(**{conditions: value})
    if problems:
        raise Invalid(problems)
    count = found.distinct().count()
    ordered = found.order_by("-created_at", "-uuid").distinct()
    uuids = list(ordered.values_list("uuid", flat=True)[page.offset : page.offset + page.limit])
    items = representations.attachments(uuids)
    return reply(representations.collection(items, count), headers=links(request, page, count))


def get_attachment(request: ApiRequest, attachment_id: UUID) -> HttpResponse:
    """GET /attachments/{attachment_id}"""
    return reply(representations.attachment(_attachment_or_404(attachment_id).uuid))


def update_attachment(request: ApiRequest, attachment_id: UUID) -> HttpResponse:
    """PATCH /attachments/{attachment_id}: what is said about the file; its bytes never change."""
    attachment = _attachment_or_404(attachment_id)
    changes = msgspec.structs.asdict(read(AttachmentChanges, read_json(request)))
    attachment.change(
        by=request.caller,
        **{name.removeprefix("attachment_"): value for name, value in changes.items() if value is not UNSET},
    )
    return reply(representations.attachment(attachment.uuid))


def export_attachment(request: ApiRequest, attachment_id: UUID) -> HttpResponse:
    """POST /attachments/{attachment_id}/export: an address that serves the bytes without a token for five minutes."""
    attachment = _attachment_or_404(attachment_id)
    expires_at = timezone.now().replace(microsecond=0) + timedelta(seconds=EXPORT_SECONDS)
    signature = signing.dumps([attachment.uuid.hex, int(expires_at.timestamp())], salt=_SALT)
    body = {
        "url": request.build_absolute_uri(f"/attachments/{attachment.uuid}/content/{signature}"),
        "expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return reply(msgspec.json.encode(body))


def attachment_content(request: ApiRequest, attachment_id: UUID, signature: str) -> HttpResponseBase:
    """GET the address that an export gave."""
    attachment = _attachment_or_404(attachment_id)
    try:
        signed, expires_at = signing.loads(signature, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise ApiError(403, "This address was not made here.") from None
    if signed != attachment.uuid.hex:
        raise ApiError(403, "This address is another file's.")
    if expires_at < timezone.now().timestamp():
        raise ApiError(403, "This address has expired. Export the attachment again.")
    return serve(request, attachment)


def _attachment_or_404(uuid: UUID) -> Attachment:
    attachment = Attachment.objects.filter(uuid=uuid).first()
    if attachment is None:
        raise not_found("attachment")
    return attachment


def _read_uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _read_type(text: str) -> str | None:
    return None if has_bad_characters(text) or len(text) > limits.EXTENSION_MAX else text.lower()


def _read_moment(text: str) -> datetime | None:
    try:
        # A plus that was not percent-encoded arrives as a space.
        moment = parse_datetime(text.replace(" ", "+", 1) if "T" in text else text)
    except ValueError:
        return None
    if moment is None:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_FILTERS = {
    "session_id": "session_links__session__uuid",
    "attachment_type": "extension",
    "created_after": "created_at__gt",
    "created_before": "created_at__lt",
}
_READERS: dict[str, Any] = {
    "session_id": _read_uuid,
    "attachment_type": _read_type,
    "created_after": _read_moment,
    "created_before": _read_moment,
}
_EXPECTED = {
    "session_id": "must be one UUID",
    "attachment_type": f"must be one extension of at most {limits.EXTENSION_MAX} characters",
    "created_after": "must be one ISO 8601 moment",
    "created_before": "must be one ISO 8601 moment",
}

collection_route = route(
    Operation(
        "POST",
        upload_attachment,
        "Upload a file",
        reply=types.Attachment,
        status=201,
        upload="file",
        errors=(400, 411, 413, 415, 422, 507),
        headers=("Location",),
    ),
    Operation(
        "GET",
        list_attachments,
        "List attachments",
        reply=types.AttachmentList,
        query=(
            ("session_id", {"type": "string", "format": "uuid"}, "Only files in this session."),
            (
                "attachment_type",
                {"type": "string", "maxLength": limits.EXTENSION_MAX},
                "Only files with this extension, such as csv.",
            ),
            ("created_after", {"type": "string", "format": "date-time"}, "Only files created after this."),
            ("created_before", {"type": "string", "format": "date-time"}, "Only files created before this."),
            *paging_parameters(DEFAULT_LIMIT),
        ),
        errors=(422,),
        headers=("Link",),
    ),
)
item_route = route(
    Operation("GET", get_attachment, "Get an attachment", reply=types.Attachment, errors=(404,)),
    Operation(
        "PATCH",
        update_attachment,
        "Describe an attachment",
        reply=types.Attachment,
        body=AttachmentChanges,
        errors=(400, 404, 413, 415, 422),
        example={"attachment_title": "String B, cold soak", "is_visible": True},
    ),
)
export_route = route(
    Operation(
        "POST",
        export_attachment,
        "Get an address for the bytes",
        reply=types.Export,
        errors=(404,),
    )
)
content_route = route(
    Operation("GET", attachment_content, "Download by a signed address", errors=(403, 404), public=True)
)

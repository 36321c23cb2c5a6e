"""/issues/{issue_id}/files: attachments in a role."""

from uuid import UUID

from django.http import HttpResponse

from issues.input import Invalid, NewFile, Problem, read
from issues.models import IssueFile, limits

from . import representations, types
from .http import ApiRequest, Operation, empty, not_found, read_json, reply, route
from .issues import issue_or_404, read_version, version_of


def list_files(request: ApiRequest, issue_id: UUID) -> HttpResponse:
    """GET: oldest first, of one type if asked for."""
    given = request.GET.getlist("file_type")
    if len(given) > 1 or any(len(value) > limits.FILE_TYPE_MAX or "\0" in value for value in given):
        raise Invalid(
            [Problem("?file_type", f"must be given once, with at most {limits.FILE_TYPE_MAX} characters")]
        )
    key = version_of(request, issue_id)
    items = representations.files(key[0], given[0] if given else None)
    return reply(representations.collection(items, len(items)))


def add_file(request: ApiRequest, issue_id: UUID) -> HttpResponse:
    """POST"""
    issue = issue_or_404(issue_id)
    new = read(NewFile, read_json(request))
    file = issue.add_file(
        by=request.caller, attachment=new.attachment_id, file_type=new.file_type, file_name=new.file_name
    )
    return reply(representations.file(file.uuid), 201)


def remove_file(request: ApiRequest, issue_id: UUID, file_id: UUID) -> HttpResponse:
    """DELETE: takes the role away; the attachment stays."""
    file = IssueFile.objects.filter(uuid=file_id, issue__uuid=issue_id, issue__deleted_at=None).first()
    if file is None or not file.remove(by=request.caller):
        raise not_found("file")
    return empty(204)


collection_route = route(
    Operation(
        "GET",
        list_files,
        "List files attached to an issue",
        reply=types.IssueFileList,
        along=read_version,
        query=(
            (
                "file_type",
                {"type": "string", "maxLength": limits.FILE_TYPE_MAX},
                "Only files of this type, such as troubleshooting_plan.",
            ),
        ),
        errors=(404, 422),
    ),
    Operation(
        "POST",
        add_file,
        "Give an attachment a role in an issue",
        reply=types.IssueFile,
        status=201,
        body=NewFile,
        errors=(400, 404, 413, 415, 422),
        example={
            "attachment_id": "0193cbe0-0000-7000-8000-000000000000",
            "file_type": "troubleshooting_plan",
        },
    ),
)
item_route = route(Operation("DELETE", remove_file, "Take the role away", status=204, errors=(404,)))

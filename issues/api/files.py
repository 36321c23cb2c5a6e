"""/issues/{issue_id}/files: attachments in a role, and the steps of those that are troubleshooting plans."""

from datetime import UTC
from uuid import UUID

import msgspec
from django.http import HttpResponse

from issues.input import Invalid, NewFile, Problem, read
from issues.models import TROUBLESHOOTING_PLAN, Gone, IssueFile, limits

from . import representations, types
from .http import ApiRequest, Operation, empty, not_found, read_json, reply, route
from .issues import issue_or_404, read_version, version_of

MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


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


def list_steps(request: ApiRequest, issue_id: UUID, file_id: UUID) -> HttpResponse:
    """GET: in the order of the plan."""
    progress = _plan_or_404(issue_id, file_id).progress()
    steps = [
        types.Step(
            step=step.key,
            text=step.text,
            is_done=state.is_done,
            said_by=state.tick.ticked_by.public_name if state.tick else None,
            said_at=state.tick.ticked_at.astimezone(UTC).strftime(MOMENT) if state.tick else None,
        )
        for step in progress.outline.steps
        for state in [progress.states[step.key]]
    ]
    return reply(msgspec.json.encode(types.StepList(steps, len(steps), progress.done)))


def tick_step(request: ApiRequest, issue_id: UUID, file_id: UUID, step: str) -> HttpResponse:
    """PUT: the step is done. Again does nothing."""
    try:
        _plan_or_404(issue_id, file_id).tick(step, by=request.caller)
    except Gone:
        raise not_found("step") from None
    return empty(204)


def untick_step(request: ApiRequest, issue_id: UUID, file_id: UUID, step: str) -> HttpResponse:
    """DELETE: it is not done after all. Again does nothing."""
    try:
        _plan_or_404(issue_id, file_id).untick(step, by=request.caller)
    except Gone:
        raise not_found("step") from None
    return empty(204)


def _plan_or_404(issue_id: UUID, file_id: UUID) -> IssueFile:
    plans = IssueFile.objects.filter(file_type=TROUBLESHOOTING_PLAN, issue__deleted_at=None)
    plan = plans.filter(uuid=file_id, issue__uuid=issue_id).select_related("attachment").first()
    if plan is None:
        raise not_found("file")
    return plan


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
steps_route = route(
    Operation("GET", list_steps, "List the steps of a plan", reply=types.StepList, errors=(404,)),
)
step_route = route(
    Operation("PUT", tick_step, "Tick a step", status=204, errors=(404,)),
    Operation("DELETE", untick_step, "Take a tick off", status=204, errors=(404,)),
)

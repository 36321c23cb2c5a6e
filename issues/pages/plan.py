"""A troubleshooting plan as a page: its text, a box before each step, who ticked what, and another file in its place."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from issues.evidence.uploads import check_files
from issues.models import (
    TROUBLESHOOTING_PLAN,
    Attachment,
    DomainError,
    Gone,
    Issue,
    IssueFile,
    all_or_nothing,
)

from .forms import find_issue
from .htmx import PageRequest, go_back, verb, wants_fragment
from .showing import explain, told
from .viewer import Words, fill


@require_safe
def plan_page(request: PageRequest, number: int, file_id: UUID) -> HttpResponse:
    """The plan; by script only its text with the boxes."""
    return _show(request, *_find(number, file_id, trashed_too=True))


@verb
def tick_step(request: PageRequest, number: int, file_id: UUID) -> HttpResponse:
    """`step=<key>` is done. A second click finds it done."""
    return _say(request, number, file_id, is_done=True)


@verb
def untick_step(request: PageRequest, number: int, file_id: UUID) -> HttpResponse:
    """It is not done after all."""
    return _say(request, number, file_id, is_done=False)


@verb
def replace_plan(request: PageRequest, number: int, file_id: UUID) -> HttpResponse:
    """Another file in the plan's place; the ticks follow the steps whose words are the same."""
    issue, file = _find(number, file_id)
    try:
        check_files(request)
        upload = request.FILES.get("file")
        if upload is None:
            return _show(request, issue, file, "A file must be chosen.", status=422)
        with all_or_nothing():
            attachment = Attachment.store(by=request.user, name=upload.name or "", content=upload)
            file.replace(attachment.uuid, by=request.user)
    except Gone:
        raise Http404("The plan was taken away meanwhile.") from None
    except DomainError as error:
        status, words = explain(error, issue)
        return _show(request, issue, file, words, status=status)
    return go_back(request, _address(issue, file), did=file.last_event_id)


def _say(request: PageRequest, number: int, file_id: UUID, *, is_done: bool) -> HttpResponse:
    issue, file = _find(number, file_id)
    key = request.POST.get("step", "")
    try:
        (file.tick if is_done else file.untick)(key, by=request.user)
    except Gone:
        words = "That step is not in the plan any more. Nothing was changed; this is the plan as it is now."
        return _show(request, *_find(number, file_id), words, status=404)
    if wants_fragment(request):
        return told(_show(request, *_find(number, file_id)), file.last_event_id)
    response = go_back(request, _address(issue, file), did=file.last_event_id)
    response.headers["Location"] += f"#s-{key}"
    return response


def _find(number: int, file_id: UUID, *, trashed_too: bool = False) -> tuple[Issue, IssueFile]:
    issue = find_issue(number, trashed_too=trashed_too)
    plans = IssueFile.objects.filter(issue=issue, file_type=TROUBLESHOOTING_PLAN)
    file = plans.filter(uuid=file_id).select_related("attachment", "created_by").first()
    if file is None:
        raise Http404("There is no such plan, or it was taken away.")
    return issue, file


def _address(issue: Issue, file: IssueFile) -> str:
    return f"{issue.get_absolute_url()}/plans/{file.uuid}"


def _show(
    request: PageRequest, issue: Issue, file: IssueFile, words: str = "", *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "issue": issue,
        "file": file,
        "plan_address": _address(issue, file),
        "namesakes": file.namesakes().select_related("created_by"),
        "progress": file.progress(),
        "can_write": request.user.can_write and issue.deleted_at is None,
        "words": words,
    }
    body = fill(render_to_string("_plan.html", context, request), request, Words(""))
    if wants_fragment(request):
        response = HttpResponse(body, status=status)
    else:
        response = render(request, "plan.html", {**context, "body": body}, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response

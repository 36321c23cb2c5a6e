"""Files of an issue, and their bytes."""

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from issues.evidence.serving import serve
from issues.input import Invalid
from issues.models import Attachment, DomainError

from .forms import find_issue, member, read_changes
from .htmx import PageRequest, go_back, verb
from .showing import refused


@verb
def attach_files(request: PageRequest, number: int) -> HttpResponse:
    """Add files to the evidence."""
    issue = find_issue(number)
    linked = list(issue.attachments.order_by("issue_links").values_list("uuid", flat=True))
    try:
        new = store_files(request)
        issue.change(
            by=request.user, **read_changes({"attachment_ids": member([*map(str, [*linked, *new])])})
        )
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "attachments")
    return go_back(request, issue.get_absolute_url())


@require_safe
def file_content(request: PageRequest, attachment_id: UUID) -> HttpResponseBase:
    """The bytes of an attachment, in an answer no browser can be tricked with."""
    attachment = Attachment.objects.filter(uuid=attachment_id).first()
    if attachment is None:
        raise Http404("There is no such file.")
    return serve(request, attachment, download="download" in request.GET)


def store_files(request: PageRequest) -> list[UUID]:
    """Keep the files of the form's `files` field; their ids."""
    return [
        Attachment.store(by=request.user, name=file.name or "", content=file).uuid
        for file in request.FILES.getlist("files")
    ]

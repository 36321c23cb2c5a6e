"""Comments: said, said otherwise, deleted, restored, reacted to."""

from uuid import UUID

from django.http import Http404, HttpResponse

from issues.input import Invalid, NewComment, Problem, read
from issues.models import Comment, DomainError, Gone, Issue, NotYours, is_emoji

from .files import store_files
from .forms import find_issue, member
from .htmx import PageRequest, verb
from .showing import refused


@verb
def add_comment(request: PageRequest, number: int) -> HttpResponse:
    """Say something, with files."""
    issue = find_issue(number)
    typed = request.POST.get("content", "").replace("\r\n", "\n")
    try:
        read(NewComment, {"content": member(typed)})  # before any file is kept
        comment = issue.comment(by=request.user, content=typed, attachments=store_files(request))
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "content", typed)
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


@verb
def edit_comment(request: PageRequest, number: int, comment_id: UUID) -> HttpResponse:
    """Say it otherwise; its author only."""
    issue, comment = _comment(number, comment_id)
    typed = request.POST.get("content", "").replace("\r\n", "\n")
    try:
        read(NewComment, {"content": member(typed)})
        comment.edit(typed, by=request.user)
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, f"content-{comment.uuid}", typed)
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
        return refused(request, issue, error, "content")
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


@verb
def restore_comment(request: PageRequest, number: int, comment_id: UUID) -> HttpResponse:
    """Take it back from the trash."""
    issue, comment = _comment(number, comment_id)
    try:
        comment.restore(by=request.user)
    except DomainError as error:
        return refused(request, issue, error, "content")
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


@verb
def react(request: PageRequest, number: int, comment_id: UUID) -> HttpResponse:
    """Put an emoji on a comment (`on=1`), or take it off (`on=0`): what should be true, never "the other way round"."""
    issue, comment = _comment(number, comment_id)
    emoji = request.POST.get("emoji", "")
    if not is_emoji(emoji):
        return refused(request, issue, Invalid([Problem("/emoji", "must be one emoji")]), "content")
    try:
        if request.POST.get("on") == "0":
            comment.unreact(emoji, by=request.user)
        else:
            comment.react(emoji, by=request.user)
    except DomainError as error:
        return refused(request, issue, error, "content")
    return HttpResponse(status=303, headers={"Location": f"/{issue.reference}#c-{comment.uuid}"})


def _comment(number: int, comment_id: UUID) -> tuple[Issue, Comment]:
    issue = find_issue(number)
    comment = Comment.objects.filter(issue=issue, uuid=comment_id).first()
    if comment is None:
        raise Http404("There is no such comment.")
    return issue, comment

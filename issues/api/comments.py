"""/issues/{issue_id}/comments, and the reactions to them."""

from urllib.parse import unquote
from uuid import UUID

from django.http import HttpResponse

from issues.input import CommentChanges, Invalid, NewComment, Problem, read
from issues.models import Comment, Gone, is_emoji

from . import representations, types
from .http import ApiRequest, Operation, empty, not_found, read_json, reply, route
from .issues import issue_or_404, read_version, version_of
from .paging import links, paging_parameters, read_page

DEFAULT_LIMIT = 50


def list_comments(request: ApiRequest, issue_id: UUID) -> HttpResponse:
    """GET: oldest first, tombstones included."""
    problems: list[Problem] = []
    page = read_page(request, problems, default=DEFAULT_LIMIT)
    if problems:
        raise Invalid(problems)
    key = version_of(request, issue_id)
    items, count = representations.comments(key[0], page.limit, page.offset)
    return reply(representations.collection(items, count), headers=links(request, page, count))


def add_comment(request: ApiRequest, issue_id: UUID) -> HttpResponse:
    """POST"""
    issue = issue_or_404(issue_id)
    new = read(NewComment, read_json(request))
    comment = issue.comment(by=request.caller, content=new.content, attachments=new.attachment_ids or ())
    location = f"/issues/{issue.uuid}/comments/{comment.uuid}"
    return reply(representations.comment(comment.uuid), 201, {"Location": location})


def update_comment(request: ApiRequest, issue_id: UUID, comment_id: UUID) -> HttpResponse:
    """PATCH: its author only."""
    comment = _comment_or_404(issue_id, comment_id)
    changes = read(CommentChanges, read_json(request))
    try:
        comment.edit(changes.content, by=request.caller)
    except Gone:
        raise not_found("comment") from None
    return reply(representations.comment(comment.uuid))


def delete_comment(request: ApiRequest, issue_id: UUID, comment_id: UUID) -> HttpResponse:
    """DELETE: its author or an administrator; a tombstone stays."""
    try:
        _comment_or_404(issue_id, comment_id).trash(by=request.caller)
    except Gone:
        raise not_found("comment") from None
    return empty(204)


def react(request: ApiRequest, issue_id: UUID, comment_id: UUID, emoji: str) -> HttpResponse:
    """PUT: again does nothing."""
    comment, emoji = _comment_or_404(issue_id, comment_id), _emoji(emoji)
    try:
        comment.react(emoji, by=request.caller)
    except Gone:
        raise not_found("comment") from None
    return empty(204)


def unreact(request: ApiRequest, issue_id: UUID, comment_id: UUID, emoji: str) -> HttpResponse:
    """DELETE: again does nothing."""
    comment, emoji = _comment_or_404(issue_id, comment_id), _emoji(emoji)
    try:
        comment.unreact(emoji, by=request.caller)
    except Gone:
        raise not_found("comment") from None
    return empty(204)


def _comment_or_404(issue_id: UUID, comment_id: UUID) -> Comment:
    """The comment, if it is of this issue and neither is deleted."""
    found = Comment.objects.filter(
        uuid=comment_id, deleted_at=None, issue__uuid=issue_id, issue__deleted_at=None
    ).first()
    if found is None:
        raise not_found("comment")
    return found


def _emoji(text: str) -> str:
    text = unquote(text)
    if not is_emoji(text):
        raise Invalid([Problem("{emoji}", "must be one emoji")])
    return text


collection_route = route(
    Operation(
        "POST",
        add_comment,
        "Add a comment",
        reply=types.Comment,
        status=201,
        body=NewComment,
        errors=(400, 404, 413, 415, 422),
        example={"content": "Cell 5 sits next to the radiator strap."},
        headers=("Location",),
    ),
    Operation(
        "GET",
        list_comments,
        "List comments on an issue",
        reply=types.CommentList,
        along=read_version,
        query=paging_parameters(DEFAULT_LIMIT),
        errors=(404, 422),
        headers=("Link",),
    ),
)
item_route = route(
    Operation(
        "PATCH",
        update_comment,
        "Update a comment",
        reply=types.Comment,
        body=CommentChanges,
        errors=(400, 404, 413, 415, 422),
        example={"content": "Cell 5 is the coldest."},
    ),
    Operation("DELETE", delete_comment, "Delete a comment", status=204, errors=(404,)),
)
reaction_route = route(
    Operation("PUT", react, "React to a comment", status=204, errors=(404, 422)),
    Operation("DELETE", unreact, "Take a reaction back", status=204, errors=(404, 422)),
)

"""What happened to an issue, as its page tells it."""

from typing import Any

from django.db.models import Prefetch
from django.template.defaultfilters import truncatechars

from issues.blocks.markdown import markdown_to_html
from issues.models import Comment, CommentAttachment, Event, Issue, Priority, Reaction, Status

from .htmx import PageRequest

ACTIVITY_MAX = 300  # the newest events on a page; an issue with more says so


def activity(request: PageRequest, issue: Issue) -> list[dict[str, Any]]:
    """Comments and changes in the order they happened."""
    comments = (
        Comment.objects.filter(issue=issue)
        .select_related("created_by", "deleted_by")
        .prefetch_related(
            Prefetch("reactions", Reaction.objects.select_related("user").order_by("id")),
            Prefetch(
                "attachment_links", CommentAttachment.objects.select_related("attachment").order_by("id")
            ),
        )
    )
    found = {str(comment.uuid): comment for comment in comments}
    events = Event.objects.filter(issue=issue).select_related("actor").order_by("-id")[:ACTIVITY_MAX]
    entries: list[dict[str, Any]] = []
    for event in reversed(events):
        if event.kind == "commented":
            comment = found.get(event.data.get("comment", ""))
            if comment is not None:
                entries.append({"comment": _comment_context(request, comment)})
        elif not event.kind.startswith(("comment_", "reacted", "unreacted")):
            changes = [
                _change(field, change) for field, change in event.data.items() if isinstance(change, dict)
            ]
            entries.append({"event": event, "changes": changes, "template": f"events/{event.kind}.html"})
    return entries


def _comment_context(request: PageRequest, comment: Comment) -> dict[str, Any]:
    """A comment as the template draws it; `mine` says whether this viewer used the emoji."""
    reactions: dict[str, dict[str, Any]] = {}
    for reaction in comment.reactions.all():
        entry = reactions.setdefault(reaction.emoji, {"emoji": reaction.emoji, "names": [], "mine": False})
        entry["names"].append(reaction.user.display_name)
        entry["mine"] |= reaction.user_id == request.user.pk
    author = comment.created_by_id == request.user.pk
    return {
        "it": comment,
        "html": "" if comment.is_deleted else markdown_to_html(comment.content),
        "reactions": list(reactions.values()),
        "files": [link.attachment for link in comment.attachment_links.all() if link.attachment.is_visible],
        "can_edit": author,
        "can_delete": author or request.user.is_administrator,
    }


def _change(field: str, change: dict[str, Any]) -> dict[str, str]:
    """One field's change in words: what it was and what it is."""
    return {
        "field": field,
        "label": field.replace("_", " "),
        "from": _in_words(field, change.get("from")),
        "to": _in_words(field, change.get("to")),
    }


def _in_words(field: str, value: Any) -> str:
    if field == "status":
        return str(Status(value).label) if value in Status.values else "No status"
    if field == "priority":
        return str(Priority(value).label) if value in Priority.values else "No priority"
    if isinstance(value, list):
        return ", ".join(str(item["name"]) if isinstance(item, dict) else str(item) for item in value)
    return truncatechars("" if value is None else str(value), 160)

"""What happened to an issue and what was said about it, as its page tells it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.template.defaultfilters import truncatechars

from issues.blocks.markdown import markdown_to_html
from issues.evidence.kinds import INLINE
from issues.models import (
    Comment,
    CommentAttachment,
    Event,
    EventKind,
    Issue,
    IssueReaction,
    Priority,
    Reaction,
    Status,
    User,
    emoji_name,
)
from issues.models.account import name_from_email
from issues.models.limits import UNASSIGNED

from .icons import PRIORITY_ICONS, STATUS_ICONS
from .viewer import ADMINISTRATORS

PAGE = 100  # events of one page of the thread
FOLD = timedelta(minutes=5)  # neighbouring changes by one person within this are one entry
STEPS_NAMED = 5  # of those ticked at one sitting
SHOWS = ("all", "comments", "changes")
# What is seen at the comment itself is no entry of its own.
AT_THE_COMMENT = (
    EventKind.COMMENT_EDITED,
    EventKind.COMMENT_DELETED,
    EventKind.COMMENT_RESTORED,
    EventKind.REACTED,
    EventKind.UNREACTED,
    EventKind.EVIDENCE_READ,  # the page shows what was read; that it was is no news
)


@dataclass(slots=True)
class Change:
    """One field's change in words."""

    name: str
    label: str
    old: str
    new: str
    added: list[str] = field(default_factory=list)  # of a list: tags, files, sessions
    removed: list[str] = field(default_factory=list)
    value: Any = None  # what it is now, as stored
    was: Any = None  # what it was before, as stored


@dataclass(slots=True)
class Entry:
    """A comment, or what one person did within five minutes."""

    id: int  # of its first event
    actor: User
    at: datetime
    comment: dict[str, Any] | None = None
    parts: list[dict[str, Any]] = field(default_factory=list)  # what events/<kind>.html take
    icon: str = "i-pencil"


@dataclass(frozen=True, slots=True)
class Activity:
    """A page of the thread, oldest first; `earlier` is the id that the page before it ends at, None at the beginning."""

    entries: list[Entry]
    earlier: int | None
    show: str
    before: int | None


def activity(issue: Issue, show: str = "all", before: int | None = None) -> Activity:
    """The newest entries, or those before an event. Six queries, however many there are."""
    events = Event.objects.filter(issue=issue).exclude(kind__in=AT_THE_COMMENT)
    if show == "comments":
        events = events.filter(kind=EventKind.COMMENTED)
    elif show == "changes":
        events = events.exclude(kind=EventKind.COMMENTED)
    if before is not None:
        events = events.filter(id__lt=before)
    newest = list(events.select_related("actor").order_by("-id")[: PAGE + 1])
    page = newest[PAGE - 1 :: -1] if len(newest) > PAGE else newest[::-1]
    return Activity(
        entries=_entries(page, _comments(page)),
        earlier=page[0].pk if len(newest) > PAGE else None,
        show=show,
        before=before,
    )


def comment_context(comment: Comment) -> dict[str, Any]:
    """A comment as the template draws it, the same for every viewer."""
    return {
        "it": comment,
        "html": "" if comment.is_deleted else markdown_to_html(comment.content),
        "react_url": f"/FND-{comment.issue_id}/comments/{comment.uuid}/react",
        "reactions": [] if comment.is_deleted else by_emoji(comment.reactions.all()),
        "files": [link.attachment for link in comment.attachment_links.all() if link.attachment.is_visible],
        "images": INLINE,
        "author": comment.created_by_id,
        "deleters": [comment.created_by_id, ADMINISTRATORS],
        "restorers": [comment.created_by_id, comment.deleted_by_id, ADMINISTRATORS],
    }


def by_emoji(reactions: Iterable[Reaction | IssueReaction]) -> list[dict[str, Any]]:
    """Each emoji once with those who put it there, in the order of the first of each."""
    found: dict[str, dict[str, Any]] = {}
    for reaction in reactions:
        emoji = reaction.emoji
        entry = found.setdefault(emoji, {"emoji": emoji, "name": emoji_name(emoji), "users": [], "ids": []})
        entry["users"].append(reaction.user)
        entry["ids"].append(reaction.user_id)
    return list(found.values())


def with_all(comments: QuerySet[Comment]) -> QuerySet[Comment]:
    """What `comment_context` reads of a comment, in a constant number of queries."""
    return comments.select_related("created_by", "deleted_by").prefetch_related(
        Prefetch("reactions", Reaction.objects.select_related("user").order_by("id")),
        Prefetch("attachment_links", CommentAttachment.objects.select_related("attachment").order_by("id")),
    )


def _comments(events: Iterable[Event]) -> dict[str, Comment]:
    uuids = [event.data["comment"] for event in events if event.kind == EventKind.COMMENTED]
    if not uuids:
        return {}
    return {str(comment.uuid): comment for comment in with_all(Comment.objects.filter(uuid__in=uuids))}


def _entries(events: Sequence[Event], comments: dict[str, Comment]) -> list[Entry]:
    entries: list[Entry] = []
    folded: list[Event] = []
    for event in events:
        if event.kind == EventKind.COMMENTED:
            entries += _folded(folded)
            folded = []
            comment = comments.get(event.data["comment"])
            if comment is not None:  # else it was purged from the trash
                entries.append(
                    Entry(event.pk, event.actor, event.created_at, comment=comment_context(comment))
                )
            continue
        last = folded[-1] if folded else None
        if last and (last.actor_id != event.actor_id or event.created_at - last.created_at > FOLD):
            entries += _folded(folded)
            folded = []
        folded.append(event)
    return entries + _folded(folded)


def _folded(events: Sequence[Event]) -> list[Entry]:
    """Neighbouring events of one person as one entry; none if they took back what they did."""
    if not events:
        return []
    parts: list[dict[str, Any]] = []
    fields: dict[str, dict[str, Any]] = {}
    ticks: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.kind == EventKind.CHANGED:
            for name, change in event.data.items():
                if isinstance(change, dict):
                    fields.setdefault(name, {"from": change.get("from")})["to"] = change.get("to")
        elif event.kind in (EventKind.STEP_TICKED, EventKind.STEP_UNTICKED):
            ticks.setdefault((event.data["file"], event.data["step"]), []).append(event)
        else:
            parts.append({"template": f"events/{event.kind}.html", "event": event})
    changes = [
        change_in_words(name, c["from"], c["to"]) for name, c in fields.items() if c["from"] != c["to"]
    ]
    parts += [{"template": "events/changed.html", "change": change} for change in changes]
    parts += _ticked(ticks.values())
    if not parts:
        return []
    first, last = events[0], events[-1]
    return [Entry(first.pk, first.actor, last.created_at, parts=parts, icon=_icon(first, changes))]


def _ticked(steps: Iterable[list[Event]]) -> list[dict[str, Any]]:
    """Steps ticked and unticked, those of one plan in one sentence; a step that ends as it began is not told."""
    told: dict[tuple[str, str, bool], list[Event]] = {}
    for events in steps:
        last = events[-1]
        if len(events) % 2:
            told.setdefault((last.kind, last.data["file"], last.undoes_id is not None), []).append(last)
    return [
        {
            "template": f"events/{kind}.html",
            "event": events[0],
            "steps": [event.data["text"] for event in events[:STEPS_NAMED]],
            "more": max(0, len(events) - STEPS_NAMED),
        }
        for (kind, _, _), events in told.items()
    ]


def change_in_words(name: str, old: Any, new: Any) -> Change:
    """What a change of a field is called."""
    change = Change(
        name, name.replace("_", " "), in_words(name, old), in_words(name, new), value=new, was=old
    )
    if isinstance(old, list) and isinstance(new, list):
        before, after = [_item(item) for item in old], [_item(item) for item in new]
        change.added = [item for item in after if item not in before]
        change.removed = [item for item in before if item not in after]
    return change


def in_words(name: str, value: Any) -> str:
    """A field's value as people read it."""
    if name == "status":
        return str(Status(value).label) if value in Status.values else "No status"
    if name == "priority":
        return str(Priority(value).label) if value in Priority.values else "No priority"
    if name == "owner":
        return value if value == UNASSIGNED or "@" not in value else name_from_email(value)
    if isinstance(value, list):
        return ", ".join(map(_item, value))
    return truncatechars("" if value is None else str(value), 160)


def _item(item: Any) -> str:
    return str(item["name"]) if isinstance(item, dict) else str(item)


_ICONS = {"status": STATUS_ICONS, "priority": PRIORITY_ICONS}
_KINDS = {
    EventKind.FILE_ADDED: "i-clipboard-list",
    EventKind.FILE_REMOVED: "i-clipboard-list",
    EventKind.FILE_REPLACED: "i-clipboard-list",
    EventKind.STEP_TICKED: "i-clipboard-list",
    EventKind.STEP_UNTICKED: "i-clipboard-list",
    EventKind.DELETED: "i-trash-2",
    EventKind.RESTORED: "i-rotate-ccw",
    EventKind.ATTACHMENT_CHANGED: "i-paperclip",
    EventKind.SESSION_CHANGED: "i-messages-square",
    EventKind.SESSION_DELETED: "i-messages-square",
}
_FIELDS = {"owner": "i-user", "tags": "i-tag", "attachments": "i-paperclip", "sessions": "i-messages-square", "resolution_summary": "i-check"}  # fmt: skip


def _icon(event: Event, changes: list[Change]) -> str:
    if event.kind == EventKind.CREATED:
        return "i-atlas" if event.actor.is_agent else "i-plus"
    if event.kind != EventKind.CHANGED or not changes:
        return _KINDS.get(EventKind(event.kind), "i-pencil")
    values = _ICONS.get(changes[0].name)
    return (
        f"i-{values.get(changes[0].value, 'pencil')}" if values else _FIELDS.get(changes[0].name, "i-pencil")
    )

"""What happened. One row per verb and issue, written in the verb's transaction, never changed after."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Cast

from . import search_index, search_text
from .account import User


class EventKind(models.TextChoices):
    """Past tense of the verb that caused the event; templates/events/<kind>.html has the words people read."""

    CREATED = "created"  # {}
    CHANGED = "changed"  # {field: {"from": …, "to": …}}
    DELETED = "deleted"  # {}
    RESTORED = "restored"  # {}
    COMMENTED = "commented"  # {"comment": uuid}
    COMMENT_EDITED = "comment_edited"  # {"comment": uuid, "from": text, "to": text}
    COMMENT_DELETED = "comment_deleted"  # {"comment": uuid}
    COMMENT_RESTORED = "comment_restored"  # {"comment": uuid}
    REACTED = "reacted"  # {"comment": uuid, "emoji": …}; to the description: without the comment
    UNREACTED = "unreacted"  # the same
    FILE_ADDED = "file_added"  # {"file": uuid, "name": …, "type": …}
    FILE_REMOVED = "file_removed"  # {"file": uuid, "name": …, "type": …}
    FILE_REPLACED = "file_replaced"  # {"file": uuid, "name": …, "type": …, "attachment": uuid}
    STEP_TICKED = "step_ticked"  # {"file": uuid, "name": …, "step": key, "text": …}
    STEP_UNTICKED = "step_unticked"  # the same
    SESSION_CHANGED = "session_changed"  # {"session": uuid, "session_title": …, field: {"from": …, "to": …}}
    SESSION_DELETED = "session_deleted"  # {"session": uuid, "session_title": …}
    EVIDENCE_READ = (
        "evidence_read"  # {"attachment": uuid, "name": …}: the worker has read a file; not shown as activity
    )
    ATTACHMENT_CHANGED = "attachment_changed"  # {"attachment": uuid, "name": …, field: {"from": …, "to": …}}


class Event(models.Model):
    """One fact in an issue's history."""

    issue = models.ForeignKey("issues.Issue", on_delete=models.CASCADE, related_name="events", db_index=False)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=EventKind)
    data = models.JSONField(default=dict)  # its shape stands beside each kind above
    kept = models.JSONField(null=True)  # what undo needs and the history does not show; see models/undo.py
    created_at = models.DateTimeField()
    act = models.UUIDField(null=True)  # the events of one bulk act share it
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="undone_by", db_index=False
    )
    # The transaction that wrote it. Ids are handed out before the commit, so they do not say what is new; this does.
    xid = models.BigIntegerField(
        db_default=Cast(
            Cast(Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()
        )
    )

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind_is_known"),
        )
        indexes = (
            models.Index(fields=("issue", "id"), name="event_history"),
            models.Index(fields=("actor", "id"), name="event_by_actor"),  # my last change
            models.Index(fields=("act", "issue"), condition=Q(act__isnull=False), name="event_of_act"),
            models.Index(fields=("undoes",), condition=Q(undoes__isnull=False), name="event_undone"),
            models.Index(fields=("xid", "id"), name="event_since"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.issue_id}"

    def as_kept(self) -> dict[str, Any] | None:
        """What was kept, as the verb that takes it back wants it: moments are moments again, to the microsecond."""
        return self.kept and {
            name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
            for name, value in self.kept.items()
        }


# Where the record of events stands, as a scalar subquery: the newest transaction in it. Whatever changes an issue
# writes an event, so between two equal marks no issue was changed. It is null while an older transaction still runs,
# whose events would come in below the mark without moving it.
MARK = """(SELECT CASE WHEN max(xid) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN max(xid) END
    FROM issues_event)"""


def record_each(
    facts: Iterable[tuple[int, EventKind, dict[str, Any], dict[str, Any] | None, int | None]],
    *,
    by: User,
    at: datetime,
    act: UUID,
) -> None:
    """Write a fact of its own into each issue's history: (issue id, kind, data, kept, undoes), all of one act.

    Called by what has noted them all, as `search_index.note` does.
    """
    facts = list(facts)
    if new_words := [issue_id for issue_id, kind, data, *_ in facts if _changes_words(kind, data)]:
        search_text.refresh(new_words)
    events = Event.objects.bulk_create(
        Event(
            issue_id=issue_id,
            actor=by,
            kind=kind,
            data=data,
            kept=kept and {name: _plain(value) for name, value in kept.items()},
            created_at=at,
            act=act,
            undoes_id=undoes,
        )
        for issue_id, kind, data, kept, undoes in facts
    )
    search_index.fold_sometimes(event.pk for event in events)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


_stamp: ContextVar[tuple[UUID | None, int | None]] = ContextVar("stamp", default=(None, None))


@contextmanager
def stamped(*, act: UUID | None = None, undoes: int | None = None) -> Iterator[None]:
    """Every event recorded inside belongs to this act and undoes that event, whichever verb records it."""
    token = _stamp.set((act, undoes))
    try:
        yield
    finally:
        _stamp.reset(token)


def record(
    issue_ids: Iterable[int],
    kind: EventKind,
    *,
    by: User,
    at: datetime,
    data: dict[str, Any] | None = None,
    kept: dict[str, Any] | None = None,
) -> list[Event]:
    """Write the same fact into the history of each issue. Called by verbs, inside their transaction, after the change.

    What changes an issue's words has it found by the new ones, too.
    """
    issue_ids = list(issue_ids)
    if _changes_words(kind, data or {}):
        search_text.refresh(issue_ids)
    elif kind is not EventKind.CHANGED:  # (which has noted the issues as `search_index.note` does)
        search_index.note_changed(issue_ids)
    act, undoes = _stamp.get()
    plain = kept and {name: _plain(value) for name, value in kept.items()}
    events = Event.objects.bulk_create(
        Event(
            issue_id=issue_id,
            actor=by,
            kind=kind,
            data=data or {},
            kept=plain,
            created_at=at,
            act=act,
            undoes_id=undoes,
        )
        for issue_id in issue_ids
    )
    search_index.fold_sometimes(event.pk for event in events)
    return events


_WORDS = {"title", "description", "tags", "resolution_summary", "attachments"}


def _changes_words(kind: EventKind, data: dict[str, Any]) -> bool:
    """Whether the issue can be found by other words after this."""
    match kind:
        case EventKind.CHANGED:
            return not _WORDS.isdisjoint(data)
        case EventKind.ATTACHMENT_CHANGED:
            return "title" in data
        case EventKind.SESSION_CHANGED | EventKind.SESSION_DELETED | EventKind.REACTED | EventKind.UNREACTED:
            return False
        case EventKind.STEP_TICKED | EventKind.STEP_UNTICKED:
            return False
    return True

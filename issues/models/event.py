"""What happened. One row per verb and issue, written in the verb's transaction, never changed after."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

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
    REACTED = "reacted"  # {"comment": uuid, "emoji": …}
    UNREACTED = "unreacted"  # {"comment": uuid, "emoji": …}
    FILE_ADDED = "file_added"  # {"file": uuid, "name": …, "type": …}
    FILE_REMOVED = "file_removed"  # {"file": uuid, "name": …, "type": …}
    SESSION_CHANGED = "session_changed"  # {"session": uuid, "session_title": …, field: {"from": …, "to": …}}
    SESSION_DELETED = "session_deleted"  # {"session": uuid, "session_title": …}
    ATTACHMENT_CHANGED = "attachment_changed"  # {"attachment": uuid, "name": …, field: {"from": …, "to": …}}


class Event(models.Model):
    """One fact in an issue's history."""

    issue = models.ForeignKey("issues.Issue", on_delete=models.CASCADE, related_name="events", db_index=False)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=EventKind)
    data = models.JSONField(default=dict)  # its shape stands beside each kind above
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind_is_known"),
        )
        indexes = (models.Index(fields=("issue", "id"), name="event_history"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.issue_id}"


def record(
    issue_ids: Iterable[int], kind: EventKind, *, by: User, at: datetime, data: dict[str, Any] | None = None
) -> None:
    """Write the same fact into the history of each issue. Called by verbs, inside their transaction."""
    Event.objects.bulk_create(
        Event(issue_id=issue_id, actor=by, kind=kind, data=data or {}, created_at=at)
        for issue_id in issue_ids
    )

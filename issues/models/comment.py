"""Comments on an issue, and the reactions to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from .account import User
from .attachment import Attachment
from .errors import ChangedSince, Gone, NotYours
from .event import EventKind, record
from .issue import Issue
from .limits import COMMENT_MAX, EMOJI_MAX


class Comment(models.Model):
    """
    A remark on an issue, made by `Issue.comment`.

    A deleted comment stays in the thread as a tombstone. Its words stay in the database until it is purged, so that
    it can be restored; no front end shows them.
    """

    uuid = models.UUIDField(unique=True, editable=False)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="comments", db_index=False)
    content = models.TextField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    is_edited = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    attachments = models.ManyToManyField(Attachment, through="CommentAttachment", related_name="comments")

    last_event_id: int | None = None  # the event that the last verb on this object recorded

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(content__length__gte=1, content__length__lte=COMMENT_MAX),
                name="comment_has_a_fitting_length",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None, deleted_by=None)
                | Q(deleted_at__isnull=False, deleted_by__isnull=False),
                name="comment_has_who_deleted_it_exactly_when_deleted",
            ),
        )
        indexes = (
            models.Index(fields=("issue", "created_at", "uuid"), name="comment_thread"),
            models.Index(fields=("deleted_at",), condition=Q(deleted_at__isnull=False), name="comment_trash"),
        )

    def __str__(self) -> str:
        return f"comment {self.uuid}"

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    def edit(
        self,
        content: str,
        *,
        by: User,
        expected: str | None = None,
        kept: dict[str, Any] | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Say it otherwise. Its author only (NotYours). The same words again are no edit.

        ChangedSince when it does not say `expected` any more. `kept` is what an undone edit kept: whether and when
        it had been edited before.
        """
        with self._locked(at) as moment:
            if self.created_by_id != by.pk:
                raise NotYours
            if expected is not None and self.content != expected:
                raise ChangedSince(["content"])
            if content == self.content:
                return False
            data = {"from": self.content, "to": content}
            before = {"is_edited": self.is_edited, "updated_at": self.updated_at}
            self.content = content
            for field, value in (kept or {"is_edited": True, "updated_at": moment}).items():
                setattr(self, field, value)
            self.save()
            self._record(EventKind.COMMENT_EDITED, by, moment, data, kept=before)
            return True

    def trash(self, *, by: User, at: datetime | None = None) -> None:
        """Delete it, leaving a tombstone. Its author or an administrator (NotYours); Gone if it is deleted."""
        with self._locked(at) as moment:
            if self.created_by_id != by.pk and not by.is_administrator:
                raise NotYours
            self.deleted_at, self.deleted_by = moment, by
            self.save()
            self._record(EventKind.COMMENT_DELETED, by, moment, comments=-1)

    def restore(self, *, by: User, at: datetime | None = None) -> bool:
        """Take it back from the trash. Its author, who deleted it, or an administrator. False if not deleted."""
        with self._locked(at, deleted_too=True) as moment:
            if self.deleted_at is None:
                return False
            if by.pk not in (self.created_by_id, self.deleted_by_id) and not by.is_administrator:
                raise NotYours
            self.deleted_at = self.deleted_by = None
            self.save()
            self._record(EventKind.COMMENT_RESTORED, by, moment, comments=+1)
            return True

    def react(
        self, emoji: str, *, by: User, kept: dict[str, Any] | None = None, at: datetime | None = None
    ) -> bool:
        """Put this person's emoji on the comment. Again does nothing.

        `kept` is what an undone removal kept: the reaction comes back in its old place.
        """
        with self._locked(at) as moment:
            _, created = Reaction.objects.get_or_create(
                comment=self, user=by, emoji=emoji, defaults=kept or {"created_at": moment}
            )
            if created:
                self._record(EventKind.REACTED, by, moment, {"emoji": emoji})
            return created

    def unreact(self, emoji: str, *, by: User, at: datetime | None = None) -> bool:
        """Take this person's emoji off the comment. Again does nothing."""
        with self._locked(at) as moment:
            reaction = self.reactions.filter(user=by, emoji=emoji).first()
            if reaction is None:
                return False
            kept = {"id": reaction.pk, "created_at": reaction.created_at}
            reaction.delete()
            self._record(EventKind.UNREACTED, by, moment, {"emoji": emoji}, kept=kept)
            return True

    @contextmanager
    def _locked(self, at: datetime | None, *, deleted_too: bool = False) -> Iterator[datetime]:
        """Hold the issue, then this comment, refreshed; Gone if either is deleted. Yields the moment."""
        with transaction.atomic():
            Issue.objects.hold(self.issue_id)
            try:
                self.refresh_from_db(from_queryset=Comment.objects.select_for_update(no_key=True))
            except Comment.DoesNotExist:  # purged from the trash meanwhile
                raise Gone from None
            if self.deleted_at is not None and not deleted_too:
                raise Gone
            yield at or timezone.now()

    def _record(
        self,
        kind: EventKind,
        by: User,
        moment: datetime,
        data: dict[str, Any] | None = None,
        *,
        kept: dict[str, Any] | None = None,
        comments: int = 0,
    ) -> None:
        Issue.objects.filter(pk=self.issue_id).update(
            version=F("version") + 1, changed_at=moment, comment_count=F("comment_count") + comments
        )
        data = {"comment": str(self.uuid), **(data or {})}
        [event] = record([self.issue_id], kind, by=by, at=moment, data=data, kept=kept)
        self.last_event_id = event.pk


class CommentAttachment(models.Model):
    """A file in a comment; the order of ids is the order they were sent in."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="attachment_links")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="comment_links")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("comment", "attachment"), name="file_is_once_in_a_comment"),
        )

    def __str__(self) -> str:
        return f"{self.attachment} in {self.comment}"


class Reaction(models.Model):
    """One person's emoji on a comment."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    emoji = models.CharField(max_length=EMOJI_MAX)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("comment", "user", "emoji"), name="reaction_is_once_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.emoji} by {self.user}"

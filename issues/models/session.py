"""Sessions: the recorded conversation or analysis that findings came out of. (Not the browser's session.)"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from .account import User
from .attachment import Attachment, touch_issues
from .errors import ChangedSince, Gone, NotThere
from .event import EventKind
from .ids import uuid7
from .limits import SESSION_DESCRIPTION_MAX, SESSION_TITLE_MAX

DEFAULT_TITLE = "New Atlas session"


class SessionQuerySet(models.QuerySet["Session"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def locked(self, uuids: Iterable[UUID]) -> "list[Session]":
        """These sessions in the order given, held against deletion until commit. NotThere if any is missing."""
        wanted = list(dict.fromkeys(uuids))
        rows = self.alive().filter(uuid__in=wanted).order_by("id").select_for_update(no_key=True)
        found = {row.uuid: row for row in rows} if wanted else {}
        if missing := [uuid for uuid in wanted if uuid not in found]:
            raise NotThere("sessions", missing)
        return [found[uuid] for uuid in wanted]


class Session(models.Model):
    """One conversation or analysis, with the files it read or made."""

    uuid = models.UUIDField(unique=True, editable=False)
    title = models.CharField(max_length=SESSION_TITLE_MAX, blank=True)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    starred_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    attachments = models.ManyToManyField(Attachment, through="SessionAttachment", related_name="sessions")

    objects = SessionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(description__length__lte=SESSION_DESCRIPTION_MAX),
                name="session_description_is_not_too_long",
            ),
        )
        indexes = (
            models.Index(
                F("created_at").desc(),
                F("uuid").desc(),
                condition=Q(deleted_at=None),
                name="session_newest",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/session/{self.uuid}"

    @property
    def is_starred(self) -> bool:
        return self.starred_at is not None

    @classmethod
    def create(
        cls,
        *,
        by: User,
        title: str = DEFAULT_TITLE,
        description: str = "",
        attachments: Sequence[UUID] = (),
        at: datetime | None = None,
    ) -> Self:
        """A new session with these attachments. NotThere if one does not exist."""
        moment = at or timezone.now()
        with transaction.atomic():
            files = Attachment.objects.locked(attachments)
            session = cls.objects.create(
                uuid=uuid7(moment), title=title, description=description, created_by=by, created_at=moment
            )
            SessionAttachment.objects.bulk_create(
                SessionAttachment(session=session, attachment=file) for file in files
            )
        return session

    def change(
        self,
        *,
        by: User,
        title: str | None = None,
        description: str | None = None,
        starred: bool | None = None,
        expected: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Change what was given; None leaves a field. Every linked issue gets an event.

        ChangedSince when a field (title, description) is no longer as `expected`.
        """
        moment = at or timezone.now()
        with transaction.atomic():
            self._lock()
            if changed := [name for name, value in (expected or {}).items() if getattr(self, name) != value]:
                raise ChangedSince(changed)
            changes: dict[str, dict[str, object]] = {}
            if title is not None and title != self.title:
                changes["title"] = {"from": self.title, "to": title}
                self.title = title
            if description is not None and description != self.description:
                changes["description"] = {"from": self.description, "to": description}
                self.description = description
            if starred is not None and starred != self.is_starred:
                changes["starred"] = {"from": self.is_starred, "to": starred}
                self.starred_at = moment if starred else None
            if not changes:
                return False
            self.save()
            self._touch(EventKind.SESSION_CHANGED, by=by, at=at, changes=changes)
            return True

    def trash(self, *, by: User, at: datetime | None = None) -> None:
        """Delete the session. It leaves its issues, with an event on each; its files stay."""
        with transaction.atomic():
            self._lock()
            self.deleted_at = at or timezone.now()
            self.save(update_fields=["deleted_at"])
            self._touch(EventKind.SESSION_DELETED, by=by, at=at, changes={})
            self.issue_links.all().delete()

    def add_attachments(self, uuids: Sequence[UUID], *, by: User, at: datetime | None = None) -> bool:
        """Put files into the session; those already in it stay where they are. Whether any was new."""
        with transaction.atomic():
            self._lock()
            files = Attachment.objects.locked(uuids)
            there = set(self.attachment_links.values_list("attachment_id", flat=True))
            new = [file for file in files if file.pk not in there]
            if not new:
                return False
            SessionAttachment.objects.bulk_create(
                SessionAttachment(session=self, attachment=file) for file in new
            )
            names = [file.name for file in new]
            self._touch(
                EventKind.SESSION_CHANGED, by=by, at=at, changes={"attachments": {"from": [], "to": names}}
            )
            return True

    def remove_attachment(self, uuid: UUID, *, by: User, at: datetime | None = None) -> bool:
        """Take a file out of the session; the file itself stays. Whether it was in it."""
        with transaction.atomic():
            self._lock()
            link = self.attachment_links.filter(attachment__uuid=uuid).select_related("attachment").first()
            if link is None:
                return False
            link.delete()
            self._touch(
                EventKind.SESSION_CHANGED,
                by=by,
                at=at,
                changes={"attachments": {"from": [link.attachment.name], "to": []}},
            )
            return True

    def _lock(self) -> None:
        self.refresh_from_db(from_queryset=Session.objects.select_for_update(no_key=True))
        if self.deleted_at is not None:
            raise Gone

    def _touch(
        self, kind: EventKind, *, by: User, at: datetime | None, changes: dict[str, dict[str, object]]
    ) -> None:
        linked = list(self.issue_links.values_list("issue_id", flat=True))
        # The session's own title stands under "session_title": "title" may be one of the changes.
        data = {"session": str(self.uuid), "session_title": self.title, **changes}
        touch_issues(linked, kind, by=by, data=data, at=at)


class SessionAttachment(models.Model):
    """A file in a session; the order of ids is the order they were put in."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="attachment_links")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="session_links")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("session", "attachment"), name="file_is_once_in_a_session"),
        )

    def __str__(self) -> str:
        return f"{self.attachment} in {self.session}"

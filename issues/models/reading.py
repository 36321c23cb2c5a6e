"""What was seen in a file: read once, in the background, by the worker; pages only draw what is written here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from .attachment import Attachment, touch_issues
from .event import EventKind

READ_EVIDENCE = "read_evidence"  # the task; issues/tasks.py does it
REASON_MAX = 500


class ReadingState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    READING = "reading", "Reading"
    READY = "ready", "Ready"
    UNREADABLE = "unreadable", "Cannot be shown"


class FileKind(models.TextChoices):
    TABLE = "table", "Table"
    IMAGE = "image", "Image"
    PDF = "pdf", "PDF"
    TEXT = "text", "Text"
    ARCHIVE = "archive", "Archive"
    OTHER = "other", "Other"


class Reading(models.Model):
    """How far a file has been read, and what is in it. `facts` depend on the kind; see issues/evidence/look.py."""

    attachment = models.OneToOneField(
        Attachment, on_delete=models.CASCADE, primary_key=True, related_name="reading"
    )
    state = models.CharField(max_length=20, choices=ReadingState, default=ReadingState.WAITING)
    kind = models.CharField(max_length=20, choices=FileKind, default=FileKind.OTHER)
    percent = models.SmallIntegerField(default=0)
    reason = models.CharField(max_length=REASON_MAX, blank=True)  # why it cannot be shown, for people
    facts = models.JSONField(default=dict)
    trace = models.TextField(blank=True)  # the drawing of its most telling column, as SVG, for cards
    prepared = models.CharField(max_length=100, blank=True)  # key in the store: every sample, for zooming
    preview = models.CharField(max_length=100, blank=True)  # key in the store: a picture of at most 416 × 256
    display = models.CharField(max_length=100, blank=True)  # key in the store: the image without its metadata
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ReadingState.values), name="reading_state_is_known"),
            models.CheckConstraint(condition=Q(kind__in=FileKind.values), name="reading_kind_is_known"),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="reading_percent_is_a_share"
            ),
        )

    def __str__(self) -> str:
        return f"reading of {self.attachment_id}: {self.state}"

    @property
    def derived(self) -> list[str]:
        """Keys in the store that belong to the file and go with it."""
        return [key for key in (self.prepared, self.preview, self.display) if key]

    # Verbs

    @classmethod
    def ask(cls, attachment: Attachment) -> None:
        """Have the worker read the file. The job is written in the caller's transaction: no file is forgotten."""
        with transaction.atomic():
            cls.objects.update_or_create(
                attachment=attachment,
                defaults={"state": ReadingState.WAITING, "percent": 0, "changed_at": timezone.now()},
            )
            app.configure_task(READ_EVIDENCE, allow_unknown=True, queue="evidence").defer(
                attachment_id=attachment.pk
            )

    def begin(self) -> None:
        self._say(state=ReadingState.READING, percent=0)

    def advance(self, percent: int) -> None:
        """Tell how far it is; only ever forward."""
        Reading.objects.filter(pk=self.pk, percent__lt=percent).update(percent=min(percent, 99))

    def finish(
        self,
        kind: FileKind,
        facts: dict[str, Any],
        *,
        channels: Sequence["Channel"] = (),
        at: datetime | None = None,
        **drawn: str,
    ) -> None:
        """Write down what was seen. Every issue that shows the file gets a new version and an event."""
        with transaction.atomic():
            Channel.objects.filter(reading=self).delete()
            self._say(state=ReadingState.READY, kind=kind, percent=100, reason="", facts=facts, **drawn)
            for channel in channels:
                channel.reading = self
            Channel.objects.bulk_create(channels, batch_size=64)
            self._tell_issues(at)

    def fail(self, reason: str, kind: FileKind, facts: dict[str, Any], *, at: datetime | None = None) -> None:
        """Write down why the file cannot be shown."""
        with transaction.atomic():
            Channel.objects.filter(reading=self).delete()
            self._say(state=ReadingState.UNREADABLE, kind=kind, percent=100, reason=reason[:REASON_MAX], facts=facts)  # fmt: skip
            self._tell_issues(at)

    def _say(self, **fields: Any) -> None:
        for name, value in {**fields, "changed_at": timezone.now()}.items():
            setattr(self, name, value)
        self.save()

    def _tell_issues(self, at: datetime | None) -> None:
        data = {"attachment": str(self.attachment.uuid), "name": self.attachment.name}
        touch_issues(
            self.attachment.shown_by(), EventKind.EVIDENCE_READ, by=self.attachment.created_by, data=data, at=at,
            is_change=False,
        )  # fmt: skip


class Channel(models.Model):
    """A column of a table that can be drawn: what is known of it, and its overview of at most 352 buckets."""

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="channels")
    position = models.SmallIntegerField()  # of its samples in the prepared file
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=16, blank=True)
    score = models.FloatField(default=0)  # how far its most unusual stretch stands out
    facts = models.JSONField(default=dict)  # count, low, low_at, high, high_at, span
    lows = ArrayField(models.FloatField(null=True))
    highs = ArrayField(models.FloatField(null=True))

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("reading", "position"), name="channel_is_once_in_a_reading"),
        )

    def __str__(self) -> str:
        return self.name

"""Issue files: an attachment in a role, such as the troubleshooting plan of an issue."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from .account import User
from .attachment import Attachment
from .errors import ChangedSince, Gone
from .event import EventKind, record
from .issue import Issue
from .limits import FILE_TYPE_MAX, NAME_MAX
from .plan import EVENT_TEXT_MAX, Progress, StepTick

TROUBLESHOOTING_PLAN = "troubleshooting_plan"


class IssueFile(models.Model):
    """An attachment that plays a role in an issue; made by `Issue.add_file`."""

    uuid = models.UUIDField(unique=True, editable=False)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="files", db_index=False)
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="issue_files")
    file_name = models.CharField(max_length=NAME_MAX)
    file_type = models.CharField(max_length=FILE_TYPE_MAX)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    last_event_id: int | None = None  # the event that the last verb on this object recorded

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(file_name="") & ~Q(file_type=""), name="issue_file_is_named"),
        )
        indexes = (models.Index(fields=("issue", "created_at", "uuid"), name="issue_file_order"),)

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_plan(self) -> bool:
        return self.file_type == TROUBLESHOOTING_PLAN

    def progress(self) -> Progress:
        """What the plan says, and how far it is."""
        ticks = StepTick.objects.filter(issue=self.issue_id, plan=self.file_name).select_related("ticked_by")
        return Progress.of(self.attachment, ticks)

    # Verbs

    def remove(self, *, by: User, at: datetime | None = None) -> bool:
        """Take the role away; the attachment stays, and so do a plan's ticks. False if somebody else did so first."""
        with transaction.atomic():
            Issue.objects.select_for_update(no_key=True).get(pk=self.issue_id)
            removed, _ = IssueFile.objects.filter(pk=self.pk).delete()
            if not removed:
                return False
            kept = {
                "uuid": self.uuid,
                "attachment": self.attachment.uuid,
                "created_by_id": self.created_by_id,
                "created_at": self.created_at,
            }
            self._record(EventKind.FILE_REMOVED, by, at or timezone.now(), kept=kept, files=-1)
            return True

    def replace(
        self, attachment: UUID, *, by: User, expected: UUID | None = None, at: datetime | None = None
    ) -> bool:
        """Put another file in its place, under the same name. The same file again is no change.

        NotThere if there is no such attachment, ChangedSince when another one than `expected` is in its place.
        """
        with transaction.atomic():
            [file] = Attachment.objects.locked([attachment], "attachment")
            with self._locked(at) as moment:
                before = self.attachment
                if expected is not None and before.uuid != expected:
                    raise ChangedSince(["attachment"])
                if before == file:
                    return False
                self.attachment = file
                self.save()
                data = {"attachment": str(file.uuid)}
                self._record(EventKind.FILE_REPLACED, by, moment, data, kept={"attachment": before.uuid})
                return True

    def namesakes(self) -> "models.QuerySet[IssueFile]":
        """Other plans of the same name in the issue: they share their ticks (why: plan.py)."""
        others = IssueFile.objects.filter(
            issue=self.issue_id, file_type=self.file_type, file_name=self.file_name
        )
        return others.exclude(pk=self.pk).order_by("id")

    def tick(
        self, step: str, *, by: User, kept: dict[str, Any] | None = None, at: datetime | None = None
    ) -> bool:
        """Say that the step with this key is done. Again does nothing; Gone if the plan has no such step (any more).

        `kept` is what an undone untick kept: who had ticked it, and when.
        """
        return self._say(step, True, EventKind.STEP_TICKED, by, kept, at)

    def untick(self, step: str, *, by: User, at: datetime | None = None) -> bool:
        """Say that it is not done after all. Again does nothing."""
        return self._say(step, False, EventKind.STEP_UNTICKED, by, None, at)

    def _say(
        self,
        key: str,
        is_done: bool,
        kind: EventKind,
        by: User,
        kept: dict[str, Any] | None,
        at: datetime | None,
    ) -> bool:
        with self._locked(at) as moment:
            progress = self.progress()
            step = next((step for step in progress.outline.steps if step.key == key), None)
            if step is None or not self.is_plan:
                raise Gone
            state = progress.states[key]
            if state.is_done == is_done:
                return False
            tick = state.tick or StepTick(issue_id=self.issue_id, plan=self.file_name, step=key)
            was = {"ticked_by_id": tick.ticked_by_id, "ticked_at": tick.ticked_at} if state.tick else None
            if step.is_done == is_done:
                tick.delete()  # as the plan itself says
            else:
                tick.is_done, tick.ticked_by, tick.ticked_at = is_done, by, moment
                for field, value in (kept or {}).items():
                    setattr(tick, field, value)
                tick.save()
            data = {"step": key, "text": step.text[:EVENT_TEXT_MAX]}
            self._record(kind, by, moment, data, kept=was)
            return True

    @contextmanager
    def _locked(self, at: datetime | None) -> Iterator[datetime]:
        """Hold the issue, then this role, refreshed; Gone if either is. Yields the moment."""
        with transaction.atomic():
            Issue.objects.hold(self.issue_id)
            try:
                self.refresh_from_db(from_queryset=IssueFile.objects.select_related("attachment"))
            except IssueFile.DoesNotExist:
                raise Gone from None
            yield at or timezone.now()

    def _record(
        self,
        kind: EventKind,
        by: User,
        moment: datetime,
        data: dict[str, str] | None = None,
        *,
        kept: dict[str, Any] | None = None,
        files: int = 0,
    ) -> None:
        Issue.objects.filter(pk=self.issue_id).update(
            version=F("version") + 1, changed_at=moment, plan_count=F("plan_count") + files
        )
        data = {**self.event_data(), **(data or {})}
        [event] = record([self.issue_id], kind, by=by, at=moment, data=data, kept=kept)
        self.last_event_id = event.pk

    def event_data(self) -> dict[str, str]:
        """How the history names the file, so that it reads well after the file is gone."""
        return {"file": str(self.uuid), "name": self.file_name, "type": self.file_type}

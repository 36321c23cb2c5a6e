"""Issue files: an attachment in a role, such as the troubleshooting plan of an issue."""

from datetime import datetime

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from .account import User
from .attachment import Attachment
from .event import EventKind, record
from .issue import Issue
from .limits import FILE_TYPE_MAX, NAME_MAX

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

    def remove(self, *, by: User, at: datetime | None = None) -> bool:
        """Take the role away; the attachment stays. False if somebody else did so first."""
        with transaction.atomic():
            Issue.objects.select_for_update(no_key=True).get(pk=self.issue_id)
            removed, _ = IssueFile.objects.filter(pk=self.pk).delete()
            if not removed:
                return False
            moment = at or timezone.now()
            Issue.objects.filter(pk=self.issue_id).update(
                version=F("version") + 1, changed_at=moment, plan_count=F("plan_count") - 1
            )
            kept = {
                "uuid": self.uuid,
                "attachment": self.attachment.uuid,
                "created_by_id": self.created_by_id,
                "created_at": self.created_at,
            }
            [event] = record(
                [self.issue_id], EventKind.FILE_REMOVED, by=by, at=moment, data=self.event_data(), kept=kept
            )
            self.last_event_id = event.pk
            return True

    def event_data(self) -> dict[str, str]:
        """How the history names the file, so that it reads well after the file is gone."""
        return {"file": str(self.uuid), "name": self.file_name, "type": self.file_type}

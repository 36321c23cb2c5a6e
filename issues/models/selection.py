"""A selection: the issues that somebody chose for one change, frozen when they were chosen."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID, uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from .account import User
from .issue import Issue, IssueQuerySet

SELECTION_MAX = 10_000  # issues: what a change of many does within seconds
SELECTION_HOURS = 24


class Selection(models.Model):
    """Ids of issues, for their owner alone and for a day. What matches later is not in it."""

    uuid = models.UUIDField(unique=True, editable=False, default=uuid4)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    issue_ids = ArrayField(models.BigIntegerField())
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(issue_ids__len__lte=SELECTION_MAX), name="selection_is_not_too_large"
            ),
        )

    def __str__(self) -> str:
        return f"{self.count} issues"

    @property
    def count(self) -> int:
        return len(self.issue_ids)

    @classmethod
    def of(cls, owner: User, uuid: UUID) -> Self | None:
        """This person's selection, unless it expired."""
        return cls.objects.filter(owner=owner, uuid=uuid, created_at__gte=_oldest(timezone.now())).first()

    @classmethod
    def take(cls, issues: IssueQuerySet, *, by: User, at: datetime | None = None) -> Self:
        """Freeze what matches now, the newest SELECTION_MAX of it, without a detour through this process."""
        newest = issues.order_by("-id").values_list("id", flat=True)[:SELECTION_MAX]
        sql, parameters = newest.query.sql_with_params()
        moment, uuid = at or timezone.now(), uuid4()
        with transaction.atomic():
            cls._expire(moment)
            with connection.cursor() as cursor:
                cursor.execute(
                    f"INSERT INTO issues_selection (uuid, owner_id, created_at, issue_ids) SELECT %s, %s, %s, array({sql})",
                    [uuid, by.pk, moment, *parameters],
                )
        return cls.objects.get(uuid=uuid)

    @classmethod
    def keep(cls, ids: Iterable[int], *, by: User, at: datetime | None = None) -> Self:
        """Keep what was ticked by hand, for the next page; what does not exist is left out."""
        wanted = list(ids)[:SELECTION_MAX] or [0]  # nobody's: an empty IN cannot be written as SQL
        return cls.take(Issue.objects.alive().filter(id__in=wanted), by=by, at=at)

    @classmethod
    def _expire(cls, now: datetime) -> None:
        cls.objects.filter(created_at__lt=_oldest(now)).delete()


def _oldest(now: datetime) -> datetime:
    return now - timedelta(hours=SELECTION_HOURS)

"""Exact counts without counting.

Counting a million rows takes 60 ms and more, so writers leave deltas: rows that say "one more open, high" or
"one less". A count is the sum of its deltas, read in one statement and therefore one snapshot, so it is exact
to the last commit. Writers only ever append, so they never wait for each other; now and then one of them folds
the deltas of a group into one row.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q

from . import flow
from .locks import Lock, is_taken_now

FOLD_EVERY = 256  # deltas; a reader sums at most about this many beside one row per group


class Family(models.TextChoices):
    """What is counted. Only issues that are not deleted count."""

    STATE = "state", "Issues by status and priority"
    CREATED = "created", "Issues by day of creation (UTC), status and priority"
    CLOSED = "closed", "Issues that are closed, by the day they were (UTC) and status"


class CountDelta(models.Model):
    """`n` more (or less) of a group."""

    family = models.CharField(max_length=10, choices=Family)
    day = models.DateField(null=True)
    status = models.CharField(max_length=20, null=True)  # noqa: DJ001 - null is "No status", a state of its own
    priority = models.CharField(max_length=10, null=True)  # noqa: DJ001 - null is "No priority"
    n = models.BigIntegerField()
    folded = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(family__in=Family.values), name="count_family_is_known"),
        )
        indexes = (
            models.Index(fields=("family", "day"), name="count_by_family"),
            models.Index(fields=("id",), condition=Q(folded=False), name="count_not_folded"),
        )

    def __str__(self) -> str:
        return f"{self.family} {self.day} {self.status} {self.priority} {self.n:+}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the counts know of one issue. A deleted issue has no facts."""

    status: str | None
    priority: str | None
    owner: str
    tags: tuple[str, ...]
    created_by_id: int
    created_at: datetime
    triaged_at: datetime | None
    closed_at: datetime | None
    first_closed_at: datetime | None
    reopened_at: datetime | None

    def groups(self) -> list["Group"]:
        """The groups that the issue counts in."""
        groups: list[Group] = [
            (Family.STATE, None, self.status, self.priority),
            (Family.CREATED, _day(self.created_at), self.status, self.priority),
        ]
        if self.closed_at is not None:
            groups.append((Family.CLOSED, _day(self.closed_at), self.status, None))
        return groups


Group = tuple[Family, date | None, str | None, str | None]


def deltas(before: Facts | None, after: Facts | None) -> dict[Group, int]:
    """How a change from `before` to `after` moves the counts; groups that stay as they are do not appear."""
    moved: Counter[Group] = Counter()
    moved.update(after.groups() if after else ())
    moved.subtract(before.groups() if before else ())
    return {group: n for group, n in moved.items() if n}


def record(before: Facts | None, after: Facts | None) -> None:
    """Append what one change moves, here and in the flow. Called by verbs, inside their transaction."""
    flow.record(before, after)
    _append(deltas(before, after))


def record_many(changes: Sequence[tuple[Facts | None, Facts | None]]) -> None:
    """The same for a batch of changes: their sum here, each of them in the flow."""
    flow.record_many(changes)
    moved: Counter[Group] = Counter()
    for before, after in changes:
        moved.update(deltas(before, after))
    _append({group: n for group, n in moved.items() if n})


def _append(moved: dict[Group, int]) -> None:
    rows = [
        CountDelta(family=family, day=day, status=status, priority=priority, n=n)
        for (family, day, status, priority), n in moved.items()
    ]
    if rows:
        fold_sometimes([row.pk for row in CountDelta.objects.bulk_create(rows)])


def fold_sometimes(delta_ids: list[int]) -> None:
    """Fold once this transaction is committed, if one of these deltas is the one whose turn it is."""
    if any(delta_id % FOLD_EVERY == 0 for delta_id in delta_ids):
        transaction.on_commit(fold, robust=True)


def fold() -> None:
    """Make one row of each group that has new deltas. Harmless at any time, and when another one is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_taken_now(cursor, Lock.COUNTS):
            return
        cursor.execute(
            """
            WITH busy AS (
                SELECT DISTINCT family, day, status, priority FROM issues_countdelta WHERE NOT folded
            ), gone AS (
                DELETE FROM issues_countdelta c USING busy b
                WHERE c.family = b.family AND c.day IS NOT DISTINCT FROM b.day
                  AND c.status IS NOT DISTINCT FROM b.status AND c.priority IS NOT DISTINCT FROM b.priority
                RETURNING c.family, c.day, c.status, c.priority, c.n
            )
            INSERT INTO issues_countdelta (family, day, status, priority, n, folded)
            SELECT family, day, status, priority, sum(n), true FROM gone
            GROUP BY family, day, status, priority HAVING sum(n) <> 0
            """
        )


def rebuild() -> None:
    """Count everything anew, after a bulk load that went past the verbs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE issues_issue IN SHARE MODE")
        cursor.execute("TRUNCATE issues_countdelta")
        cursor.execute(
            f"INSERT INTO issues_countdelta (family, day, status, priority, n, folded) SELECT *, true FROM ({_RECOUNT}) r"  # noqa: S608
        )


_RECOUNT = """
    SELECT 'state' AS family, NULL::date AS day, status, priority, count(*) AS n
    FROM issues_issue WHERE deleted_at IS NULL GROUP BY status, priority
    UNION ALL
    SELECT 'created', (created_at AT TIME ZONE 'UTC')::date, status, priority, count(*)
    FROM issues_issue WHERE deleted_at IS NULL GROUP BY 2, status, priority
    UNION ALL
    SELECT 'closed', (closed_at AT TIME ZONE 'UTC')::date, status, NULL, count(*)
    FROM issues_issue WHERE deleted_at IS NULL AND closed_at IS NOT NULL GROUP BY 2, status
"""


def mistakes() -> int:
    """How many counts differ from a recount of all issues: none, unless something went past the verbs."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*) FROM (
                SELECT family, day, status, priority FROM (
                    SELECT family, day, status, priority, n FROM issues_countdelta
                    UNION ALL SELECT family, day, status, priority, -n FROM ({_RECOUNT}) recounted
                ) both_ways GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
            ) wrong
            """  # noqa: S608 - constants
        )
        [wrong] = cursor.fetchone()
    return int(wrong)


def by_state() -> dict[tuple[str | None, str | None], int]:
    """How many issues there are of each (status, priority); groups of none are left out.

    Every list and board asks this, so it is spelled out: the ORM takes longer to write it than PostgreSQL to run it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, priority, sum(n) FROM issues_countdelta WHERE family = 'state' GROUP BY 1, 2"
        )
        return {(status, priority): int(n) for status, priority, n in cursor.fetchall() if n}


def total_read(
    statuses: Sequence[str | None] = (), priorities: Sequence[str | None] = ()
) -> tuple[str, list[Any]]:
    """How many issues have one of these statuses and one of these priorities, as SQL and parameters."""
    sql, parameters = "SELECT coalesce(sum(n), 0)::bigint FROM issues_countdelta WHERE family = 'state'", []
    for column, values in (("status", statuses), ("priority", priorities)):
        if values:
            sql += f" AND ({column} = ANY(%s)" + (f" OR {column} IS NULL)" if None in values else ")")
            parameters.append([value for value in values if value is not None])
    return sql, parameters


def closed_since(day: date) -> dict[str, int]:
    """How many issues are resolved and rejected, of those closed on that day (UTC) or later."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, sum(n) FROM issues_countdelta WHERE family = 'closed' AND day >= %s GROUP BY 1",
            [day],
        )
        return {status: int(n) for status, n in cursor.fetchall() if n}


def created_read(statuses: Sequence[str] = (), priorities: Sequence[str] = ()) -> tuple[str, list[Any]]:
    """How many issues of these states were created on each `day` (UTC), as `n`; as SQL and parameters."""
    sql = "SELECT day, sum(n)::bigint AS n FROM issues_countdelta WHERE family = 'created'"
    parameters = []
    for column, values in (("status", statuses), ("priority", priorities)):
        if values:
            sql += f" AND {column} = ANY(%s)"
            parameters.append(list(values))
    return f"{sql} GROUP BY day", parameters


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()

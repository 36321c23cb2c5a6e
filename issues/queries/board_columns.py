"""The board: a page of one column or of all, how many stand in each, and which of some issues stand there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from ..hits import Rest
from ..models import CLOSED, Issue, Status, counts
from ..search import NONE
from .board_by_words import PRIORITIES, Columns, column_by_words, columns_by_words, find_columns
from .board_page import ColumnPage, Place, column_page
from .counting import CAP, Tally, count_by_status, tally
from .filter import IssueFilter
from .rows import Row, among

RECENT_DAYS = 14  # closed columns of the board show this much


def recent_since(now: datetime | None = None) -> datetime:
    """From when on the closed columns of the board show issues: a midnight (UTC), as the counts are by day."""
    moment = (now or timezone.now()) - timedelta(days=RECENT_DAYS)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def board_column(
    wanted: IssueFilter,
    status: str,
    limit: int,
    after: Place | None = None,
    *,
    since: datetime | None = None,
    found: Columns | None = None,
) -> ColumnPage:
    """`limit` issues of a column, by priority and then last change, after `after`, closed `since`.

    One index scan per priority with a limit each: at a million issues it reads as few rows as at ten thousand.
    `found` is what `find_columns` gave, if it was asked before.
    """
    if wanted.columns_by_terms:
        shown = wanted if wanted.statuses else replace(wanted, statuses=(status,))
        return column_by_words(wanted, status, limit, after, found or find_columns(shown, since))
    rows: list[tuple[int, int, int, datetime]] = []
    for rank in _ranks(wanted):
        if after and rank < after.rank:
            continue
        issues = wanted.without_status().apply(Issue.objects.alive())
        issues = issues.filter(status=status, priority_rank=rank)
        if after and rank == after.rank:
            # The first condition is where the index scan starts, the second where the page does.
            issues = issues.filter(changed_at__lte=after.changed_at).exclude(
                changed_at=after.changed_at, id__gte=after.id
            )
        if since is not None:
            # Whatever was closed lately was changed lately: the index ends the scan, the second condition is exact.
            issues = issues.filter(changed_at__gte=since, closed_at__gte=since)
        ordered = issues.order_by("-changed_at", "-id").values_list(
            "id", "version", "priority_rank", "changed_at"
        )
        rows += ordered[: limit + 1 - len(rows)]
        if len(rows) > limit:
            break
    return column_page(rows, limit)


def board(
    wanted: IssueFilter, limit: int, since: datetime, *, found: Columns | None = None
) -> dict[str, ColumnPage]:
    """The first page of every column in one statement; the closed columns show what was closed `since`.

    The same rows as `board_column` gives for each; sixteen short index scans in one round trip. `found` is what
    `find_columns` gave, if it was asked before.
    """
    if wanted.mistakes:
        return {status.value: ColumnPage() for status in Status}
    if wanted.columns_by_terms:
        found = found or find_columns(wanted, since)
        if all(column.rest is not Rest.ANYTHING for column in found.of.values()):
            return columns_by_words(found, limit)
        return {status.value: column_by_words(wanted, status.value, limit, None, found) for status in Status}
    write = _column_scan.__wrapped__ if wanted.q else _column_scan  # what people type is not worth keeping
    scan, parameters = write(wanted.without_status(), limit)
    columns = [(status.value, since if status in CLOSED else None) for status in Status]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT status, id, version, rank, changed_at FROM (
                SELECT col.status, issue.*, row_number() OVER (
                    PARTITION BY col.status ORDER BY issue.rank, issue.changed_at DESC, issue.id DESC) AS place
                FROM (
                    SELECT status, coalesce(since, '-infinity') AS since
                    FROM (VALUES {", ".join(["(%s, %s::timestamptz)"] * len(columns))}) AS given (status, since)
                ) col
                CROSS JOIN unnest(%s::integer[]) AS ranks (rank)
                CROSS JOIN LATERAL ({scan}) AS issue (id, version, rank, changed_at)
            ) placed WHERE place <= %s ORDER BY status, place
            """,  # noqa: S608 - the ORM's own statement with its placeholders
            [*(value for column in columns for value in column), _ranks(wanted), *parameters, limit + 1],
        )
        rows = cursor.fetchall()
    of: dict[str, list[tuple[int, int, int, datetime]]] = {status: [] for status, _ in columns}
    for status, *row in rows:
        of[status].append((row[0], row[1], row[2], row[3]))
    return {status: column_page(column, limit) for status, column in of.items()}


def _ranks(wanted: IssueFilter) -> list[int]:
    """The priorities that the filter leaves: a scan of another one would pass over all that it has."""
    ranks = {NONE: len(PRIORITIES)} | {name: rank for rank, name in enumerate(PRIORITIES)}
    return sorted(ranks[name] for name in wanted.priorities or ranks)


@lru_cache(maxsize=256)
def _column_scan(wanted: IssueFilter, limit: int) -> tuple[str, tuple[Any, ...]]:
    """The scan of one column and priority, as SQL and parameters; writing it takes longer than running it."""
    issues = wanted.apply(Issue.objects.alive()).filter(
        status=RawSQL("col.status", []),
        priority_rank=RawSQL("ranks.rank", []),
        changed_at__gte=RawSQL("col.since", []),
    )
    issues = issues.filter(Q(closed_at=None) | Q(closed_at__gte=RawSQL("col.since", [])))
    ordered = issues.order_by("-changed_at", "-id").values_list(
        "id", "version", "priority_rank", "changed_at"
    )
    sql, parameters = ordered[: limit + 1].query.sql_with_params()
    return sql, parameters


def board_counts(
    wanted: IssueFilter, since: datetime | None, *, found: Columns | None = None
) -> dict[str, Tally]:
    """How many issues stand in each column of the board, closed `since` (a midnight, UTC).

    Exact while the counts know (no filter, or one by status and priority); otherwise nothing is counted without end.
    """
    statuses = [status for status in Status if not wanted.statuses or status in wanted.statuses]
    if wanted.is_by_state_only and (since is None or not wanted.priorities):
        by_status: dict[Any, int] = dict(count_by_status(wanted))
        if since is not None:
            recent = counts.closed_since(since.date())
            by_status |= {status: recent.get(status, 0) for status in CLOSED}
        return {
            status.value: Tally(by_status.get(status.value, 0) if status in statuses else 0)
            for status in Status
        }
    every, tallies = wanted.without_status(), {}
    if wanted.columns_by_terms:
        found = found or find_columns(wanted, since)
        return {status: tally(every, column, CAP) for status, column in found.of.items()}
    for status in Status:
        column = every.apply(Issue.objects.alive().filter(status=status))
        if status in CLOSED and since is not None:
            column = column.filter(closed_at__gte=since).order_by("-closed_at")
        n = column[: CAP + 1].count() if status in statuses else 0
        tallies[status.value] = Tally(min(n, CAP), n > CAP)
    return tallies


def board_rows(wanted: IssueFilter, ids: Sequence[int], since: datetime | None) -> list[Row]:
    """Which of these issues stand on the board, as (id, version): the same as the columns show, closed `since`."""
    issues = among(wanted, ids).filter(status__isnull=False)
    if since is not None:
        issues = issues.filter(Q(closed_at=None) | Q(closed_at__gte=since))
    return list(issues.order_by("changed_at", "id").values_list("id", "version"))

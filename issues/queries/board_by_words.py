"""The columns of the board for filters with words: found all at once, their pages read from what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from ..bits import Rows, line_of
from ..hits import Hits, OfDay, Rest
from ..models import CLOSED, Issue, Priority, Status, search_index
from ..models.ids import as_array
from ..terms import Clause
from .board_page import ColumnPage, Place, column_page
from .conditions import any_term
from .filter import IssueFilter, hits_of, read

PRIORITIES = (Priority.HIGH, Priority.MEDIUM, Priority.LOW)  # as `priority_rank` counts them; none comes last
_RANKS = [any_term([search_index.of_priority(priority)]) for priority in (*PRIORITIES, None)]
_STATUSES = {status: any_term([search_index.of_status(status)]) for status in (*Status.values, None)}


@dataclass(frozen=True, slots=True)
class Columns:
    """What was found for the board: what each column has, whatever the filter says of statuses.

    Of the closed columns that is what was closed `since` (a midnight, UTC).
    """

    of: dict[str, Hits]
    ranks: Sequence[Rows]  # which issues have each priority, from high to none
    since: datetime | None


def find_columns(wanted: IssueFilter, since: datetime | None) -> Columns:
    """The same as `find` for the columns of the board."""
    any_status = wanted.without_status()
    clauses, rest = any_status.clauses()
    columns = {
        status.value: any_term([search_index.of_status(status)])
        for status in Status
        if not wanted.statuses or status in wanted.statuses
    }
    if since is not None:
        for closed in columns.keys() & set(CLOSED):
            days = [search_index.of_closing(closed, day) for day in (since.date(), date.max)]
            columns[closed] = Clause(((days[0], days[1]),))
    told = read(any_status, [*clauses, *columns.values(), *_RANKS])
    every = hits_of(wanted, told, clauses, rest)
    of: dict[str, Hits] = {}
    for status in Status.values:
        column = columns.get(status, Clause(()))  # what is not shown has nothing
        noted = [
            one
            for one in told.noted
            if status in columns and one.status == status and _is_recent(one.closed_at, since)
        ]
        of[status] = every.within(told.any_of(column), noted)
    return Columns(of, [told.any_of(rank) for rank in _RANKS], since)


def _is_recent(closed_at: datetime | None, since: datetime | None) -> bool:
    return closed_at is None or since is None or closed_at >= since


@dataclass(frozen=True, slots=True)
class Groups:
    """What was found, to be asked for by status and priority."""

    every: Hits
    statuses: Mapping[str | None, Rows]
    ranks: Sequence[Rows]

    def of(self, status: str | None, rank: int | None = None) -> Hits:
        """Those of this status, and of this rank of the priority if one is given."""
        noted = [one for one in self.every.noted if one.status == status and rank in (None, one.rank)]
        found = self.every.within(self.statuses[status], noted)
        return found if rank is None else found.within(self.ranks[rank], noted)


def find_groups(wanted: IssueFilter) -> Groups:
    """The same as `find` for an order by status or priority."""
    clauses, rest = wanted.clauses()
    told = read(wanted, [*clauses, *_STATUSES.values(), *_RANKS])
    return Groups(
        hits_of(wanted, told, clauses, rest),
        {status: told.any_of(clause) for status, clause in _STATUSES.items()},
        [told.any_of(rank) for rank in _RANKS],
    )


# (The limits stand in the statements, or PostgreSQL expects a tenth of all rows and plans anew each time.)
_NAMED = """
    (SELECT status, id, version, priority_rank, changed_at FROM issues_issue
    WHERE deleted_at IS NULL AND status = %s AND id = ANY(%s::bigint[]) {after}
    ORDER BY priority_rank, changed_at DESC, id DESC LIMIT {limit})
"""
# Ids alone are read from the index, also those that are passed over.
_ON_A_DAY = """
    (SELECT i.status, i.id, i.version, i.priority_rank, i.changed_at FROM (
        SELECT id FROM issues_issue
        WHERE deleted_at IS NULL AND status = %s AND priority_rank = %s AND changed_at BETWEEN %s AND %s
            AND CASE WHEN id >= %s AND id < %s THEN get_bit((SELECT line FROM bits), id - %s) = 1 ELSE false END {after}
        ORDER BY changed_at DESC, id DESC LIMIT {limit}
    ) page JOIN issues_issue i ON i.id = page.id)
"""
_AFTER_PLACE = "AND (priority_rank > %s OR priority_rank = %s AND (changed_at, id) < (%s, %s))"
_AFTER_CHANGE = "AND (changed_at, id) < (%s, %s)"


def columns_by_words(found: Columns, limit: int, after: Place | None = None) -> dict[str, ColumnPage]:
    """A page of every column, in one statement, of what has at most its words to be looked at.

    As issues stand by priority first, those of lower ones are only asked for where the higher ones have too few.
    """
    named: dict[str, list[int]] = {}
    full: list[tuple[str, int, OfDay]] = []
    for status, column in found.of.items():
        ids = named[status] = []
        missing = min(limit + 1, column.n_up_to(limit))
        for rank in range(after.rank if after else 0, len(found.ranks)):
            if missing <= 0:
                break
            part = column.within(found.ranks[rank], [one for one in column.noted if one.rank == rank])
            start = after.changed_at if after and rank == after.rank else None
            # (Whatever was closed lately was changed lately.)
            since = found.since if status in CLOSED else None
            changed = part.first_changed(missing, start, closed=status in CLOSED, since=since)
            ids += changed.ids
            full += ((status, rank, one) for one in changed.full)
            missing -= changed.n
    # No issue is in two columns, so one line of bits does for all of them.
    first, line = line_of(one.rows for *_, one in full)
    scans: list[str] = []
    parameters: list[Any] = [line]
    for status, ids in named.items():
        if ids:
            scans.append(_NAMED.format(limit=limit + 1, after=_AFTER_PLACE if after else ""))
            parameters += [status, as_array(ids)]
            parameters += [after.rank, after.rank, after.changed_at, after.id] if after else []
    for status, rank, (day, *_) in full:
        continues = after is not None and rank == after.rank
        scans.append(_ON_A_DAY.format(limit=limit + 1, after=_AFTER_CHANGE if continues else ""))
        parameters += [status, rank, day.first, day.last, first, first + 8 * len(line), first]
        parameters += [after.changed_at, after.id] if after and continues else []
    rows: dict[str, list[tuple[int, int, int, datetime]]] = {status: [] for status in found.of}
    if scans:
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH bits AS MATERIALIZED (SELECT %s::bytea AS line) {' UNION ALL '.join(scans)}",
                parameters,
            )
            for status, *row in cursor.fetchall():
                rows[status].append((row[0], row[1], row[2], row[3]))
    return {
        status: column_page(sorted(of, key=lambda row: (row[2], -row[3].timestamp(), -row[0])), limit)
        for status, of in rows.items()
    }


def column_by_words(
    wanted: IssueFilter, status: str, limit: int, after: Place | None, found: Columns
) -> ColumnPage:
    """A page of what was found in a column."""
    column = found.of[status]
    if column.rest is not Rest.ANYTHING:
        return columns_by_words(replace(found, of={status: column}), limit, after)[status]
    if not column.n_up_to(0):
        return ColumnPage()
    # Of what else is to be looked at: sorted while it is little, else met in the column's order.
    any_status, living = wanted.without_status(), Issue.objects.alive().filter(status=status)
    columns = ("id", "version", "priority_rank", "changed_at")
    if column.are_few:
        rows = any_status.apply(living, found=column.all).order_by("priority_rank", "-changed_at", "-id")
        if after:
            same = Q(priority_rank=after.rank, changed_at=after.changed_at, id__lt=after.id)
            older = Q(priority_rank=after.rank, changed_at__lt=after.changed_at)
            rows = rows.filter(same | older | Q(priority_rank__gt=after.rank))
        return column_page(list(rows.values_list(*columns)[: limit + 1]), limit)
    matching = any_status.apply(living, found=column.all)
    if found.since is not None and status in CLOSED:
        # Whatever was closed lately was changed lately.
        matching = matching.filter(changed_at__gte=found.since)
    ids: list[int] = []
    for rank in range(after.rank if after else 0, 4):
        issues = matching.filter(priority_rank=rank)
        if after and rank == after.rank:
            issues = issues.filter(changed_at__lte=after.changed_at).exclude(
                changed_at=after.changed_at, id__gte=after.id
            )
        # Ids alone are read from the index, also those that are passed over.
        ids += issues.order_by("-changed_at", "-id").values_list("id", flat=True)[: limit + 1 - len(ids)]
        if len(ids) > limit:
            break
    rows = Issue.objects.filter(id__in=ids).order_by("priority_rank", "-changed_at", "-id")
    return column_page(list(rows.values_list(*columns)), limit)

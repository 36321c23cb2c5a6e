"""Where an issue stands, for filters that go by terms: what does not match is not passed over.

How many come before is a count of bits; PostgreSQL looks only at what was filed or changed about the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from ..bits import around, count, has, ids_of, line_of
from ..hits import Around, Hits, Rest
from ..models import CLOSED, Issue
from ..models.ids import as_array
from ..terms import Noted
from .board_by_words import Columns, columns_by_words, find_columns
from .board_page import Place
from .conditions import among_hits
from .filter import IssueFilter, find


@dataclass(frozen=True, slots=True)
class Stand:
    """Where an issue stands in an order, seen from the large end: who is next to it, and how many are larger."""

    larger: int | None
    smaller: int | None
    n_larger: int


class _Here(NamedTuple):
    """The issue whose place is asked for."""

    id: int
    uuid: UUID
    created_at: datetime
    changed_at: datetime
    rank: int


@dataclass(frozen=True, slots=True)
class _Order:
    """An order by a moment, and what decides a tie: between which values."""

    moment: str
    tie: str
    least: Any
    most: Any

    def key(self, issue: _Here | Noted) -> tuple[datetime, Any]:
        return getattr(issue, self.moment), getattr(issue, self.tie)


_CREATED = _Order("created_at", "uuid", UUID(int=0), UUID(int=2**128 - 1))
_CHANGED = _Order("changed_at", "id", 0, 2**63 - 1)


def find_to_count(wanted: IssueFilter, most: int) -> Hits | None:
    """What matches, known of the newest at least until more than `most` do; None where it has to be looked at for more."""
    found = find(wanted)
    if found.rest is Rest.WORDS:
        found.look(most)
    return found if found.rest is not Rest.ANYTHING else None


def stand_in_list(found: Hits, issue_id: int, order: str, most: float = inf) -> Stand | None:
    """In an order of the list: `created`, `updated` or `reference`. None if there is no such issue any more."""
    if order == "reference":
        below, above, n = around(found.with_noted(), issue_id, most)
        return Stand(above, below, n)
    here = _here(issue_id)
    if here is None:
        return None
    if order == "created":
        return _stand(found, found.filed_around(here.created_at, most), _CREATED, here)
    return _stand(found, found.changed_around(here.changed_at, most), _CHANGED, here)


def stand_in_column(wanted: IssueFilter, issue_id: int, most: int) -> tuple[Stand, int, bool] | None:
    """In the board column that the filter names, how many that has, or more than `most`, and whether the issue is there.

    None where there is no such issue any more, and where it takes more than words to know.
    """
    [status] = wanted.statuses
    columns = find_columns(wanted, None)
    column, here = columns.of[status], _here(issue_id)
    if column.rest is Rest.WORDS:
        column.look(most)
    if here is None or column.rest is Rest.ANYTHING:
        return None
    parts = [
        column.within(rows, [one for one in column.noted if one.rank == rank])
        for rank, rows in enumerate(columns.ranks)
    ]
    near = parts[here.rank].changed_around(here.changed_at, most, closed=status in CLOSED)
    stand = _stand(parts[here.rank], near, _CHANGED, here)
    above = parts[: here.rank]
    found = Stand(
        larger=stand.larger or _last_of(above),
        smaller=stand.smaller or _first_below(columns, status, here),
        n_larger=stand.n_larger + sum(part.n_up_to(most) for part in above),
    )
    return found, column.n_up_to(most), has(column.with_noted(), issue_id)


def _here(issue_id: int) -> _Here | None:
    columns = ("id", "uuid", "created_at", "changed_at", "priority_rank")
    row = Issue.objects.filter(pk=issue_id).values_list(*columns).first()
    return _Here(*row) if row else None


NAMED = 250  # issues that are sooner named than met between two moments
_NAMED = "id = ANY(%s::bigint[])"
_MET = """{moment} BETWEEN %s AND %s
    AND CASE WHEN id >= %s AND id < %s THEN get_bit((SELECT line FROM bits), id - %s) = 1 ELSE false END"""
_STAND = """
    WITH bits AS MATERIALIZED (SELECT %s::bytea AS line)
    (SELECT 'larger', {moment}, {tie}, id FROM issues_issue
    WHERE deleted_at IS NULL AND {near} AND ({moment}, {tie}) > (%s, %s) ORDER BY {moment}, {tie} LIMIT 1)
    UNION ALL (SELECT 'smaller', {moment}, {tie}, id FROM issues_issue
    WHERE deleted_at IS NULL AND {near} AND ({moment}, {tie}) < (%s, %s) ORDER BY {moment} DESC, {tie} DESC LIMIT 1)
    UNION ALL SELECT 'n', NULL, NULL, count(*) FROM issues_issue
    WHERE deleted_at IS NULL AND {near} AND ({moment}, {tie}) > (%s, %s)
"""


def _stand(found: Hits, near: Around, order: _Order, here: _Here) -> Stand:
    key = order.key(here)
    # (A scan begins at the key, wherever its stretch does.)
    above = max(key, (near.later[0], order.least))
    below = min(key, (near.sooner[1], order.most))
    sides: list[list[Any]]
    if count(near.rows) <= NAMED:
        near_by, line, sides = _NAMED, b"", [[as_array(ids_of(near.rows))]] * 2
    else:
        first, line = line_of([near.rows])
        among = [first, first + 8 * len(line), first]
        near_by, sides = _MET, [[*near.later, *among], [*near.sooner, *among]]
    with connection.cursor() as cursor:
        statement = _STAND.format(near=near_by, moment=order.moment, tie=order.tie)
        cursor.execute(
            statement.format(moment=order.moment),
            [line, *sides[0], *above, *sides[1], *below, *sides[0], *above],
        )
        rows = {side: ((moment, tie), id_) for side, moment, tie, id_ in cursor.fetchall()}
    # What was noted is known by its row, not by bits.
    larger = [(order.key(one), one.id) for one in found.noted if order.key(one) > key]
    smaller = [(order.key(one), one.id) for one in found.noted if order.key(one) < key]
    n = near.beyond + rows.pop("n")[1] + len(larger)
    larger += [rows["larger"]] if "larger" in rows else []
    smaller += [rows["smaller"]] if "smaller" in rows else []
    return Stand(min(larger)[1] if larger else None, max(smaller)[1] if smaller else None, n)


def _last_of(above: Sequence[Hits]) -> int | None:
    """The last issue of the priorities above, in the order of a column."""
    for part in reversed(above):
        head = part.by_change(1, descending=False)
        if head.bits.n:
            issues = Issue.objects.alive().filter(among_hits(head.bits))
            return issues.order_by("changed_at", "id").values_list("id", flat=True).first()
    return None


def _first_below(columns: Columns, status: str, here: _Here) -> int | None:
    """The issue that comes after this one in its column."""
    column = replace(columns, of={status: columns.of[status]})
    page = columns_by_words(column, 1, Place(here.rank, here.changed_at, here.id))[status]
    return page.rows[0][0] if page.rows else None

"""Issues that no term says, as bits: those of a time, of a run, of a session.

When issues were filed is known of whole blocks, and looked up where a block lies across the border; days of last change are
bits as they are (days.py). A run and a session have few issues, which an index names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from . import days, met
from .bits import Rows, rows_of, together
from .models.ids import as_array
from .models.search_index import BLOCK

if TYPE_CHECKING:
    from .terms import Blocks

_WHOLE = (1 << BLOCK) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Filed:
    """Issues that were filed from one moment on and before another; either may be open."""

    since: datetime | None = None
    until: datetime | None = None

    def rows(self, blocks: "Blocks") -> Rows:
        """Also of numbers that no issue has."""
        return met.made(str(self), (blocks,), lambda: self._found(blocks.filed))

    def _found(self, filed: Mapping[int, tuple[int, int]]) -> Rows:
        since, until = (
            self.since or datetime.min.replace(tzinfo=UTC),
            self.until or datetime.max.replace(tzinfo=UTC),
        )
        first, last = (since - _EPOCH) // _MICROSECOND, (until - _EPOCH) // _MICROSECOND - 1
        met_by = {number: of for number, of in filed.items() if of[0] <= last and of[1] >= first}
        across = [number for number, (oldest, newest) in met_by.items() if oldest < first or newest > last]
        found = dict.fromkeys(met_by, _WHOLE)
        for number in across:
            del found[number]
        return {**found, **(_filed_within(across, since, until) if across else {})}


def _filed_within(numbers: list[int], since: datetime, until: datetime) -> dict[int, int]:
    """The same of these blocks, read from their issues, which never change when they were filed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT array(
                SELECT id FROM unnest(%s::bigint[]) AS first CROSS JOIN LATERAL (
                    SELECT id FROM issues_issue WHERE id >= first AND id < first + %s AND created_at >= %s AND created_at < %s
                ) of_block
            )
            """,
            [as_array(number * BLOCK for number in numbers), BLOCK, since, until],
        )
        return rows_of(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Changed:
    """Issues that were last changed from one midnight (UTC) on and before another; either may be open."""

    since: datetime | None = None
    until: datetime | None = None

    def rows(self, blocks: "Blocks") -> Rows:
        every = days.of_blocks(blocks.editions)
        return met.made(str(self), (every,), lambda: self._found(every))

    def _found(self, every: days.Days) -> Rows:
        first = self.since.date() if self.since else None
        end = self.until.date() if self.until else None
        return together(
            dict(day.rows)
            for day in every.of[None].days
            if (first is None or day.date >= first) and (end is None or day.date < end)
        )


@dataclass(frozen=True, slots=True)
class OfRuns:
    """Issues that came out of any of these runs."""

    ids: tuple[str, ...]

    def rows(self, _: "Blocks") -> Rows:
        return _named("SELECT id FROM issues_issue WHERE job_run_id = ANY(%s::uuid[])", self.ids)


@dataclass(frozen=True, slots=True)
class OfSessions:
    """Issues that any of these sessions is linked to."""

    ids: tuple[str, ...]

    def rows(self, _: "Blocks") -> Rows:
        return _named(
            "SELECT l.issue_id FROM issues_issuesession l JOIN issues_session s ON s.id = l.session_id "
            "WHERE s.uuid = ANY(%s::uuid[])",
            self.ids,
        )


@dataclass(frozen=True, slots=True)
class Numbered:
    """This one issue, if there is one."""

    number: int

    def rows(self, _: "Blocks") -> Rows:
        return rows_of([self.number])


def _named(sql: str, ids: tuple[str, ...]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT array({sql})", [list(ids)])
        return rows_of(cursor.fetchone()[0])


LookedUp = Filed | Changed | OfRuns | OfSessions | Numbered

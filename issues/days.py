"""On which days issues were last changed, as bits: an order by last change is read from it day by day.

What a block says is read once a process, and again when it was folded (models/search_index.py).
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection
from psycopg.pq import Format

from . import met
from .bits import Rows
from .fragments import Kept
from .models.search_index import EDITION, State, day_of, newest_first, unpacked

_DAY = timedelta(days=1)

Row = tuple[int, int]  # of a block: its number, and the bits of some issues


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """The issues of a day (UTC)."""

    date: date
    rows: Sequence[Row]

    @property
    def n(self) -> int:
        return sum(bits.bit_count() for _, bits in self.rows)

    @property
    def first(self) -> datetime:
        """Its midnight."""
        return datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC)

    @property
    def last(self) -> datetime:
        """Its last microsecond."""
        return self.first + _DAY - timedelta.resolution

    def has(self, moment: datetime | None) -> bool:
        """Whether a moment is on it."""
        return moment is not None and self.first <= moment <= self.last


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """The days of some issues from the oldest on, and the oldest and the newest one of each block."""

    days: Sequence[Day]
    ends: Mapping[int, tuple[date, date]]

    @classmethod
    def of(cls, states: Mapping[int, Sequence[tuple[date, int]]]) -> "_Walk":
        """Out of the days of each block, the newest first."""
        by_day: defaultdict[date, dict[int, int]] = defaultdict(dict)
        for number, days in states.items():
            for day, bits in days:  # (closed issues of a day, and others)
                by_day[day][number] = by_day[day].get(number, 0) | bits
        ends = {number: (days[-1][0], days[0][0]) for number, days in states.items() if days}
        return cls([Day(day, list(by_day[day].items())) for day in sorted(by_day)], ends)

    def ends_of(self, rows: Rows) -> tuple[date, date] | None:
        """The oldest and the newest day of these blocks; None if they have none."""
        ends = [self.ends[number] for number in rows if number in self.ends]
        return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


@dataclass(frozen=True, slots=True)
class Those:
    """Which of all issues are asked for: closed ones or others, and none that was changed before a moment."""

    closed: bool | None = None
    since: datetime | None = None


ALL = Those()
_Block = tuple[str, Sequence[tuple[State, int]]]  # its edition, and its rows, the newest first


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """All days on which issues of some blocks were last changed."""

    editions: Mapping[int, str]  # that it was asked for
    blocks: Mapping[int, _Block]
    of: Mapping[bool | None, _Walk]  # of closed issues, of others, of both

    @property
    def weight(self) -> int:
        # (The number is held once, however many lists it is in.)
        return sum(300 + bits.bit_length() // 7 for _, states in self.blocks.values() for _, bits in states)

    def walk(
        self, rows: Rows, start: datetime | None, those: Those, *, descending: bool = True
    ) -> Iterator[Day]:
        """The days in an order, from that of a moment on, that issues of these blocks were changed on, and others."""
        walk = self.of[those.closed]
        ends = met.made("ends", (walk, rows), lambda: walk.ends_of(rows))
        if ends is None:
            return iter(())
        first, last = ends
        if those.since is not None:
            first = max(first, day_of(those.since))
        if start is not None and descending:
            last = min(last, day_of(start))
        elif start is not None:
            first = max(first, day_of(start))
        begin, end = bisect_left(walk.days, first, key=_date), bisect_right(walk.days, last, key=_date)
        return (walk.days[n] for n in (range(end - 1, begin - 1, -1) if descending else range(begin, end)))


def _date(day: Day) -> date:
    return day.date


_kept = Kept(capacity=settings.FRAGMENT_BYTES // 12)  # the latest Days, under None
_READ = f"""
    SELECT number, {EDITION},
        array(SELECT day FROM issues_searchday WHERE block = number ORDER BY day, is_closed),
        array(SELECT is_closed FROM issues_searchday WHERE block = number ORDER BY day, is_closed),
        array(SELECT issues FROM issues_searchday WHERE block = number ORDER BY day, is_closed)
    FROM issues_searchblock WHERE number = ANY(%s)
"""  # noqa: S608 - constants


def of_blocks(editions: Mapping[int, str]) -> Days:
    """The days of these blocks. Of one that was folded since it had this edition they are as they are now."""
    kept: Days = _kept.find(None) or Days({}, {}, {})
    if kept.editions is editions:
        return kept
    outdated = [
        number for number, edition in editions.items() if kept.blocks.get(number, ("",))[0] != edition
    ]
    blocks: dict[int, _Block] = dict.fromkeys(editions, ("", ()))
    blocks |= {number: block for number, block in kept.blocks.items() if number in editions}
    if outdated:
        with connection.cursor() as cursor:
            cursor.cursor.format = Format.BINARY  # as text, bits are twice as long, and to be read
            cursor.execute(_READ, [outdated])
            for number, edition, days, closed, issues in cursor.fetchall():
                states = zip(zip(days, closed, strict=True), map(unpacked, issues), strict=True)
                blocks[number] = (edition, list(newest_first(states)))
    found = Days(editions, blocks, {kind: _walk(blocks, kind) for kind in (None, False, True)})
    _kept.put(None, found)
    return found


def _walk(blocks: Mapping[int, _Block], closed: bool | None) -> _Walk:
    return _Walk.of(
        {
            number: [
                (day, bits) for (day, is_closed), bits in states if closed is None or is_closed is closed
            ]
            for number, (_, states) in blocks.items()
        }
    )


def forget() -> None:
    """Forget what was read, as a new process would."""
    _kept.clear()

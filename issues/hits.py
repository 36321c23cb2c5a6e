"""What a search finds, before any issue is read: the bits of the terms put together, so that a page is read from the blocks
that have it, and a count is a count of bits.

What is found costs nearly the same for a million issues as for ten thousand, whether a word is in all of them, in old
ones only, or never together with the other one.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import chain, islice
from math import inf
from typing import NamedTuple

from . import days, looking, met, terms
from .bits import Bits, Met, Rows, count, count_up_to, ids_of, rows_of, together, within, without
from .days import ALL, Day, Those
from .models.search_index import BLOCK, day_of
from .terms import Blocks, Noted

FEW = (
    1_000  # issues that are named one by one: to read and sort them takes less than to meet them in an order
)
PAGE = 250  # the same for the newest of them, which a scan from the newest on meets soon,
SPARSE = 25  # unless it passed over so many others for each of them
PARTED = 8  # blocks of which those parts are scanned that have hits
NAMED = 64  # hits that are sooner named than looked for day by day,
SOON = 40  # if they were not found on so many
FULL = 32  # hits of a day that are sooner met on a scan of it than named
_NEAR = 3_600_000_000  # µs between two stretches that are passed over sooner than told apart
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Stretch = tuple[datetime, datetime]  # from the oldest to the newest


class Rest(Enum):
    """What the terms cannot tell of a filter, so that each issue must be looked at for it."""

    NOTHING = 0
    WORDS = 1  # whether words stand side by side
    ANYTHING = 2


@dataclass(frozen=True, slots=True)
class Head:
    """The first of some hits in an order by when they were filed or last changed.

    These are all that come before `until`, or all there are if that is None, and maybe some after it. `stretches` are
    when they were, from the newest on: between two of them there is none.
    """

    bits: Bits
    stretches: Sequence[Stretch]
    until: datetime | None


class OfDay(NamedTuple):
    """Those that were last changed on a day, and how many they are."""

    day: Day
    rows: Rows
    n: int


@dataclass(frozen=True, slots=True)
class Around:
    """Those about a moment that blocks tell: the next ones on both sides are among them.

    What came sooner did so between two moments, and what came later; between these and the moment itself there is none.
    """

    rows: Rows
    sooner: Stretch
    later: Stretch
    beyond: int  # how many come after that, or more than anybody asked for


@dataclass(slots=True)
class Changed:
    """Where the last changed of some hits are: those that are named, and days with so many that they are met on a scan."""

    n: int  # at least how many they are
    ids: list[int]
    full: list[OfDay]


class Hits:
    """All issues that match are among these, and nothing else if they are exact."""

    def __init__(
        self,
        blocks: Blocks,
        rows: Rows,
        stale: Rows,
        noted: Sequence[Noted],
        rest: Rest = Rest.NOTHING,
        phrases: str = "",
        open_: Rows | None = None,
    ) -> None:
        """`rows` from the newest block on, without those that are `stale`; `noted` has these as they are now.

        `phrases` is, as a `tsquery`, what a rest of words leaves to be looked for, and `open_` are those of which it is not
        known whether they have it, if that was asked before.
        """
        self.rest = rest
        self._blocks = blocks
        self.noted = noted
        self._phrases = phrases
        self._stale = stale
        # As the blocks know them, which is kept; and without those that are stale.
        self._of_blocks, self._open_of_blocks = rows, open_ or {}
        if rest is Rest.WORDS and open_ is None:
            self._recall()
        self._rows, self._open = self._of_blocks, self._open_of_blocks
        if stale:
            self._rows, self._open = (Met(of, stale, negated=True) for of in (self._rows, self._open))

    def within(self, rows: Rows, noted: Sequence[Noted]) -> "Hits":
        """Those of them that are in these rows, or in what is left of those that were noted."""
        matching = met.within(self._of_blocks, rows)
        open_ = met.within(self._open_of_blocks, rows) if self._open_of_blocks else {}
        return Hits(self._blocks, matching, self._stale, noted, self.rest, self._phrases, open_)

    @property
    def is_exact(self) -> bool:
        """Whether all of them match."""
        return self.rest is not Rest.ANYTHING and not self._open

    @property
    def n(self) -> int:
        """How many they are."""
        return len(self.noted) + count(self._rows)

    def n_up_to(self, most: int) -> int:
        """How many they are, or more than `most`."""
        return len(self.noted) + count_up_to(self._rows, most)

    @property
    def are_few(self) -> bool:
        return self.n_up_to(FEW) <= FEW

    @property
    def all(self) -> Bits:
        return self._put_together(self._rows, FEW)

    def look(self, most: float, *, until: float = inf) -> int:
        """How many match where words are the rest: from the newest on they are looked at until more than `most` do.

        What was seen is kept for as long as the block is of the same edition. `until` is when the clock
        (`time.monotonic`) ends it.
        """
        n = count(without(self._rows, self._open)) + len(self.noted)
        while n <= most and self._open and time.monotonic() <= until:
            n += self._look_at(rows_of(islice(ids_of(self._open), FEW + 1)))
        return n

    def _look_at(self, piece: Rows) -> int:
        """How many of these, of which it was not known, have the words."""
        having = looking.look_at(piece, self._phrases)
        self._open = self._open_of_blocks = without(self._open, piece)
        self._rows = self._of_blocks = without(self._rows, without(piece, having))
        self._stale = {}
        return count(having)

    def newest(self, n: float = inf, before: datetime | None = None) -> Head:
        """As many of the newest blocks as may be expected to have `n` that were filed before that moment."""
        filed = self._blocks.filed
        latest = inf if before is None else _microseconds(before)
        numbers = [number for number in self._rows if filed[number][0] <= latest]
        end, until = 0, -inf
        while end < len(numbers):
            end += 1 + end // 4
            until = filed[numbers[end]][1] if end < len(numbers) else -inf
            if (
                sum(self._share(one, until, latest) * self._rows[one].bit_count() for one in numbers[:end])
                >= n
            ):
                break
        taken = [number for number in numbers[:end] if self._rows[number]]
        passed = BLOCK * sum(self._share(number, until, latest) for number in taken)
        few = max(PAGE, min(FEW, int(passed) // SPARSE))
        bits = self._put_together({number: self._rows[number] for number in taken}, few)
        moments = [filed[number] for number in taken]
        if not bits.by_id and len(taken) <= PARTED:
            moments = [moment for number in taken for moment in self._filed_in_parts(number)]
        moments += [(at, at) for at in (_microseconds(one.created_at) for one in self.noted)]
        within_head = [
            (max(oldest, until), min(newest, latest))
            for oldest, newest in moments
            if newest >= until and oldest <= latest
        ]
        return Head(
            bits, _joined(within_head), None if until == -inf else _EPOCH + timedelta(microseconds=until)
        )

    def by_change(self, n: int, start: datetime | None = None, *, descending: bool = True) -> Head:
        """Those of as many days of last change as have `n` of them after the day of a moment, which is the first."""
        taken, is_all = self._days_with(n, start, descending=descending)
        rows = together(one.rows for one in taken)
        until = None
        if not is_all:
            day = taken[-1].day
            until = day.first - timedelta.resolution if descending else day.last + timedelta.resolution
        few = PAGE
        if sum(one.n for one in taken) > few:
            few = max(few, min(FEW, sum(one.day.n for one in taken) // SPARSE))
        moments = [(_microseconds(one.day.first), _microseconds(one.day.last)) for one in taken]
        moments += [(at, at) for at in (_microseconds(one.changed_at) for one in self.noted)]
        return Head(self._put_together(rows, few), _joined(moments), until)

    def first_changed(
        self,
        n: int,
        start: datetime | None = None,
        *,
        closed: bool | None = None,
        since: datetime | None = None,
    ) -> Changed:
        """Where the last changed are: as many days of them as have `n` after the day of a moment, which is the first.

        `closed` says that all are, or none; `since`, that none was changed before that moment. Where words are the rest,
        they are looked at.
        """
        those = Those(closed, since)
        taken, some = self._days_with(n, start, those, few=NAMED)[0], n
        while self._open and self._look_among(together(one.rows for one in taken)):
            if some > n:  # few have the words, so many are looked at at once
                wider, _ = self._days_with(some, start, those)
                self._look_among(together(one.rows for one in wider))
            some *= 4
            taken, _ = self._days_with(n, start, those, few=NAMED)
        if not taken:
            return Changed(0 if start else self.n, list(self.ids()), [])
        changed = Changed(0 if start else len(self.noted), [one.id for one in self.noted], [])
        for one in taken:
            if one.n > FULL:
                changed.full.append(one)
            else:
                changed.ids.extend(ids_of(one.rows))
            if not one.day.has(start):
                changed.n += one.n
        return changed

    def _days_with(
        self,
        n: int,
        start: datetime | None,
        those: Those = ALL,
        *,
        descending: bool = True,
        few: int = -1,
    ) -> tuple[Sequence[OfDay], bool]:
        """The days from that of a moment on until `n` of those that blocks tell came after it, and whether that is all.

        None of them, if this takes long and it is known that there are no more than `few` at all.
        """
        found, known = 0, dict[int, int]()
        taken: list[OfDay] = []
        every = days.of_blocks(self._blocks.editions)

        def bits_of(number: int) -> int:
            known[number] = self._rows.get(number, 0)
            return known[number]

        for passed, day in enumerate(every.walk(self._of_blocks, start, those, descending=descending)):
            if passed == SOON and self.is_exact and self.n_up_to(few) <= few:
                return [], True
            rows = {
                number: both
                for number, bits in day.rows
                if (both := bits & (known[number] if number in known else bits_of(number)))
            }
            if rows:
                taken.append(OfDay(day, rows, count(rows)))
                if not day.has(start):
                    found += taken[-1].n
                    if found >= n:
                        return taken, False
        return taken, True

    def filed_around(self, moment: datetime, most: float) -> Around:
        """Those of the blocks that were filed about that moment, and of the next ones on both sides that have any.

        Where words are the rest, these are looked at.
        """
        near = self._filed_around(moment, most)
        while self._look_among(near.rows):
            near = self._filed_around(moment, most)
        return near

    def _filed_around(self, moment: datetime, most: float) -> Around:
        at, filed = _microseconds(moment), self._blocks.filed
        numbers = [number for number in self._rows if self._rows[number]]
        later = [number for number in numbers if filed[number][0] > at]
        sooner = [number for number in numbers if filed[number][1] < at]
        # (Blocks may overlap, after a load of old issues: the next one is in any that begins before one ends.)
        until = min((filed[number][1] for number in later), default=at)
        since = max((filed[number][0] for number in sooner), default=at)
        near = [number for number in numbers if filed[number][0] <= until and filed[number][1] >= since]
        beyond = {number: self._rows[number] for number in later if filed[number][0] > until}
        moments = [filed[number] for number in near]
        return Around(
            {number: self._rows[number] for number in near},
            *_both_sides([(_moment(oldest), _moment(newest)) for oldest, newest in moments], moment),
            count_up_to(beyond, most),
        )

    def changed_around(self, moment: datetime, most: float, *, closed: bool | None = None) -> Around:
        """Those that were last changed on the day of that moment, and on the next days on both sides that have any.

        Where words are the rest, these are looked at, and what comes after them.
        """
        every, those = days.of_blocks(self._blocks.editions), Those(closed)
        own = day_of(moment)
        near: list[Day] = []
        found: list[Rows] = []
        for descending in (False, True):
            for day in every.walk(self._of_blocks, moment, those, descending=descending):
                of_day = self._of(day)
                if of_day and not (descending and day.date == own):
                    near.append(day)
                    found.append(of_day)
                if of_day and day.date != own:
                    break
        sooner, later = _both_sides([(day.first, day.last) for day in near], moment)
        beyond = 0
        for day in every.walk(self._of_blocks, None, those):
            if day.first <= later[1] or beyond > most:
                break
            beyond += count(self._of(day))
        return Around(together(found), sooner, later, beyond)

    def _of(self, day: Day) -> Rows:
        """Those that were last changed on a day; where words are the rest, they are looked at."""
        of_day = within(dict(day.rows), self._rows)
        return within(of_day, self._rows) if self._look_among(of_day) else of_day

    def _look_among(self, rows: Rows) -> bool:
        """Look at those of which it is not known whether they have the words; whether there were any."""
        open_ = within(rows, self._open) if self._open else {}
        ids = ids_of(open_)
        while piece := rows_of(islice(ids, FEW + 1)):
            self._look_at(piece)
        return bool(open_)

    def _filed_in_parts(self, number: int) -> Iterator[tuple[int, int]]:
        """When the oldest and the newest issue was filed of each part of a block that has hits; of all if most have."""
        line = self._rows[number].to_bytes(BLOCK // 8, "little")
        width = looking.PART // 8
        having = [
            at for at in range(BLOCK // looking.PART) if line[at * width : (at + 1) * width].strip(b"\0")
        ]
        if 4 * len(having) > 3 * (BLOCK // looking.PART):
            yield self._blocks.filed[number]
            return
        parts = looking.parts_of(number, self._blocks.editions[number])
        for at in having:
            if at in parts:
                yield parts[at]

    def _share(self, number: int, since: float, until: float) -> float:
        """How much of a block was filed between two moments, if it was filed evenly over its time."""
        oldest, newest = self._blocks.filed[number]
        if oldest == newest:
            return float(since < newest)
        return max(0.0, (min(newest, until) - max(oldest, since)) / (newest - oldest))

    def in_pieces(self) -> Iterator[Bits]:
        """All of them from the newest block on, a thousand at a time, to be looked at."""
        ids = chain((one.id for one in self.noted), ids_of(self._rows))
        while piece := list(islice(ids, FEW + 1)):
            yield Bits.of(piece, is_exact=self.is_exact)

    def _recall(self) -> None:
        """What was seen of them before."""
        looked, rows = looking.looked_at(self._phrases), self._of_blocks
        self._open_of_blocks = rows
        if looked is not None:
            of, editions = (looked, self._blocks), self._blocks.editions
            seen = met.made("seen", of, lambda: looked.seen(editions))
            missing = met.made("missing", of, lambda: looked.missing(editions))
            self._open_of_blocks = met.without(rows, seen)
            self._of_blocks = met.without(rows, missing)

    def _put_together(self, rows: Rows, few: int) -> Bits:
        """Some of the blocks, and all that were looked at."""
        bits = dict(self.with_noted(rows).items())
        n = count(bits)
        is_exact = self.is_exact or (self.rest is Rest.WORDS and not within(bits, self._open))
        return Bits(bits, n, is_exact, by_id=n <= few)

    def ids(self) -> Iterator[int]:
        """All of them, from the newest block on."""
        return ids_of(self.with_noted())

    def with_noted(self, rows: Rows | None = None) -> Rows:
        """Some of the blocks (or all), and all that were looked at."""
        rows = self._rows if rows is None else rows
        return together((rows, rows_of(one.id for one in self.noted))) if self.noted else rows


def _joined(moments: Sequence[tuple[float, float]]) -> list[Stretch]:
    """Stretches that overlap or nearly so made one, newest first."""
    joined: list[tuple[float, float]] = []
    for oldest, newest in sorted(moments):
        if joined and oldest <= joined[-1][1] + _NEAR:
            joined[-1] = (joined[-1][0], max(joined[-1][1], newest))
        else:
            joined.append((oldest, newest))
    return [
        (_EPOCH + timedelta(microseconds=oldest), _EPOCH + timedelta(microseconds=newest))
        for oldest, newest in reversed(joined)
    ]


def _both_sides(moments: Sequence[Stretch], moment: datetime) -> tuple[Stretch, Stretch]:
    """From when to when these are before a moment, and from when to when after it."""
    sooner = [(oldest, min(newest, moment)) for oldest, newest in moments if oldest <= moment]
    later = [(max(oldest, moment), newest) for oldest, newest in moments if newest >= moment]
    here = [(moment, moment)]
    return (
        (min(oldest for oldest, _ in sooner or here), max(newest for _, newest in sooner or here)),
        (min(oldest for oldest, _ in later or here), max(newest for _, newest in later or here)),
    )


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def forget() -> None:
    """Forget what was read and seen, as a new process would."""
    terms.forget()
    days.forget()
    looking.forget()
    met.forget()

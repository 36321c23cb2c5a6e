"""Which issues match a search, read as bits: words that meet are an `&`, and how many there are is a count of bits.

One statement reads the rows of the terms, and looks one by one at the issues that were changed since they were folded.
So what it finds is exact to the last commit, and costs nearly the same for a million issues as for ten thousand,
whether a word is in all of them, in old ones only, or never together with the other one. Blocks are worked out from the
newest on, and no further than somebody wants to know.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import chain, islice
from typing import Any

from django.db import connection
from psycopg.pq import Format

from .models.search_index import BLOCK, places, unpacked

FEW = (
    1_000  # issues that are named one by one: to read and sort them takes less than to meet them in an order
)
PAGE = 250  # the same for the newest of them, which a scan from the newest on meets soon
_NOTHING = bytes(BLOCK // 8)
_NEAR = 3_600_000_000  # µs between two stretches that are passed over sooner than told apart
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[str, str]  # from which term to which, both included
Stretch = tuple[datetime, datetime]  # from the oldest to the newest


@dataclass(frozen=True, slots=True)
class Clause:
    """Issues with any of these terms; negated, those with none of them."""

    any_of: tuple[Span, ...]
    negated: bool = False


class Rest(Enum):
    """What the terms cannot tell of a filter, so that each issue must be looked at for it."""

    NOTHING = 0
    WORDS = 1  # whether words stand side by side
    ANYTHING = 2


@dataclass(frozen=True, slots=True)
class Noted:
    """An issue that matches, among those that the blocks do not know as they are now."""

    id: int
    created_at: datetime
    status: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one statement read: the rows of each span that was asked for, by block, and the issues that were looked at."""

    rows: Mapping[Span, Mapping[int, Sequence[bytes]]]
    filed: Mapping[
        int, tuple[int, int]
    ]  # when the oldest and the newest issue of a block was, in µs since 1970
    stale: Mapping[int, int]  # the issues of a block that it does not know as they are now
    noted: Sequence[Noted]
    among: Mapping[int, int] | None = None  # of each block, the issues that are told apart; None: all
    _bits: dict[tuple[Span, int], int] = field(
        default_factory=dict, init=False
    )  # what was unpacked of the rows

    def blocks_of(self, clauses: Sequence[Clause]) -> list[int]:
        """The blocks that may have issues of which all of these hold, the newest first; one clause is not negated."""
        sets = [
            {number for span in clause.any_of for number in self.rows.get(span, ())}
            for clause in clauses
            if not clause.negated
        ]
        if self.among is not None:
            sets.append(set(self.among))
        # By when their newest issue was filed: after a load of old issues that is not the order of their numbers.
        return sorted(set.intersection(*sets), key=lambda number: self.filed[number][1], reverse=True)

    def matching(self, clauses: Sequence[Clause], number: int) -> int:
        """The issues of a block that all of these hold of."""
        bits = -1 if self.among is None else self.among[number]
        for clause in clauses:
            any_of = 0
            for span in clause.any_of:
                any_of |= self._of(span, number)
            bits &= ~any_of if clause.negated else any_of
            if not bits:
                return 0
        return bits & ~self.stale.get(number, 0)

    def _of(self, span: Span, number: int) -> int:
        bits = self._bits.get((span, number))
        if bits is None:
            bits = 0
            for row in self.rows.get(span, {}).get(number, ()):
                bits |= unpacked(row)
            self._bits[span, number] = bits
        return bits


@dataclass(frozen=True, slots=True)
class Bits:
    """Some issues, as the bits of their blocks.

    `is_exact` says that all of them match, otherwise each must be looked at; `by_id` that they are best named one by one.
    """

    bits: Mapping[int, int]
    n: int
    is_exact: bool
    by_id: bool

    def ids(self, *, descending: bool = True) -> Iterator[int]:
        for number in sorted(self.bits, reverse=descending):
            found = [number * BLOCK + place for place in places(self.bits[number])]
            yield from reversed(found) if descending else found

    def as_array(self) -> str:
        """Their ids as PostgreSQL writes an array: psycopg takes ten times as long over a list."""
        return f"{{{','.join(map(str, self.ids()))}}}"

    def as_bytes(self) -> tuple[int, bytes]:
        """A bit for each issue, as PostgreSQL's `get_bit` counts them, and which issue is the first of them."""
        numbers = range(min(self.bits, default=0), max(self.bits, default=-1) + 1)
        rows = (
            self.bits[number].to_bytes(BLOCK // 8, "little") if number in self.bits else _NOTHING
            for number in numbers
        )
        return numbers.start * BLOCK, b"".join(rows)

    def next(self, n: int, after: int | None, *, descending: bool) -> "Bits":
        """The `n` of them whose ids come after this one."""
        ids = self.ids(descending=descending)
        if after is not None:
            ids = (id_ for id_ in ids if (id_ < after if descending else id_ > after))
        return Bits.of(islice(ids, n), is_exact=self.is_exact)

    @classmethod
    def of(cls, ids: Iterable[int], *, is_exact: bool) -> "Bits":
        bits: dict[int, int] = {}
        for id_ in ids:
            bits[id_ // BLOCK] = bits.get(id_ // BLOCK, 0) | 1 << id_ % BLOCK
        return cls(bits, sum(row.bit_count() for row in bits.values()), is_exact, by_id=True)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest of some hits: all that were filed after `until`, or all there are if that is None, and some before it.

    `stretches` are when they were filed, the newest first: between two of them there is none.
    """

    bits: Bits
    stretches: Sequence[Stretch]
    until: datetime | None


class Hits:
    """All issues that match are among these, and nothing else if there is no `rest` to be looked at."""

    def __init__(
        self, reading: Reading, clauses: Sequence[Clause], noted: Sequence[Noted], rest: Rest
    ) -> None:
        self.rest, self.is_exact = rest, rest is Rest.NOTHING
        self._reading, self._clauses = reading, clauses
        self._blocks = reading.blocks_of(clauses)  # from the newest
        self._bits: list[int] = []  # of each, as far as they are worked out
        self._looked_at = Bits.of((one.id for one in noted), is_exact=self.is_exact)
        self._moments = [(at, at) for at in (_microseconds(one.created_at) for one in noted)]
        self._n = len(noted)

    @classmethod
    def of(cls, ids: Sequence[int], rest: Rest) -> "Hits":
        """These, wherever they were found."""
        hits = cls(Reading({}, {}, {}, []), [Clause(())], [], rest)
        hits._looked_at, hits._n = Bits.of(ids, is_exact=hits.is_exact), len(ids)
        return hits

    def n_up_to(self, most: int) -> int:
        """How many they are, or more than `most`."""
        while self._n <= most and len(self._bits) < len(self._blocks):
            self._work_out()
        return self._n

    @property
    def are_few(self) -> bool:
        return self.n_up_to(FEW) <= FEW

    @property
    def all(self) -> Bits:
        while len(self._bits) < len(self._blocks):
            self._work_out()
        return self._put_together(len(self._blocks), FEW)

    def newest_are_over(self, n: int, blocks: int) -> bool:
        """Whether more than `n` are in so many of the newest blocks."""
        while len(self._bits) < min(blocks, len(self._blocks)):
            self._work_out()
        return sum(bits.bit_count() for bits in self._bits[:blocks]) > n

    def newest(self, n: int, before: datetime | None = None, since: datetime | None = None) -> Newest:
        """About `n` of those filed before that moment and all that were filed after it; and all filed `since`."""
        end = 0
        filed = self._reading.filed
        while end < len(self._blocks) and (
            n > 0 or (since is not None and filed[self._blocks[end]][1] >= _microseconds(since))
        ):
            if end == len(self._bits):
                self._work_out()
            number = self._blocks[end]
            if before is None or self._reading.filed[number][0] <= _microseconds(before):
                n -= self._bits[end].bit_count()
            end += 1
        until = max((filed[number][1] for number in self._blocks[end:]), default=None)
        moments = [
            filed[number] for number, bits in zip(self._blocks, self._bits[:end], strict=False) if bits
        ]
        return Newest(
            self._put_together(end, PAGE),
            _joined(moments + self._moments),
            None if until is None else _EPOCH + timedelta(microseconds=until),
        )

    def told_apart(self, spans: Sequence[tuple[Span, int | None]]) -> Reading:
        """The rows of these spans, for the hits that are worked out: of so many of the newest blocks that may have some."""
        since = [min(self._blocks[:n], default=0) for _, n in spans]
        with connection.cursor() as cursor:
            cursor.cursor.format = Format.BINARY
            cursor.execute(
                _ROWS, [[first for (first, _), _ in spans], [last for (_, last), _ in spans], since]
            )
            rows = {spans[n - 1][0]: _by_block(blocks, issues) for n, blocks, issues in cursor.fetchall()}
        told = {number for of in rows.values() for number in of}
        while not told.isdisjoint(self._blocks[len(self._bits) :]):
            self._work_out()
        among = {number: bits for number, bits in zip(self._blocks, self._bits, strict=False) if bits}
        return replace(self._reading, rows=rows, among=among)

    def in_pieces(self) -> Iterator[Bits]:
        """All of them from the newest block on, a thousand at a time, to be looked at."""
        ids = chain(self._looked_at.ids(), self._ids())
        while piece := list(islice(ids, FEW + 1)):
            yield Bits.of(piece, is_exact=self.is_exact)

    def _ids(self) -> Iterator[int]:
        for at, number in enumerate(self._blocks):
            if at == len(self._bits):
                self._work_out()
            yield from (number * BLOCK + place for place in reversed(places(self._bits[at])))

    def _work_out(self) -> None:
        bits = self._reading.matching(self._clauses, self._blocks[len(self._bits)])
        self._bits.append(bits)
        self._n += bits.bit_count()

    def _put_together(self, end: int, few: int) -> Bits:
        """Those of the first blocks, and all that were looked at."""
        bits = {number: bits for number, bits in zip(self._blocks, self._bits[:end], strict=False) if bits}
        n = sum(row.bit_count() for row in bits.values()) + self._looked_at.n
        for number, row in self._looked_at.bits.items():
            bits[number] = bits.get(number, 0) | row
        return Bits(bits, n, self.is_exact, by_id=n <= few)


def _joined(moments: list[tuple[int, int]]) -> list[Stretch]:
    """Stretches that overlap or nearly so made one, newest first."""
    joined: list[tuple[int, int]] = []
    for oldest, newest in sorted(moments):
        if joined and oldest <= joined[-1][1] + _NEAR:
            joined[-1] = (joined[-1][0], max(joined[-1][1], newest))
        else:
            joined.append((oldest, newest))
    return [
        (_EPOCH + timedelta(microseconds=oldest), _EPOCH + timedelta(microseconds=newest))
        for oldest, newest in reversed(joined)
    ]


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


_ROWS = """
    SELECT asked.n, array_agg(t.block) AS blocks, array_agg(t.issues) AS rows
    FROM unnest(%s::text[], %s::text[], %s::integer[]) WITH ORDINALITY AS asked (first, last, since, n)
    CROSS JOIN LATERAL (
        SELECT block, issues FROM issues_searchterm
        WHERE term >= asked.first COLLATE "C" AND term <= asked.last COLLATE "C" AND block >= asked.since
    ) t GROUP BY asked.n
"""
_AT = "array_agg((extract(epoch FROM {}) * 1000000)::bigint)"
_READ = f"""
    SELECT told.n, told.blocks, told.rows,
        NULL::bigint[] AS oldest, NULL::bigint[] AS newest,
        NULL::bigint AS id, NULL::timestamptz AS created_at, NULL AS status, NULL::timestamptz AS closed_at
    FROM ({_ROWS}) told
    UNION ALL
    SELECT 0, array_agg(number), NULL, {_AT.format("oldest")}, {_AT.format("newest")}, NULL, NULL, NULL, NULL
    FROM issues_searchblock
    UNION ALL
    SELECT CASE WHEN EXISTS ({{matches}}) THEN -1 ELSE -2 END, NULL, NULL, NULL, NULL,
        note.issue_id, i.created_at, i.status, i.closed_at
    FROM (SELECT issue_id FROM issues_searchnote OFFSET 0) note LEFT JOIN issues_issue i ON i.id = note.issue_id
"""  # noqa: S608 - constants


def read(spans: Iterable[Span], matches: str, parameters: Sequence[Any]) -> Reading:
    """All that a search needs to know, as it is at one moment.

    `matches` is an SQL query with these parameters that has a row if the issue `note.issue_id` matches.
    """
    asked = list(dict.fromkeys(spans))
    with connection.cursor() as cursor:
        cursor.cursor.format = Format.BINARY  # as text, bits are twice as long, and to be read
        cursor.execute(
            _READ.format(matches=matches),
            [[first for first, _ in asked], [last for _, last in asked], [0] * len(asked), *parameters],
        )
        found = cursor.fetchall()
    rows: dict[Span, dict[int, list[bytes]]] = {}
    filed: dict[int, tuple[int, int]] = {}
    stale: dict[int, int] = {}
    noted = []
    for n, blocks, issues, oldest, newest, id_, created_at, status, closed_at in found:
        if n > 0:
            rows[asked[n - 1]] = _by_block(blocks, issues)
        elif n == 0:
            moments = zip(oldest or (), newest or (), strict=True)
            filed = dict(zip(blocks or (), moments, strict=True))
        else:
            stale[id_ // BLOCK] = stale.get(id_ // BLOCK, 0) | 1 << id_ % BLOCK
            if n == -1:
                noted.append(Noted(id_, created_at, status, closed_at))
    return Reading(rows, filed, stale, noted)


def _by_block(blocks: Sequence[int], issues: Sequence[bytes]) -> dict[int, list[bytes]]:
    """The rows of a span, of which a block has more than one where it has more than one term."""
    rows: dict[int, list[bytes]] = {}
    for number, row in zip(blocks, issues, strict=True):
        rows.setdefault(number, []).append(row)
    return rows

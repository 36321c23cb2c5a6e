"""What a search reads: the bits of its terms, and which issues were changed since these were folded.

One statement says which blocks there are, and looks one by one at the issues that were changed. The bits of a term are
kept once they were read, each block's under the **edition** of the block that they were read at: only those that were
folded since are read again. So what is found is exact to the last commit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from psycopg.pq import Format

from . import met
from .bits import Rows, rows_of
from .fragments import Kept
from .looked_up import LookedUp
from .models.search_index import EDITION, unpacked

Span = tuple[str, str]  # from which term to which, both included


@dataclass(frozen=True, slots=True)
class Clause:
    """Issues with any of these terms, or that are looked up for it; negated, those with none of them."""

    any_of: tuple[Span | LookedUp, ...]
    negated: bool = False

    @property
    def spans(self) -> Iterator[Span]:
        return (one for one in self.any_of if isinstance(one, tuple))


@dataclass(frozen=True, slots=True)
class Noted:
    """An issue that matches, among those that the blocks do not know as they are now."""

    id: int
    uuid: UUID
    created_at: datetime
    changed_at: datetime
    status: str | None
    rank: int  # of its priority
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The blocks as one statement saw them.

    While a block is of the same edition, its terms say the same, in whichever process. `filed` is when its oldest and
    its newest issue was filed, in µs since 1970.
    """

    digest: str  # of all editions
    editions: Mapping[int, str]
    filed: Mapping[int, tuple[int, int]]
    # By when their newest issue was filed: after a load of old issues that is not the order of their numbers.
    from_the_newest: Sequence[int]

    @classmethod
    def of(
        cls,
        digest: str,
        numbers: Sequence[int],
        editions: Sequence[str],
        oldest: Sequence[int],
        newest: Sequence[int],
    ) -> "Blocks":
        filed = dict(zip(numbers, zip(oldest, newest, strict=True), strict=True))
        ordered = sorted(numbers, key=lambda number: filed[number][1], reverse=True)
        return cls(digest, dict(zip(numbers, editions, strict=True)), filed, ordered)


@dataclass(frozen=True, slots=True)
class _Known:
    """The issues that a span has, as they were when these were the blocks."""

    rows: Rows
    blocks: Blocks

    @property
    def weight(self) -> int:
        return sum(100 + bits.bit_length() // 7 for bits in self.rows.values())

    def outdated(self, blocks: Blocks) -> set[int]:
        """The blocks that are of another edition now."""
        if self.blocks is blocks:
            return set()
        known = self.blocks.editions
        return {number for number, edition in blocks.editions.items() if known.get(number) != edition}


_last = Blocks.of("", [], [], [], [])  # those that were seen last: mostly there are no others yet
_UNKNOWN = _Known({}, _last)
_known = Kept(capacity=settings.FRAGMENT_BYTES // 12)  # by span


@dataclass(frozen=True, slots=True)
class Told:
    """What a search knows of one moment: the issues of each span that was asked for, and those that were looked at."""

    rows: Mapping[Span, Rows]
    blocks: Blocks
    stale: Rows  # the issues that their blocks do not know as they are now
    noted: Sequence[Noted]

    def matching(self, clauses: Iterable[Clause]) -> Rows:
        """The issues that all of these hold of, as their blocks know them, from the newest one on; one is not negated."""
        told_of = [(clause.negated, self.any_of(clause)) for clause in clauses]
        # From what has the fewest blocks on.
        (_, found), *others = sorted(told_of, key=lambda one: (one[0], len(one[1])))
        matching = met.in_order(found, self.blocks.from_the_newest)
        for negated, rows in others:
            matching = (met.without if negated else met.within)(matching, rows)
        return matching

    def any_of(self, clause: Clause) -> Rows:
        """The issues of a clause, as if it were not negated."""
        return met.any_of(
            [self.rows[one] if isinstance(one, tuple) else one.rows(self.blocks) for one in clause.any_of]
        )


_AT = "array_agg((extract(epoch FROM {}) * 1000000)::bigint)"
_ROWS = """
    SELECT asked.n, told.blocks, told.rows,
        NULL AS digest, NULL::text[] AS editions, NULL::bigint[] AS oldest, NULL::bigint[] AS newest,
        NULL::bigint AS id, NULL::uuid AS uuid, NULL::timestamptz AS created_at, NULL::timestamptz AS changed_at, NULL AS status, NULL::integer AS rank,
        NULL::timestamptz AS closed_at
    FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS asked (first, last, n) CROSS JOIN LATERAL (
        -- (An aggregate for each, so that no estimate makes PostgreSQL read all terms at once.)
        SELECT array_agg(block) AS blocks, array_agg(issues) AS rows FROM issues_searchterm
        WHERE term >= asked.first COLLATE "C" AND term <= asked.last COLLATE "C"
            AND (%s::integer[] IS NULL OR block = ANY(%s::integer[]))
    ) told
    UNION ALL
"""
# Of the same rows in the same versions it is the same: mostly there are no others, and that is all that is read of them.
_DIGEST = """
    SELECT coalesce(md5(string_agg(xmin::text || ctid::text, '')) || pg_postmaster_start_time()::text, '') AS digest
    FROM issues_searchblock OFFSET 0
"""
_STATE = f"""
    SELECT 0 AS n, every.numbers, NULL::bytea[], seen.digest,
        every.editions, every.oldest, every.newest, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM ({_DIGEST}) seen CROSS JOIN LATERAL (
        SELECT array_agg(number) AS numbers, array_agg({EDITION}) AS editions, {_AT.format("oldest")} AS oldest,
            {_AT.format("newest")} AS newest
        FROM issues_searchblock WHERE seen.digest <> %s
    ) every
    UNION ALL
    SELECT CASE WHEN EXISTS ({{matches}}) THEN -1 ELSE -2 END, NULL, NULL, NULL, NULL, NULL, NULL,
        note.issue_id, i.uuid, i.created_at, i.changed_at, i.status, i.priority_rank, i.closed_at
    FROM (SELECT issue_id FROM issues_searchnote OFFSET 0) note LEFT JOIN issues_issue i ON i.id = note.issue_id
"""  # noqa: S608 - constants


def read(spans: Iterable[Span], matches: str, parameters: Sequence[Any]) -> Told:
    """All that a search needs to know, as it is at one moment.

    `matches` is an SQL query with these parameters that has a row if the issue `note.issue_id` matches.
    """
    known: dict[Span, _Known] = {span: _known.find(span) or _UNKNOWN for span in spans}
    asked = [span for span, found in known.items() if found is _UNKNOWN]
    numbers: set[int] | None = None  # of the blocks that are asked for; None: of all
    while True:
        told = _look(asked, numbers, matches, parameters)
        for span in asked:
            outdated = known[span].outdated(told.blocks)
            # (Whatever was folded while this was asked is asked for again.)
            if numbers is None or numbers >= outdated:
                kept = {n: bits for n, bits in known[span].rows.items() if n not in outdated}
                known[span] = _Known({**kept, **told.rows.get(span, {})}, told.blocks)
                _known.put(span, known[span])
        asked = [span for span, found in known.items() if found.outdated(told.blocks)]
        if not asked:
            return replace(told, rows={span: found.rows for span, found in known.items()})
        numbers = set().union(*(known[span].outdated(told.blocks) for span in asked))


def _look(asked: Sequence[Span], numbers: set[int] | None, matches: str, parameters: Sequence[Any]) -> Told:
    """What the database says at one moment of these spans in these blocks, of the blocks, and of what was noted."""
    global _last
    only = None if numbers is None else sorted(numbers)
    with connection.cursor() as cursor:
        cursor.cursor.format = Format.BINARY  # as text, bits are twice as long, and to be read
        # (What asks for no rows is a statement of its own, so that PostgreSQL sees that it need not plan it anew.)
        rows_too, of = "", []
        if asked:
            rows_too, of = _ROWS, [[first for first, _ in asked], [last for _, last in asked], only, only]
        blocks = _last
        cursor.execute(rows_too + _STATE.format(matches=matches), [*of, blocks.digest, *parameters])
        found = cursor.fetchall()
    rows: dict[Span, Rows] = {}
    stale: list[int] = []
    noted = []
    for n, of, issues, digest, editions, oldest, newest, id_, *noticed in found:
        if n > 0:
            rows[asked[n - 1]] = _unpacked(of or (), issues or ())
        elif n == 0:
            if digest != blocks.digest:
                _last = blocks = Blocks.of(digest, of or [], editions or [], oldest or [], newest or [])
        else:
            stale.append(id_)
            if n == -1:
                noted.append(Noted(id_, *noticed))
    return Told(rows, blocks, rows_of(stale), noted)


def _unpacked(numbers: Sequence[int], issues: Sequence[bytes]) -> Rows:
    """The issues of a span, of which a block has more than one row where it has more than one term."""
    rows: dict[int, int] = {}
    for number, row in zip(numbers, issues, strict=True):
        rows[number] = rows.get(number, 0) | unpacked(row)
    return rows


def forget() -> None:
    """Forget what was read, as a new process would."""
    _known.clear()

"""The list in every order, a page at a time: where a page ended is where the next one starts in the index.

A page costs the same wherever it is and however many issues there are: each order is one index scan (or a few, one
for each status, priority or creator), started by comparing whole rows with the place, never by an offset.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, F
from django.db.models.expressions import OrderBy, RawSQL

from . import queries
from .bits import Bits
from .hits import Hits, Stretch
from .models import Issue, Status, User
from .models.issue import IssueQuerySet
from .models.limits import TITLE_ORDER
from .queries import CAP, IssueFilter, Row
from .search import NONE

_PRIORITIES = ("high", "medium", "low", NONE)  # by their rank
_LAST_UUID, _LAST_ID = UUID(int=2**128 - 1), 2**63 - 1
COLUMNS = ("reference", "status", "priority", "title", "by", "owner", "comments", "created", "updated")
_NEWEST_FIRST = ("comments", "created", "updated")  # what a first click on a heading shows from its large end
_Found = list[tuple[Any, ...]]  # issues as (id, version, *values of its place)
_T = "issues_issue."
# Each order as the columns of an index. (Exactly as the index has them, or PostgreSQL does not see that it fits.)
_KEYS = {
    "reference": (f"{_T}id",),
    "title": (f"lower(left({_T}title, {TITLE_ORDER}))", f"{_T}id"),
    "comments": (f"{_T}comment_count", f"{_T}id"),
    "created": (f"{_T}created_at", f"{_T}uuid"),
    "updated": (f"{_T}changed_at", f"{_T}id"),
}
_WITHIN = {
    "status": "created",
    "priority": "updated",
    "by": "created",
    "owner": "created",
}  # the order in a group


@dataclass(frozen=True, slots=True)
class Sort:
    """By which column, and whether from its large end."""

    column: str = "created"
    descending: bool = True

    @classmethod
    def parse(cls, text: str) -> "Sort":
        """`-created` or `title`; anything else is the default order."""
        column = text.removeprefix("-")
        return cls(column, text.startswith("-")) if column in COLUMNS else cls()

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else self.column

    def clicked(self, column: str) -> "Sort":
        """The order that a click on a column's heading asks for."""
        descending = not self.descending if column == self.column else column in _NEWEST_FIRST
        return Sort(column, descending)


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page in its order: its group where there are groups, its key, and what decides a tie."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return "~".join(_written(value) for value in self.values)

    @classmethod
    def parse(cls, text: str, sort: Sort) -> "Place | None":
        """Read what `str()` wrote for this order; None for anything else."""
        readers = _READERS[sort.column]
        parts = text.replace("\0", "").rsplit("~", len(readers) - 1)
        try:
            values = tuple(read(part) for read, part in zip(readers, parts, strict=True))
        except (ValueError, OverflowError):
            return None
        return cls(values)


@dataclass(frozen=True, slots=True)
class ListPage:
    """What to show, and where the next page begins (None at the end)."""

    rows: list[Row]
    next: Place | None


def list_page(
    wanted: IssueFilter,
    sort: Sort,
    limit: int,
    after: Place | None = None,
    *,
    few: bool = False,
    hits: Hits | None = None,
) -> ListPage:
    """The (id, version) of `limit` matching issues in this order, after that place.

    `few` says that at most CAP issues match: then these are found first and sorted, because a scan of a whole order
    would pass over nearly everything to meet them. `hits` is what `queries.find` gave, if it was asked before.
    """
    if wanted.mistakes:
        return ListPage([], None)
    if wanted.by_terms:
        return _page_by_words(wanted, sort, limit, after, hits or queries.find(wanted))
    return _page(_Wanted(wanted, few), sort, limit, after)


def _page_by_words(wanted: IssueFilter, sort: Sort, limit: int, after: Place | None, hits: Hits) -> ListPage:
    if hits.are_few:
        return _page(_Wanted(wanted, few=True, bits=hits.all), sort, limit, after)
    if sort.column == "reference" and hits.is_exact:
        last = after.values[0] if after else None
        next_ = hits.all.next(limit + 1, last, descending=sort.descending)
        return _page(_Wanted(wanted, few=True, bits=next_), sort, limit, after)
    if sort == Sort("created") or sort.column == "updated":
        rows, reads = _in_order_of_age(wanted, sort, limit + 1, after, hits)
    elif sort.column in ("status", "priority"):
        rows, reads = _in_groups_of_age(wanted, sort, limit + 1, after)
    else:
        every = hits.newest()
        known = _Wanted(wanted, few=False, bits=every.bits, stretches=every.stretches)
        return _page(known, sort, limit, after)
    return _page_of(rows, limit, reads=reads)


def _in_order_of_age(
    wanted: IssueFilter, sort: Sort, n: int, after: Place | None, hits: Hits
) -> tuple[_Found, bool]:
    """At least `n` of them if there are so many, and whether their versions are to be read.

    Of no more blocks or days than it takes, and if they had too few, of those that come after them.
    """
    most, reads = n + queries.EXTRA, False
    rows: _Found = []
    while True:
        start = after.values[0] if after else None
        if sort.column == "updated":
            head = hits.by_change(most, start, descending=sort.descending)
            last: Any = _LAST_ID if sort.descending else 0
        else:
            head, last = hits.newest(most, start), _LAST_UUID
        known = _Wanted(wanted, head.bits.by_id, head.bits, head.stretches, sort.column)
        reads |= known.reads_ids_alone
        found = _scanned(known, sort, n - len(rows), after)
        if head.until is None:
            return rows + found, reads
        rows += [row for row in found if (row[2] > head.until if sort.descending else row[2] < head.until)]
        if len(rows) >= n:
            return rows, reads
        most, after = most * 4, Place((head.until, last))


def _in_groups_of_age(wanted: IssueFilter, sort: Sort, n: int, after: Place | None) -> tuple[_Found, bool]:
    """The same for an order by status or priority: each group that has any is an order by age of its own."""
    groups, found = _groups(sort), queries.find_groups(wanted)
    size, start = len(groups[0]), None
    if after:
        group, start = after.values[:size], Place(after.values[size:])
        groups = groups[groups.index(group) :] if group in groups else []
    rows: _Found = []
    reads = False
    for group in groups:
        *rank, status = group
        part = found.of(status, *rank)
        if part.n_up_to(0):
            narrowed = replace(wanted, statuses=(status or NONE,))
            if rank:
                narrowed = replace(narrowed, priorities=(_PRIORITIES[rank[0]],))
            within = Sort(_WITHIN[sort.column])
            more, reads_more = _in_order_of_age(narrowed, within, n - len(rows), start, part)
            rows += [(id_, version, *group, *values) for id_, version, *values in more]
            reads |= reads_more
            if len(rows) >= n:
                break
        start = None
    return rows, reads


def _page(wanted: "_Wanted", sort: Sort, limit: int, after: Place | None) -> ListPage:
    return _page_of(_scanned(wanted, sort, limit + 1, after), limit, reads=wanted.reads_ids_alone)


def _scanned(wanted: "_Wanted", sort: Sort, n: int, after: Place | None) -> _Found:
    """At least `n` issues if there are so many, as (id, version, *values of its place)."""
    found: _Found = []
    for part in _parts(wanted, sort, n, after):
        found += part()
        if len(found) >= n:
            break
    return found


def _page_of(found: _Found, limit: int, *, reads: bool) -> ListPage:
    """A page of these; `reads` their versions where scans did not."""
    page = found[:limit]
    rows = [(id_, version) for id_, version, *_ in page]
    if reads:
        versions = dict(Issue.objects.filter(id__in=[id_ for id_, _ in rows]).values_list("id", "version"))
        rows = [(id_, versions[id_]) for id_, _ in rows if id_ in versions]
    return ListPage(rows, Place(tuple(page[-1][2:])) if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class _Wanted:
    filter: IssueFilter
    few: bool
    bits: Bits | None = field(default=None, compare=False)  # what was found by words
    stretches: Sequence[Stretch] = field(default=(), compare=False)  # when that was
    moment: str = "created"  # and which moment of it, as the column of an order by age

    def apply(self, issues: IssueQuerySet) -> IssueQuerySet:
        return self.filter.apply(issues, found=self.bits)

    @property
    def reads_ids_alone(self) -> bool:
        """Whether a scan may pass over so much that it should not leave the index."""
        return self.bits is not None and not self.few

    def goes_by_stretches(self, sort: Sort, kind: tuple[str, ...]) -> bool:
        """Whether an order by age is scanned only where there are hits."""
        return self.reads_ids_alone and sort.column == self.moment and "each creator" not in kind


Part = Callable[[], _Found]


def _parts(wanted: _Wanted, sort: Sort, limit: int, after: Place | None) -> Iterator[Part]:
    """The scans that a page is made of, in order; a later one is only needed where the earlier ones had too little."""
    if sort.column in _KEYS:
        yield lambda: _run(wanted, sort, limit, (), after.values if after else ())
    elif sort.column == "owner":
        if after:
            owner, *place = after.values
            yield lambda: [
                (id_, version, owner, *values)
                for id_, version, *values in _run(
                    wanted, Sort("created", not sort.descending), limit, ("owner",), (owner, *place)
                )
            ]
            yield lambda: _run(wanted, sort, limit, ("next owner",), (owner,))
        else:
            yield lambda: _run(wanted, sort, limit, ("every owner",), ())
    elif sort.column == "by":
        yield lambda: _by_creator(wanted, sort, limit, after)
    else:
        yield from _by_group(wanted, sort, limit, after)


def _by_group(wanted: _Wanted, sort: Sort, limit: int, after: Place | None) -> Iterator[Part]:
    """Status in the order of the work, priority from high to low and then by status: a scan for each."""
    groups = _groups(sort)
    size = len(groups[0])
    if wanted.few and wanted.bits:
        yield lambda: _few_by_group(wanted, sort, groups, after)
        return
    ranks = {name: rank for rank, name in enumerate(_PRIORITIES)}
    known = {ranks[name] for name in wanted.filter.priorities} or set(ranks.values())
    allowed = [
        group
        for group in groups
        if (not wanted.filter.statuses or (group[-1] or NONE) in wanted.filter.statuses)
        and (size == 1 or group[0] in known)
    ]
    place: tuple[Any, ...] = ()
    if after:
        group, place = after.values[:size], after.values[size:]
        groups = groups[groups.index(group) :] if group in groups else []
    for group in groups:
        if group not in allowed:
            continue
        start = place if after and group == after.values[:size] else ()

        def part(group: tuple[Any, ...] = group, start: tuple[Any, ...] = start) -> _Found:
            kind = ("rank", "status")[-size:]
            kind = (*kind[:-1], "no status") if group[-1] is None else kind
            values = tuple(value for value in group if value is not None)
            rows = _run(wanted, Sort(_WITHIN[sort.column]), limit, kind, (*values, *start))
            return [(id_, version, *group, *values) for id_, version, *values in rows]

        yield part


def _groups(sort: Sort) -> _Found:
    """What an order by group goes through: (status,), or (rank of the priority, status)."""
    statuses: list[str | None] = [*Status.values, None]
    groups: _Found = [(status,) for status in statuses]
    if sort.column == "priority":
        groups = list(product(range(4), statuses))
    return groups[::-1] if sort.descending else groups


def _few_by_group(
    wanted: _Wanted, sort: Sort, groups: Sequence[tuple[Any, ...]], after: Place | None
) -> _Found:
    """All of a few issues, in one statement, from a place on: a scan for each group takes longer."""
    size, number = len(groups[0]), {group: n for n, group in enumerate(groups)}
    columns = ("priority_rank", "status")[-size:]
    keys = ("created_at", "uuid") if _WITHIN[sort.column] == "created" else ("changed_at", "id")
    rows: _Found = list(wanted.apply(Issue.objects.alive()).values_list("id", "version", *columns, *keys))
    if after:
        group, place = after.values[:size], after.values[size:]
        first = number.get(group, len(groups))
        rows = [
            row
            for row in rows
            if (at := number[row[2 : 2 + size]]) > first or (at == first and row[2 + size :] < place)
        ]
    rows.sort(key=lambda row: row[2 + size :], reverse=True)
    rows.sort(key=lambda row: number[row[2 : 2 + size]])
    return rows


def _by_creator(wanted: _Wanted, sort: Sort, limit: int, after: Place | None) -> _Found:
    """Creators by name, and the newest of each first: as many short scans as it takes, in one statement."""
    people = User.objects.only("id", "email", "name", "is_agent")
    ids = [user.pk for user in sorted(people, key=lambda user: (user.display_name.lower(), user.pk))]
    if sort.descending:
        ids.reverse()
    found: _Found = []
    if after:
        creator, *place = after.values
        if creator not in ids:
            return []
        ids = ids[ids.index(creator) + 1 :]
        rows = _run(wanted, Sort("created"), limit, ("creator",), (creator, *place))
        found = [(id_, version, creator, *values) for id_, version, *values in rows]
    if len(found) < limit and ids:
        few, chosen = _few_of(wanted)
        sql, parameters = _scan_of(wanted, Sort("created"), limit, ("each creator",), 0)
        with connection.cursor() as cursor:
            cursor.execute(
                # A lateral join goes through the persons in their order, and the limit ends it early.
                f"""
                {few} SELECT id, version, creator, created_at, uuid FROM (
                    SELECT page.*, person.id AS creator, person.place
                    FROM unnest(%s::bigint[]) WITH ORDINALITY AS person (id, place)
                    CROSS JOIN LATERAL ({sql}) AS page (id, version, created_at, uuid) LIMIT %s
                ) found ORDER BY place, created_at DESC, uuid DESC
                """,  # noqa: S608 - the ORM's own statement with its placeholders
                [*chosen, ids, *parameters, limit],
            )
            found += cursor.fetchall()
    return found


def _run(wanted: _Wanted, sort: Sort, limit: int, kind: tuple[str, ...], values: tuple[Any, ...]) -> _Found:
    """One scan; `values` are those of its conditions, then those of the place where it starts."""
    few, chosen = _few_of(wanted)
    sql, parameters = _scan_of(wanted, sort, limit, kind, len(values))
    filled = [values[p.n] if isinstance(p, _Slot) else p for p in parameters]
    if wanted.goes_by_stretches(sort, kind):
        sql = f"SELECT page.* FROM {queries.STRETCHES} CROSS JOIN LATERAL ({sql}) page LIMIT %s"  # noqa: S608
        filled = [*queries.stretches(wanted.stretches, descending=sort.descending), *filled, limit]
    with connection.cursor() as cursor:
        cursor.execute(f"{few} {sql}", [*chosen, *filled])
        rows: _Found = cursor.fetchall()
    return rows


def _few_of(wanted: _Wanted) -> tuple[str, tuple[Any, ...]]:
    return (_few.__wrapped__ if wanted.bits else _few)(wanted)  # what people type is not worth keeping


def _scan_of(
    wanted: _Wanted, sort: Sort, limit: int, kind: tuple[str, ...], n: int
) -> tuple[str, tuple[Any, ...]]:
    return (_scan.__wrapped__ if wanted.bits else _scan)(wanted, sort, limit, kind, n)


@lru_cache(maxsize=256)
def _few(wanted: _Wanted) -> tuple[str, tuple[Any, ...]]:
    """The matching ids, if they are few, as the beginning of a statement."""
    if not wanted.few:
        return "", ()
    ids = wanted.apply(Issue.objects.alive()).order_by().values_list("id")
    if not wanted.bits:
        ids = ids[:CAP]
    sql, parameters = ids.query.sql_with_params()
    return f"WITH few (id) AS MATERIALIZED ({sql})", parameters


@dataclass(frozen=True, slots=True)
class _Slot:
    """Stands for the n-th value of a scan in its kept statement."""

    n: int


_CONDITIONS = {
    "owner": f"{_T}owner = %s",
    "rank": f"{_T}priority_rank = %s",
    "status": f"{_T}status = %s",
    "no status": f"{_T}status IS NULL",
    "creator": f"{_T}created_by_id = %s",
    "each creator": f"{_T}created_by_id = person.id",
}


_AMONG_FEW = f"{_T}id IN (SELECT id FROM few)"  # noqa: S608 - constants


def _raw(sql: str, parameters: Sequence[Any] = ()) -> RawSQL:
    return RawSQL(sql, parameters, output_field=BooleanField())  # noqa: S611 - of constants, with placeholders


@lru_cache(maxsize=512)
def _scan(
    wanted: _Wanted, sort: Sort, limit: int, kind: tuple[str, ...], n: int
) -> tuple[str, tuple[Any, ...]]:
    """A scan as SQL and parameters, the first `n` of which are slots; writing it takes longer than running it."""
    keys = _KEYS[_WITHIN.get(sort.column, sort.column)]
    order = [OrderBy(_raw(key), descending=sort.descending) for key in keys]
    columns = [_raw(key) for key in keys]
    slots = [_Slot(number) for number in range(n)]
    where = [_CONDITIONS[name] for name in kind if name in _CONDITIONS]
    used = sum(condition.count("%s") for condition in where)
    if sort.column == "owner":
        # From small to large: the newest of each owner first, as the index has it; the other way round all is reversed.
        order = [
            OrderBy(_raw(f"{_T}owner"), descending=sort.descending),
            *(OrderBy(_raw(key), descending=not sort.descending) for key in keys),
        ]
        columns.insert(0, _raw(f"{_T}owner"))
        if "next owner" in kind:
            where.append(f"{_T}owner {'<' if sort.descending else '>'} %s")
    elif n > used:
        compare = "<" if sort.descending else ">"
        marks = ", ".join(["%s"] * len(keys))
        where.append(f"({', '.join(keys)}) {compare} ({marks})")
    issues = Issue.objects.alive()
    if wanted.few:
        where.append(_AMONG_FEW)
    else:
        issues = wanted.apply(issues)
    if wanted.goes_by_stretches(sort, kind):
        issues = queries.within_stretches(
            issues, "changed_at" if wanted.moment == "updated" else "created_at"
        )
    if where:
        issues = issues.filter(_raw(" AND ".join(where), slots))
    version = _raw("0") if wanted.reads_ids_alone else F("version")
    rows = issues.order_by(*order).values_list("id", version, *columns)[:limit]
    sql, parameters = rows.query.sql_with_params()
    return sql, parameters


# How a place stands in an address.


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return str((value - _EPOCH) // timedelta(microseconds=1))
    if isinstance(value, UUID):
        return value.hex
    return "" if value is None else str(value)


def _moment(text: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(text))


def _big(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def _small(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**31:
        raise ValueError(text)
    return number


def _status(text: str) -> str | None:
    return text or None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READERS: dict[str, Sequence[Callable[[str], Any]]] = {
    "reference": (_big,),
    "title": (str, _big),
    "comments": (_small, _big),
    "created": (_moment, UUID),
    "updated": (_moment, _big),
    "status": (_status, _moment, UUID),
    "priority": (_small, _status, _moment, _big),
    "by": (_big, _moment, UUID),
    "owner": (str, _moment, UUID),
}

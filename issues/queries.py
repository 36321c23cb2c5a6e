"""One filter language for list, board, API and exports: parse, apply, write back as a query string."""

import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from math import inf
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.utils import timezone

from . import hits
from .bits import Bits, Rows, line_of
from .fragments import Kept
from .hits import Clause, Head, Hits, OfDay, Reading, Rest, Stretch
from .models import (
    CLOSED,
    Issue,
    IssueAttachment,
    IssueSession,
    Priority,
    Status,
    counts,
    search_index,
    search_text,
)
from .models.account import AGENT_EMAIL
from .models.event import MARK
from .models.ids import as_array
from .models.issue import IssueQuerySet
from .models.kept_json import KEPT
from .models.limits import UNASSIGNED
from .models.spans import NAMES as TIMES
from .models.spans import Time
from .models.spans import parse as parse_times
from .search import ME, NONE, QUOTES, Mistake, Property, Query, Reference, Term, Words
from .search import When as Period
from .search import parse as parse_query

RECENT_DAYS = 14  # closed columns of the board show this much
DEEP = 2_000  # offsets beyond this skip whole days by their counts
COUNT_SECONDS = 3  # how long a count may take for which issues with the words must be looked at
USUAL_LIMITS = (10, 20, 25, 50, 100, 200, 250, 500, 1_000)  # of a page of the API
PRIORITIES = (Priority.HIGH, Priority.MEDIUM, Priority.LOW)  # as `priority_rank` counts them; none comes last
CAP = 1_000  # where pages stop counting
EXTRA = 30  # issues that are expected beyond a page where it is read from: issues do not come evenly
MET = 300  # newest issues with the words, of which those with them in the title are suggested first


class Parameters(Protocol):
    """What a filter reads from: Django's QueryDict is one."""

    def getlist(self, key: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """Which issues somebody wants to see. Empty fields do not filter; values of one field are alternatives."""

    q: str = ""  # the query language of search.py, as it was typed
    statuses: tuple[str, ...] = ()  # values of Status, or NONE
    priorities: tuple[str, ...] = ()  # values of Priority, or NONE
    tags: tuple[str, ...] = ()  # issues with any of them
    owners: tuple[str, ...] = ()
    mine: bool = False  # whoever asks, as one more owner: `owner=me`
    by: str = ""  # "people" or "atlas"
    untriaged: bool = False
    times: tuple[Time, ...] = ()  # when things happened and how long they took; all of them hold
    reopened: str = ""  # "1": closed once and taken up again; "0": never
    runs: tuple[str, ...] = ()  # ids of job runs
    me: str = ""  # the e-mail of who asks; kept only where the filter says `me`
    today: date | None = None  # kept only where the query counts days from it
    query: Query = field(init=False, compare=False, default=Query())
    mistakes: tuple[Mistake, ...] = field(init=False, compare=False, default=())  # with any, nothing matches

    BY = ("people", "atlas")

    def __post_init__(self) -> None:
        query, mistakes = parse_query(self.q) if self.q else (Query(), ())
        names_me = query.names_me or self.mine
        if names_me and not self.me:
            mistakes += (Mistake(0, len(self.q), "“me” is nobody here: nobody is signed in."),)
        for name, value in (
            ("query", query),
            ("mistakes", mistakes),
            ("me", self.me if names_me else ""),
            ("today", (self.today or timezone.now().date()) if query.is_relative else None),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def parse(cls, parameters: Parameters, *, me: str = "") -> "IssueFilter":
        """Read what `query_string` writes; `me` is the e-mail of who asks.

        A mistake in the query is kept in `mistakes`. Of the other parameters, what means nothing filters nothing
        (old bookmarks work).
        """

        def values(name: str, allowed: Iterable[str] | None = None) -> tuple[str, ...]:
            found = (value.replace("\0", "").strip() for value in parameters.getlist(name))
            return tuple(
                dict.fromkeys(value for value in found if value and (allowed is None or value in allowed))
            )

        by = values("by", cls.BY)
        reopened = values("reopened", ("0", "1"))
        spoken = ((name, value) for name in TIMES for value in values(name)[:5])
        return cls(
            q=" ".join(parameters.getlist("q")).strip(),
            statuses=values("status", (*Status.values, NONE)),
            priorities=values("priority", (*Priority.values, NONE)),
            tags=values("tag")[:50],
            owners=tuple(owner for owner in values("owner")[:50] if owner != ME),
            mine=bool(values("owner", (ME,))),
            by=by[0] if len(by) == 1 else "",
            untriaged=bool(values("untriaged", ("1",))),
            times=parse_times(spoken),
            reopened=reopened[0] if len(reopened) == 1 else "",
            runs=tuple(filter(_is_uuid, values("run")))[:50],
            me=me,
        )

    @classmethod
    def of_words(cls, words: Iterable[str]) -> "IssueFilter":
        """What has these words from their beginning, whatever they would mean in a query."""
        wanted = cls()
        object.__setattr__(wanted, "query", Query(tuple(map(Words, words))))
        return wanted

    def query_string(self) -> str:
        """The same filter as an address: `status=open&tag=power`; empty when it filters nothing."""
        pairs: list[tuple[str, str]] = [("q", self.q)] if self.q else []
        pairs += [("status", value) for value in self.statuses]
        pairs += [("priority", value) for value in self.priorities]
        pairs += [("tag", value) for value in self.tags]
        pairs += [("owner", value) for value in self.owners]
        pairs += [("owner", ME)] if self.mine else []
        pairs += [("by", self.by)] if self.by else []
        pairs += [("untriaged", "1")] if self.untriaged else []
        pairs += [(name, value) for name, value, _ in self.from_charts]
        return urlencode(pairs)

    @property
    def from_charts(self) -> list[tuple[str, str, str]]:
        """What links from the charts filter by, as (name, value, words); the filter bar carries it along."""
        found = [(span.name, span.value, span.label) for span in self.times]
        if self.reopened:
            found.append(
                ("reopened", self.reopened, "Reopened" if self.reopened == "1" else "Never reopened")
            )
        return found + [("run", run, f"Job run {run[:8]}") for run in self.runs]

    @property
    def holds_still(self) -> bool:
        """Whether the same issues match for as long as none is changed: not where words, accounts or the clock have a say."""
        return not (self.q or self.times)

    @property
    def is_by_state_only(self) -> bool:
        """Whether the counts know how many match: nothing but status and priority filters."""
        narrow = self.q or self.tags or self.owners or self.mine or self.by or self.untriaged
        return not (narrow or self.from_charts)

    def without_status(self) -> "IssueFilter":
        return replace(self, statuses=())

    def apply(
        self, issues: IssueQuerySet, *, found: Bits | None = None, one_by_one: bool = False
    ) -> IssueQuerySet:
        """Narrow `issues` to those that match; by words, to those of `found` (of what `find` gave, or it is asked).

        `one_by_one` looks at the words of each issue instead: for a few issues.
        """
        if self.mistakes:
            return issues.none()
        if self.tsquery and not one_by_one:
            found = found or find(self).all
        if found:
            issues = issues.filter(_among_hits(found))
            if found.is_exact:
                return issues
        if self.statuses:
            issues = issues.filter(_any_of("status", self.statuses))
        if self.priorities:
            issues = issues.filter(_any_of("priority", self.priorities))
        if self.tags:
            issues = issues.filter(tags__overlap=list(self.tags))
        if self.owners or self.mine:
            issues = issues.filter(owner__in=[*self.owners, *([self.me] if self.mine else [])])
        if self.by:
            by_agent = Q(created_by__email=AGENT_EMAIL)
            issues = issues.filter(by_agent if self.by == "atlas" else ~by_agent)
        if self.untriaged:
            issues = issues.untriaged()
        for span in self.times:
            issues = issues.filter(span.condition())
        if self.reopened:
            issues = issues.filter(reopened_at__isnull=self.reopened == "0")
        if self.runs:
            issues = issues.filter(job_run_id__in=self.runs)
        for term in self.query.terms:
            if not isinstance(term, Words):
                condition = self._condition(term)
                issues = issues.exclude(condition) if term.negated else issues.filter(condition)
        return issues.filter(_looked_at(self.tsquery)) if self.tsquery else issues

    @property
    def tsquery(self) -> str:
        """All words of the query for PostgreSQL; empty without any."""
        return " & ".join(self._lookups())

    @property
    def phrases(self) -> str:
        """Of these, what the terms of `search_index` cannot tell: words that stand side by side."""
        return " & ".join(found for found in self._lookups() if " " in found)

    def _lookups(self) -> Iterator[str]:
        for words in () if self.mistakes else self.query.words:
            if found := search_text.lookup(words.text, quoted=words.quoted):
                yield f"!({found})" if words.negated else f"({found})" if " " in found else found

    def clauses(self) -> tuple[list[Clause], Rest]:
        """What the terms of `search_index` say of the filter, and what that leaves to be looked at."""
        clauses = [
            _any(map(search_index.of_status, _with_null(self.statuses))),
            _any(map(search_index.of_priority, _with_null(self.priorities))),
            _any(map(search_index.of_tag, self.tags)),
            _any(map(search_index.of_owner, (*self.owners, *([self.me] if self.mine else [])))),
            _any([search_index.of_finder(is_agent=self.by == "atlas")] if self.by else []),
        ]
        is_all, is_alone = not (self.untriaged or self.times or self.reopened or self.runs), True
        for term in self.query.terms:
            match term:
                case Words(text, quoted, negated):
                    spans = [
                        search_index.span_of(word, by_its_beginning=by_its_beginning)
                        for word, by_its_beginning in search_text.parts(text, quoted=quoted)
                    ]
                    if len(spans) < 2 or not negated:
                        clauses += [Clause((span,), negated) for span in spans]
                    is_alone &= len(spans) < 2  # the terms do not know whether two words stand side by side
                case Property(name, values, negated) if (terms := self._terms_of(name, values)) is not None:
                    clauses.append(replace(_any(terms), negated=negated))
                case _:
                    is_all = False
        clauses = [clause for clause in clauses if clause.any_of]
        if all(words.negated for words in self.query.words if words.tokens):
            clauses.append(_any([search_index.EVERY]))
        return clauses, Rest.ANYTHING if not is_all else Rest.NOTHING if is_alone else Rest.WORDS

    def _terms_of(self, name: str, values: Sequence[str]) -> list[str] | None:
        """The terms of issues with any of these values; None where there are none for them."""
        match name:
            case "status":
                return [search_index.of_status(value) for value in _with_null(values)]
            case "priority":
                return [search_index.of_priority(value) for value in _with_null(values)]
            case "tag":
                return [search_index.of_tag(value) for value in values]
            case "owner":
                owners = (UNASSIGNED if value == NONE else value for value in self._who(values))
                return [search_index.of_owner(owner) for owner in owners]
            case "by" if set(values) <= set(self.BY):
                return [search_index.of_finder(is_agent=value == "atlas") for value in values]
        return None

    def _condition(self, term: Term) -> Q:
        match term:
            case Reference(number):
                return Q(id=number)
            case Period(name):
                since, until = term.moments(self.today or timezone.now().date())
                moment = {"created": "created_at", "updated": "changed_at", "closed": "closed_at"}[name]
                condition = Q(**{f"{moment}__gte": since}) if since else Q()
                return condition & Q(**{f"{moment}__lt": until}) if until else condition
            case Property(name, values):
                if name in ("status", "priority"):
                    return _any_of(name, values)
                condition = Q()
                for value in self._who(values) if name in ("owner", "by") else values:
                    condition |= _has(name, value)
                return condition
        raise AssertionError(term)

    def _who(self, values: Sequence[str]) -> list[str]:
        return [self.me if value == ME else value for value in values]

    def matches_state(self, status: str | None, priority: str | None) -> bool:
        return (not self.statuses or (status or NONE) in self.statuses) and (
            not self.priorities or (priority or NONE) in self.priorities
        )


def find(wanted: IssueFilter) -> Hits:
    """The issues that match, in one statement; for filters with words."""
    clauses, rest = wanted.clauses()
    reading = _read(wanted, clauses)
    return Hits(reading.blocks, reading.matching(clauses), reading.noted, rest, wanted.phrases)


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
        status.value: _any([search_index.of_status(status)])
        for status in Status
        if not wanted.statuses or status in wanted.statuses
    }
    if since is not None:
        for closed in columns.keys() & set(CLOSED):
            days = [search_index.of_closing(closed, day) for day in (since.date(), date.max)]
            columns[closed] = Clause(((days[0], days[1]),))
    ranks = [_any([search_index.of_priority(priority)]) for priority in (*PRIORITIES, None)]
    reading = _read(any_status, [*clauses, *columns.values(), *ranks])
    every = Hits(reading.blocks, reading.matching(clauses), reading.noted, rest, wanted.phrases)
    of: dict[str, Hits] = {}
    for status in Status.values:
        column = columns.get(status, Clause(()))  # what is not shown has nothing
        noted = [
            one
            for one in reading.noted
            if status in columns and one.status == status and _is_recent(one.closed_at, since)
        ]
        of[status] = every.within(reading.any_of(column), noted)
    return Columns(of, [reading.any_of(rank) for rank in ranks], since)


def _is_recent(closed_at: datetime | None, since: datetime | None) -> bool:
    return closed_at is None or since is None or closed_at >= since


def _read(wanted: IssueFilter, clauses: Iterable[Clause]) -> Reading:
    issues = wanted.apply(Issue.objects.alive(), one_by_one=True)
    issues = issues.filter(id=RawSQL("note.issue_id", []))
    sql, parameters = issues.order_by().values_list("id").query.sql_with_params()
    return hits.read((span for clause in clauses for span in clause.any_of), sql, parameters)


def _any(terms: Iterable[str]) -> Clause:
    return Clause(tuple((term, term) for term in terms))


def _looked_at(tsquery: str) -> Func:
    """Whether an issue has the words, by looking at them."""
    return Func(
        Value(tsquery),
        F("id"),
        template="(SELECT words @@ %(expressions)s)",
        arg_joiner="::tsquery FROM issues_searchtext WHERE issue_id = ",
        output_field=BooleanField(),
    )


def _among_hits(found: Bits) -> Any:
    """Whether an issue is one of these: by its id, or by its bit."""
    if found.by_id:
        return Func(
            F("id"),
            Value(found.as_array()),
            template="%(expressions)s::bigint[])",
            arg_joiner=" = ANY(",
            output_field=BooleanField(),
        )
    first, line = found.as_bytes()
    bit = Func(
        Value(line),
        F("id") - first,
        template="(get_bit(%(expressions)s) = 1)",
        output_field=BooleanField(),
    )
    # An issue that was filed since has a number beyond the last bit.
    return Case(When(id__gte=first, id__lt=first + 8 * len(line), then=bit), default=Value(False))


class TooManyToCount(Exception):
    """So many issues have these words that counting them exactly would take longer than anybody should wait."""


def count(wanted: IssueFilter, found: Hits | None = None) -> int:
    """How many living issues match, exactly; `found` is what `find` gave, if it was asked before.

    Where many issues have to be looked at for it, a count that takes over `COUNT_SECONDS` is given up: TooManyToCount.
    """
    if wanted.is_by_state_only:
        return sum(n for state, n in counts.by_state().items() if wanted.matches_state(*state))
    if not wanted.tsquery:
        return wanted.apply(Issue.objects.alive()).count()
    found = found or find(wanted)
    if found.is_exact:
        return found.n
    n, until = 0, time.monotonic() + COUNT_SECONDS
    if found.rest is Rest.WORDS:
        n = found.look(inf, until=until)
        if not found.is_exact:
            raise TooManyToCount
        return n
    for piece in found.in_pieces():
        n += wanted.apply(Issue.objects.alive(), found=piece).count()
        if time.monotonic() > until:
            raise TooManyToCount
    return n


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, or at least how many: pages do not count on for ever."""

    n: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self.n:,}{'+' if self.is_more else ''}"

    def __bool__(self) -> bool:
        return self.n > 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.n + other.n, self.is_more or other.is_more)


def count_up_to(wanted: IssueFilter, most: int = CAP, found: Hits | None = None) -> Tally:
    """How many living issues match: exactly where the counts know, otherwise as far as `most`."""
    if wanted.is_by_state_only:
        return Tally(count(wanted))
    if wanted.tsquery:
        return _tally(wanted, found or find(wanted), most)
    n = wanted.apply(Issue.objects.alive())[: most + 1].count()
    return Tally(min(n, most), n > most)


def _tally(wanted: IssueFilter, found: Hits, most: int = CAP) -> Tally:
    """How many of these match: they are counted, or looked at until it is enough."""
    if found.is_exact:
        n = found.n_up_to(most)
        return Tally(min(n, most), n > most)
    n = 0
    if found.rest is Rest.WORDS:
        n = found.look(most)
        return Tally(min(n, most), n > most)
    for piece in found.in_pieces():
        n += wanted.apply(Issue.objects.alive(), found=piece).count()
        if n > most:
            break
    return Tally(min(n, most), n > most)


def count_by_status(wanted: IssueFilter) -> dict[str | None, int]:
    """How many living issues match in each status; statuses of none are left out."""
    if wanted.is_by_state_only:
        found: dict[str | None, int] = {}
        for (status, priority), n in counts.by_state().items():
            if wanted.matches_state(status, priority):
                found[status] = found.get(status, 0) + n
        return found
    matching = wanted.apply(Issue.objects.alive()).values_list("status")
    return dict(matching.annotate(n=Count("id")))


def count_untriaged(*, up_to: int) -> int:
    """How many living issues wait for a person's decision; counts no further than `up_to`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM issues_issue WHERE deleted_at IS NULL AND triaged_at IS NULL LIMIT %s) waiting",
            [up_to],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


Row = tuple[int, int]  # (id, version): what a fragment is known by


def issue_page(wanted: IssueFilter, limit: int, offset: int) -> tuple[list[Row], int]:
    """The (id, version) of `limit` issues from `offset` on, newest first, and how many match in all."""
    read = page_read(wanted, limit, offset)
    if read is not None:
        with connection.cursor() as cursor:
            cursor.execute(*read)
            found = Found.of(cursor.fetchone())
        return found.rows, found.total
    if wanted.tsquery:
        return _page_by_words(wanted, limit, offset)
    before = None
    if offset > DEEP and wanted.is_by_state_only and NONE not in wanted.statuses + wanted.priorities:
        days = _days(wanted.statuses, wanted.priorities)
        total = days.total
        if offset < total:
            before, offset = days.place(offset)
    else:
        total = count(wanted)
    if offset >= total:
        return [], total
    write = _newest.__wrapped__ if wanted.q else _newest  # what people type is not worth keeping
    sql, parameters = write(wanted, deep=before is not None)
    with connection.cursor() as cursor:
        cursor.execute(
            # The inner scan passes over the offset in the index; only the page's own rows are read.
            f"SELECT i.id, i.version FROM ({sql} LIMIT %s OFFSET %s) page JOIN issues_issue i ON i.id = page.id "  # noqa: S608
            "ORDER BY i.created_at DESC, i.uuid DESC",
            [before if parameter is _BEFORE else parameter for parameter in parameters] + [limit, offset],
        )
        return cursor.fetchall(), total


def _page_by_words(wanted: IssueFilter, limit: int, offset: int) -> tuple[list[Row], int]:
    found = find(wanted)
    total = count(wanted, found)
    if offset >= total:
        return [], total
    return _newest_of(wanted, found, limit, offset), total


def newest(wanted: IssueFilter, n: int) -> list[int]:
    """The newest `n` that match, without counting."""
    if wanted.tsquery:
        return [id_ for id_, _ in _newest_of(wanted, find(wanted), n)]
    return list(wanted.apply(Issue.objects.alive()).newest_first().values_list("id", flat=True)[:n])


def _newest_of(wanted: IssueFilter, found: Hits, limit: int, offset: int = 0) -> list[Row]:
    """A page of what `find` gave, from as few of the newest blocks as it takes."""
    n, before = offset + limit + EXTRA, None
    page: list[tuple[int, int, datetime]] = []
    while True:
        newest = found.newest(n, before)
        rows = _page_of_newest(wanted, newest, limit - len(page), offset, before)
        if newest.until is None:
            return [(id_, version) for id_, version, _ in page + rows]
        if not offset:  # what was filed after it is found; the next ones come after that
            page += [row for row in rows if row[2] > newest.until]
            before = newest.until
        elif len(rows) == limit and rows[-1][2] > newest.until:
            page = rows
        if len(page) >= limit:
            return [(id_, version) for id_, version, _ in page]
        n *= 4


def _page_of_newest(
    wanted: IssueFilter, newest: Head, limit: int, offset: int, before: datetime | None
) -> list[tuple[int, int, datetime]]:
    """A page of these, as (id, version, when it was filed)."""
    issues = wanted.apply(Issue.objects.alive(), found=newest.bits).newest_first()
    if before is not None:
        issues = issues.filter(created_at__lte=before)
    if newest.bits.by_id:
        return list(issues.values_list("id", "version", "created_at")[offset : offset + limit])
    sql, parameters = within_stretches(issues).values_list("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.version, i.created_at FROM (
                SELECT page.id FROM {STRETCHES} CROSS JOIN LATERAL ({sql} LIMIT %s) page LIMIT %s OFFSET %s
            ) page JOIN issues_issue i ON i.id = page.id ORDER BY i.created_at DESC, i.uuid DESC
            """,  # noqa: S608 - the ORM's own statement with its placeholders
            [*stretches(newest.stretches), *parameters, offset + limit, limit, offset],
        )
        rows: list[tuple[int, int, datetime]] = cursor.fetchall()
    return rows


# Where hits were filed, as rows that a scan of an order by age is joined to: it goes from one to the next, and does not
# pass over what lies between. A lateral join takes them in their order, and the limit ends it early.
STRETCHES = "unnest(%s::timestamptz[], %s::timestamptz[]) AS stretch (oldest, newest)"


def stretches(newest_first: Sequence[Stretch], *, descending: bool = True) -> list[list[datetime]]:
    """The parameters of STRETCHES."""
    ordered = newest_first if descending else newest_first[::-1]
    return [[oldest for oldest, _ in ordered], [newest for _, newest in ordered]]


def within_stretches(issues: IssueQuerySet, moment: str = "created_at") -> IssueQuerySet:
    """Those that were filed, or what else that moment is, in the stretch at hand."""
    return issues.filter(
        **{f"{moment}__gte": RawSQL("stretch.oldest", []), f"{moment}__lte": RawSQL("stretch.newest", [])}
    )


Read = tuple[str, Sequence[Any]]  # a SELECT of one row at most, and its parameters


@dataclass(frozen=True, slots=True)
class Days:
    """On which days issues of some states were created, newest first, as it is while the record of events stands at `mark`."""

    mark: int | None
    days: Sequence[date]
    later: Sequence[int]  # how many were created after each day, and at the end how many in all

    @property
    def total(self) -> int:
        return self.later[-1]

    @property
    def weight(self) -> int:
        return 100 * len(self.later)  # bytes

    def place(self, offset: int) -> tuple[datetime, int]:
        """Where the newest-first list stands at `offset`: the midnight (UTC) before which, and how many to pass over there.

        With this a page at offset 900,000 costs what the first one costs.
        """
        place = min(bisect_right(self.later, offset), len(self.days)) - 1
        day = self.days[place]
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        return midnight, offset - self.later[place]


_created = Kept(capacity=settings.FRAGMENT_BYTES // 96)  # Days by statuses and priorities


def _days(statuses: tuple[str, ...], priorities: tuple[str, ...]) -> Days:
    kept: Days | None = _created.find((statuses, priorities))
    sql, parameters = counts.created_read(statuses, priorities)
    unless = kept.mark if kept is not None else 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT m.mark, found.* FROM (SELECT {MARK} AS mark OFFSET 0) m CROSS JOIN LATERAL (
                SELECT array_agg(day ORDER BY day DESC), array_agg(n ORDER BY day DESC) FROM ({sql}) created
                WHERE m.mark IS DISTINCT FROM %s
            ) found
            """,  # noqa: S608 - constants
            [*parameters, unless],
        )
        mark, days, ns = cursor.fetchone()
    if kept is not None and kept.mark == mark:
        return kept
    found = Days(mark, days or [], [0, *accumulate(ns or ())])
    if mark is not None:
        _created.put((statuses, priorities), found)
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list as it was read in one row; `mark` is where the record of events stood."""

    mark: int | None
    total: int
    rows: list[Row]
    texts: list[bytes]  # of each row, if it was asked for and is kept of all

    @classmethod
    def of(cls, row: tuple[Any, ...] | None) -> "Found":
        """Out of what `page_read` gave."""
        mark, total, ids, versions, lengths, text = row or (None, 0, None, None, None, None)
        rows = list(zip(ids or (), versions or (), strict=True))
        if text is None or None in lengths:
            return cls(mark, total or 0, rows, [])
        ends = accumulate(lengths)  # to split a text of 100 kB takes four times as long
        return cls(mark, total, rows, [text[a:b] for a, b in pairwise((0, *ends))])


def page_read(
    wanted: IssueFilter, limit: int, offset: int, *, unless: int = 0, texts: bool = False
) -> Read | None:
    """What `issue_page` asks for as one row, so that it can be read along with something else.

    Nothing but the mark is read while that is `unless`; with `texts`, the JSON that is kept of the issues, too. (To
    build in the same statement what is not kept would cost PostgreSQL a quarter more for every list that is.) None where it
    takes more: filters that the counts know nothing of, and pages deep in the list.
    """
    if offset > DEEP or not wanted.is_by_state_only:
        return None
    total, values = counts.total_read(_with_null(wanted.statuses), _with_null(wanted.priorities))
    sql, parameters = _newest(wanted, versions=offset == 0 and not texts)
    # The first page's rows are read as the index gives them; further ones are passed over in the index alone.
    usual = not offset and limit in USUAL_LIMITS
    # A number that stands in the statement lets PostgreSQL keep its plan; with a parameter it expects a tenth of all
    # rows and plans anew each time, which takes longer than the reading.
    page = f"{sql} LIMIT {limit}" if usual else f"{sql} LIMIT %s OFFSET %s"
    if offset or texts:
        columns, kept = (", k.text", KEPT) if texts else ("", "")
        page = (
            f"SELECT i.id, i.version {columns} FROM ({page}) page JOIN issues_issue i ON i.id = page.id {kept} "  # noqa: S608 - constants
            "ORDER BY i.created_at DESC, i.uuid DESC"
        )
    text = (
        "array_agg(octet_length(text)), convert_to(string_agg(text, ''), 'UTF8')" if texts else "NULL, NULL"
    )
    statement = f"""
        SELECT m.mark, page.* FROM (SELECT {MARK} AS mark OFFSET 0) m CROSS JOIN LATERAL (
            SELECT CASE WHEN m.mark IS DISTINCT FROM %s THEN ({total}) END, array_agg(id), array_agg(version), {text}
            FROM ({page}) page WHERE m.mark IS DISTINCT FROM %s
        ) page"""  # noqa: S608
    return statement, [unless, *values, *parameters, *(() if usual else (limit, offset)), unless]


def _with_null(values: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(None if value == NONE else value for value in values)


_BEFORE = datetime.max.replace(tzinfo=UTC)  # stands for the moment that a deep page begins before


@lru_cache(maxsize=256)
def _newest(
    wanted: IssueFilter, *, deep: bool = False, versions: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """The ids of what matches, newest first, as SQL and parameters; writing it takes longer than running it."""
    issues = wanted.apply(Issue.objects.alive())
    if deep:
        issues = issues.filter(created_at__lt=_BEFORE)
    columns = ("id", "version") if versions else ("id",)
    sql, parameters = issues.newest_first().values_list(*columns).query.sql_with_params()
    return sql, parameters


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a board column ended: what comes after it is the next page."""

    rank: int
    changed_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.rank}.{int(self.changed_at.timestamp() * 1_000_000)}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Read what `str()` wrote; None for anything else."""
        try:
            rank, micros, id_ = (int(part) for part in text.split("."))
            changed_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        except (ValueError, OverflowError):
            return None
        return cls(rank, changed_at, id_) if 0 <= rank <= 3 and 0 < id_ < 2**63 else None


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """A page of a board column: what to show, and where the next page begins (None at the end)."""

    rows: list[Row] = field(default_factory=list)
    next: Place | None = None


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
    if wanted.tsquery:
        shown = wanted if wanted.statuses else replace(wanted, statuses=(status,))
        return _column_by_words(wanted, status, limit, after, found or find_columns(shown, since))
    rows: list[tuple[int, int, int, datetime]] = []
    for rank in range(after.rank if after else 0, 4):
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
    return _column_page(rows, limit)


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


def _columns_by_words(found: Columns, limit: int, after: Place | None = None) -> dict[str, ColumnPage]:
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
        status: _column_page(sorted(of, key=lambda row: (row[2], -row[3].timestamp(), -row[0])), limit)
        for status, of in rows.items()
    }


def _column_by_words(
    wanted: IssueFilter, status: str, limit: int, after: Place | None, found: Columns
) -> ColumnPage:
    """A page of what was found in a column."""
    column = found.of[status]
    if column.rest is not Rest.ANYTHING:
        return _columns_by_words(replace(found, of={status: column}), limit, after)[status]
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
        return _column_page(list(rows.values_list(*columns)[: limit + 1]), limit)
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
    return _column_page(list(rows.values_list(*columns)), limit)


def board(
    wanted: IssueFilter, limit: int, since: datetime, *, found: Columns | None = None
) -> dict[str, ColumnPage]:
    """The first page of every column in one statement; the closed columns show what was closed `since`.

    The same rows as `board_column` gives for each; sixteen short index scans in one round trip. `found` is what
    `find_columns` gave, if it was asked before.
    """
    if wanted.mistakes:
        return {status.value: ColumnPage() for status in Status}
    if wanted.tsquery:
        found = found or find_columns(wanted, since)
        if all(column.rest is not Rest.ANYTHING for column in found.of.values()):
            return _columns_by_words(found, limit)
        return {status.value: _column_by_words(wanted, status.value, limit, None, found) for status in Status}
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
                CROSS JOIN (VALUES (0), (1), (2), (3)) AS ranks (rank)
                CROSS JOIN LATERAL ({scan}) AS issue (id, version, rank, changed_at)
            ) placed WHERE place <= %s ORDER BY status, place
            """,  # noqa: S608 - the ORM's own statement with its placeholders
            [*(value for column in columns for value in column), *parameters, limit + 1],
        )
        rows = cursor.fetchall()
    of: dict[str, list[tuple[int, int, int, datetime]]] = {status: [] for status, _ in columns}
    for status, *row in rows:
        of[status].append((row[0], row[1], row[2], row[3]))
    return {status: _column_page(column, limit) for status, column in of.items()}


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
    if wanted.tsquery:
        found = found or find_columns(wanted, since)
        return {status: _tally(every, column, CAP) for status, column in found.of.items()}
    for status in Status:
        column = every.apply(Issue.objects.alive().filter(status=status))
        if status in CLOSED and since is not None:
            column = column.filter(closed_at__gte=since).order_by("-closed_at")
        n = column[: CAP + 1].count() if status in statuses else 0
        tallies[status.value] = Tally(min(n, CAP), n > CAP)
    return tallies


def board_rows(wanted: IssueFilter, ids: Sequence[int], since: datetime | None) -> list[Row]:
    """Which of these issues stand on the board, as (id, version): the same as the columns show, closed `since`."""
    issues = _among(wanted, ids).filter(status__isnull=False)
    if since is not None:
        issues = issues.filter(Q(closed_at=None) | Q(closed_at__gte=since))
    return list(issues.order_by("changed_at", "id").values_list("id", "version"))


def matching(wanted: IssueFilter, ids: Sequence[int]) -> set[int]:
    """Which of these issues match."""
    return set(_among(wanted, ids).values_list("id", flat=True))


def _among(wanted: IssueFilter, ids: Sequence[int]) -> IssueQuerySet:
    """The matching ones of a few issues: each is looked at, however many others have the words."""
    return wanted.apply(Issue.objects.alive(), one_by_one=True).filter(id__in=ids)


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


def recent_since(now: datetime | None = None) -> datetime:
    """From when on the closed columns of the board show issues: a midnight (UTC), as the counts are by day."""
    moment = (now or timezone.now()) - timedelta(days=RECENT_DAYS)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def version_read(uuid: UUID, *, text: bool = False) -> Read:
    """What `version_of` asks for; with `text`, the JSON that is kept of it, too, or null."""
    if not text:
        return "SELECT id, version FROM issues_issue WHERE uuid = %s AND deleted_at IS NULL", [uuid]
    return (
        f"SELECT i.id, i.version, k.text FROM issues_issue i {KEPT} WHERE i.uuid = %s AND i.deleted_at IS NULL",  # noqa: S608 - constants
        [uuid],
    )


def version_of(uuid: UUID) -> Row | None:
    """The (id, version) of a living issue."""
    with connection.cursor() as cursor:
        cursor.execute(*version_read(uuid))
        row: Row | None = cursor.fetchone()
    return row


def tags_in_use(limit: int = 50) -> Sequence[str]:
    """The tags of the newest thousand issues, most used first: what a filter offers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tag FROM (
                SELECT tags FROM issues_issue WHERE deleted_at IS NULL ORDER BY created_at DESC, uuid DESC LIMIT 1000
            ) recent, unnest(tags) AS tag GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s
            """,
            [limit],
        )
        return [tag for (tag,) in cursor.fetchall()]


def owners_in_use(limit: int = 50) -> Sequence[str]:
    """The owners of the newest thousand issues, most used first: what a filter offers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT owner FROM (
                SELECT owner FROM issues_issue WHERE deleted_at IS NULL ORDER BY created_at DESC, uuid DESC LIMIT 1000
            ) recent GROUP BY owner ORDER BY count(*) DESC, owner LIMIT %s
            """,
            [limit],
        )
        return [owner for (owner,) in cursor.fetchall()]


def _column_page(found: list[tuple[int, int, int, datetime]], limit: int) -> ColumnPage:
    """A page from one row more than it shows: (id, version, rank, changed_at)."""
    page = found[:limit]
    more = len(found) > limit
    return ColumnPage(
        rows=[(id_, version) for id_, version, _, _ in page],
        next=Place(page[-1][2], page[-1][3], page[-1][0]) if more else None,
    )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _any_of(name: str, values: Sequence[str]) -> Q:
    known = [value for value in values if value != NONE]
    # `status = x` plans better than `status IN (x)` for one value.
    condition = Q(**{name: known[0]}) if len(known) == 1 else Q(**{f"{name}__in": known})
    return condition | Q(**{name: None}) if NONE in values else condition


def _has(name: str, value: str) -> Q:
    """Whether an issue has this one value of a property."""
    match name, value:
        case (("status" | "priority"), _):
            return _any_of(name, [value])
        case "tag", _:
            return Q(tags__overlap=[value])
        case "owner", _:
            return Q(owner=UNASSIGNED if value == NONE else value)
        case "by", "atlas":
            return Q(created_by__email=AGENT_EMAIL)
        case "by", "people":
            return ~Q(created_by__email=AGENT_EMAIL)
        case "by", _:
            return Q(created_by__email=value)
        case "run", _:
            return Q(job_run_id=value)
        case "session", _:
            return _linked(IssueSession, session__uuid=value)
        case "is", "untriaged":
            return Q(triaged_at=None)
        case "is", "closed":
            return Q(closed_at__isnull=False)
        case "is", "open":
            return Q(closed_at=None)
        case "no", ("status" | "priority"):
            return Q(**{value: None})
        case "no", "owner":
            return Q(owner=UNASSIGNED)
        case "no", "tag":
            return Q(tags=[])
        case "no", _:
            return ~_has("has", value)
        case "has", "attachment":
            return Q(file_count__gt=0)
        case "has", "comment":
            return Q(comment_count__gt=0)
        case "has", "plan":
            return Q(plan_count__gt=0)
        case "has", "session":
            return _linked(IssueSession)
        case "has", _:
            return _linked(IssueAttachment, attachment__extension__in=_KINDS[value])
    raise AssertionError(name)


_KINDS = {"csv": ["csv"], "pdf": ["pdf"], "image": ["png", "jpg", "jpeg", "gif", "webp"]}


def _linked(link: type[IssueAttachment | IssueSession], **conditions: Any) -> Q:
    return Q(Exists(link._default_manager.filter(issue=OuterRef("pk"), **conditions)))


# The orders of the list in which an issue knows its place: what they sort by, and what decides a tie.
ORDERS = {"created": ("created_at", "uuid"), "updated": ("changed_at", "id"), "reference": ("id", "uuid")}
COUNT_MAX = 1_000  # beyond this a place in a view says "1,000+"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where an issue stands among those that match: who is next to it, how many before it, how many in all.

    `before` and `total` stop counting at COUNT_MAX. `is_in` is false when the issue itself does not match (any more).
    """

    previous: int | None
    next: int | None
    before: int
    total: int
    is_in: bool


def neighbours(wanted: IssueFilter, issue_id: int, order: str) -> Neighbours:
    """The issues round one, in an order of the list (`-created`) or of a board column (`board`): short index scans."""
    if wanted.mistakes:
        return Neighbours(None, None, 0, 0, False)
    write = _neighbours.__wrapped__ if wanted.q else _neighbours
    sql, parameters = write(wanted, order)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, issue_id])
        previous, next_, before, is_in, total = cursor.fetchone()
    if total is None:
        total = min(count(wanted), COUNT_MAX)
    return Neighbours(previous, next_, min(before, COUNT_MAX), total, is_in)


@lru_cache(maxsize=256)
def _neighbours(wanted: IssueFilter, order: str) -> tuple[str, tuple[Any, ...]]:
    """One statement: `here` is the issue's own row, and the rest are limited scans from its place in both directions."""
    matching = wanted.apply(Issue.objects.alive())

    def here(column: str) -> RawSQL:
        return RawSQL(f"here.{column}", [])  # noqa: S611 - a column of ours

    if order == "board":
        same = matching.filter(priority_rank=here("priority_rank"))
        up = same.filter(changed_at__gte=here("changed_at")).exclude(
            changed_at=here("changed_at"), id__lte=here("id")
        )
        down = same.filter(changed_at__lte=here("changed_at")).exclude(
            changed_at=here("changed_at"), id__gte=here("id")
        )
        above = matching.filter(priority_rank__lt=here("priority_rank"))
        below = matching.filter(priority_rank__gt=here("priority_rank"))
        previous = [up.order_by("changed_at", "id"), above.order_by("-priority_rank", "changed_at", "id")]
        next_ = [down.order_by("-changed_at", "-id"), below.order_by("priority_rank", "-changed_at", "-id")]
        before = [up, above]
    else:
        first, second = ORDERS[order.removeprefix("-")]
        larger = matching.filter(**{f"{first}__gte": here(first)}).exclude(
            **{first: here(first), f"{second}__lte": here(second)}
        )
        smaller = matching.filter(**{f"{first}__lte": here(first)}).exclude(
            **{first: here(first), f"{second}__gte": here(second)}
        )
        up, down = larger.order_by(first, second), smaller.order_by(f"-{first}", f"-{second}")
        if not order.startswith("-"):
            up, down = down, up
        previous, next_, before = [up], [down], [up]
    parameters: list[Any] = []

    def scan(issues: IssueQuerySet, limit: int) -> str:
        sql, given = issues.values_list("id")[:limit].query.sql_with_params()
        parameters.extend(given)
        return f"({sql})"

    first_previous = f"coalesce({', '.join(scan(issues, 1) for issues in previous)})"
    first_next = f"coalesce({', '.join(scan(issues, 1) for issues in next_)})"
    counted = " + ".join(
        f"(SELECT count(*) FROM {scan(issues.order_by(), COUNT_MAX)} AS counted)"  # noqa: S608 - the ORM's own statement
        for issues in before
    )
    is_in = f"exists {scan(matching.filter(id=here('id')).order_by(), 1)}"
    total = "NULL"
    if not wanted.is_by_state_only:
        total = f"(SELECT count(*) FROM {scan(matching.order_by(), COUNT_MAX)} AS counted)"  # noqa: S608
    return (
        f"SELECT {first_previous}, {first_next}, {counted}, {is_in}, {total} FROM issues_issue here WHERE here.id = %s",  # noqa: S608
        tuple(parameters),
    )


def suggest(text: str, limit: int = 8) -> list[Issue]:
    """The issues that somebody may mean who types this: the one of that number, then those with the words in the
    title, then in anything else; the newest first, of the `MET` newest with the words. What is not text finds nothing;
    there are no mistakes here.
    """
    words = "".join(c for c in text if c.isprintable() and c not in QUOTES)[:200]
    found: dict[int, None] = {}
    reference = words.strip().lower().removeprefix("fnd-")
    if reference.isascii() and reference.isdigit() and 0 < int(reference[:18]) == int(reference):
        found |= dict.fromkeys(Issue.objects.alive().filter(pk=int(reference)).values_list("id", flat=True))
    parts = [part for part in words.split()[:10] if search_text.tokens(part)]
    if parts:
        met = newest(IssueFilter.of_words(parts), MET)
        in_title = _with_words(met, " & ".join(f"({_in_title(search_text.lookup(part))})" for part in parts))
        found |= dict.fromkeys(sorted(met, key=lambda id_: id_ not in in_title))
    issues = Issue.objects.alive().defer("description", "resolution_summary").in_bulk(list(found)[:limit])
    return [issues[id_] for id_ in list(found)[:limit] if id_ in issues]


def _in_title(lookup: str) -> str:
    return " <-> ".join(f"{part}{'' if part.endswith('*') else ':'}A" for part in lookup.split(" <-> "))


def _with_words(ids: Sequence[int], tsquery: str) -> set[int]:
    """Which of these issues have the words."""
    with connection.cursor() as cursor:
        cursor.execute(
            search_text.HAVING_WORDS,
            [as_array(ids), tsquery],
        )
        return {id_ for (id_,) in cursor.fetchall()}

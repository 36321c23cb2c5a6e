"""Reads the roll-ups: everything that the dashboard shows, for one question, in one snapshot.

Facts that wait to be folded are placed by their very moments. Sums are kept by day and week (UTC), see models/flow.py;
what lies between a border in UTC and the viewer's is moved to the right side, from the quarters kept around it. Weeks
that no chart tells apart are read as one, so that a year's page moves at 25 borders and not at 105.
Sums of one edition never change, so those of the latest questions stay in memory: they cost one short query more.
"""

from collections import Counter
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from issues.fragments import Kept
from issues.models import flow

from .question import Period, Question

AGES = ((0, 2), (3, 7), (8, 14), (15, 30))  # whole days, both included; what is older comes last
RECENT_FINDINGS = 1000  # job runs are looked for among this many of the newest issues
ROWS = 8  # of a chart by owner, tag or job run
LATEST = 13  # weeks that are told apart in any period: a figure has a line of twelve full ones

NOT_CLOSED = range(3)  # codes of models/flow.py
WAITS = tuple(one.value for one in flow.WAITS)  # measures whose details are minutes


@dataclass(frozen=True, slots=True)
class Row:
    """One owner, tag or job run, and its issues by status (codes of models/flow.py)."""

    name: str
    by_status: dict[int, int]
    since: datetime | None = None

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True)
class _Read:
    """Some numbers as they were read: of a measure in a place (weeks, points and ages from 1), of an owner or tag."""

    measure: str
    place: int
    by_agent: bool
    name: str
    details: list[int]
    ns: list[int]


@dataclass(slots=True)
class Flows:
    """What one question found. Weeks and points count from 0, the oldest."""

    weeks: list[datetime]  # when each began, and at last when the current one will end
    stretches: list[
        int
    ]  # the weeks that are told apart; what happened before the next one is counted as of it
    points: list[datetime]  # the same for the points of the period, after the beginning of the period before
    ages: list[datetime]  # borders between ages, oldest first
    state: Counter[tuple[bool, int]] = field(default_factory=Counter)  # (by agent, detail)
    open: Counter[tuple[int, bool, int]] = field(default_factory=Counter)  # (age, by agent, priority)
    created: Counter[tuple[int, bool]] = field(default_factory=Counter)  # (week of `stretches`, by agent)
    closed: Counter[tuple[int, bool, int]] = field(default_factory=Counter)  # (week, by agent, status)
    first: Counter[tuple[int, bool, int]] = field(default_factory=Counter)  # (week, by agent, reopened)
    resolve: list[Counter[int]] = field(default_factory=list)  # minutes; the period before, then each point
    triage: Counter[int] = field(default_factory=Counter)  # minutes; in the period
    owners: dict[str, Counter[tuple[bool, int]]] = field(default_factory=dict)  # name: (by agent, status)
    tags: dict[str, Counter[tuple[bool, int]]] = field(default_factory=dict)

    def plus(self, reads: list[_Read]) -> "Flows":
        """These and more; itself stays as it is."""
        if not reads:
            return self
        more = replace(
            self,
            **{name: getattr(self, name).copy() for name in ("state", "open", "created", "closed", "first", "triage")},
            resolve=[waits.copy() for waits in self.resolve],
            owners={name: numbers.copy() for name, numbers in self.owners.items()},
            tags={name: numbers.copy() for name, numbers in self.tags.items()},
        )  # fmt: skip
        more.add(reads)
        return more

    def add(self, reads: Iterable[_Read]) -> None:
        for read in reads:
            place, by_agent = read.place, read.by_agent
            if read.measure in WAITS:
                self._add_waits(read)
                continue
            if read.measure in ("owners", "tags"):
                self._add_named(read)
                continue
            for detail, n in zip(read.details, read.ns, strict=True):
                if read.measure == "state":
                    self.state[by_agent, detail] += n
                    if detail // 4 in NOT_CLOSED:  # the oldest age is what the others leave
                        self.open[0, by_agent, detail % 4] += n
                elif read.measure == "open":
                    if place:
                        self.open[place, by_agent, detail] += n
                        self.open[0, by_agent, detail] -= n
                elif 1 <= place <= len(self.stretches):
                    week = self.stretches[place - 1]
                    if read.measure == "created":
                        self.created[week, by_agent] += n
                    elif read.measure == "closed":
                        self.closed[week, by_agent, detail] += n
                    else:
                        self.first[week, by_agent, detail] += n

    def _add_named(self, read: _Read) -> None:
        named: dict[str, Counter[tuple[bool, int]]] = getattr(self, read.measure)
        numbers = named.get(read.name)
        for detail, n in zip(read.details, read.ns, strict=True):
            if detail // 4 in NOT_CLOSED:
                if numbers is None:
                    numbers = named[read.name] = Counter()
                numbers[read.by_agent, detail // 4] += n

    def _add_waits(self, read: _Read) -> None:
        if read.measure == "triage":
            waits = self.triage if read.place == 1 else None
        else:
            waits = self.resolve[read.place - 1] if 1 <= read.place <= len(self.resolve) else None
        if waits is not None:
            for minutes, n in zip(read.details, read.ns, strict=True):  # in half the time of Counter.update
                waits[minutes] = waits.get(minutes, 0) + n

    def rows(self, named: str, by: str) -> list[Row]:
        """The owners or tags of most of what is not closed, most first."""
        rows = [
            Row(
                name,
                {
                    code: sum(n for (agent, status), n in numbers.items() if status == code and (not by or agent == (by == "atlas")))
                    for code in NOT_CLOSED
                },
            )
            for name, numbers in getattr(self, named).items()
        ]  # fmt: skip
        return sorted((row for row in rows if row.total > 0), key=lambda row: (-row.total, row.name))[:ROWS]


def read(question: Question, now: datetime) -> Flows:
    """Everything that is summed, exact to the last commit."""
    period = question.period
    reach = max(2 * period.weeks, 9)  # the period before, and eight full weeks
    flows = Flows(
        weeks=[question.monday(now, n) for n in range(reach - 1, -2, -1)],
        stretches=_stretches(period, reach),
        points=[question.monday(now, n - 1) for n in (2 * period.weeks, *range(period.weeks, -1, -period.point))],
        ages=_age_borders(question, now),
    )  # fmt: skip
    flows.resolve = [Counter() for _ in flows.points[1:]]
    stretches = [*(flows.weeks[n] for n in flows.stretches), flows.weeks[-1]]
    borders = {
        "open": flows.ages,
        "created": stretches,
        "closed": stretches,
        "first": stretches,
        "resolve": flows.points,
        "triage": [flows.points[1], flows.points[-1]],
    }
    key = (question, flows.weeks[0], flows.ages[0])
    while True:
        edition, waiting = _waiting(question, borders)
        sums: _Sums | None = _kept.find(key)
        if sums is None or sums.edition != edition:
            sums = _Sums(*_sums(question, borders, flows))
            if sums.edition != edition:
                continue  # somebody folded between the two statements
            if edition:
                _kept.put(key, sums)
        return sums.flows.plus(waiting)


def _stretches(period: Period, reach: int) -> list[int]:
    """The weeks, of `reach` in all, at which something begins that is shown: the period before, a bar, a point, a latest week."""
    start = reach - period.weeks
    begins = {0, start - period.weeks, *range(max(0, reach - LATEST), reach)}
    return sorted(begins.union(range(start, reach, period.bar), range(start, reach, period.point)))


@dataclass(frozen=True, slots=True)
class _Sums:
    """What is folded, of one edition."""

    edition: str
    flows: Flows

    @property
    def weight(self) -> int:
        """In bytes, roughly."""
        flows = self.flows
        numbers: list[Sized] = [
            flows.state,
            flows.open,
            flows.created,
            flows.closed,
            flows.first,
            flows.triage,
        ]
        numbers += [*flows.resolve, *flows.owners.values(), *flows.tags.values()]
        return sum(100 + 100 * len(one) for one in numbers)


_kept = Kept(capacity=settings.FRAGMENT_BYTES // 8)  # the sums of the latest questions
Borders = dict[str, list[datetime]]


def _waiting(question: Question, borders: Borders) -> tuple[str, list[_Read]]:
    """The facts that are not folded yet, and the edition of the sums that the others are in."""
    return _run(
        f"""
        WITH fact AS MATERIALIZED (SELECT * FROM issues_flowfact),
        counted AS (
            SELECT m.measure, {_place("m", "moment", borders)} AS place, f.by_agent, '' AS name, m.detail, f.n
            FROM (SELECT * FROM fact f WHERE {_OF_OWNER} AND {_OF_TAG}) f, LATERAL {flow.MEASURES}
            WHERE {_OF_FINDER.format(is_wait=f"m.measure IN {WAITS}", who="f")}
            UNION ALL SELECT 'owners', 0, f.by_agent, f.owner, 4 * {flow.STATUS} + {flow.PRIORITY}, f.n
            FROM fact f WHERE {_OF_TAG}
            UNION ALL SELECT 'tags', 0, f.by_agent, tag, 4 * {flow.STATUS} + {flow.PRIORITY}, f.n
            FROM fact f, unnest(f.tags) AS tag WHERE {_OF_OWNER}
        )
        {_EDITION}
        UNION ALL SELECT measure, place, 0, by_agent, name, array_agg(detail), array_agg(n::int) FROM (
            SELECT measure, place, by_agent, name, detail, sum(n) AS n FROM counted GROUP BY 1, 2, 3, 4, 5
        ) summed WHERE n <> 0 GROUP BY measure, place, by_agent, name
        """,  # noqa: S608 - constants
        question,
        borders,
    )


def _sums(question: Question, borders: Borders, flows: Flows) -> tuple[str, Flows]:
    """The edition of what is folded, and these flows with it."""
    at_utc = {
        measure: [_midnight(question, moment) for moment in moments] for measure, moments in borders.items()
    }
    moves = [
        move
        for measure, moments in borders.items()
        for place, (moment, utc) in enumerate(zip(moments, at_utc[measure], strict=True))
        if (move := _move(measure, place, moment, utc)) is not None
    ]
    asked = ", ".join(
        f"({number}, '{measure}', {measure in WAITS}, %({measure})s::timestamptz[])"
        for number, measure in enumerate(borders)
    )
    moved = f"""
        UNION ALL SELECT {_spot("move.goal", "move.origin")}, s.details[since:until], s.ns[since:until]
        FROM unnest(%(measures)s::text[], %(slots)s::timestamptz[], %(least)s::int[], %(below)s::int[], %(origins)s::int[],
            %(goals)s::int[]) AS move (measure, slot, least, below, origin, goal)
        JOIN asked USING (measure)
        JOIN issues_flowsum s ON {_OF_ASKED} AND s.at_border AND s.slot = move.slot,
        LATERAL (SELECT {_before("move.least")} + 1 AS since, {_before("move.below")} AS until) AS part
    """  # noqa: S608 - constants
    edition, reads = _run(
        f"""
        WITH asked (number, measure, is_wait, borders) AS (VALUES {asked}),
        list AS MATERIALIZED (  -- or a spot would be made for each detail
            SELECT {_spot("width_bucket(s.slot, asked.borders)", "0")} AS spot, s.details, s.ns
            FROM asked JOIN issues_flowsum s ON {_OF_ASKED} AND NOT s.at_border AND s.slot >= asked.borders[1]
            {moved if moves else ""}
        ), summed AS (
            SELECT spot, detail, sum(n)::int AS n FROM (SELECT spot, unnest(details) AS detail, unnest(ns) AS n FROM list) one
            GROUP BY spot, detail
        )
        {_EDITION}
        UNION ALL SELECT asked.measure, width_bucket(s.slot, asked.borders), 0, false, sum(s.histogram)::text, '{{}}', '{{}}'
        FROM asked JOIN issues_flowwaits s ON {_OF_ASKED} AND s.slot >= asked.borders[1] GROUP BY 1, 2
        UNION ALL SELECT measure, (spot >> 7) & 63, (spot >> 1) & 63, spot & 1 = 1, '', details, ns FROM (
            SELECT spot, array_agg(detail) AS details, array_agg(n) AS ns FROM summed WHERE n <> 0 GROUP BY spot
        ) place JOIN asked ON asked.number = spot >> 13
        UNION ALL SELECT 'state', 0, 0, by_agent, '', details, ns FROM issues_flowsum
        WHERE owner = %(owner)s AND tag = %(tag)s AND measure = 'state'
        UNION ALL SELECT 'owners', 0, 0, by_agent, owner, details, ns FROM issues_flowsum
        WHERE tag = %(tag)s AND owner <> '' AND measure = 'state'
        UNION ALL SELECT 'tags', 0, 0, by_agent, tag, details, ns FROM issues_flowsum
        WHERE owner = %(owner)s AND tag <> '' AND measure = 'state'
        """,  # noqa: S608 - constants
        question,
        at_utc,
        dict(zip(("measures", "slots", "least", "below", "origins", "goals"), zip(*moves, strict=True), strict=False)),
    )  # fmt: skip
    return edition, flows.plus(reads)


def _spot(place: str, origin: str) -> str:
    """Measure, place, where it is taken from (0: nowhere) and who found it, in one number: grouping by one takes half the time."""
    by_agent = "(s.by_agent AND NOT asked.is_wait)::int"  # waits are counted together
    return f"(asked.number << 13) | ({place} << 7) | ({origin} << 1) | {by_agent}"


def _before(quarter: str) -> str:
    """How many entries of a list at a border come before a quarter: they are in that order."""
    return f"width_bucket(({quarter} - 1)::smallint, s.quarters)"


_OF_OWNER = "(%(owner)s = '' OR f.owner = %(owner)s)"
_OF_TAG = "(%(tag)s = '' OR f.tags @> ARRAY[%(tag)s::text])"
# Waits are of those alone whom the question is about.
_OF_FINDER = "({is_wait} IS NOT TRUE OR %(by)s = '' OR {who}.by_agent = (%(by)s = 'atlas'))"
_OF_ASKED = f"""s.owner = %(owner)s AND s.tag = %(tag)s AND s.measure = asked.measure
                AND {_OF_FINDER.format(is_wait="asked.is_wait", who="s")}"""
_EDITION = """
    SELECT 'edition' AS measure, 0 AS place, 0 AS origin, false AS by_agent, name::text, '{}'::int[] AS details, '{}'::int[] AS ns
    FROM issues_flowedition"""


def _run(
    sql: str, question: Question, borders: Borders, more: dict[str, Any] | None = None
) -> tuple[str, list[_Read]]:
    """One of the two statements: the edition that it saw, and the rest of its rows."""
    parameters: dict[str, Any] = {"owner": question.owner, "tag": question.tag, "by": question.by, **borders}
    parameters |= {name: list(values) for name, values in (more or {}).items()}
    edition, reads = "", list[_Read]()
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        for measure, place, origin, by_agent, name, details, ns in cursor.fetchall():
            if measure == "edition":
                edition = name
                continue
            if measure in WAITS and name:  # a histogram in one number
                waits = flow.unpacked(name)
                name, details, ns = "", list(waits), list(waits.values())
            reads.append(_Read(measure, place, by_agent, name, details, ns))
            if origin:
                reads.append(_Read(measure, origin, by_agent, name, details, [-n for n in ns]))
    return edition, reads


def _place(table: str, moment: str, borders: Borders) -> str:
    """The number of the place between borders that a moment of a measure lies in; 0 before the first."""
    cases = " ".join(
        f"WHEN '{measure}' THEN width_bucket({table}.{moment}, %({measure})s::timestamptz[])"
        for measure in borders
    )
    return f"CASE {table}.measure {cases} ELSE 0 END"


def _move(
    measure: str, place: int, moment: datetime, utc: datetime
) -> tuple[str, datetime, int, int, int, int] | None:
    """From which place to which go the quarters between a border in UTC and the viewer's: (…, least, below, from, to)."""
    quarters = round((moment - utc) / timedelta(minutes=flow.QUARTER))
    if quarters == 0:
        return None
    west = quarters > 0  # the viewer's border comes later: what is between still lies before it
    return measure, utc, min(0, quarters), max(0, quarters), place + west, place + (not west)


def job_runs(question: Question) -> list[Row]:
    """The job runs that found something last, newest first, with what became of their matching findings."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT run.id, run.since, f.status, count(f.id) FROM (
                SELECT job_run_id AS id, max(created_at) AS since FROM (
                    SELECT job_run_id, created_at FROM issues_issue WHERE deleted_at IS NULL
                    ORDER BY created_at DESC, uuid DESC LIMIT {RECENT_FINDINGS}
                ) newest WHERE job_run_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {ROWS}
            ) run LEFT JOIN LATERAL (
                SELECT i.id, {flow.STATUS.replace("f.", "i.")} AS status FROM issues_issue i
                JOIN issues_user u ON u.id = i.created_by_id
                WHERE i.job_run_id = run.id AND i.deleted_at IS NULL
                  AND (%(owner)s = '' OR i.owner = %(owner)s) AND (%(tag)s = '' OR i.tags @> ARRAY[%(tag)s::text])
                  AND (%(by)s = '' OR u.is_agent = (%(by)s = 'atlas'))
            ) f ON true GROUP BY 1, 2, 3 ORDER BY 2 DESC, 1
            """,  # noqa: S608 - constants
            {"owner": question.owner, "tag": question.tag, "by": question.by},
        )
        found: dict[UUID, Row] = {}
        for run, since, status, n in cursor.fetchall():
            row = found.setdefault(run, Row(str(run), {}, since))
            if n:
                row.by_status[status] = n
    return list(found.values())


def _age_borders(question: Question, now: datetime) -> list[datetime]:
    """When the issues of each age were created: the border below the oldest age first."""
    today = now.astimezone(question.zone).date()
    return [question.midnight(today - timedelta(days=last)) for _, last in reversed(AGES)]


def _midnight(question: Question, border: datetime) -> datetime:
    """The border in UTC that a viewer's border stands for: the midnight of the same date."""
    day = border.astimezone(question.zone).date()
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def percentile(histogram: Counter[int], share: float) -> int | None:
    """The smallest value that at least this share of all values does not exceed (nearest rank); None without any."""
    total = sum(histogram.values())
    if total <= 0:
        return None
    rank, seen = max(1, -(-total * round(share * 100) // 100)), 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= rank:
            return value
    return None

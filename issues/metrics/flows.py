"""Reads the roll-ups: everything that the dashboard shows, for one question, in one snapshot.

Sums over time are kept by slot, by week (UTC) or by day (UTC); see models/flow.py. Slots add up to the viewer's weeks.
For the other two, the few issues between a border in UTC and the viewer's are looked up and moved to the right side.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from issues.models import flow

from .question import Question

AGES = ((0, 2), (3, 7), (8, 14), (15, 30))  # whole days, both included; what is older comes last
RECENT_FINDINGS = 1000  # job runs are looked for among this many of the newest issues
ROWS = 8  # of a chart by owner, tag or job run


@dataclass(slots=True)
class Flows:
    """What one question found. Weeks and points count from 0, the oldest."""

    weeks: list[datetime]  # when each began, and at last when the current one will end
    points: list[datetime]  # the same for the points of the period
    ages: list[datetime]  # borders between ages, oldest first
    state: Counter[tuple[bool, int]] = field(default_factory=Counter)  # (by agent, detail)
    open: Counter[tuple[int, bool, int]] = field(default_factory=Counter)  # (age, by agent, priority)
    created: Counter[tuple[int, bool]] = field(default_factory=Counter)  # (week, by agent)
    closed: Counter[tuple[int, bool, int]] = field(default_factory=Counter)  # (week, by agent, status)
    first: Counter[tuple[int, bool, int]] = field(default_factory=Counter)  # (week, by agent, reopened)
    resolve: list[Counter[int]] = field(default_factory=list)  # minutes; the period before, then each point
    triage: list[Counter[int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One owner, tag or job run, and its issues by status (codes of models/flow.py)."""

    name: str
    by_status: dict[int, int]
    since: datetime | None = None

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


def read(question: Question, now: datetime) -> Flows:
    """Everything that is summed over time, in one statement."""
    period = question.period
    reach = max(2 * period.weeks, 9)  # the period before, and eight full weeks
    flows = Flows(
        weeks=[question.monday(now, n) for n in range(reach - 1, -2, -1)],
        points=[question.monday(now, n - 1) for n in range(period.weeks, -1, -period.point)],
        ages=_age_borders(question, now),
    )
    borders = [question.monday(now, 2 * period.weeks - 1), *flows.points]
    mondays = [_nearest(border, timedelta(weeks=1)) for border in borders]
    days = [_nearest(border, timedelta(days=1)) for border in flows.ages]
    parameters: dict[str, Any] = {
        "owner": question.owner,
        "tag": question.tag,
        "by": question.by,
        "since": min(flows.weeks[0], mondays[0]),
        "weeks": flows.weeks,
        "mondays": mondays,
        "days": days,
    }
    moved = [
        _moved("open", "created_at", "f.closed_at IS NULL", flow.PRIORITY, flows.ages, days, parameters),
        _moved("resolve", "closed_at", "f.status = 'resolved'", flow.took("f.closed_at"), borders, mondays, parameters),
        _moved("triage", "triaged_at", "f.by_agent", flow.took("f.triaged_at"), borders, mondays, parameters),
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH sums AS ({_source(question)}),
            placed AS (
                SELECT measure, CASE measure WHEN 'state' THEN 0
                    WHEN 'open' THEN width_bucket(slot, %(days)s::timestamptz[])
                    WHEN 'resolve' THEN width_bucket(slot, %(mondays)s::timestamptz[])
                    WHEN 'triage' THEN width_bucket(slot, %(mondays)s::timestamptz[])
                    ELSE width_bucket(slot, %(weeks)s::timestamptz[]) END AS place, by_agent, detail, n
                FROM sums {" ".join(f"UNION ALL {sql}" for sql in moved if sql)}
            ),
            added AS (
                SELECT measure, place, by_agent AND measure NOT IN ('resolve', 'triage') AS by_agent, detail, sum(n) AS n
                FROM placed
                WHERE measure NOT IN ('resolve', 'triage') OR %(by)s = '' OR by_agent = (%(by)s = 'atlas')
                GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
            )
            SELECT measure, place, by_agent, array_agg(detail), array_agg(n::bigint) FROM added GROUP BY 1, 2, 3
            """,  # noqa: S608 - constants
            parameters,
        )
        rows = cursor.fetchall()
    _sort_in(flows, rows, len(borders) - 1)
    return flows


def _sort_in(flows: Flows, rows: Sequence[tuple[str, int, bool, list[int], list[int]]], places: int) -> None:
    histograms: dict[str, list[Counter[int]]] = {
        name: [Counter() for _ in range(places)] for name in ("resolve", "triage")
    }
    last = len(flows.weeks) - 1
    for measure, place, by_agent, details, numbers in rows:
        if measure in histograms:
            if 1 <= place <= places:
                histograms[measure][place - 1] = Counter(dict(zip(details, numbers, strict=True)))
            continue
        for detail, n in zip(details, numbers, strict=True):
            if measure == "state":
                flows.state[by_agent, detail] += n
            elif measure == "open":
                flows.open[place, by_agent, detail] += n
            elif 1 <= place <= last:
                if measure == "created":
                    flows.created[place - 1, by_agent] += n
                elif measure == "closed":
                    flows.closed[place - 1, by_agent, detail] += n
                else:
                    flows.first[place - 1, by_agent, detail] += n
    flows.resolve, flows.triage = histograms["resolve"], histograms["triage"]


def owners(question: Question) -> list[Row]:
    """The owners of most of what is not closed, most first. The filter by owner does not apply here."""
    return _rows(question, "owner", "tag")


def tags(question: Question) -> list[Row]:
    """The tags of most of what is not closed, most first. The filter by tag does not apply here."""
    return _rows(question, "tag", "owner")


def _rows(question: Question, name: str, other: str) -> list[Row]:
    waiting = f"""
        SELECT s.owner, s.tag, f.by_agent, {flow.STATUS} AS status, f.n::bigint AS n FROM issues_flowfact f, LATERAL (
            SELECT '' AS owner, tag FROM unnest(f.tags) AS tag
            UNION ALL SELECT f.owner, '' UNION ALL SELECT f.owner, tag FROM unnest(f.tags) AS tag
        ) s WHERE f.closed_at IS NULL
    """  # noqa: S608 - constants
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {name}, sum(n) FILTER (WHERE status = 0), sum(n) FILTER (WHERE status = 1),
                sum(n) FILTER (WHERE status = 2)
            FROM (
                SELECT owner, tag, by_agent, detail / 4 AS status, n FROM issues_flowsum
                WHERE measure = 'state' AND detail < 12 UNION ALL {waiting}
            ) sums
            WHERE {name} <> '' AND {other} = %(other)s AND (%(by)s = '' OR by_agent = (%(by)s = 'atlas'))
            GROUP BY 1 HAVING sum(n) > 0 ORDER BY sum(n) DESC, 1 LIMIT {ROWS}
            """,  # noqa: S608 - constants
            {"other": getattr(question, other), "by": question.by},
        )
        return [
            Row(found, {code: int(n or 0) for code, n in enumerate(numbers)})
            for found, *numbers in cursor.fetchall()
        ]


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


def _source(question: Question) -> str:
    """The sums that match, as (measure, slot, by_agent, detail, n)."""
    facts = "SELECT * FROM issues_flowfact f"
    facts += " WHERE f.owner = %(owner)s" if question.owner else ""
    return f"""
        SELECT measure, slot, by_agent, detail, n FROM issues_flowsum
        WHERE owner = %(owner)s AND tag = %(tag)s AND (measure IN ('state', 'open') OR slot >= %(since)s)
        UNION ALL {flow.measured(facts)} AND (%(tag)s = '' OR f.tags @> ARRAY[%(tag)s::text])
    """  # noqa: S608 - constants


def _moved(
    measure: str,
    moment: str,
    counted: str,
    detail: str,
    borders: Sequence[datetime],
    utc_borders: Sequence[datetime],
    parameters: dict[str, Any],
) -> str:
    """The issues between each border of the viewer's and the one in UTC: one less in a place, one more in the other."""
    pairs = [(min(pair), max(pair)) for pair in zip(borders, utc_borders, strict=True) if pair[0] != pair[1]]
    if not pairs:
        return ""
    parameters |= {f"{measure}_ours": list(borders), f"{measure}_utc": list(utc_borders)}
    between = []
    for n, (least, below) in enumerate(pairs):
        parameters |= {f"{measure}_least{n}": least, f"{measure}_below{n}": below}
        between.append(f"(i.{moment} >= %({measure}_least{n})s AND i.{moment} < %({measure}_below{n})s)")
    # OFFSET 0 keeps the conditions apart: few issues are between the borders, many may have the owner or the tag.
    return f"""
        SELECT '{measure}', side.place, f.by_agent, {detail}, side.n
        FROM ({flow.ISSUES} AND ({" OR ".join(between)}) OFFSET 0) f,
        LATERAL (VALUES (width_bucket(f.{moment}, %({measure}_utc)s::timestamptz[]), -1),
                        (width_bucket(f.{moment}, %({measure}_ours)s::timestamptz[]), 1)) AS side (place, n)
        WHERE {counted} AND (%(owner)s = '' OR f.owner = %(owner)s)
          AND (%(tag)s = '' OR f.tags @> ARRAY[%(tag)s::text])
    """  # noqa: S608 - constants


def _age_borders(question: Question, now: datetime) -> list[datetime]:
    """When the issues of each age were created: the border below the oldest age first."""
    today = now.astimezone(question.zone).date()
    return [question.midnight(today - timedelta(days=last)) for _, last in reversed(AGES)]


def _nearest(moment: datetime, length: timedelta) -> datetime:
    """The beginning of a day or week in UTC that is nearest to a moment."""
    monday = datetime(1970, 1, 5, tzinfo=UTC)
    return monday + round((moment - monday) / length) * length


def percentile(histogram: Counter[int], share: float) -> int | None:
    """The smallest value that at least this share of all values does not exceed (nearest rank); None without any."""
    total = sum(histogram.values())
    rank, seen = -(-total * round(share * 100) // 100), 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= max(rank, 1) and total > 0:
            return value
    return None

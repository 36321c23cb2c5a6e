"""How issues flow: roll-ups of when they were created, triaged, closed and reopened, exact and never scanned for.

A verb appends one `FlowFact` for what an issue was (n = -1) and one for what it is (n = +1), whatever there is to
count about it; on the way of a new issue that is one narrow row. Now and then one of the writers folds the facts into
`FlowSum`, the roll-up by owner, tag and week, and gives the sums a new `FlowEdition`. A reader takes the edition and
the waiting facts in one statement, therefore in one snapshot; sums of one edition never change, so it may know them
already. Together they are exact to the last commit.

A roll-up of a week is one row that holds how many there are of each detail, so that a million issues take as many rows
as ten thousand. How long issues took, which has hundreds of details, is a row with one long number: each detail has its
eight digits in it. PostgreSQL adds such numbers, of a year's weeks, say, in a twentieth of the time that it takes to
unfold lists and add what is in them, and as fast for a million issues as for ten thousand.

Weeks begin on Monday at midnight UTC. A viewer elsewhere begins theirs up to 14 hours before or 12 after, always at a
quarter of an hour; what happened in the quarters around each border is kept in a row beside.
"""

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Q

from .fields import WholeNumberField
from .locks import Lock, is_taken_now

if TYPE_CHECKING:
    from .counts import Facts

FOLD_EVERY = 1024  # facts; a reader looks at about this many beside the roll-ups

EAST, WEST = 840, 720  # minutes: how far a viewer's midnight is before UTC's, and how far after
QUARTER = 15  # minutes; tests/models/test_flow.py looks through every time zone

STATUS_CODES: dict[str | None, int] = {None: 0, "open": 1, "in_progress": 2, "resolved": 3, "rejected": 4}
PRIORITY_CODES: dict[str | None, int] = {None: 0, "low": 1, "medium": 2, "high": 3}


class Measure(models.TextChoices):
    """What is summed, by which slot, told apart by which detail. Only issues that are not deleted count."""

    STATE = "state", "Issues as they are (slot: the epoch; detail: 4 × status + priority)"
    OPEN = "open", "Not closed, by the day they were created on (detail: priority)"
    CREATED = "created", "Created, by week (detail: 0)"
    CLOSED = "closed", "Closed and still closed, by week (detail: status)"
    FIRST = "first", "Closed for the first time, by week (detail: 1 if reopened since)"
    RESOLVE = "resolve", "Resolved, by week (detail: minutes it took, rounded down)"
    TRIAGE = "triage", "Atlas's, by the week of the triage (detail: minutes it took, rounded down)"


WAITS = (Measure.RESOLVE, Measure.TRIAGE)  # their details are durations


class FlowFact(models.Model):
    """`n` more (or less) of an issue like this; waits to be folded."""

    n = models.SmallIntegerField()
    owner = models.TextField()
    tags = ArrayField(models.TextField())
    by_agent = models.BooleanField()
    status = models.TextField(null=True)  # noqa: DJ001 - as in the issue
    priority = models.TextField(null=True)  # noqa: DJ001
    created_at = models.DateTimeField()
    triaged_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    first_closed_at = models.DateTimeField(null=True)
    reopened_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.n:+} {self.status}"


class FlowSum(models.Model):
    """How many issues of one owner ("" is all) and tag ("" is all) a measure has in a slot: `ns` of each of `details`.

    `slot` is when a day or week began, in UTC; `quarters` are 0. At a border it is that border, and what happened
    `quarters` of an hour after it (before: negative) is told apart. The lists are in the order of quarters, then details,
    so that a viewer's part of them is found and cut out without reading the rest.
    """

    pk = models.CompositePrimaryKey("owner", "tag", "measure", "at_border", "slot", "by_agent")
    owner = models.TextField()
    tag = models.TextField()
    measure = models.CharField(max_length=10, choices=Measure)
    at_border = models.BooleanField()
    slot = models.DateTimeField()
    by_agent = models.BooleanField()
    quarters = ArrayField(models.SmallIntegerField())
    details = ArrayField(models.IntegerField())
    ns = ArrayField(models.IntegerField())

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(measure__in=Measure.values), name="flow_measure_is_known"),
        )
        indexes = (
            models.Index(
                fields=("owner", "tag"), condition=Q(measure=Measure.STATE), name="flow_tags_of_owner"
            ),
            models.Index(
                fields=("tag", "owner"), condition=Q(measure=Measure.STATE), name="flow_owners_of_tag"
            ),
        )

    def __str__(self) -> str:
        return f"{self.measure} {self.slot} {self.owner} {self.tag} {sum(self.ns)}"


class FlowWaits(models.Model):
    """How long the issues of one owner and tag took (`resolve`, `triage`), by week: a histogram as one number.

    Its decimal digits, eight by eight from the right, say how many took each duration of `duration_at`.
    """

    pk = models.CompositePrimaryKey("owner", "tag", "measure", "slot", "by_agent")
    owner = models.TextField()
    tag = models.TextField()
    measure = models.CharField(max_length=10, choices=[(one.value, one.label) for one in WAITS])
    slot = models.DateTimeField()
    by_agent = models.BooleanField()
    histogram = WholeNumberField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(measure__in=WAITS), name="flow_wait_is_known"),)

    def __str__(self) -> str:
        return f"{self.measure} {self.slot} {self.owner} {self.tag}"


class FlowEdition(models.Model):
    """Names the sums as they are: one row, with a name that no other state of them ever has."""

    name = models.UUIDField()

    def __str__(self) -> str:
        return str(self.name)


# SQL. `f` is a source of facts: FlowFact, or issues as ISSUES gives them.

_FACT = (
    "owner, tags, by_agent, status, priority, created_at, triaged_at, closed_at, first_closed_at, reopened_at"
)
ISSUES = """
    SELECT 1 AS n, i.owner, i.tags, u.is_agent AS by_agent, i.status, i.priority, i.created_at, i.triaged_at,
        i.closed_at, i.first_closed_at, i.reopened_at
    FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id WHERE i.deleted_at IS NULL
"""


def step(minutes: int) -> int:
    """A duration in minutes rounded down to what people read: minutes, hours, tenths of days, days; 9,000 days at most.

    Rounding keeps the order, so a percentile of rounded durations is the rounded percentile.
    """
    minutes = min(minutes, LONGEST)
    return minutes - minutes % next((unit for limit, unit in _STEPS if minutes < limit), 1440)


LONGEST = 9_000 * 1440  # minutes: its digits are the last for which a number has room
# Up to how many minutes (not included), in steps of how many.
_STEPS = ((120, 1), (2880, 60), (14400, 144), (LONGEST + 1, 1440))


def took(until: str) -> str:
    """The minutes from a fact's creation until a moment of it, rounded down as `step` does."""
    # date_part() gives a double, which is exact here; extract() a numeric, which is slow.
    minutes = f"least({LONGEST}, greatest(0, floor(date_part('epoch', {until} - f.created_at) / 60)))::int"
    units = " ".join(f"WHEN {minutes} < {limit} THEN {unit}" for limit, unit in _STEPS[:-1])
    return f"{minutes} - mod({minutes}, CASE {units} ELSE 1440 END)"


DURATIONS = [
    minutes
    for (least, _), (below, unit) in itertools.pairwise(((0, 0), *_STEPS))
    for minutes in range(least, below, unit)
]  # every rounded duration, in minutes; the place of one is which digits of a histogram are its own
DIGITS = 8  # of each: a hundred million issues of one duration in what is read at once are too many


def _place(minutes: str) -> str:
    """The place of a rounded duration among DURATIONS, in SQL."""
    cases = [
        f"WHEN {minutes} < {below} THEN {DURATIONS.index(least) - least // unit} + {minutes} / {unit}"
        for (least, _), (below, unit) in itertools.pairwise(((0, 0), *_STEPS))
    ]
    return f"CASE {' '.join(cases)} END"


def unpacked(histogram: str) -> dict[int, int]:
    """How many took each duration (minutes) that some took, by the digits of such a number."""
    histogram = histogram.zfill(-(-len(histogram) // DIGITS) * DIGITS)
    ends = range(len(histogram), 0, -DIGITS)
    numbers = (int(histogram[end - DIGITS : end]) for end in ends)
    return {minutes: n for minutes, n in zip(DURATIONS, numbers, strict=False) if n}


def _code(field: str, codes: dict[str | None, int]) -> str:
    cases = " ".join(f"WHEN '{value}' THEN {code}" for value, code in codes.items() if value)
    return f"CASE f.{field} {cases} ELSE 0 END"


STATUS, PRIORITY = _code("status", STATUS_CODES), _code("priority", PRIORITY_CODES)
# (Rows of VALUES are prepared anew for each fact, which takes thrice as long as these.)
MEASURES = f"""(
    SELECT 'state' AS measure, NULL AS unit, timestamptz 'epoch' AS moment, 4 * {STATUS} + {PRIORITY} AS detail
    UNION ALL SELECT 'open', 'day', f.created_at, {PRIORITY} WHERE f.closed_at IS NULL
    UNION ALL SELECT 'created', 'week', f.created_at, 0
    UNION ALL SELECT 'closed', 'week', f.closed_at, {STATUS} WHERE f.closed_at IS NOT NULL
    UNION ALL SELECT 'first', 'week', f.first_closed_at, (f.reopened_at IS NOT NULL)::int WHERE f.first_closed_at IS NOT NULL
    UNION ALL SELECT 'resolve', 'week', f.closed_at, {took("f.closed_at")} WHERE f.status = 'resolved'
    UNION ALL SELECT 'triage', 'week', f.triaged_at, {took("f.triaged_at")} WHERE f.by_agent AND f.triaged_at IS NOT NULL
) AS m"""
_BEGAN = "date_trunc(m.unit, m.moment, 'UTC')"
_NEXT = f"date_trunc(m.unit, m.moment + interval '{EAST} minutes', 'UTC')"  # the border soon to come, or the last one
# A moment lies in one slot, and near one border, near two where slots are short, or near none.
_SLOTS = f"""(
    SELECT false AS at_border, coalesce({_BEGAN}, m.moment) AS slot
    UNION ALL SELECT true, {_NEXT} WHERE m.moment < {_NEXT} + interval '{WEST} minutes'
    UNION ALL SELECT true, {_BEGAN} WHERE m.unit = 'day' AND {_BEGAN} <> {_NEXT} AND m.moment < {_BEGAN} + interval '{WEST} minutes'
) AS slots"""
_QUARTER = f"CASE WHEN at_border THEN floor(date_part('epoch', m.moment - slots.slot) / {60 * QUARTER})::int ELSE 0 END"
_KEY = "owner, tag, measure, at_border, slot, by_agent"


def _counted(source: str) -> str:
    """Facts counted: (owner, tag, measure, at_border, slot, by_agent, quarter, detail, n)."""
    return f"""
        SELECT s.owner, s.tag, m.measure, at_border, slots.slot, f.by_agent, {_QUARTER} AS quarter, m.detail,
            sum(f.n) AS n
        FROM ({source}) f, LATERAL {MEASURES}, LATERAL {_SLOTS}, LATERAL (
            SELECT '' AS owner, '' AS tag UNION ALL SELECT f.owner, ''
            UNION ALL SELECT '', tag FROM unnest(f.tags) AS tag
            UNION ALL SELECT f.owner, tag FROM unnest(f.tags) AS tag
        ) s
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(f.n) <> 0
    """  # noqa: S608 - constants


_COUNTED_IN_SUMS = f"""
    SELECT {_KEY}, one.quarter, one.detail, one.n
    FROM issues_flowsum, unnest(quarters, details, ns) AS one (quarter, detail, n)
"""  # noqa: S608 - constants


def _packed(counted: str) -> str:
    """What was counted, as rows of FlowSum."""
    lists = ", ".join(
        f"coalesce(array_agg({one} ORDER BY quarter, detail) FILTER (WHERE n <> 0), '{{}}')"
        for one in ("quarter", "detail", "n")
    )
    return f"SELECT {_KEY}, {lists} FROM ({counted}) counted GROUP BY {_KEY}"  # noqa: S608 - constants


_IS_WAIT = f"NOT at_border AND measure IN ({', '.join(repr(one.value) for one in WAITS)})"
_WAITS_KEY = "owner, tag, measure, slot, by_agent"


def _histograms(counted: str) -> str:
    """The waits among what was counted, as rows of FlowWaits."""
    own_digits = f"(n || repeat('{'0' * DIGITS}', {_place('detail')}))::numeric"  # n, followed by noughts
    return f"SELECT {_WAITS_KEY}, sum({own_digits}) AS histogram FROM ({counted}) counted WHERE {_IS_WAIT} GROUP BY {_WAITS_KEY}"  # noqa: S608 - constants


def record(before: "Facts | None", after: "Facts | None") -> None:
    """Append what an issue was and what it is. Called by verbs, inside their transaction."""
    if before == after:
        return
    facts = [(n, facts) for n, facts in ((-1, before), (1, after)) if facts is not None]
    values = ", ".join([f"({PLACEHOLDERS})"] * len(facts))
    parameters: list[Any] = []
    for n, fact in facts:
        parameters += row(n, fact)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO issues_flowfact (n, {_FACT}) VALUES {values} RETURNING id", parameters)  # noqa: S608
        fold_sometimes([fact_id for (fact_id,) in cursor.fetchall()])


def record_many(changes: "Sequence[tuple[Facts | None, Facts | None]]") -> None:
    """The same for a batch of changes, in one statement."""
    facts = [
        _named(n, fact)
        for before, after in changes
        if before != after
        for n, fact in ((-1, before), (1, after))
        if fact is not None
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_MANY, [json.dumps(facts)])
        fold_sometimes([fact_id for (fact_id,) in cursor.fetchall()])


_INSERT_MANY = f"""
    INSERT INTO issues_flowfact (n, {_FACT})
    SELECT f.n, f.owner, f.tags, u.is_agent, f.status, f.priority, f.created_at, f.triaged_at, f.closed_at,
        f.first_closed_at, f.reopened_at
    FROM jsonb_to_recordset(%s::jsonb) AS f (n smallint, owner text, tags text[], created_by_id bigint, status text,
        priority text, created_at timestamptz, triaged_at timestamptz, closed_at timestamptz,
        first_closed_at timestamptz, reopened_at timestamptz)
    JOIN issues_user u ON u.id = f.created_by_id
    RETURNING id
"""  # noqa: S608 - constants


def _named(n: int, facts: "Facts") -> dict[str, Any]:
    moments = {name: getattr(facts, name) for name in _MOMENTS}
    return {
        "n": n,
        "owner": facts.owner,
        "tags": facts.tags,
        "created_by_id": facts.created_by_id,
        "status": facts.status,
        "priority": facts.priority,
        **{name: value and value.isoformat() for name, value in moments.items()},
    }


_MOMENTS = ("created_at", "triaged_at", "closed_at", "first_closed_at", "reopened_at")
COLUMNS = f"n, {_FACT}"
PLACEHOLDERS = (
    "%s, %s, %s::text[], (SELECT is_agent FROM issues_user WHERE id = %s), %s, %s, %s, %s, %s, %s, %s"
)


def row(n: int, facts: "Facts") -> list[Any]:
    """The values of a FlowFact, in the order of COLUMNS."""
    return [
        n,
        facts.owner,
        list(facts.tags),
        facts.created_by_id,
        facts.status,
        facts.priority,
        facts.created_at,
        facts.triaged_at,
        facts.closed_at,
        facts.first_closed_at,
        facts.reopened_at,
    ]


def fold_sometimes(fact_ids: list[int]) -> None:
    """Fold once this transaction is committed, if one of these facts is the one whose turn it is."""
    if any(fact_id % FOLD_EVERY == 0 for fact_id in fact_ids):
        transaction.on_commit(fold, robust=True)


def fold() -> None:
    """Add the waiting facts to the sums. Harmless at any time, and when another one is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        if is_taken_now(cursor, Lock.FLOW):
            cursor.execute(_FOLD)
            cursor.execute(_NEW_EDITION)


_INSERT = f"INSERT INTO issues_flowsum ({_KEY}, quarters, details, ns)"
_INSERT_WAITS = f"INSERT INTO issues_flowwaits ({_WAITS_KEY}, histogram)"
# Whoever folds is alone, so nothing comes between reading a sum and writing it.
_FOLD = f"""
    WITH gone AS (DELETE FROM issues_flowfact RETURNING *), counted AS ({_counted("SELECT * FROM gone")}), waits AS (
        {_INSERT_WAITS} {_histograms("SELECT * FROM counted")}
        ON CONFLICT ({_WAITS_KEY}) DO UPDATE SET histogram = issues_flowwaits.histogram + excluded.histogram
    ), fresh AS (SELECT * FROM counted WHERE NOT ({_IS_WAIT})), merged AS (
        SELECT {_KEY}, quarter, detail, sum(n) AS n FROM (
            SELECT * FROM fresh
            UNION ALL {_COUNTED_IN_SUMS} WHERE ({_KEY}) IN (SELECT {_KEY} FROM fresh)
        ) old_and_new GROUP BY {_KEY}, quarter, detail
    )
    {_INSERT} {_packed("SELECT * FROM merged")}
    ON CONFLICT ({_KEY}) DO UPDATE SET quarters = excluded.quarters, details = excluded.details, ns = excluded.ns
"""  # noqa: S608 - constants
# One statement, one snapshot: a change is in the issues counted and its facts are gone, or neither is so.
_SUM_ALL = f"""
    WITH gone AS (DELETE FROM issues_flowfact), counted AS ({_counted(ISSUES)}),
    waits AS ({_INSERT_WAITS} {_histograms("SELECT * FROM counted")})
    {_INSERT} {_packed(f"SELECT * FROM counted WHERE NOT ({_IS_WAIT})")}
"""  # noqa: S608 - constants
_NEW_EDITION = """
    INSERT INTO issues_flowedition (id, name) VALUES (1, gen_random_uuid())
    ON CONFLICT (id) DO UPDATE SET name = excluded.name
"""


def rebuild() -> None:
    """Sum everything anew, after a bulk load that went past the verbs. Readers and writers go on meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.FLOW.value])
        cursor.execute("DELETE FROM issues_flowsum")
        cursor.execute("DELETE FROM issues_flowwaits")
        cursor.execute(_SUM_ALL)
        cursor.execute(_NEW_EDITION)


def mistakes() -> int:
    """How many sums differ from a recount of all issues: none, unless something went past the verbs."""
    with connection.cursor() as cursor:
        cursor.execute(_MISTAKES)
        [wrong] = cursor.fetchone()
    return int(wrong)


_MISTAKES = f"""
    WITH summed AS ({_COUNTED_IN_SUMS}), waiting AS ({_counted("SELECT * FROM issues_flowfact")}), recounted AS ({_counted(ISSUES)})
    SELECT (
        SELECT count(*) FROM (
            SELECT {_KEY}, quarter, detail FROM (
                SELECT * FROM summed UNION ALL SELECT * FROM waiting
                UNION ALL SELECT {_KEY}, quarter, detail, -n FROM recounted
            ) both_ways WHERE NOT ({_IS_WAIT}) GROUP BY {_KEY}, quarter, detail HAVING sum(n) <> 0
        ) wrong
    ) + (
        SELECT count(*) FROM (
            SELECT {_WAITS_KEY} FROM (
                SELECT {_WAITS_KEY}, histogram FROM issues_flowwaits
                UNION ALL {_histograms("SELECT * FROM summed UNION ALL SELECT * FROM waiting")}
                UNION ALL SELECT {_WAITS_KEY}, -histogram FROM ({_histograms("SELECT * FROM recounted")}) recounted
            ) both_ways GROUP BY {_WAITS_KEY} HAVING sum(histogram) <> 0
        ) wrong
    )
"""  # noqa: S608 - constants

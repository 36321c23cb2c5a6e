"""How issues flow: roll-ups of when they were created, triaged, closed and reopened, exact and never scanned for.

A verb appends one `FlowFact` for what an issue was (n = -1) and one for what it is (n = +1), whatever there is to
count about it; on the way of a new issue that is one narrow row. Now and then one of the writers folds the facts into
`FlowSum`, the roll-up by owner, tag and week. A reader takes both in one statement, therefore in one snapshot:
exact to the last commit.

Every viewer's week begins on Monday at midnight where they are. There are 44 such instants around the world each
week (OFFSETS), so a roll-up by the *slots* between them adds up to the weeks of any time zone.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Q

if TYPE_CHECKING:
    from .counts import Facts

FOLD_EVERY = 1024  # facts; a reader looks at about this many beside the roll-ups
_FOLD_LOCK = 0x464E46  # any number that nothing else locks

# Minutes east of UTC that are in use anywhere since 2000; tests/models/test_flow.py looks through every time zone.
OFFSETS = (
    -720, -660, -600, -570, -540, -480, -420, -360, -300, -270, -240, -210, -180, -150, -120, -60, 0, 60, 120, 180,
    210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 510, 525, 540, 570, 585, 600, 630, 660, 690, 720, 765, 780, 825,
    840,
)  # fmt: skip

STATUS_CODES: dict[str | None, int] = {None: 0, "open": 1, "in_progress": 2, "resolved": 3, "rejected": 4}
PRIORITY_CODES: dict[str | None, int] = {None: 0, "low": 1, "medium": 2, "high": 3}


class Measure(models.TextChoices):
    """What is summed, over which slot, told apart by which detail. Only issues that are not deleted count."""

    STATE = "state", "Issues as they are (slot: the epoch; detail: 4 × status + priority)"
    OPEN = "open", "Not closed, by the day (UTC) they were created on (detail: priority)"
    CREATED = "created", "Created (detail: 0)"
    CLOSED = "closed", "Closed and still closed (detail: status)"
    FIRST = "first", "Closed for the first time (detail: 1 if reopened since)"
    RESOLVE = "resolve", "Resolved, by the week (UTC) of that (detail: minutes it took, rounded down)"
    TRIAGE = "triage", "Atlas's, by the week (UTC) of the triage (detail: minutes it took, rounded down)"


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
    """How many issues (`n`) of one owner ("" is all) and tag ("" is all) a measure has in a slot."""

    pk = models.CompositePrimaryKey("owner", "tag", "measure", "slot", "by_agent", "detail")
    owner = models.TextField()
    tag = models.TextField()
    measure = models.CharField(max_length=10, choices=Measure)
    slot = models.DateTimeField()
    by_agent = models.BooleanField()
    detail = models.IntegerField()
    n = models.BigIntegerField()

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
        return f"{self.measure} {self.slot} {self.owner} {self.tag} {self.n}"


# SQL. `f` is a source of facts: FlowFact, or issues as ISSUES gives them.

_FACT = (
    "owner, tags, by_agent, status, priority, created_at, triaged_at, closed_at, first_closed_at, reopened_at"
)
ISSUES = """
    SELECT 1 AS n, i.owner, i.tags, u.is_agent AS by_agent, i.status, i.priority, i.created_at, i.triaged_at,
        i.closed_at, i.first_closed_at, i.reopened_at
    FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id WHERE i.deleted_at IS NULL
"""
_BEGINNINGS = [
    OFFSETS[-1] - offset for offset in reversed(OFFSETS)
]  # of slots: minutes after the first Monday


def _slot(moment: str) -> str:
    """The beginning of the slot that a moment lies in: the last time that a Monday began anywhere."""
    first = f"date_trunc('week', {moment} + interval '{OFFSETS[-1]} minutes', 'UTC') - interval '{OFFSETS[-1]} minutes'"
    minutes = f"floor(extract(epoch FROM {moment} - ({first})) / 60)::int"
    beginnings = f"'{{{','.join(map(str, _BEGINNINGS))}}}'::int[]"
    return f"{first} + make_interval(mins => ({beginnings})[width_bucket({minutes}, {beginnings})])"


def step(minutes: int) -> int:
    """A duration in minutes rounded down to what people read: minutes, hours, tenths of days, days.

    Rounding keeps the order, so a percentile of rounded durations is the rounded percentile.
    """
    return minutes - minutes % next((unit for limit, unit in _STEPS if minutes < limit), 1440)


_STEPS = ((120, 1), (2880, 60), (14400, 144))


def took(until: str) -> str:
    """The minutes from a fact's creation until a moment of it, rounded down as `step` does."""
    minutes = f"greatest(0, floor(extract(epoch FROM {until} - f.created_at) / 60))::int"
    cases = " ".join(
        f"WHEN {minutes} < {limit} THEN {minutes} - mod({minutes}, {unit})" for limit, unit in _STEPS
    )
    return f"CASE {cases} ELSE {minutes} - mod({minutes}, 1440) END"


def _code(field: str, codes: dict[str | None, int]) -> str:
    cases = " ".join(f"WHEN '{value}' THEN {code}" for value, code in codes.items() if value)
    return f"CASE f.{field} {cases} ELSE 0 END"


STATUS, PRIORITY = _code("status", STATUS_CODES), _code("priority", PRIORITY_CODES)
_MEASURES = f"""(VALUES
    ('state', timestamptz 'epoch', 4 * {STATUS} + {PRIORITY}),
    ('open', CASE WHEN f.closed_at IS NULL THEN date_trunc('day', f.created_at, 'UTC') END, {PRIORITY}),
    ('created', {_slot("f.created_at")}, 0),
    ('closed', {_slot("f.closed_at")}, {STATUS}),
    ('first', {_slot("f.first_closed_at")}, (f.reopened_at IS NOT NULL)::int),
    ('resolve', CASE WHEN f.status = 'resolved' THEN date_trunc('week', f.closed_at, 'UTC') END, {took("f.closed_at")}),
    ('triage', CASE WHEN f.by_agent THEN date_trunc('week', f.triaged_at, 'UTC') END, {took("f.triaged_at")})
) AS m (measure, slot, detail)"""


def measured(source: str) -> str:
    """What facts measure: (measure, slot, by_agent, detail, n), a row for each fact and measure."""
    return f"SELECT m.measure, m.slot, f.by_agent, m.detail, f.n FROM ({source}) f, LATERAL {_MEASURES} WHERE m.slot IS NOT NULL"  # noqa: S608 - constants


def _summed(source: str) -> str:
    """Facts as rows of FlowSum."""
    return f"""
        SELECT s.owner, s.tag, m.measure, m.slot, f.by_agent, m.detail, sum(f.n) AS n
        FROM ({source}) f, LATERAL {_MEASURES}, LATERAL (
            SELECT '' AS owner, '' AS tag UNION ALL SELECT f.owner, ''
            UNION ALL SELECT '', tag FROM unnest(f.tags) AS tag
            UNION ALL SELECT f.owner, tag FROM unnest(f.tags) AS tag
        ) s
        WHERE m.slot IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(f.n) <> 0
    """  # noqa: S608 - constants


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
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_FOLD_LOCK])
        found = cursor.fetchone()
        if found and found[0]:
            cursor.execute(
                f"""
                WITH gone AS (DELETE FROM issues_flowfact RETURNING *)
                INSERT INTO issues_flowsum AS sums (owner, tag, measure, slot, by_agent, detail, n)
                {_summed("SELECT * FROM gone")}
                ON CONFLICT (owner, tag, measure, slot, by_agent, detail) DO UPDATE SET n = sums.n + excluded.n
                """  # noqa: S608 - constants
            )


def rebuild() -> None:
    """Sum everything anew, after a bulk load that went past the verbs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE issues_issue IN SHARE MODE")
        cursor.execute("TRUNCATE issues_flowfact, issues_flowsum")
        cursor.execute(
            f"INSERT INTO issues_flowsum (owner, tag, measure, slot, by_agent, detail, n) {_summed(ISSUES)}"
        )


def mistakes() -> int:
    """How many sums differ from a recount of all issues: none, unless something went past the verbs."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*) FROM (
                SELECT owner, tag, measure, slot, by_agent, detail FROM (
                    SELECT * FROM issues_flowsum
                    UNION ALL {_summed("SELECT * FROM issues_flowfact")}
                    UNION ALL SELECT owner, tag, measure, slot, by_agent, detail, -n FROM ({_summed(ISSUES)}) recounted
                ) both_ways GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0
            ) wrong
            """  # noqa: S608 - constants
        )
        [wrong] = cursor.fetchone()
    return int(wrong)

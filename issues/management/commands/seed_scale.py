"""A large, consistent database in minutes: what the benchmarks and a capacity test stand on."""

import json
import sys
import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from issues.api.representations import keep_issues
from issues.blocks.text import plain_text
from issues.models import Issue, SearchText, User, counts, flow, search_index, search_text
from issues.models.limits import UNASSIGNED

CHUNK = 20_000  # issues in one transaction
PEOPLE = 12
DAYS = 365

SUBJECTS = (
    "Battery string B", "Reaction wheel 3", "Star tracker 1", "Magnetometer", "ESC 2", "DC-link", "Gate driver",
    "Heater 1", "Propeller on unit 12", "MOSFET Q3", "X-band downlink", "Solar array drive", "GNSS receiver",
    "Pressure sensor P2", "Thermal strap", "Inverter phase U",
)  # fmt: skip
OBSERVATIONS = (
    "drops below its limit", "overshoots on a load step", "loses sync", "saturates", "runs hot", "reads noise",
    "drifts over the soak", "resets", "draws more current than the fleet", "misses samples", "trips early",
)  # fmt: skip
TAGS = ("anomaly", "failure", "root-cause", "action-item", "power", "adcs", "tvac", "emc", "propulsion", "thermal",
        "telemetry", "inverter", "fleet", "avionics")  # fmt: skip
REMARKS = (
    "Same shape as in run 1161, only lower. I would check the strap torque before blaming the cell.",
    "Reproduced twice on the bench with the flight harness. Not with the EGSE harness.",
    "The limit in the requirement is for the warm case. At this temperature we have no number.",
    "Looks like the sensor, not the thing it measures: both channels step in the same sample.",
    "Rerun tonight with the fixed time base, then we know.",
)

# What follows is one transaction a chunk. `random()` is seeded, so the same arguments give the same data.
# UUIDs are version 7 of the moment they stand for, as the verbs make them.
UUID7 = """(lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0') || '7' || substr({r}, 1, 3)
            || '8' || substr({r}, 4, 15))::uuid"""

ISSUES = f"""
INSERT INTO issues_issue (uuid, title, description, status, priority, tags, owner, resolution_summary, created_by_id,
    created_at, changed_at, job_run_id, version, triaged_at, closed_at, first_closed_at, comment_count, file_count, plan_count)
SELECT {UUID7.format(at="created_at", r="md5(r4::text || n)")},
    subject || ' ' || observation || ', run ' || n,
    replace(%(description)s, '@run@', n::text)::json,
    status, priority, tags, owner,
    CASE WHEN status = 'resolved' THEN 'Found and fixed in run ' || n || '.' END,
    CASE WHEN by_agent THEN %(agent)s ELSE person END,
    created_at, greatest(created_at, closed_at, last_comment_at),
    CASE WHEN by_agent THEN md5((n / 40)::text)::uuid END,
    1 + (status IS DISTINCT FROM 'open')::int + comments,
    CASE WHEN status IS NULL OR (status = 'open' AND by_agent AND r1 < 0.3) THEN NULL
         ELSE least(created_at + CASE WHEN by_agent THEN r4 * r4 * interval '3 days' ELSE interval '0' END,
             coalesce(closed_at, %(now)s)) END,
    closed_at, closed_at, comments, 0, 0
FROM (
    SELECT *, CASE WHEN comments > 0 THEN least(created_at + comments * interval '3 hours', %(now)s) END
            AS last_comment_at,
        CASE WHEN status IN ('resolved', 'rejected')
             THEN least(created_at + r2 * r2 * interval '40 days', %(now)s) END AS closed_at
    FROM (
        SELECT n, r1, r2, r3, r4, by_agent,
            %(start)s::timestamptz + (n - %(first)s) * (%(now)s::timestamptz - %(start)s::timestamptz) / %(total)s
                AS created_at,
            (%(subjects)s::text[])[1 + floor(r3 * cardinality(%(subjects)s::text[]))::int] AS subject,
            (%(observations)s::text[])[1 + floor(r4 * cardinality(%(observations)s::text[]))::int] AS observation,
            CASE WHEN r1 < 0.20 THEN 'open' WHEN r1 < 0.30 THEN 'in_progress' WHEN r1 < 0.75 THEN 'resolved'
                 WHEN r1 < 0.99 THEN 'rejected' END AS status,
            CASE WHEN r2 < 0.12 THEN 'high' WHEN r2 < 0.45 THEN 'medium' WHEN r2 < 0.96 THEN 'low' END AS priority,
            (%(tags)s::text[])[1 + floor(r4 * 13)::int : 1 + floor(r4 * 13)::int + floor(r2 * 3)::int] AS tags,
            CASE WHEN r3 < 0.35 THEN %(unassigned)s
                 ELSE (%(owners)s::text[])[1 + floor(r4 * cardinality(%(owners)s::text[]))::int] END AS owner,
            (%(people)s::bigint[])[1 + floor(r4 * cardinality(%(people)s::bigint[]))::int] AS person,
            floor(r3 * (2 * %(comments)s + 1))::int AS comments
        FROM (
            SELECT n, random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() < 0.85 AS by_agent
            FROM generate_series(%(from)s::bigint, %(to)s::bigint) AS n
        ) dice
    ) drawn
) issue ORDER BY n
"""  # noqa: S608 - constants
COMMENTS = f"""
INSERT INTO issues_comment (uuid, issue_id, content, created_by_id, created_at, updated_at, is_edited)
SELECT {UUID7.format(at="at", r="md5(id::text || '-' || k)")},
    id, (%(remarks)s::text[])[1 + (id + k) %% cardinality(%(remarks)s::text[])],
    (%(people)s::bigint[])[1 + (id + k) %% cardinality(%(people)s::bigint[])], at, at, false
FROM (
    SELECT id, k, least(created_at + k * interval '3 hours', %(now)s) AS at
    FROM issues_issue, generate_series(1, comment_count) AS k WHERE id > %(last)s
) comment ORDER BY id, k
"""  # noqa: S608 - constants
EVENTS = """
INSERT INTO issues_event (issue_id, actor_id, kind, data, created_at)
SELECT issue_id, actor_id, kind, data, at FROM (
    SELECT id AS issue_id, created_by_id AS actor_id, 'created' AS kind, '{}'::jsonb AS data, created_at AS at
    FROM issues_issue WHERE id > %(last)s
    UNION ALL
    SELECT id, (%(people)s::bigint[])[1 + id %% cardinality(%(people)s::bigint[])], 'changed',
        jsonb_build_object('status', jsonb_build_object('from', 'open', 'to', status)) ||
        CASE WHEN resolution_summary IS NULL THEN '{}' ELSE jsonb_build_object('resolution_summary',
            jsonb_build_object('from', NULL, 'to', resolution_summary)) END,
        coalesce(closed_at, created_at)
    FROM issues_issue WHERE id > %(last)s AND status IS DISTINCT FROM 'open'
    UNION ALL
    SELECT issue_id, created_by_id, 'commented', jsonb_build_object('comment', uuid), created_at
    FROM issues_comment WHERE issue_id > %(last)s
) event ORDER BY issue_id, at, kind DESC
"""

# The same words that the verbs would write: constant texts were taken apart beforehand, titles and tags hold plain words.
WORDS = """
INSERT INTO issues_searchtext (issue_id, words)
SELECT id, setweight(to_tsvector('simple', replace(title, '-', ' ')), 'A')
    || setweight(to_tsvector('simple', replace(array_to_string(tags, ' '), '-', ' ')), 'B')
    || replace(%(described)s, '@run@', trim(substr(title, position(', run ' in title) + 6)))::tsvector
    || setweight(to_tsvector('simple', rtrim(coalesce(resolution_summary, ''), '.')), 'C')
    || (%(said)s::text[])[1 + 6 * (id %% 5) + least(comment_count, 5)]::tsvector
FROM issues_issue WHERE id > %(last)s ORDER BY id
"""


class Command(BaseCommand):
    help = "Add N issues with M comments each on average, spread over a year, straight in SQL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--issues", type=int, default=100_000)
        parser.add_argument("--comments", type=int, default=5, help="on average, for each issue")
        parser.add_argument(
            "--seed", type=float, default=0.42, help="between -1 and 1; the same gives the same"
        )

    def handle(self, *_: Any, issues: int, comments: int, seed: float, **__: Any) -> None:
        if issues < 1 or comments < 0 or not -1 <= seed <= 1:
            raise CommandError("--issues from 1, --comments from 0, --seed from -1 to 1, please.")
        values = self._values(issues, comments)
        began = time.monotonic()
        self._without_index()
        for done in range(0, issues, CHUNK):
            values |= {"from": values["first"] + done, "to": values["first"] + min(done + CHUNK, issues) - 1}
            self._fill(values, seed)
            self._progress(min(done + CHUNK, issues), issues, began)
        self._with_index()
        counts.rebuild()
        flow.rebuild()
        search_index.rebuild(values["first"])
        keep_issues()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        self.stdout.write(f"{issues:,} issues in {time.monotonic() - began:.0f} s.")

    def _values(self, issues: int, comments: int) -> dict[str, Any]:
        people = [
            User.objects.filter(email=f"engineer{n}@example.com").first()
            or User.objects.create_person(f"engineer{n}@example.com", name=f"Engineer {n}")
            for n in range(1, PEOPLE + 1)
        ]
        newest = Issue.objects.order_by("-id").values_list("id", flat=True).first() or 0
        now = timezone.now()
        return {
            "total": issues,
            "comments": comments,
            "first": newest + 1,
            "now": now,
            "start": now - timedelta(days=DAYS),
            "agent": User.objects.agent().pk,
            "people": [person.pk for person in people],
            "owners": [person.email for person in people],
            "unassigned": UNASSIGNED,
            "subjects": list(SUBJECTS),
            "observations": list(OBSERVATIONS),
            "tags": list(TAGS),
            "remarks": list(REMARKS),
            "description": json.dumps(_DESCRIPTION, ensure_ascii=False),
            "described": search_text.vector(
                ("C", [plain_text(_DESCRIPTION).replace("@run@", "987654321")])
            ).replace("'987654321'", "'@run@'"),
            "said": [
                search_text.vector(("D", (REMARKS[(id_ + k) % 5] for k in range(n, 0, -1))))
                for id_ in range(5)
                for n in range(6)
            ],
        }

    def _fill(self, values: dict[str, Any], seed: float) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            self._without_checks(cursor)
            cursor.execute("SELECT coalesce(max(id), 0) FROM issues_issue")
            [values["last"]] = cursor.fetchone()
            # A seed of its own for each chunk, or all chunks would be alike; the same whatever was there before.
            done = values["from"] - values["first"]
            cursor.execute("SELECT setseed(%s)", [(seed + done * 0.618033988749895) % 1])
            for statement in (ISSUES, COMMENTS, EVENTS, WORDS):
                cursor.execute(statement, values)

    def _without_index(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("DROP INDEX search_words")

    def _with_index(self) -> None:
        """Making the index of all words at once takes a third of the time of filling it row by row."""
        [index] = SearchText._meta.indexes
        with transaction.atomic(), connection.cursor() as cursor, connection.schema_editor() as editor:
            cursor.execute(
                "SET CONSTRAINTS ALL IMMEDIATE"
            )  # an index is not made over checks that are still to come
            cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
            editor.add_index(SearchText, index)

    def _without_checks(self, cursor: Any) -> None:
        """Foreign keys hold by construction here; checking each of ten million rows would take longer than all else."""
        try:
            with transaction.atomic():
                cursor.execute("SET LOCAL session_replication_role = replica")
        except ProgrammingError:  # only a superuser may; others wait a little longer
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL synchronous_commit = off")

    def _progress(self, done: int, total: int, began: float) -> None:
        if sys.stdout.isatty() or done == total:
            width = 40 * done // total
            left = (time.monotonic() - began) / done * (total - done)
            bar = "█" * width + "░" * (40 - width)
            self.stdout.write(f"\r{bar} {done:,} of {total:,}, {left:.0f} s left ", ending="")
            self.stdout.write("\n" if done == total else "", ending="")
            self.stdout.flush()


_DESCRIPTION = [
    {
        "type": "paragraph",
        "text": "In run @run@ the channel crossed its limit and stayed there for **148 s**. The neighbouring "
        "channel saw the same load and did not move, so this is not a load step.",
    },
    {
        "type": "callout",
        "kind": "warning",
        "title": "Limit crossed",
        "text": "The requirement asks for at least 24.0 V.",
    },
    {"type": "heading", "level": 2, "text": "What the data shows"},
    {
        "type": "list",
        "items": [
            "The dip begins 1,420 s into the run, 8 s after heater group 2 switches on.",
            "Cell 5 reads 2.71 V at the minimum. All the other cells stay above 3.10 V.",
            "Load current is 3.9 A on both strings.",
        ],
    },
    {
        "type": "table",
        "header": ["Quantity", "String A", "String B", "Limit"],
        "rows": [
            ["Minimum voltage", "25.9 V", "22.3 V", "24.0 V"],
            ["Lowest cell", "3.22 V", "2.71 V", "3.00 V"],
        ],
    },
]

"""The JSON of issues, kept in the database: what a process reads that has not met an issue yet.

Building it takes PostgreSQL several times as long as reading it. Verbs do not write here, so they pay nothing: the worker
follows the record of events and keeps what their issues have become. A row is good for one version of its issue;
readers compare, and have PostgreSQL build what has no row yet, so nothing here can be out of date.
"""

import time

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q

from .locks import Lock, is_taken_now

AT_ONCE = 5_000  # events in one transaction
# What is kept of an issue `i` in the version it is of, as `k`.
KEPT = "LEFT JOIN issues_keptjson k ON k.issue_id = i.id AND k.version = i.version"


class KeptJson(models.Model):
    """What the API shows of an issue in this version."""

    issue = models.OneToOneField("issues.Issue", on_delete=models.CASCADE, primary_key=True, related_name="+")
    version = models.BigIntegerField()
    text = models.TextField()

    def __str__(self) -> str:
        return f"issue {self.issue_id} in version {self.version}"


class KeptUntil(models.Model):
    """How far in the record of events its issues are kept: at most one row."""

    id = models.SmallIntegerField(primary_key=True)
    xid = models.BigIntegerField()  # as of Event.xid
    event_id = models.BigIntegerField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="kept_until_is_one_row"),)

    def __str__(self) -> str:
        return f"event {self.event_id} of transaction {self.xid}"


def keep(json: str, *, seconds: float = float("inf")) -> int:
    """Keep the JSON of every issue that something happened to since the last time; how many rows that wrote.

    `json` is an SQL expression of it for an issue `i` by its user `u`. Harmless at any time, and when another one is at
    it. After `seconds` it begins with no further transaction; the next time goes on from there.
    """
    written, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and (n := _keep_some(json)) is not None:
        written += n
    return written


def _keep_some(json: str) -> int | None:
    """Follow some more events; how many rows that wrote, None at the end of the record."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if not is_taken_now(cursor, Lock.KEPT_JSON):
                return None
            # Only transactions older than any that still runs: none of their events can come in later.
            cursor.execute(
                """
                SELECT oldest, until.xid, until.event_id
                FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest) now
                -- A server that this was restored into began to number anew.
                LEFT JOIN issues_keptuntil until ON until.xid < now.oldest
                """
            )
            oldest, xid, event_id = cursor.fetchone()
            # One statement, so the JSON is of the version that it reads.
            cursor.execute(
                f"""
                WITH since AS (
                    SELECT xid, id, issue_id FROM issues_event WHERE (xid, id) > (%s, %s) AND xid < %s
                    ORDER BY xid, id LIMIT {AT_ONCE}
                ), written AS (
                    INSERT INTO issues_keptjson (issue_id, version, text)
                    SELECT i.id, i.version, ({json})::text
                    FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id
                    WHERE i.id IN (SELECT issue_id FROM since) AND i.deleted_at IS NULL
                    ON CONFLICT (issue_id) DO UPDATE SET version = EXCLUDED.version, text = EXCLUDED.text
                        WHERE issues_keptjson.version < EXCLUDED.version
                    RETURNING 1
                ), moved AS (
                    INSERT INTO issues_keptuntil (id, xid, event_id)
                    (SELECT 1, xid, id FROM since ORDER BY xid DESC, id DESC LIMIT 1)
                    ON CONFLICT (id) DO UPDATE SET xid = EXCLUDED.xid, event_id = EXCLUDED.event_id
                )
                SELECT (SELECT count(*) FROM written) FROM since LIMIT 1
                """,  # noqa: S608 - a number and an expression of representations.py, both constants
                [xid or 0, event_id or 0, oldest],
            )
            row = cursor.fetchone()
            return row and int(row[0])
    except IntegrityError:  # an issue was purged meanwhile; the next time comes by here again
        return None

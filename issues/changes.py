"""What was changed since: for open pages, which ask every second and mostly hear "nothing".

A place in time is a snapshot of PostgreSQL (`pg_current_snapshot()`), not a number: events get their ids before they
are committed, so "the events after id 12" would lose those that commit late. "The events whose transaction this
snapshot did not see" loses none and repeats none, whichever process answers.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import connection

from .models.account import name_from_email
from .models.event import MARK

MANY = 200  # issues that are named at most; a page that missed more asks for its whole view again
_SCAN = 5_000  # events looked at in one go
_REMEMBERED = 1_000  # transactions


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions somebody has seen: all before `xmin`, none from `xmax` on, and none of `running` between."""

    xmin: int
    xmax: int
    running: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """Read PostgreSQL's own form, `10:20:10,14`. ValueError for anything else."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(xid) for xid in running.split(",") if xid))

    def saw(self, xid: int) -> bool:
        return xid < self.xmin or (xid < self.xmax and xid not in self.running)


@dataclass(frozen=True, slots=True)
class Change:
    """An issue that somebody changed: where it stands now, and what happened to it since (kinds of events)."""

    id: int
    version: int
    kinds: list[str]
    actor: str  # who did the last of it
    is_deleted: bool

    @property
    def reference(self) -> str:
        return f"FND-{self.id}"


def mark() -> int | None:
    """Where the record of events stands. What was read after that holds while the mark is the same; None holds nothing."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MARK}")
        [found] = cursor.fetchone()
    return None if found is None else int(found)


def since(seen: str) -> tuple[str, list[Change] | None]:
    """The snapshot of now, and what was changed that the snapshot `seen` did not see, oldest first.

    None if that is more than MANY issues. One statement, so that nothing falls between the two.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_current_snapshot()::text, issue.id, issue.version, changed.kinds,
                   actor.name, actor.email, issue.deleted_at IS NOT NULL, changed.scanned
            FROM (SELECT) AS always
            LEFT JOIN (
                SELECT issue_id, array_agg(DISTINCT kind) AS kinds, max(id) AS last, sum(count(*)) OVER () AS scanned
                FROM (
                    SELECT id, issue_id, kind FROM issues_event
                    WHERE xid >= %(xmin)s AND NOT pg_visible_in_snapshot(xid::text::xid8, %(seen)s::pg_snapshot)
                    ORDER BY xid DESC, id DESC LIMIT %(scan)s
                ) AS events GROUP BY issue_id ORDER BY last DESC LIMIT %(many)s
            ) AS changed ON true
            LEFT JOIN issues_issue AS issue ON issue.id = changed.issue_id
            LEFT JOIN issues_event AS event ON event.id = changed.last
            LEFT JOIN issues_user AS actor ON actor.id = event.actor_id
            ORDER BY changed.last
            """,
            {"xmin": Snapshot.parse(seen).xmin, "seen": seen, "scan": _SCAN, "many": MANY + 1},
        )
        rows = cursor.fetchall()
    snapshot, scanned = rows[0][0], rows[0][-1]
    if len(rows) > MANY or scanned == _SCAN:
        return snapshot, None
    return snapshot, [
        Change(id_, version, kinds, name or name_from_email(email), is_deleted)
        for _, id_, version, kinds, name, email, is_deleted, _ in rows
        if id_ is not None
    ]


class Memory:
    """What this process knows of the latest transactions, so that "nothing new" costs no query.

    One look at the database serves everybody who asks within `max_age` seconds. It knows transactions, not what is in
    them: enough to tell those who have seen everything from those who have to ask the database.
    """

    def __init__(self, *, max_age: float = 0.5) -> None:
        self._max_age = max_age
        self._looked_at = 0.0  # by the monotonic clock
        self._snapshot = ""  # of the last look
        self._floor = 0  # transactions from here on are remembered
        self._recent: set[int] = set()
        self._lock = Lock()

    def snapshot(self) -> str:
        """A snapshot of now or a little earlier: whoever starts from it may hear of a change again, and misses none."""
        if not self._snapshot:
            self._look()
        return self._snapshot

    def has_seen_everything(self, seen: Snapshot) -> bool:
        """Whether nothing was changed that `seen` did not see, as far as is known; False if it is too old to tell."""
        if time.monotonic() - self._looked_at > self._max_age and self._lock.acquire(blocking=False):
            # Those who come while one looks are answered from what is known.
            try:
                self._look()
            finally:
                self._lock.release()
        recent = self._recent
        if seen.xmin < self._floor:
            return False
        return not recent or max(recent) < seen.xmin or all(seen.saw(xid) for xid in recent)

    def _look(self) -> None:
        last = Snapshot.parse(self._snapshot) if self._snapshot else None
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT pg_current_snapshot()::text, array(
                    SELECT xid FROM issues_event WHERE xid >= coalesce(%s, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
                    ORDER BY xid DESC LIMIT %s)
                """,
                [last.xmin if last else None, _SCAN],
            )
            row: Any = cursor.fetchone()
        snapshot, xids = row
        floor = self._floor if last else Snapshot.parse(snapshot).xmin
        self._recent, self._floor = _bounded(self._recent | set(xids), floor, cut=len(xids) == _SCAN)
        self._snapshot = snapshot
        self._looked_at = time.monotonic()


def _bounded(xids: Iterable[int], floor: int, *, cut: bool) -> tuple[set[int], int]:
    """The latest of these transactions, and from where on they are all there."""
    latest = sorted(xids)[-_REMEMBERED // 2 :] if cut else sorted(xids)
    if not cut and len(latest) > _REMEMBERED:
        latest = latest[-_REMEMBERED // 2 :]
        floor = latest[0]
    if cut:
        floor = latest[-1] + 1
    return set(latest), floor

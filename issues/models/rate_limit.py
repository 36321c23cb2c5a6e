"""How often a caller did something in the current window (a minute, unless said otherwise): one count for all workers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection, models

from .account import User, digest


class RateCount(models.Model):
    """
    A caller's count in its current window.

    The table is UNLOGGED: counting a request then costs no wait for the disk, and after a crash the counts begin anew,
    which is all a count of these minutes is worth.
    """

    caller = models.CharField(max_length=100, primary_key=True)  # "token 12", "address 203.0.113.7"
    window = models.BigIntegerField()  # when it began, in seconds since 1970
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.caller}: {self.n}"


MINUTE = 60  # seconds
FORGET = 86_400  # seconds; no window is as long

_COUNT = """
INSERT INTO issues_ratecount AS r (caller, "window", n)
SELECT {caller}, floor(extract(epoch FROM now()) / {seconds}) * {seconds}, 1 {source}
ON CONFLICT (caller) DO UPDATE SET "window" = excluded."window",
    n = CASE WHEN r."window" = excluded."window" THEN r.n + 1 ELSE 1 END
RETURNING n
"""
_FIND = """
SELECT t.id AS token_id, t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute' AS is_stale, t.scopes,
    u.id, u.email, u.name, u.role, u.is_agent
FROM issues_apitoken t JOIN issues_user u ON u.id = t.user_id
WHERE t.digest = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()) AND u.is_active
"""
# "Last used" is worth one write a minute, and no wait for another request that writes it just now.
_USED = """
UPDATE issues_apitoken SET last_used_at = now() WHERE id = (
    SELECT id FROM issues_apitoken WHERE id = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    FOR UPDATE SKIP LOCKED)
"""
Read = tuple[str, Sequence[Any]]  # a SELECT of one row at most, and its parameters


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom a token stands for, what it may, and which request of this minute this is (0 when not counted)."""

    user: User
    scopes: frozenset[str]
    n: int
    along: tuple[Any, ...] = ()  # the row that was read along; all None where there is none


def admit(secret: str, *, count: bool, along: Read | None = None) -> Admission | None:
    """Find a token by its secret and count the request against it, in one statement. None for a bad token.

    What the request is about can be read `along`: a round trip is a good part of what a short request costs.
    """
    sql, parameters = along or ("", ())
    row = connection.row(_statement(count, sql), [digest(secret), *parameters])  # type: ignore[attr-defined]  # ours
    if row is None:
        return None
    token_id, is_stale, scopes, *who = row[:_WHO]
    if is_stale:
        with connection.cursor() as cursor:
            cursor.execute(_USED, [token_id])
    n = row[_WHO] if count else 0
    return Admission(_user(*who), frozenset(scopes), n, row[_WHO + count :])


_WHO = 8  # columns of _FIND


@lru_cache(maxsize=64)
def _statement(count: bool, along: str) -> str:
    names, tables, sources = ["token.*"], [f"token AS ({_FIND})"], ["token"]
    if count:
        counted = _COUNT.format(caller="'token ' || token_id", seconds=MINUTE, source="FROM token")
        # As a value of the row it is worked out last: all requests of a token wait for each other from here to the end.
        names.append("(SELECT n FROM counted) AS n")
        tables.append(f"counted AS ({counted})")
    if along:
        names.append("along.*")
        sources.append(f"LEFT JOIN ({along}) AS along ON true")
    return f"WITH {', '.join(tables)} SELECT {', '.join(names)} FROM {' '.join(sources)}"  # noqa: S608


@lru_cache(maxsize=1024)
def _user(id: int, email: str, name: str, role: str, is_agent: bool) -> User:
    # Made once for each state of a user, not for each request. Nobody changes it.
    user = User(id=id, email=email, name=name, role=role, is_agent=is_agent)
    user._state.adding = False
    return user


def count_request(caller: str, *, seconds: int = MINUTE) -> int:
    """Count one request of this caller; which one of this window it is. Two at once are two."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(caller="%s", seconds=int(seconds), source=""), [caller[:100]])
        [n] = cursor.fetchone()
    return int(n)


def take_back(caller: str) -> None:
    """Uncount the one that `count_request` counted a moment ago."""
    RateCount.objects.filter(caller=caller[:100], n__gt=0).update(n=models.F("n") - 1)


def seconds_left(seconds: int = MINUTE) -> int:
    """Seconds until the window ends and the counts begin anew."""
    return seconds - int(time.time()) % seconds


def forget() -> int:
    """Delete the counts of windows long over; how many there were."""
    return RateCount.objects.filter(window__lt=time.time() - FORGET).delete()[0]

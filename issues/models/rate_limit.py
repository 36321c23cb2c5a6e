"""How many requests a caller made in this minute: one count for all workers."""

import time
from dataclasses import dataclass

from django.db import connection, models

from .account import User, digest


class RateCount(models.Model):
    """
    A caller's count in its current window.

    The table is UNLOGGED: counting a request then costs no wait for the disk, and after a crash the counts begin anew,
    which is all a count of this minute is worth.
    """

    caller = models.CharField(max_length=100, primary_key=True)  # "token 12", "address 203.0.113.7"
    window = models.BigIntegerField()  # minutes since 1970
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.caller}: {self.n}"


_COUNT = """
INSERT INTO issues_ratecount AS r (caller, "window", n)
SELECT {caller}, floor(extract(epoch FROM now()) / 60), 1 {source}
ON CONFLICT (caller) DO UPDATE SET "window" = excluded."window",
    n = CASE WHEN r."window" = excluded."window" THEN r.n + 1 ELSE 1 END
RETURNING n
"""
_FIND = """
SELECT t.id AS token_id, t.scopes, u.id, u.email, u.name, u.role, u.is_agent
FROM issues_apitoken t JOIN issues_user u ON u.id = t.user_id
WHERE t.digest = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()) AND u.is_active
"""
_ADMIT = f"""
WITH token AS ({_FIND}), counted AS ({_COUNT.format(caller="'token ' || token_id", source="FROM token")})
SELECT token.*, counted.n FROM token, counted
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom a token stands for, what it may, and which request of this minute this is (0 when not counted)."""

    user: User
    scopes: frozenset[str]
    n: int


def admit(secret: str, *, count: bool) -> Admission | None:
    """Find a token by its secret and count the request against it, in one statement. None for a bad token."""
    with connection.cursor() as cursor:
        cursor.execute(_ADMIT if count else _FIND, [digest(secret)])
        row = cursor.fetchone()
    if row is None:
        return None
    _, scopes, user_id, email, name, role, is_agent, *n = row
    user = User(id=user_id, email=email, name=name, role=role, is_agent=is_agent)
    user._state.adding = False
    return Admission(user, frozenset(scopes), n[0] if n else 0)


def count_request(caller: str) -> int:
    """Count one request of this caller; which one of this minute it is. Two at once are two."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(caller="%s", source=""), [caller[:100]])
        [n] = cursor.fetchone()
    return int(n)


def seconds_left() -> int:
    """Seconds until the window ends and the counts begin anew."""
    return 60 - int(time.time()) % 60

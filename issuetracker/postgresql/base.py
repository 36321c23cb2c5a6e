"""What DATABASES["default"]["ENGINE"] names."""

import select
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError, RawCursor


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks `SELECT 1` at the start of every request, to find out whether a kept connection still works.

    A server that went away has closed its end, which shows on the socket without asking. Only a socket that has
    something to say is asked in earnest.
    """

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and is_quiet(self.connection):
            self.health_check_done = True
        super().close_if_health_check_failed()

    def row(self, sql: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
        """The first row of a statement, or None, as `cursor()` would give it, in half the time.

        One cursor is kept with the connection; a new one for each short statement, within its wrappers, costs more than the
        statement. It asks for values as PostgreSQL has them: long bytes as hexadecimal digits are twice as long. (Moments
        come in UTC, whatever time zone is active.)
        """
        if self.queries_logged or self.execute_wrappers:  # somebody listens
            with self.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchone()  # type: ignore[no-any-return]
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            if self._kept is None or self._kept.connection is not self.connection:
                self._kept = RawCursor(self.connection)
            return self._kept.execute(_numbered(sql), parameters, binary=True).fetchone()  # type: ignore[no-any-return]

    _kept: Any = None  # the cursor of `row`


@lru_cache(maxsize=256)
def _numbered(sql: str) -> bytes:
    """`%s` as PostgreSQL has it, `$1` and so on: what psycopg works out anew each time for a statement of over 4 kB."""
    first, *others = sql.split("%s")
    return (first + "".join(f"${n}{part}" for n, part in enumerate(others, 1))).replace("%%", "%").encode()


def is_quiet(connection: "Connection[object]") -> bool:
    """Whether the server has neither closed this idle connection nor sent anything on it."""
    poll = select.poll()
    try:
        poll.register(connection.pgconn.socket, select.POLLIN)
    except OperationalError:  # closed on our side
        return False
    return not poll.poll(0)

"""What DATABASES["default"]["ENGINE"] names."""

import select

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks `SELECT 1` at the start of every request, to find out whether a kept connection still works.

    A server that went away has closed its end, which shows on the socket without asking. Only a socket that has
    something to say is asked in earnest.
    """

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and is_quiet(self.connection):
            self.health_check_done = True
        super().close_if_health_check_failed()


def is_quiet(connection: "Connection[object]") -> bool:
    """Whether the server has neither closed this idle connection nor sent anything on it."""
    poll = select.poll()
    try:
        poll.register(connection.pgconn.socket, select.POLLIN)
    except OperationalError:  # closed on our side
        return False
    return not poll.poll(0)

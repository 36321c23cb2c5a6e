"""Locks of PostgreSQL that stand for a piece of work instead of a row. Their numbers only have to differ."""

from enum import IntEnum

from django.db.backends.utils import CursorWrapper


class Lock(IntEnum):
    """Work that one transaction at a time does."""

    COUNTS = 0x464E44
    FLOW = 0x464E46
    KEPT_JSON = 0x464E4A
    SEARCH = 0x464E57


def is_taken_now(cursor: CursorWrapper, lock: Lock) -> bool:
    """Take it until this transaction ends; False, without waiting, if another one has it."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock.value])
    row = cursor.fetchone()
    return bool(row and row[0])

"""Ids. Those that the world sees are UUID version 7 (RFC 9562, section 5.7), so that newer sorts after older."""

import os
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime


def uuid7(at: datetime | None = None) -> uuid.UUID:
    """A new UUIDv7 for the moment `at` (now, if not given): 48 bits of milliseconds, 74 random bits."""
    moment = at or datetime.now(UTC)
    milliseconds = int(moment.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76  # version
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant
    return uuid.UUID(int=value)


def as_array(ids: Iterable[int]) -> str:
    """Ids of the database as PostgreSQL writes an array: psycopg takes ten times as long over a list."""
    return f"{{{','.join(map(str, ids))}}}"

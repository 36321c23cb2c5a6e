"""What is looked at in the issues themselves, because no term says it, and kept under the edition of their block.

Whether words stand side by side, and when the parts of a block were filed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from .bits import Rows, ids_of, rows_of, without
from .fragments import Kept
from .models.ids import as_array
from .models.search_index import BLOCK, EDITION
from .models.search_text import HAVING_WORDS

PART = 512  # issues of a block


@dataclass(frozen=True, slots=True)
class Looked:
    """Of which issues of a block it is known whether their words stand side by side, at which edition; and which have."""

    rows: Mapping[int, tuple[str, int, int]]

    @property
    def weight(self) -> int:
        return sum(
            200 + (seen.bit_length() + having.bit_length()) // 7 for _, seen, having in self.rows.values()
        )

    def seen(self, editions: Mapping[int, str]) -> Rows:
        """The issues of which it is known, while blocks are of these editions."""
        return {
            number: seen
            for number, (edition, seen, _) in self.rows.items()
            if editions.get(number) == edition
        }

    def missing(self, editions: Mapping[int, str]) -> Rows:
        """Those of them whose words do not stand side by side."""
        return {number: seen & ~self.rows[number][2] for number, seen in self.seen(editions).items()}


_looked = Kept(capacity=settings.FRAGMENT_BYTES // 48)  # by phrases
_LOOK = f"""
    SELECT array({HAVING_WORDS}),
        array(SELECT issue_id FROM issues_searchnote WHERE issue_id = ANY(%s::bigint[])),
        array(SELECT number FROM issues_searchblock WHERE number = ANY(%s) ORDER BY number),
        array(SELECT {EDITION} FROM issues_searchblock WHERE number = ANY(%s) ORDER BY number)
"""  # noqa: S608 - constants


def look_at(rows: Rows, phrases: str) -> Rows:
    """Those of these issues that have the words now. It is kept of those that are as their block says."""
    numbers = list(rows)
    asked = as_array(ids_of(rows))
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [asked, phrases, asked, numbers, numbers])
        ids, noted, found, editions = cursor.fetchone()
    having, as_told = rows_of(ids), without(rows, rows_of(noted))
    kept: Looked | None = _looked.find(phrases)
    known = dict(kept.rows) if kept else {}
    for number, edition in zip(found, editions, strict=True):
        was, seen, had = known.get(number, (edition, 0, 0))
        if was != edition:
            seen, had = 0, 0
        fresh = as_told.get(number, 0)
        known[number] = (edition, seen | fresh, had | (having.get(number, 0) & fresh))
    _looked.put(phrases, Looked(known))
    return having


def looked_at(phrases: str) -> Looked | None:
    """What was seen of issues when these were looked for before."""
    found: Looked | None = _looked.find(phrases)
    return found


# When issues were filed, more closely

_PARTS = f"""
    SELECT {EDITION}, array(
        SELECT json_build_array(n, oldest, newest) FROM (
            SELECT id %% {BLOCK} / %s AS n,
                (extract(epoch FROM min(created_at)) * 1000000)::bigint AS oldest,
                (extract(epoch FROM max(created_at)) * 1000000)::bigint AS newest
            FROM issues_issue WHERE id >= %s AND id < %s GROUP BY 1
        ) part
    ) FROM issues_searchblock WHERE number = %s
"""  # noqa: S608 - constants
# By the number of the block and its edition.
_parts = Kept(capacity=settings.FRAGMENT_BYTES // 96, weight=4_000)


def parts_of(number: int, edition: str) -> Mapping[int, tuple[int, int]]:
    """When the oldest and the newest issue was filed of each part of a block, in µs since 1970.

    An issue never changes when it was filed, and there are no others in an edition that was seen before.
    """
    found: Mapping[int, tuple[int, int]] | None = _parts.find((number, edition))
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(_PARTS, [PART, number * BLOCK, (number + 1) * BLOCK, number])
            row = cursor.fetchone()
        now, parts = row or ("", [])
        found = {n: (oldest, newest) for n, oldest, newest in parts}
        _parts.put((number, now), found)
    return found


def forget() -> None:
    """Forget what was seen, as a new process would."""
    _looked.clear()
    _parts.clear()

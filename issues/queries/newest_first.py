"""Pages newest first from any offset, with how many match in all: in one statement where the counts know that."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from django.conf import settings
from django.db import connection

from ..fragments import Kept
from ..models import Issue, counts
from ..models.event import MARK
from ..models.kept_json import KEPT
from ..search import NONE
from .conditions import with_null
from .counting import count
from .filter import IssueFilter, find
from .newest_by_words import newest_of, page_by_words
from .rows import Read, Row

DEEP = 2_000  # offsets beyond this skip whole days by their counts
USUAL_LIMITS = (10, 20, 25, 50, 100, 200, 250, 500, 1_000)  # of a page of the API


def issue_page(wanted: IssueFilter, limit: int, offset: int) -> tuple[list[Row], int]:
    """The (id, version) of `limit` issues from `offset` on, newest first, and how many match in all."""
    read = page_read(wanted, limit, offset)
    if read is not None:
        with connection.cursor() as cursor:
            cursor.execute(*read)
            found = Found.of(cursor.fetchone())
        return found.rows, found.total
    if wanted.by_terms:
        return page_by_words(wanted, limit, offset)
    before = None
    if offset > DEEP and wanted.is_by_state_only and NONE not in wanted.statuses + wanted.priorities:
        days = _days(wanted.statuses, wanted.priorities)
        total = days.total
        if offset < total:
            before, offset = days.place(offset)
    else:
        total = count(wanted)
    if offset >= total:
        return [], total
    write = _newest.__wrapped__ if wanted.q else _newest  # what people type is not worth keeping
    sql, parameters = write(wanted, deep=before is not None)
    with connection.cursor() as cursor:
        cursor.execute(
            # The inner scan passes over the offset in the index; only the page's own rows are read.
            f"SELECT i.id, i.version FROM ({sql} LIMIT %s OFFSET %s) page JOIN issues_issue i ON i.id = page.id "  # noqa: S608
            "ORDER BY i.created_at DESC, i.uuid DESC",
            [before if parameter is _BEFORE else parameter for parameter in parameters] + [limit, offset],
        )
        return cursor.fetchall(), total


def newest(wanted: IssueFilter, n: int) -> list[int]:
    """The newest `n` that match, without counting."""
    if wanted.by_terms:
        return [id_ for id_, _ in newest_of(wanted, find(wanted), n)]
    return list(wanted.apply(Issue.objects.alive()).newest_first().values_list("id", flat=True)[:n])


@dataclass(frozen=True, slots=True)
class Days:
    """On which days issues of some states were created, newest first, as it is while the record of events stands at `mark`."""

    mark: int | None
    days: Sequence[date]
    later: Sequence[int]  # how many were created after each day, and at the end how many in all

    @property
    def total(self) -> int:
        return self.later[-1]

    @property
    def weight(self) -> int:
        return 100 * len(self.later)  # bytes

    def place(self, offset: int) -> tuple[datetime, int]:
        """Where the newest-first list stands at `offset`: the midnight (UTC) before which, and how many to pass over there.

        With this a page at offset 900,000 costs what the first one costs.
        """
        place = min(bisect_right(self.later, offset), len(self.days)) - 1
        day = self.days[place]
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        return midnight, offset - self.later[place]


_created = Kept(capacity=settings.FRAGMENT_BYTES // 96)  # Days by statuses and priorities


def _days(statuses: tuple[str, ...], priorities: tuple[str, ...]) -> Days:
    kept: Days | None = _created.find((statuses, priorities))
    sql, parameters = counts.created_read(statuses, priorities)
    unless = kept.mark if kept is not None else 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT m.mark, found.* FROM (SELECT {MARK} AS mark OFFSET 0) m CROSS JOIN LATERAL (
                SELECT array_agg(day ORDER BY day DESC), array_agg(n ORDER BY day DESC) FROM ({sql}) created
                WHERE m.mark IS DISTINCT FROM %s
            ) found
            """,  # noqa: S608 - constants
            [*parameters, unless],
        )
        mark, days, ns = cursor.fetchone()
    if kept is not None and kept.mark == mark:
        return kept
    found = Days(mark, days or [], [0, *accumulate(ns or ())])
    if mark is not None:
        _created.put((statuses, priorities), found)
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list as it was read in one row; `mark` is where the record of events stood."""

    mark: int | None
    total: int
    rows: list[Row]
    texts: list[bytes]  # of each row, if it was asked for and is kept of all

    @classmethod
    def of(cls, row: tuple[Any, ...] | None) -> "Found":
        """Out of what `page_read` gave."""
        mark, total, ids, versions, lengths, text = row or (None, 0, None, None, None, None)
        rows = list(zip(ids or (), versions or (), strict=True))
        if text is None or None in lengths:
            return cls(mark, total or 0, rows, [])
        ends = accumulate(lengths)  # to split a text of 100 kB takes four times as long
        return cls(mark, total, rows, [text[a:b] for a, b in pairwise((0, *ends))])


def page_read(
    wanted: IssueFilter, limit: int, offset: int, *, unless: int = 0, texts: bool = False
) -> Read | None:
    """What `issue_page` asks for as one row, so that it can be read along with something else.

    Nothing but the mark is read while that is `unless`; with `texts`, the JSON that is kept of the issues, too. (To
    build in the same statement what is not kept would cost PostgreSQL a quarter more for every list that is.) None where it
    takes more: filters that the counts know nothing of, and pages deep in the list.
    """
    if offset > DEEP or not wanted.is_by_state_only:
        return None
    total, values = counts.total_read(with_null(wanted.statuses), with_null(wanted.priorities))
    sql, parameters = _newest(wanted, versions=offset == 0 and not texts)
    # The first page's rows are read as the index gives them; further ones are passed over in the index alone.
    usual = not offset and limit in USUAL_LIMITS
    # A number that stands in the statement lets PostgreSQL keep its plan; with a parameter it expects a tenth of all
    # rows and plans anew each time, which takes longer than the reading.
    page = f"{sql} LIMIT {limit}" if usual else f"{sql} LIMIT %s OFFSET %s"
    if offset or texts:
        columns, kept = (", k.text", KEPT) if texts else ("", "")
        page = (
            f"SELECT i.id, i.version {columns} FROM ({page}) page JOIN issues_issue i ON i.id = page.id {kept} "  # noqa: S608 - constants
            "ORDER BY i.created_at DESC, i.uuid DESC"
        )
    text = (
        "array_agg(octet_length(text)), convert_to(string_agg(text, ''), 'UTF8')" if texts else "NULL, NULL"
    )
    statement = f"""
        SELECT m.mark, page.* FROM (SELECT {MARK} AS mark OFFSET 0) m CROSS JOIN LATERAL (
            SELECT CASE WHEN m.mark IS DISTINCT FROM %s THEN ({total}) END, array_agg(id), array_agg(version), {text}
            FROM ({page}) page WHERE m.mark IS DISTINCT FROM %s
        ) page"""  # noqa: S608
    return statement, [unless, *values, *parameters, *(() if usual else (limit, offset)), unless]


_BEFORE = datetime.max.replace(tzinfo=UTC)  # stands for the moment that a deep page begins before


@lru_cache(maxsize=256)
def _newest(
    wanted: IssueFilter, *, deep: bool = False, versions: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """The ids of what matches, newest first, as SQL and parameters; writing it takes longer than running it."""
    issues = wanted.apply(Issue.objects.alive())
    if deep:
        issues = issues.filter(created_at__lt=_BEFORE)
    columns = ("id", "version") if versions else ("id",)
    sql, parameters = issues.newest_first().values_list(*columns).query.sql_with_params()
    return sql, parameters

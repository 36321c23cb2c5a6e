"""The newest issues that have some words, read from as few of the newest blocks as it takes."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models.expressions import RawSQL

from ..hits import Head, Hits, Stretch
from ..models import Issue
from ..models.issue import IssueQuerySet
from .counting import count
from .filter import IssueFilter, find
from .rows import Row

EXTRA = 30  # issues that are expected beyond a page where it is read from: issues do not come evenly


def page_by_words(wanted: IssueFilter, limit: int, offset: int) -> tuple[list[Row], int]:
    """What `issue_page` gives for a filter with words."""
    found = find(wanted)
    total = count(wanted, found)
    if offset >= total:
        return [], total
    return newest_of(wanted, found, limit, offset), total


def newest_of(wanted: IssueFilter, found: Hits, limit: int, offset: int = 0) -> list[Row]:
    """A page of what `find` gave, from as few of the newest blocks as it takes."""
    n, before = offset + limit + EXTRA, None
    page: list[tuple[int, int, datetime]] = []
    while True:
        newest = found.newest(n, before)
        rows = _page_of_newest(wanted, newest, limit - len(page), offset, before)
        if newest.until is None:
            return [(id_, version) for id_, version, _ in page + rows]
        if not offset:  # what was filed after it is found; the next ones come after that
            page += [row for row in rows if row[2] > newest.until]
            before = newest.until
        elif len(rows) == limit and rows[-1][2] > newest.until:
            page = rows
        if len(page) >= limit:
            return [(id_, version) for id_, version, _ in page]
        n *= 4


def _page_of_newest(
    wanted: IssueFilter, newest: Head, limit: int, offset: int, before: datetime | None
) -> list[tuple[int, int, datetime]]:
    """A page of these, as (id, version, when it was filed)."""
    issues = wanted.apply(Issue.objects.alive(), found=newest.bits).newest_first()
    if before is not None:
        issues = issues.filter(created_at__lte=before)
    if newest.bits.by_id:
        return list(issues.values_list("id", "version", "created_at")[offset : offset + limit])
    sql, parameters = within_stretches(issues).values_list("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.version, i.created_at FROM (
                SELECT page.id FROM {STRETCHES} CROSS JOIN LATERAL ({sql} LIMIT %s) page LIMIT %s OFFSET %s
            ) page JOIN issues_issue i ON i.id = page.id ORDER BY i.created_at DESC, i.uuid DESC
            """,  # noqa: S608 - the ORM's own statement with its placeholders
            [*stretches(newest.stretches), *parameters, offset + limit, limit, offset],
        )
        rows: list[tuple[int, int, datetime]] = cursor.fetchall()
    return rows


# Where hits were filed, as rows that a scan of an order by age is joined to: it goes from one to the next, and does not
# pass over what lies between. A lateral join takes them in their order, and the limit ends it early.
STRETCHES = "unnest(%s::timestamptz[], %s::timestamptz[]) AS stretch (oldest, newest)"


def stretches(newest_first: Sequence[Stretch], *, descending: bool = True) -> list[list[datetime]]:
    """The parameters of STRETCHES."""
    ordered = newest_first if descending else newest_first[::-1]
    return [[oldest for oldest, _ in ordered], [newest for _, newest in ordered]]


def within_stretches(issues: IssueQuerySet, moment: str = "created_at") -> IssueQuerySet:
    """Those that were filed, or what else that moment is, in the stretch at hand."""
    return issues.filter(
        **{f"{moment}__gte": RawSQL("stretch.oldest", []), f"{moment}__lte": RawSQL("stretch.newest", [])}
    )

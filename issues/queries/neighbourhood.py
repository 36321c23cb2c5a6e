"""Where an issue stands in a list or a column that somebody came from: who is next to it, and how many there are."""

from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from ..bits import has
from ..models import Issue
from ..models.issue import IssueQuerySet
from .counting import count
from .filter import IssueFilter
from .neighbourhood_by_terms import find_to_count, stand_in_column, stand_in_list

# The orders of the list in which an issue knows its place: what they sort by, and what decides a tie.
ORDERS = {"created": ("created_at", "uuid"), "updated": ("changed_at", "id"), "reference": ("id", "uuid")}
COUNT_MAX = 1_000  # beyond this a place in a view says "1,000+"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where an issue stands among those that match: who is next to it, how many before it, how many in all.

    `before` and `total` stop counting at COUNT_MAX. `is_in` is false when the issue itself does not match (any more).
    """

    previous: int | None
    next: int | None
    before: int
    total: int
    is_in: bool


def neighbours(wanted: IssueFilter, issue_id: int, order: str) -> Neighbours:
    """The issues round one, in an order of the list (`-created`) or of a board column (`board`): short index scans."""
    if wanted.mistakes:
        return Neighbours(None, None, 0, 0, False)
    # (Of one status most orders are an index, and read faster from it.)
    of_status = wanted.statuses and order.removeprefix("-") == "updated"
    if (wanted.by_terms or wanted.priorities or of_status) and (found := _by_terms(wanted, issue_id, order)):
        return found
    write = _neighbours.__wrapped__ if wanted.q else _neighbours
    sql, parameters = write(wanted, order)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, issue_id])
        previous, next_, before, is_in, total = cursor.fetchone()
    if total is None:
        total = min(count(wanted), COUNT_MAX)
    return Neighbours(previous, next_, min(before, COUNT_MAX), total, is_in)


def _by_terms(wanted: IssueFilter, issue_id: int, order: str) -> Neighbours | None:
    """The same out of what terms say, if they say all of it."""
    if order == "board":
        column = stand_in_column(wanted, issue_id, COUNT_MAX) if len(wanted.statuses) == 1 else None
        if column is None:
            return None
        there, total, is_in = column
        before = min(there.n_larger, COUNT_MAX)
        return Neighbours(there.larger, there.smaller, before, min(total, COUNT_MAX), is_in)
    found = find_to_count(wanted, COUNT_MAX)
    if found is None or not (found.is_exact or order in ("-created", "-updated")):
        return None
    is_in = has(found.with_noted(), issue_id)
    total = min(found.n_up_to(COUNT_MAX), COUNT_MAX)
    descending = order.startswith("-")
    stand = stand_in_list(found, issue_id, order.removeprefix("-"), COUNT_MAX if descending else inf)
    if stand is None:
        return None
    if descending:
        return Neighbours(stand.larger, stand.smaller, min(stand.n_larger, COUNT_MAX), total, is_in)
    before = min(found.n - stand.n_larger - is_in, COUNT_MAX)
    return Neighbours(stand.smaller, stand.larger, before, total, is_in)


@lru_cache(maxsize=256)
def _neighbours(wanted: IssueFilter, order: str) -> tuple[str, tuple[Any, ...]]:
    """One statement: `here` is the issue's own row, and the rest are limited scans from its place in both directions."""
    matching = wanted.apply(Issue.objects.alive())

    def here(column: str) -> RawSQL:
        return RawSQL(f"here.{column}", [])  # noqa: S611 - a column of ours

    if order == "board":
        same = matching.filter(priority_rank=here("priority_rank"))
        up = same.filter(changed_at__gte=here("changed_at")).exclude(
            changed_at=here("changed_at"), id__lte=here("id")
        )
        down = same.filter(changed_at__lte=here("changed_at")).exclude(
            changed_at=here("changed_at"), id__gte=here("id")
        )
        above = matching.filter(priority_rank__lt=here("priority_rank"))
        below = matching.filter(priority_rank__gt=here("priority_rank"))
        previous = [up.order_by("changed_at", "id"), above.order_by("-priority_rank", "changed_at", "id")]
        next_ = [down.order_by("-changed_at", "-id"), below.order_by("priority_rank", "-changed_at", "-id")]
        before = [up, above]
    else:
        first, second = ORDERS[order.removeprefix("-")]
        larger = matching.filter(**{f"{first}__gte": here(first)}).exclude(
            **{first: here(first), f"{second}__lte": here(second)}
        )
        smaller = matching.filter(**{f"{first}__lte": here(first)}).exclude(
            **{first: here(first), f"{second}__gte": here(second)}
        )
        up, down = larger.order_by(first, second), smaller.order_by(f"-{first}", f"-{second}")
        if not order.startswith("-"):
            up, down = down, up
        previous, next_, before = [up], [down], [up]
    parameters: list[Any] = []

    def scan(issues: IssueQuerySet, limit: int) -> str:
        sql, given = issues.values_list("id")[:limit].query.sql_with_params()
        parameters.extend(given)
        return f"({sql})"

    first_previous = f"coalesce({', '.join(scan(issues, 1) for issues in previous)})"
    first_next = f"coalesce({', '.join(scan(issues, 1) for issues in next_)})"
    counted = " + ".join(
        f"(SELECT count(*) FROM {scan(issues.order_by(), COUNT_MAX)} AS counted)"  # noqa: S608 - the ORM's own statement
        for issues in before
    )
    is_in = f"exists {scan(matching.filter(id=here('id')).order_by(), 1)}"
    total = "NULL"
    if not wanted.is_by_state_only:
        total = f"(SELECT count(*) FROM {scan(matching.order_by(), COUNT_MAX)} AS counted)"  # noqa: S608
    return (
        f"SELECT {first_previous}, {first_next}, {counted}, {is_in}, {total} FROM issues_issue here WHERE here.id = %s",  # noqa: S608
        tuple(parameters),
    )

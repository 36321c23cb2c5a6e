"""The board: four columns, cards by priority and last change, filters in the address."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from issues import queries
from issues.models import CLOSED, Priority, Status
from issues.queries import NONE, ColumnPage, IssueFilter, Place

from .cards import cards
from .htmx import PageRequest, wants_fragment

PAGE = 25  # cards of a column at a time


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the template draws it."""

    status: Status
    count: int
    cards: SafeString
    more: str  # the address of the next page; empty at the end
    older: str  # the address that shows what was closed earlier, too


@require_safe
def board(request: PageRequest) -> HttpResponse:
    """The whole board, its columns for a change of filter, or the next cards of one column."""
    wanted = IssueFilter.parse(request.GET)
    everything = request.GET.get("closed") == "all"
    if request.GET.get("column") in Status.values:
        return _next_cards(request, wanted, Status(request.GET["column"]), everything)
    columns = _columns(wanted, everything)
    total = sum(column.count for column in columns)
    context = {
        "here": "board",
        "columns": columns,
        "total": total,
        "filter": wanted,
        "query": wanted.query_string(),
        **_filters(wanted),
    }
    response = render(request, "board.html#columns" if wants_fragment(request) else "board.html", context)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _columns(wanted: IssueFilter, everything: bool) -> list[Column]:
    counted: dict[Any, int] = dict(queries.count_by_status(wanted.without_status()))
    if everything:
        pages = {status.value: queries.board_column(wanted, status, PAGE) for status in Status}
    else:
        since = queries.recent_since()
        pages = queries.board(wanted, PAGE, since)
        recent = queries.count_closed_since(wanted, since)
    columns = []
    for status in Status:
        hidden = bool(wanted.statuses) and status not in wanted.statuses
        page = ColumnPage() if hidden else pages[status]
        count = counted.get(status, 0)
        shown = count if everything or status not in CLOSED else recent.get(status, 0)
        columns.append(
            Column(
                status=status,
                count=0 if hidden else shown,
                cards=cards(page.rows),
                more=_address(wanted, status, page.next, everything),
                older="" if hidden or shown == count else _with(wanted, closed="all"),
            )
        )
    return columns


def _next_cards(request: PageRequest, wanted: IssueFilter, status: Status, everything: bool) -> HttpResponse:
    """More of one column: appended by script, or a page of its own by a plain link."""
    since = None if everything or status not in CLOSED else queries.recent_since()
    page = queries.board_column(wanted, status, PAGE, Place.parse(request.GET.get("after", "")), since=since)
    column = Column(status, 0, cards(page.rows), _address(wanted, status, page.next, everything), "")
    context = {"column": column, "back": _with(wanted)}
    response = render(request, "column.html#cards" if wants_fragment(request) else "column.html", context)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _address(wanted: IssueFilter, status: Status, after: Place | None, everything: bool) -> str:
    if after is None:
        return ""
    return _with(wanted, column=status, after=str(after), **({"closed": "all"} if everything else {}))


def _with(wanted: IssueFilter, **parameters: str) -> str:
    extra = "&".join(f"{name}={value}" for name, value in parameters.items())
    return "/?" + "&".join(part for part in (wanted.query_string(), extra) if part)


def _filters(wanted: IssueFilter) -> dict[str, Any]:
    """What the filter bar offers: everything there is to choose, and whatever is chosen."""
    return {
        "statuses": list(Status),
        "priorities": [(Priority.HIGH.value, "High"), (Priority.MEDIUM.value, "Medium"), (Priority.LOW.value, "Low"), (NONE, "No priority")],
        "tags": list(dict.fromkeys([*wanted.tags, *queries.tags_in_use(30)])),
        "owners": list(dict.fromkeys([*wanted.owners, *queries.owners_in_use(30)])),
        "is_filtered": bool(wanted.query_string()),
    }  # fmt: skip

"""limit and offset, and the Link header (RFC 8288) that leads from page to page."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from issues.input import Problem, read_integer

LIMIT_MAX = 1_000
OFFSET_MAX = 2**62  # beyond every list; PostgreSQL counts no further than 2**63


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    offset: int


def read_page(request: HttpRequest, problems: list[Problem], *, default: int) -> Page:
    """`limit` (1 to 1000) and `offset` (from 0) of the query string."""
    get = request.GET
    limit = read_integer(
        get.getlist("limit"), "limit", problems, default=default, at_least=1, at_most=LIMIT_MAX
    )
    offset = read_integer(get.getlist("offset"), "offset", problems, default=0, at_least=0, at_most=None)
    return Page(limit, min(offset, OFFSET_MAX))


def links(request: HttpRequest, page: Page, count: int) -> dict[str, str]:
    """The Link header with `next` and `prev`, where there are such pages."""
    found = []
    if page.offset + page.limit < count:
        found.append(f'<{_address(request, page.offset + page.limit, page.limit)}>; rel="next"')
    if page.offset > 0:
        found.append(f'<{_address(request, max(0, page.offset - page.limit), page.limit)}>; rel="prev"')
    return {"Link": ", ".join(found)} if found else {}


def _address(request: HttpRequest, offset: int, limit: int) -> str:
    query = request.GET.copy()
    query["offset"], query["limit"] = str(offset), str(limit)
    return f"{request.path}?{query.urlencode()}"


def paging_parameters(default: int) -> tuple[tuple[str, dict[str, Any], str], ...]:
    """How the reference describes them."""
    return (
        (
            "limit",
            {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": default},
            "How many items at most.",
        ),
        ("offset", {"type": "integer", "minimum": 0, "default": 0}, "How many items to pass over."),
    )

"""The list: dense rows in any order, filters and order in the address, and what a person wants to see of each row."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from issues import listing, queries
from issues.fragments import Fragments
from issues.listing import COLUMNS, Place, Sort
from issues.models import SELECTION_MAX, Issue
from issues.queries import IssueFilter, Row, Tally

from .bulk import selection_of
from .cards import Person
from .filters import answer_early, filter_bar, filter_of, status_of
from .htmx import PageRequest, go_back, ids_in, wants_fragment
from .kept import kept_at, mark_of

PAGE = 50  # rows at a time
MANY = 200  # issues that one question about changes names at most
LABELS = {
    "reference": "Ref",
    "status": "Status",
    "priority": "Priority",
    "title": "Title",
    "by": "By",
    "owner": "Owner",
    "comments": "Comments",
    "created": "Created",
    "updated": "Updated",
}
# What a person may do without; the rest says which issue a row is about.
OPTIONAL = {
    "priority": "Priority",
    "tags": "Tags",
    "by": "By",
    "owner": "Owner",
    "comments": "Comments and files",
    "created": "Created",
    "updated": "Updated",
}
COMPACT = "compact"  # stands beside the hidden columns in the cookie


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: a link that sorts by it."""

    name: str
    label: str
    url: str
    aria_sort: str  # "ascending", "descending", or empty


@require_safe
def issue_list(request: PageRequest) -> HttpResponse:
    """The page, the results for a change of filter, or the next rows."""
    wanted, sort = filter_of(request), Sort.parse(request.GET.get("sort", ""))
    if early := answer_early(request, wanted):
        return early
    after = Place.parse(request.GET.get("after", ""), sort)
    mark = mark_of(request)
    total, page = kept_at(
        mark if wanted.holds_still else None,
        ("list", wanted, sort, after),
        lambda: _found(wanted, sort, after),
    )
    selection = selection_of(request, request.GET.get("selection", ""))
    frozen = {"selection": str(selection.uuid)} if selection else {}
    next_ = address(wanted, sort, after=str(page.next), **frozen) if page.next else ""
    context = {
        "rows": rows(page.rows, ticked=set(selection.issue_ids) if selection else ()),
        "next": next_,
        "columns": len(COLUMNS) + 1,
    }
    if wants_fragment(request) and after:
        return _answer(request, "list.html#rows", context)
    context |= {
        "here": "untriaged" if wanted == IssueFilter(untriaged=True) else "list",
        "first": address(wanted, sort) if after else "",
        "total": total,
        "total_words": words_of(total),
        "is_fragment": wants_fragment(request),
        "sort": sort,
        "is_default_sort": sort == Sort(),
        "selection": selection,
        "selection_words": f"{selection.count:,} issue{'' if selection.count == 1 else 's'}"
        if selection
        else "",
        "selection_max": SELECTION_MAX,
        "selection_max_words": f"{SELECTION_MAX:,}",
        "next_query": next_.partition("?")[2],
        "clear": address(wanted, sort),
        "headings": tuple(_heading(wanted, sort, name, **frozen) for name in COLUMNS),
        "query": wanted.query_string(),
        "shown_columns": _choices(request),
        "table_class": " ".join(f"no-{name}" if name != COMPACT else name for name in _hidden(request)),
        "compact": COMPACT in _hidden(request),
        **filter_bar(
            wanted, mark, address="/list", target="#list", kept={"sort": "" if sort == Sort() else str(sort)}
        ),
    }
    template = "list.html#list" if wants_fragment(request) else "list.html"
    return _answer(request, template, context, status_of(wanted))


@require_POST
def choose_columns(request: PageRequest) -> HttpResponse:
    """Which columns and which height of rows this browser shows; kept in a cookie, so that the server knows it."""
    shown = set(request.POST.getlist("column"))
    hidden = [name for name in OPTIONAL if name not in shown]
    hidden += [COMPACT] if request.POST.get("rows") == COMPACT else []
    response: HttpResponse = (
        HttpResponse(status=204) if wants_fragment(request) else go_back(request, "/list")
    )
    kept = {"max_age": 365 * 86400, "samesite": "Lax", "secure": not settings.LOCAL}
    response.set_cookie("list", ".".join(hidden), **kept)  # type: ignore[arg-type]
    return response


@require_safe
def list_changes(request: PageRequest) -> HttpResponse:
    """Of the issues `id`, the rows as they are now, marked if they do not match the filter (any more); and the count.

    For a page that somebody else's change reached.
    """
    wanted = filter_of(request)
    ids = ids_in(request.GET.getlist("id"))[:MANY]
    there = list(Issue.objects.alive().filter(id__in=ids).values_list("id", "version"))
    context = {
        "rows": rows(there, left={id_ for id_, _ in there} - queries.matching(wanted, ids)),
        "total_words": words_of(queries.count_up_to(wanted)),
    }
    return _answer(request, "list.html#changes", context)


def words_of(total: Tally) -> str:
    return f"{total} issue{'' if total == Tally(1) else 's'}"


def address(wanted: IssueFilter, sort: Sort, **parameters: str) -> str:
    """The list with this filter and order."""
    extra = {"sort": str(sort)} if sort != Sort() else {}
    parts = [wanted.query_string(), urlencode(extra | parameters)]
    query = "&".join(part for part in parts if part)
    return f"/list?{query}" if query else "/list"


def rows(page: Sequence[Row], *, ticked: Collection[int] = (), left: Collection[int] = ()) -> SafeString:
    """The rows of these issues as HTML, in this order; those of a selection come with their tick, others with their mark."""
    html = b"".join(_rows.get(page)).decode()
    for id_, _ in page if ticked else ():
        if id_ in ticked:
            box = f'name="issue" value="{id_}"'
            html = html.replace(box, f"{box} checked", 1)
    for id_ in left:
        html = html.replace(f'data-id="{id_}"', f'data-id="{id_}" data-left', 1)
    return mark_safe(html)  # noqa: S308 - made by our template


def _found(wanted: IssueFilter, sort: Sort, after: Place | None) -> tuple[Tally, listing.ListPage]:
    """How many match, and a page of them."""
    hits = queries.find(wanted) if wanted.by_terms else None
    total = queries.count_up_to(wanted, found=hits)
    few = not (total.is_more or wanted.is_by_state_only)
    return total, listing.list_page(wanted, sort, PAGE, after, few=few, hits=hits)


def _render_rows(ids: Sequence[int]) -> Mapping[Row, bytes]:
    template = get_template("_row.html")
    issues = Issue.objects.alive().filter(id__in=ids).select_related("created_by").defer("description")
    return {
        (issue.pk, issue.version): template.render(
            {
                "issue": issue,
                "owner": Person.of(issue.owner),
                "by": Person.of(issue.created_by.email),
            }
        ).encode()
        for issue in issues
    }


_rows = Fragments(_render_rows, capacity=settings.FRAGMENT_BYTES // 12)


def _answer(request: PageRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    return response


def _heading(wanted: IssueFilter, sort: Sort, name: str, **frozen: str) -> Heading:
    aria = ("descending" if sort.descending else "ascending") if sort.column == name else ""
    return Heading(name, LABELS[name], address(wanted, sort.clicked(name), **frozen), aria)


def _hidden(request: PageRequest) -> list[str]:
    chosen = request.COOKIES.get("list", "").split(".")
    return [name for name in (*OPTIONAL, COMPACT) if name in chosen]


def _choices(request: PageRequest) -> tuple[tuple[str, str, bool], ...]:
    hidden = _hidden(request)
    return tuple((name, label, name not in hidden) for name, label in OPTIONAL.items())

"""The board: four columns, cards by priority and last change, filters in the address."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from issues import queries
from issues.input import Invalid
from issues.models import CLOSED, Conflict, Gone, Status
from issues.models.limits import RESOLUTION_MAX, UNASSIGNED
from issues.queries import ColumnPage, Columns, IssueFilter, Place, Tally

from .cards import cards
from .filters import answer_early, filter_bar, filter_of, status_of
from .forms import expected_version, find_issue, member, read_changes, sentence
from .htmx import PageRequest, announce, ids_in, verb, wants_fragment
from .kept import kept_at, mark_of
from .said import said

PAGE = 12  # cards of a column at a time: two screens; the rest comes as one scrolls
DEEP = 1_000  # cards of a column that are given again at most, to a page that shows so many
MANY = 200  # issues that one question about changes names at most


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the template draws it."""

    status: Status
    count_words: str  # how many cards all its pages have
    cards: SafeString
    more: str  # the address of the next page; empty at the end
    rest: str  # how many cards the pages after this one have
    older: str  # the address that shows what was closed earlier, too


@require_safe
def board(request: PageRequest) -> HttpResponse:
    """The whole board, its columns for a change of filter, or the next cards of one column.

    With `first` (`24,12,12,30`) each column begins with so many cards: for a page that missed more than it can be told.
    """
    wanted = filter_of(request)
    if early := answer_early(request, wanted):
        return early
    everything = request.GET.get("closed") == "all"
    if request.GET.get("column") in Status.values:
        return _next_cards(request, wanted, Status(request.GET["column"]), everything)
    mark = mark_of(request)
    depths = _depths(request.GET.get("first", ""))
    since = None if everything else queries.recent_since()
    key = (wanted, everything, queries.recent_since())
    held = mark if wanted.holds_still else None
    found = cache(lambda: queries.find_columns(wanted, since) if wanted.columns_by_terms else None)
    counts = kept_at(held, ("board counts", *key), lambda: Counts.now(wanted, since, found()))
    context = {
        "here": "board",
        "columns_key": (held, *key) if held is not None and depths is None else None,
        "columns": cache(lambda: _columns(wanted, since, counts, depths, found())),
        "counts": counts,
        "resolution_max": RESOLUTION_MAX,
        "query": wanted.query_string(),
        **filter_bar(
            wanted, mark, address="/", target="#columns", kept={"closed": "all" if everything else ""}
        ),
    }
    template = "board.html#columns" if wants_fragment(request) else "board.html"
    response = render(request, template, context, status=status_of(wanted))
    patch_vary_headers(response, ("HX-Request",))
    return response


@require_safe
def board_changes(request: PageRequest) -> HttpResponse:
    """Of the issues `id`, the cards of those that stand on the board with this filter, and all counts as they are now."""
    wanted = filter_of(request)
    everything = request.GET.get("closed") == "all"
    ids = ids_in(request.GET.getlist("id"))[:MANY]
    since = None if everything else queries.recent_since()
    counts = Counts.now(wanted, since)
    rows = queries.board_rows(wanted, ids, since)
    words = {status: counts.words(status) for status in counts.of}
    context = {"counts": counts, "words": words, "cards": cards(rows)}
    return render(request, "board.html#changes", context)


@verb
def change_card(request: PageRequest, number: int) -> HttpResponse:
    """Change what a card shows, by its keys, menus and drag: the new card, and a toast that offers Undo.

    `status`, `resolution_summary`, `priority`, `owner`, `tags` (once for each); with `version`, only if the issue is
    at that version. Refused, the answer says why in plain words.
    """
    fields: dict[str, Any] = {
        name: request.POST[name] or None for name in ("status", "priority") if name in request.POST
    }
    summary = request.POST.get("resolution_summary", "").replace("\r\n", "\n").strip()
    if summary:
        fields["resolution_summary"] = summary
    if "owner" in request.POST:
        fields["owner"] = request.POST["owner"].strip() or UNASSIGNED
    if "tags" in request.POST:
        fields["tags"] = [tag for tag in (value.strip() for value in request.POST.getlist("tags")) if tag]
    try:
        issue = find_issue(number)
        changes = read_changes({name: member(value) for name, value in fields.items()})
        changed = issue.change(by=request.user, expected_version=expected_version(request), **changes)
    except Http404 as error:
        return _refused(str(error), 404)
    except Gone:
        return _refused("It was deleted meanwhile.", 404)
    except Conflict:
        return _refused("Somebody else changed it meanwhile. Nothing was overwritten.", 409)
    except Invalid as error:
        return _refused(" ".join(map(sentence, error.problems)), 422)
    response = HttpResponse(cards([(issue.pk, issue.version)]))
    if changed and issue.last_event_id is not None:
        event = issue.events.get(pk=issue.last_event_id)
        announce(response, text=said(event), undo={"event": event.pk})
    return response


def _refused(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cards each column has, all its pages together; what would take long to count is "1,000+"."""

    of: dict[str, Tally]

    @classmethod
    def now(cls, wanted: IssueFilter, since: datetime | None, found: Columns | None = None) -> "Counts":
        return cls(queries.board_counts(wanted, since, found=found))

    def words(self, status: str, *, beyond: int = 0) -> str:
        """The count of a column; with `beyond`, of what comes after so many cards."""
        count = self.of[status]
        return str(Tally(max(0, count.n - beyond), count.is_more))

    @property
    def total(self) -> Tally:
        return sum(self.of.values(), Tally(0))

    @property
    def total_words(self) -> str:
        return f"{self.total} issue{'' if self.total == Tally(1) else 's'}"


@require_safe
def other_address(request: PageRequest) -> HttpResponse:
    """`/board` is `/`, filters and all."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponseRedirect(f"/?{query}" if query else "/")


def _depths(text: str) -> list[int] | None:
    """How many cards each column is to begin with, at least a page; None where nobody says."""
    numbers = text.split(",")
    if len(numbers) != len(Status) or not all(number.isdecimal() and len(number) < 10 for number in numbers):
        return None
    return [min(max(int(number), PAGE), DEEP) for number in numbers]


def _columns(
    wanted: IssueFilter,
    since: datetime | None,
    counts: Counts,
    depths: list[int] | None,
    found: Columns | None,
) -> list[Column]:
    everything = since is None
    if since is None or depths:
        pages = {
            status.value: queries.board_column(
                wanted, status, depth, since=_since(status, everything), found=found
            )
            for status, depth in zip(Status, depths or [PAGE] * len(Status), strict=True)
        }
    else:
        pages = queries.board(wanted, PAGE, since, found=found)
    columns = []
    for status in Status:
        hidden = bool(wanted.statuses) and status not in wanted.statuses
        page = ColumnPage() if hidden else pages[status]
        columns.append(
            Column(
                status=status,
                count_words=counts.words(status),
                cards=cards(page.rows),
                more=_address(wanted, status, page.next, everything),
                rest=counts.words(status, beyond=len(page.rows)),
                older="" if hidden or everything or status not in CLOSED else _with(wanted, closed="all"),
            )
        )
    return columns


def _next_cards(request: PageRequest, wanted: IssueFilter, status: Status, everything: bool) -> HttpResponse:
    """More of one column: appended by script, or a page of its own by a plain link."""
    after = Place.parse(request.GET.get("after", ""))
    page = queries.board_column(wanted, status, PAGE, after, since=_since(status, everything))
    column = Column(status, "", cards(page.rows), _address(wanted, status, page.next, everything), "", "")
    context = {"column": column, "back": _with(wanted)}
    response = render(request, "column.html#cards" if wants_fragment(request) else "column.html", context)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _since(status: Status, everything: bool) -> datetime | None:
    """From when on a column shows what was closed."""
    return None if everything or status not in CLOSED else queries.recent_since()


def _address(wanted: IssueFilter, status: Status, after: Place | None, everything: bool) -> str:
    if after is None:
        return ""
    return _with(wanted, column=status, after=str(after), **({"closed": "all"} if everything else {}))


def _with(wanted: IssueFilter, **parameters: str) -> str:
    extra = "&".join(f"{name}={value}" for name, value in parameters.items())
    return "/?" + "&".join(part for part in (wanted.query_string(), extra) if part)

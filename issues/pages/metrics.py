"""The dashboard, its charts as CSV, the digest that is mailed, and the wall that refreshes itself."""

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from issues import queries
from issues.export import BYTE_ORDER_MARK, harmless, issues_as_csv
from issues.metrics import dashboard, svg
from issues.metrics.dashboard import Cell, Panel
from issues.metrics.question import PERIODS, UTC_ZONE, Question
from issues.models import Status
from issues.search import NONE

from .filters import filter_of
from .htmx import PageRequest, wants_fragment

WIDE = "created-and-closed"
ON_THE_WALL = (WIDE, "status", "age", "time-to-resolve", "rejected")  # what fits one screen without scrolling
REFRESH = 60  # seconds between two looks of the wall
ZONE_COOKIE = "zone"  # an IANA name, set by static/js/zone.js


def zone_of(request: PageRequest) -> ZoneInfo:
    """Where the viewer is, as their browser says; UTC without a word from it."""
    try:
        return ZoneInfo(unquote(request.COOKIES.get(ZONE_COOKIE, "UTC"))[:64])
    except (KeyError, ValueError, OSError):  # no such zone, no name of one, a folder of them
        return UTC_ZONE


class Drawing:
    """A panel as the template shows it: drawn, once or twice, with its legend."""

    def __init__(self, panel: Panel, place: str = "") -> None:
        self.panel = panel
        self._id = f"{place}{panel.name}"

    @property
    def svg(self) -> SafeString:
        return svg.draw(self.panel.chart, self.panel.links, self.panel.sentence, id_=f"{self._id}-title")

    @property
    def narrow(self) -> SafeString:
        return svg.draw(
            self.panel.chart, self.panel.links, self.panel.sentence, id_=f"{self._id}-narrow", narrow=True
        )

    @property
    def legend(self) -> list[tuple[str, SafeString]]:
        return [(name, svg.swatch(color, kind)) for name, color, kind in self.panel.legend]

    @property
    def has_legend_above(self) -> bool:
        """Where there is room for it beside the title."""
        return self.is_wide or (len(self.panel.legend) == 2 and not self._names_its_lines)

    @property
    def has_legend_below(self) -> bool:
        return len(self.panel.legend) > 0 and not self.has_legend_above and not self._names_its_lines

    @property
    def _names_its_lines(self) -> bool:
        return (self.panel.chart.chart_data.display_config or {}).get("layout") == "lines"

    @property
    def statuses(self) -> list[tuple[str, list[Cell]]]:
        """The rows of the ring's table, each with the status it is about."""
        return list(zip((*Status.values, NONE), self.panel.rows, strict=False))

    @property
    def is_wide(self) -> bool:
        return self.panel.name == WIDE

    @property
    def is_ring(self) -> bool:
        return self.panel.chart.chart_type == "pie_chart"


@require_safe
def metrics(request: PageRequest) -> HttpResponse:
    """The dashboard for the period and filters in the address."""
    response = render(
        request,
        "dashboard.html#dashboard" if wants_fragment(request) else "dashboard.html",
        _context(request),
    )
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    return response


@require_safe
def wall(request: PageRequest) -> HttpResponse:
    """The dashboard's first charts alone, as large as the screen on a wall; it looks again every minute."""
    context = {**_context(request, ON_THE_WALL), "refresh": REFRESH}
    response = render(request, "wall.html#wall" if wants_fragment(request) else "wall.html", context)
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    return response


@require_safe
def digest(request: PageRequest) -> HttpResponse:
    """Last full week on one page that stands for itself: no script, one small stylesheet in it, to print or to mail."""
    question, now = Question.parse(request.GET, zone_of(request)), timezone.now()
    answered, week = dashboard.last_week(question, now)
    first, last = question.monday(now, 1), question.monday(now) - timedelta(hours=1)
    context = {
        "question": question,
        "query": question.query_string(),
        "week": week,
        "figures": answered.figures,
        "panels": answered.panels,
        "days": f"{question.day(first)} to {question.day(last)}",
        "now": now.astimezone(question.zone),
        "zone": question.zone.key.replace("_", " "),
        "origin": f"{request.scheme}://{request.get_host()}",
        "style": SafeString(DIGEST_STYLE),
    }
    response = render(request, "digest.html", context)
    # Its only style is the one in the page, known by its hash.
    policy = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = policy
    return response


DIGEST_STYLE = (settings.BASE_DIR / "static/css/digest.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(DIGEST_STYLE.encode()).digest()).decode()


@require_safe
def chart_csv(request: PageRequest, name: str) -> StreamingHttpResponse:
    """The table of one chart, or of all of them with `all`."""
    question, now = Question.parse(request.GET, zone_of(request)), timezone.now()
    if name == "all":
        panels = dashboard.answer(question, now).panels
    else:
        panel = dashboard.one(name, question, now)
        if panel is None:
            raise Http404("There is no chart of that name.")
        panels = [panel]
    rows: list[Sequence[str]] = []
    for panel in panels:
        rows += [[panel.title]] if name == "all" else []
        rows += [panel.head, *([cell.text for cell in row] for row in panel.rows)]
        rows += [[]] if name == "all" else []
    return _csv_file(_lines(rows), f"metrics-{name}")


@require_safe
def issues_csv(request: PageRequest) -> HttpResponse | StreamingHttpResponse:
    """Every issue that matches the filter in the address, newest first, as it comes from the database."""
    wanted = filter_of(request)
    if wanted.mistakes:
        words = "\n".join(map(str, wanted.mistakes))
        return HttpResponse(words, status=422, content_type="text/plain; charset=utf-8")
    return _csv_file(issues_as_csv(wanted), "issues")


def _csv_file(lines: Iterable[bytes], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """RFC 4180, as the list's file is."""
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerows([harmless(value) for value in row] for row in rows)
    yield BYTE_ORDER_MARK + held.getvalue().encode()


def _context(request: PageRequest, panels: Sequence[str] = tuple(dashboard.PANELS)) -> dict[str, object]:
    question = Question.parse(request.GET, zone_of(request))
    answered = dashboard.answer(question, timezone.now())
    periods = [(period, question.query_string(period=period.key)) for period in PERIODS.values()]
    return {
        "here": "metrics",
        "question": question,
        "query": question.query_string(),
        "periods": periods,
        "tags": list(dict.fromkeys([*([question.tag] if question.tag else []), *queries.tags_in_use(50)])),
        "owners": list(
            dict.fromkeys([*([question.owner] if question.owner else []), *queries.owners_in_use(50)])
        ),
        "figures": [(figure, svg.sparkline(figure.line)) for figure in answered.figures],
        "drawings": [Drawing(panel) for panel in answered.panels if panel.name in panels],
        "now": answered.now.astimezone(question.zone),
        "zone": question.zone.key.replace("_", " "),
    }

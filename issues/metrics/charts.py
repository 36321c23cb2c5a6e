"""Chart objects: what GET /issues/metrics returns and the dashboard draws. Shapes from the documented API."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from msgspec import Struct

from issues.models import Priority, Status, flow

from . import flows
from .flows import Flows
from .question import Question

WEEKS = 12

# The design's fills in light colours; the dashboard's stylesheet has the same ones.
STATUS_COLORS = {
    Status.OPEN: "#d4600d",
    Status.IN_PROGRESS: "#2277cc",
    Status.RESOLVED: "#138a61",
    Status.REJECTED: "#74768a",
}
PRIORITY_COLORS = {Priority.HIGH: "#b3243a", Priority.MEDIUM: "#50524b", Priority.LOW: "#86887e"}
NONE_COLOR = "#cfcfc6"
CREATED_COLOR = "#d4600d"
RESOLVED_COLOR = "#2a46bf"


class Entry(Struct):
    """One bar or segment."""

    label: str
    value: int
    color: str


class ChartData(Struct):
    """What a chart shows. `display_config.series` holds lines drawn over the bars in `data`."""

    title: str
    data: list[Entry]
    colors: dict[str, str] | None
    display_config: dict[str, Any] | None


class Chart(Struct):
    """One chart, ready to be drawn."""

    chart_type: Literal["pie_chart", "mixed_chart"]
    chart_data: ChartData


class Metrics(Struct):
    """All documented charts."""

    metrics: list[Chart]


def metrics(now: datetime | None = None) -> Metrics:
    """Issues by status, created against resolved per week, issues by priority; exact to the last commit."""
    found = flows.read(Question(), now or timezone.now())
    codes: Counter[tuple[int, int]] = Counter()
    for (_, detail), n in found.state.items():
        codes[divmod(detail, 4)] += n
    states = by_state(codes)
    return Metrics([issues_by_status(states), created_and_resolved(found), issues_by_priority(states)])


ByState = Mapping[tuple[str | None, str | None], int]
_STATUSES = {code: status for status, code in flow.STATUS_CODES.items()}
_PRIORITIES = {code: priority for priority, code in flow.PRIORITY_CODES.items()}


def by_state(codes: Mapping[tuple[int, int], int]) -> ByState:
    """Issues by status and priority, given by their codes; groups of none are left out."""
    return {(_STATUSES[status], _PRIORITIES[priority]): n for (status, priority), n in codes.items() if n}


def issues_by_status(by_state: ByState) -> Chart:
    """A pie with one entry for each status, zeros included; "No status" last, where there are any."""
    totals = _totals(by_state, 0)
    entries = [Entry(str(status.label), totals.get(status, 0), STATUS_COLORS[status]) for status in Status]
    return _pie("Issues by status", _with_none(entries, "No status", totals))


def issues_by_priority(by_state: ByState) -> Chart:
    """A pie with one entry for each priority, high first; "No priority" last, where there are any."""
    totals = _totals(by_state, 1)
    entries = [
        Entry(str(priority.label), totals.get(priority, 0), PRIORITY_COLORS[priority])
        for priority in (Priority.HIGH, Priority.MEDIUM, Priority.LOW)
    ]
    return _pie("Issues by priority", _with_none(entries, "No priority", totals))


def created_and_resolved(found: Flows) -> Chart:
    """Per week (UTC, from Monday) for twelve weeks, this one last: issues created, and issues resolved.

    An issue counts as resolved in the week it became what it still is; a reopened one counts no more.
    """
    weeks = range(len(found.weeks) - 1 - WEEKS, len(found.weeks) - 1)
    resolved = flow.STATUS_CODES[Status.RESOLVED]
    bars = [
        Entry(
            found.weeks[n].date().isoformat(),
            sum(found.created[n, by_agent] for by_agent in (True, False)),
            CREATED_COLOR,
        )
        for n in weeks
    ]
    closed = [sum(found.closed[n, by_agent, resolved] for by_agent in (True, False)) for n in weeks]
    series = [{"type": "line", "name": "Resolved", "color": RESOLVED_COLOR, "values": closed}]
    return Chart(
        "mixed_chart",
        ChartData(
            "Created and resolved per week",
            bars,
            {"Created": CREATED_COLOR, "Resolved": RESOLVED_COLOR},
            {"name": "Created", "x_axis": "Week from Monday (UTC)", "series": series},
        ),
    )


def _totals(by_state: ByState, part: int) -> dict[str | None, int]:
    totals: dict[str | None, int] = {}
    for state, n in by_state.items():
        totals[state[part]] = totals.get(state[part], 0) + n
    return totals


def _with_none(entries: list[Entry], label: str, totals: Mapping[str | None, int]) -> list[Entry]:
    return [*entries, Entry(label, totals[None], NONE_COLOR)] if totals.get(None) else entries


def _pie(title: str, entries: list[Entry]) -> Chart:
    colors = {entry.label: entry.color for entry in entries}
    return Chart("pie_chart", ChartData(title, entries, colors, None))

"""Chart objects: what GET /issues/metrics returns and the dashboard draws. Shapes from the documented API."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

from django.utils import timezone
from msgspec import Struct

from issues.models import Priority, Status, counts

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


def metrics(today: date | None = None) -> Metrics:
    """Issues by status, created against resolved per week, issues by priority; exact to the last commit."""
    by_state = counts.by_state()
    return Metrics([issues_by_status(by_state), created_and_resolved(today), issues_by_priority(by_state)])


ByState = Mapping[tuple[str | None, str | None], int]


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


def created_and_resolved(today: date | None = None) -> Chart:
    """Per week (UTC, from Monday) for twelve weeks, this one last: issues created, and issues resolved.

    An issue counts as resolved in the week it became what it still is; a reopened one counts no more.
    """
    day = today or timezone.now().date()
    this_week = day - timedelta(days=day.weekday())
    weeks = [this_week - timedelta(weeks=n) for n in reversed(range(WEEKS))]
    until = this_week + timedelta(weeks=1)
    created = _per_week(counts.created_per_day(weeks[0], until), weeks)
    resolved = _per_week(counts.closed_per_day(Status.RESOLVED, weeks[0], until), weeks)
    bars = [Entry(week.isoformat(), n, CREATED_COLOR) for week, n in zip(weeks, created, strict=True)]
    series = [{"type": "line", "name": "Resolved", "color": RESOLVED_COLOR, "values": resolved}]
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


def _per_week(per_day: Mapping[date, int], weeks: Sequence[date]) -> list[int]:
    totals = dict.fromkeys(weeks, 0)
    for day, n in per_day.items():
        totals[day - timedelta(days=day.weekday())] += n
    return list(totals.values())

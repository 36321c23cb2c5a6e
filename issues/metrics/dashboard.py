"""The dashboard: figures and panels made of what `flows` read, each with its sentence, links and definition.

A panel's chart is an object of the same shape as GET /issues/metrics returns; `svg` draws exactly that object.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from issues.models import Status, flow
from issues.models.account import name_from_email
from issues.models.limits import UNASSIGNED
from issues.models.spans import NotClosed, Span, Wait, duration
from issues.search import NONE

from . import charts, flows
from .charts import Chart, ChartData, Entry
from .flows import Flows, Row, percentile
from .question import NOT_CLOSED, Question

ENOUGH = 5  # values; a chart of fewer shows its table only

GREY, INK, GREEN, BLUE, LINE = "#86887e", "#50524b", "#138a61", "#2277cc", "#2a46bf"
STATUS_OF_CODE: dict[int, str] = {code: status or NONE for status, code in flow.STATUS_CODES.items()}
LABEL_OF_CODE = {0: "No status", 1: "Open", 2: "In progress", 3: "Resolved", 4: "Rejected"}
COLOR_OF_CODE = {0: GREY, 1: "#d4600d", 2: BLUE, 3: GREEN, 4: "#74768a"}
PRIORITIES = ((3, "High", "#b3243a"), (2, "Medium", INK), (1, "Low", GREY), (0, "No priority", "#cfcfc6"))
RESOLVED, REJECTED = flow.STATUS_CODES[Status.RESOLVED], flow.STATUS_CODES[Status.REJECTED]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number in a table, and the list of the issues it counts."""

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart with everything around it. `links` has a row for `data` and one for each series."""

    name: str
    title: str
    note: str
    chart: Chart
    links: list[list[str]]
    sentence: str
    head: list[str]
    rows: list[list[Cell]]
    counted: str  # how this is counted
    total: int  # how many values it shows

    @property
    def is_enough(self) -> bool:
        return self.total >= ENOUGH

    @property
    def legend(self) -> list[tuple[str, str, str]]:
        """(name, colour, kind) of each series, when there is more than one."""
        config = self.chart.chart_data.display_config or {}
        if not config.get("series"):
            return []
        kind = "line" if config.get("layout") == "lines" else "bar"
        first = (
            config["name"],
            self.chart.chart_data.data[0].color if self.chart.chart_data.data else GREY,
            kind,
        )
        return [first, *((one["name"], one["color"], one["type"]) for one in config["series"])]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is read from across the room, what changed, and how it came here."""

    title: str
    value: str
    change: str  # "2 fewer"
    than: str  # "than last week"
    trend: str  # "better", "worse" or "" - said in words, too
    link: str
    line: list[float | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One question, answered."""

    question: Question
    now: datetime
    figures: list[Figure]
    panels: list[Panel]

    def panel(self, name: str) -> Panel | None:
        return next((panel for panel in self.panels if panel.name == name), None)


def answer(question: Question, now: datetime) -> Dashboard:
    """All figures and panels, exact to the last commit."""
    found = flows.read(question, now)
    view = _View(question, now, found)
    return Dashboard(question, now, figures(view), [make(view) for make in PANELS.values()])


def one(name: str, question: Question, now: datetime) -> Panel | None:
    """One panel alone; None if there is none of that name."""
    make = PANELS.get(name)
    return make(_View(question, now, flows.read(question, now))) if make else None


def last_week(question: Question, now: datetime) -> tuple[Dashboard, list[Figure]]:
    """Everything, and what happened in the last full week beside the one before: what the digest says."""
    view = _View(question, now, flows.read(question, now))
    end = view.last_week
    created, closed = view.span("created", end - 1, end), view.span("closed", end - 1, end)
    left = view.open_at_end(end - 1)
    than, as_ = "than the week before", "as the week before"
    week = [
        Figure(
            "Created", f"{view.created(end - 1, end):,}",
            *_fewer(view.created(end - 1, end) - view.created(end - 2, end - 1), than, as_), question.issues(created),
        ),
        Figure(
            "Closed", f"{view.closed(end - 1, end):,}",
            *_fewer(view.closed(end - 1, end) - view.closed(end - 2, end - 1), than, as_)[:2], "", question.issues(closed),
        ),
        Figure(
            "Not closed at its end", f"{left:,}", *_fewer(left - view.open_at_end(end - 2), than, as_),
            question.issues(NotClosed(view.flows.weeks[end])),
        ),
    ]  # fmt: skip
    return Dashboard(question, now, figures(view), [make(view) for make in PANELS.values()]), week


@dataclass
class _View:
    """What every panel is made of, with the sums that more than one of them needs."""

    question: Question
    now: datetime
    flows: Flows

    @property
    def first_week(self) -> int:
        """The period's first week among those read."""
        return len(self.flows.weeks) - 1 - self.question.period.weeks

    @property
    def last_week(self) -> int:
        return len(self.flows.weeks) - 2

    def counts_agent(self, by_agent: bool) -> bool:
        return not self.question.by or by_agent == (self.question.by == "atlas")

    def state(self) -> Counter[tuple[int, int]]:
        """Issues by (status, priority), as the filter has them."""
        found: Counter[tuple[int, int]] = Counter()
        for (by_agent, detail), n in self.flows.state.items():
            if self.counts_agent(by_agent):
                found[divmod(detail, 4)] += n
        return found

    def not_closed(self) -> int:
        return sum(n for (status, _), n in self.state().items() if status not in (RESOLVED, REJECTED))

    def created(self, since: int, until: int) -> int:
        """Created in the weeks from `since` on, before `until`."""
        return sum(
            n
            for (week, by_agent), n in self.flows.created.items()
            if since <= week < until and self.counts_agent(by_agent)
        )

    def closed(self, since: int, until: int, status: int | None = None, by_agent: bool | None = None) -> int:
        """Closed in those weeks; by the agent or by people alone, whatever the filter, when asked."""
        return sum(
            n
            for (week, agents, code), n in self.flows.closed.items()
            if since <= week < until
            and status in (None, code)
            and (self.counts_agent(agents) if by_agent is None else agents == by_agent)
        )

    def first_closed(self, since: int, until: int, reopened: int | None = None) -> int:
        return sum(
            n
            for (week, by_agent, again), n in self.flows.first.items()
            if since <= week < until and reopened in (None, again) and self.counts_agent(by_agent)
        )

    @cached_property
    def resolved(self) -> Counter[int]:
        """How many took how many minutes, of those resolved in the period."""
        found: Counter[int] = Counter()
        for point in self.flows.resolve[1:]:
            found.update(point)
        return found

    def open_at_end(self, week: int) -> int:
        """How many were not closed when a week ended (the current one: now)."""
        later = week + 1, self.last_week + 1
        return self.not_closed() - self.created(*later) + self.closed(*later)

    def stretches(self, weeks: int) -> list[tuple[int, int]]:
        """The period in stretches of so many weeks, as (first week, week after)."""
        end = self.last_week + 1
        return [(n, n + weeks) for n in range(self.first_week, end, weeks)]

    def span(self, name: str, since: int, until: int) -> Span:
        weeks = self.flows.weeks
        return Span(name, weeks[since], weeks[until])

    def period(self, name: str) -> Span:
        return self.span(name, self.first_week, self.last_week + 1)

    def label(self, week: int) -> str:
        return self.question.day(self.flows.weeks[week])


# The four figures


def figures(view: _View) -> list[Figure]:
    return [_not_closed(view), _median(view), _created(view), _rejected_share(view)]


def _not_closed(view: _View) -> Figure:
    line = _line(view)
    change = line[-1] - view.open_at_end(view.last_week - 1)
    return Figure(
        "Not closed",
        f"{line[-1]:,}",
        *_fewer(change, "than last week", "as last week"),
        link=view.question.issues(statuses=NOT_CLOSED),
        line=[float(n) for n in line],
    )


def _median(view: _View) -> Figure:
    before, *points = view.flows.resolve
    now = percentile(view.resolved, 0.5)
    then = percentile(before, 0.5)
    words = view.question.period.words
    link = view.question.issues(view.period("closed"), statuses=(Status.RESOLVED.value,))
    line = [float(value) if (value := percentile(point, 0.5)) is not None else None for point in points]
    title = "Median time to resolve"
    if now is None:
        return Figure(title, "–", "", f"Nothing was resolved in {words}", "", link, [])
    if then is None:
        return Figure(title, duration(now), "", f"None in the {words} before", "", link, line)
    if now == then:
        return Figure(title, duration(now), "The same", f"as in the {words} before", "", link, line)
    change = f"{duration(abs(now - then))} {'faster' if now < then else 'slower'}"
    return Figure(
        title, duration(now), change, f"than {words} before", "better" if now < then else "worse", link, line
    )


def _created(view: _View) -> Figure:
    end = view.last_week  # full weeks: this one has only begun
    now, then = view.created(end - 4, end), view.created(end - 8, end - 4)
    return Figure(
        "Created, 4 full weeks",
        f"{now:,}",
        *_fewer(now - then, "than 4 weeks before", "as 4 weeks before"),
        link=view.question.issues(view.span("created", end - 4, end)),
        line=[float(view.created(week, week + 1)) for week in range(max(0, end - 12), end)],
    )


def _rejected_share(view: _View) -> Figure:
    weeks = view.question.period.weeks
    start, end = view.first_week, view.last_week + 1
    now, then = _share(view, start, end, True), _share(view, start - weeks, start, True)
    words = view.question.period.words
    link = view.question.issues(view.period("closed"), by="atlas", statuses=(Status.REJECTED.value,))
    line = [_share(view, since, until, True) for since, until in view.stretches(view.question.period.point)]
    title = "Atlas findings rejected"
    if now is None:
        return Figure(title, "–", "", f"None was closed in {words}", "", link, [])
    if then is None:
        return Figure(title, f"{now} %", "", f"None in the {words} before", "", link, _floats(line))
    points = abs(now - then)
    if points == 0:
        return Figure(title, f"{now} %", "The same", f"as in the {words} before", "", link, _floats(line))
    change = f"{points} point{'s' if points != 1 else ''} {'lower' if now < then else 'higher'}"
    trend = "better" if now < then else "worse"
    return Figure(title, f"{now} %", change, f"than {words} before", trend, link, _floats(line))


def _floats(values: Sequence[int | None]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _fewer(change: int, than: str, as_: str) -> tuple[str, str, str]:
    if change == 0:
        return "As many", as_, ""
    return (f"{-change:,} fewer", than, "better") if change < 0 else (f"{change:,} more", than, "worse")


def _share(view: _View, since: int, until: int, by_agent: bool) -> int | None:
    """Rejected, in per cent of those closed, rounded to whole ones; None of none."""
    return _percent(view.closed(since, until, REJECTED, by_agent), view.closed(since, until, None, by_agent))


def _percent(part: int, whole: int) -> int | None:
    return (200 * part + whole) // (2 * whole) if whole else None


# The panels, in the order they are shown


def created_and_closed(view: _View) -> Panel:
    bars = view.stretches(view.question.period.bar)
    created = [view.created(*bar) for bar in bars]
    closed = [view.closed(*bar) for bar in bars]
    left = _line(view)
    labels = [view.label(since) for since, _ in bars]
    made = [view.question.issues(view.span("created", *bar)) for bar in bars]
    ended = [view.question.issues(view.span("closed", *bar)) for bar in bars]
    waiting = [view.question.issues(NotClosed(view.flows.weeks[until])) for _, until in bars[:-1]]
    waiting.append(view.question.issues(statuses=NOT_CLOSED))
    weeks = "week" if view.question.period.bar == 1 else f"{view.question.period.bar} weeks"
    peak = max(range(len(bars)), key=lambda n: created[n])
    chart = _mixed(
        f"Created and closed per {weeks}", labels, created, GREY, name="Created", layout="columns",
        x_axis=f"{weeks.capitalize()} from Monday", series=[
            _series("bar", "Resolved or rejected", GREEN, closed),
            _series("line", "Not closed, right axis", LINE, left, axis="right"),
        ],
    )  # fmt: skip
    return Panel(
        "created-and-closed", "Created and resolved", "", chart, [made, ended, waiting],
        f"Created and closed issues per {weeks}: created peaked at {created[peak]:,} from {labels[peak]}. "
        f"{left[-1]:,} are not closed now, {left[0]:,} were at the end of the first",
        ["From", "Created", "Closed", "Not closed at the end"],
        [
            [Cell(labels[n]), Cell(f"{created[n]:,}", made[n]), Cell(f"{closed[n]:,}", ended[n]),
             Cell(f"{left[n]:,}", waiting[n])]
            for n in range(len(bars))
        ],
        "An issue is created once, when it is filed. It is closed when its status last became Resolved or Rejected, and "
        "only while it still is: reopened, it counts as not closed, and in no week as closed, until it is closed again. "
        "Not closed is everything created by the end of a week and not closed by then. The last week is not over yet.",
        sum(created) + sum(closed),
    )  # fmt: skip


def _line(view: _View) -> list[int]:
    """Not closed at the end of each bar."""
    left, found = view.not_closed(), []
    for since, until in reversed(view.stretches(view.question.period.bar)):
        found.append(left)
        left -= view.created(since, until) - view.closed(since, until)
    return found[::-1]


def status(view: _View) -> Panel:
    by_state = charts.by_state(view.state())
    chart = charts.issues_by_status(by_state)
    entries, total = chart.chart_data.data, sum(by_state.values())
    links = [view.question.issues(statuses=(value,)) for value in [*Status.values, NONE][: len(entries)]]
    return Panel(
        "status", "Status", "", chart, [links],
        f"{', '.join(f'{entry.label} {entry.value:,}' for entry in entries)}; {total:,} in all",
        ["Status", "Issues", "Share"],
        [
            [Cell(entry.label), Cell(f"{entry.value:,}", link), Cell(f"{_percent(entry.value, total) or 0} %")]
            for entry, link in zip(entries, links, strict=True)
        ],
        "All issues that match the filters, whenever they were created, by the status they have now.",
        total,
    )  # fmt: skip


def age(view: _View) -> Panel:
    borders, names = view.flows.ages, ["0–2 d", "3–7 d", "8–14 d", "15–30 d", "Over 30 d"]
    places = [4, 3, 2, 1, 0]  # the youngest first
    spans = [
        Span(
            "created", borders[place - 1] if place else None, borders[place] if place < len(borders) else None
        )
        for place in places
    ]
    values = {
        code: [
            sum(
                n for (where, by_agent, priority), n in view.flows.open.items()
                if where == place and priority == code and view.counts_agent(by_agent)
            )
            for place in places
        ]
        for code, _, _ in PRIORITIES
    }  # fmt: skip
    links = [
        [view.question.issues(span, statuses=NOT_CLOSED, priorities=(_priority(code),)) for span in spans]
        for code, _, _ in PRIORITIES
    ]
    totals = [sum(values[code][n] for code in values) for n in range(5)]
    (code, label, color), *others = PRIORITIES
    chart = _mixed(
        "Age of what is not closed", names, values[code], color, name=label, layout="stacked", totals=totals,
        series=[_series("bar", label, color, values[code]) for code, label, color in others],
    )  # fmt: skip
    return Panel(
        "age", "Age of what is not closed", f"{sum(totals):,} issues", chart, links,
        f"Not closed, by age: {'; '.join(f'{name} {n:,}' for name, n in zip(names, totals, strict=True))}",
        ["Age", *(label for _, label, _ in PRIORITIES)],
        [
            [Cell(names[n]), *(Cell(f"{values[code][n]:,}", links[k][n]) for k, (code, _, _) in enumerate(PRIORITIES))]
            for n in range(5)
        ],
        "Days since an issue was created, by your calendar: today is 0. Time that it was closed in between counts, too.",
        sum(totals),
    )  # fmt: skip


def time_to_resolve(view: _View) -> Panel:
    return _histogram(
        view, "time-to-resolve", "Time to resolve", view.resolved, GREEN,
        lambda wait: view.question.issues(view.period("closed"), *wait, statuses=(Status.RESOLVED.value,)), "took",
        "resolved",
        "From the creation of an issue until it became Resolved, for those that did in the period and still are. One that "
        "was reopened counts until it was resolved last. Rejected ones do not count.",
    )  # fmt: skip


def time_to_triage(view: _View) -> Panel:
    only_people = view.question.by == "people"
    found = Counter[int]() if only_people else view.flows.triage

    def link(wait: list[Wait]) -> str:
        # What people filed is not counted here, so no list stands behind these zeros.
        return "" if only_people else view.question.issues(view.period("triaged"), *wait, by="atlas")

    return _histogram(
        view, "time-to-triage", "Time to triage", found, BLUE, link, "triage_took", "triaged",
        "From the filing of a finding by Atlas until a person first set its status, for those where that was in the "
        "period. What people file themselves needs no triage. If the status is cleared, the finding waits again.",
    )  # fmt: skip


WIDTHS = (
    (5, 20),
    (60, 20),
    (120, 20),
    (720, 20),
    (1440, 20),
    (2880, 20),
    (7200, 20),
    (14400, 20),
)  # minutes, bars


def _histogram(
    view: _View,
    name: str,
    title: str,
    found: Counter[int],
    color: str,
    link: Callable[[list[Wait]], str],
    wait: str,
    verb: str,
    counted: str,
) -> Panel:
    total = sum(found.values())
    median, most = percentile(found, 0.5), percentile(found, 0.9)
    reach = percentile(found, 0.98) or 0
    width = next((width for width, bars in WIDTHS if reach < width * bars), 43200)
    bars = min(20, max(5, reach // width + 2))
    values = [0] * bars
    for minutes, n in found.items():
        values[min(minutes // width, bars - 1)] += n
    waits = [Wait(wait, n * width or None, (n + 1) * width if n < bars - 1 else None) for n in range(bars)]
    links = [link([one] if one.least or one.below else []) for one in waits]
    labels = [duration(n * width) if n else "0" for n in range(bars)]
    said = [
        f"{labels[n]} to {labels[n + 1]}" if n < bars - 1 else f"{labels[n]} or more" for n in range(bars)
    ]
    markers = [
        {"label": f"{mark} {duration(value)}", "at": value / width}
        for mark, value in (("p50", median), ("p90", most)) if value is not None
    ]  # fmt: skip
    chart = _mixed(title, labels, values, color, name="Issues", layout="histogram", markers=markers)
    sentence = (
        f"{title}: median {duration(median)}, 90th percentile {duration(most)}, of {total:,} issues"
        if median is not None and most is not None
        else f"Nothing was {verb} in {view.question.period.words}"
    )
    rows = [[Cell(said[n]), Cell(f"{values[n]:,}", links[n])] for n in range(bars)]
    if median is not None and most is not None:
        rows += [
            [Cell("Median (p50)"), Cell(duration(median))],
            [Cell("90th percentile (p90)"), Cell(duration(most))],
        ]
    rounding = " Rounded down to a minute, an hour, a tenth of a day or a day. p50 and p90 are values that really occurred."
    note = f"{total:,} issue{'' if total == 1 else 's'}"
    return Panel(
        name, title, note, chart, [links], sentence, ["Time", "Issues"], rows, counted + rounding, total
    )


def rejected(view: _View) -> Panel:
    points = view.stretches(view.question.period.point)
    labels = [view.label(since) for since, _ in points]
    shares, numbers, rejections, links, all_links = {}, {}, {}, {}, {}
    for by_agent, by in ((True, "atlas"), (False, "people")):
        shares[by] = [_share(view, *point, by_agent) for point in points]
        numbers[by] = [view.closed(*point, None, by_agent) for point in points]
        rejections[by] = [view.closed(*point, REJECTED, by_agent) for point in points]
        spans = [view.span("closed", *point) for point in points]
        links[by] = [view.question.issues(span, by=by, statuses=(Status.REJECTED.value,)) for span in spans]
        all_links[by] = [view.question.issues(span, by=by) for span in spans]
    chart = _mixed(
        "Findings rejected, share of those closed", labels, shares["atlas"], LINE, name="Atlas", layout="lines",
        unit="%", n={"Atlas": numbers["atlas"], "People": numbers["people"]},
        series=[_series("line", "People", INK, shares["people"])],
    )  # fmt: skip
    whole = {by: sum(numbers[by]) for by in numbers}
    said = {
        by: _share(view, view.first_week, view.last_week + 1, by == "atlas") for by in ("atlas", "people")
    }
    words = [
        f"{name} {'none closed' if said[by] is None else f'{said[by]} % of {whole[by]:,}'}"
        for by, name in (("atlas", "Atlas"), ("people", "People"))
    ]
    return Panel(
        "rejected", "Atlas findings rejected", "share of those closed", chart, [links["atlas"], links["people"]],
        f"Share of findings rejected in {view.question.period.words}: {', '.join(words)}",
        ["From", *(f"{name}{part}" for name in ("Atlas", "People") for part in (" rejected", " closed (n)", ", share"))],
        [
            [Cell(labels[n]),
             *(cell for by in ("atlas", "people") for cell in (
                 Cell(f"{rejections[by][n]:,}", links[by][n]), Cell(f"{numbers[by][n]:,}", all_links[by][n]),
                 Cell("–" if shares[by][n] is None else f"{shares[by][n]} %")))]
            for n in range(len(points))
        ],
        "Of the findings closed in a stretch of time, the share that was rejected; the rest was resolved. People's share "
        "is always shown beside Atlas's, whatever the filter. A duplicate is closed by rejecting it, so it counts as "
        "rejected. n is how many were closed: a share of few says little.",
        whole["atlas"] + whole["people"],
    )  # fmt: skip


def reopened(view: _View) -> Panel:
    points = view.stretches(view.question.period.point)
    labels = [view.label(since) for since, _ in points]
    again = [view.first_closed(*point, 1) for point in points]
    whole = [view.first_closed(*point) for point in points]
    shares = [_percent(part, n) for part, n in zip(again, whole, strict=True)]
    links = [view.question.issues(view.span("first_closed", *point), reopened="1") for point in points]
    all_links = [view.question.issues(view.span("first_closed", *point)) for point in points]
    chart = _mixed(
        "Reopened, share of those closed", labels, shares, LINE, name="Reopened", layout="lines", unit="%", n={"Reopened": whole}
    )  # fmt: skip
    rate = _percent(sum(again), sum(whole))
    sentence = (
        f"Of {sum(whole):,} issues closed for the first time, {sum(again):,} ({rate} %) were reopened"
        if rate is not None
        else f"Nothing was closed for the first time in {view.question.period.words}"
    )
    return Panel(
        "reopened", "Reopened", "" if rate is None else f"{rate} % of {sum(whole):,} closed", chart, [links], sentence,
        ["First closed from", "Reopened", "Closed (n)", "Share"],
        [
            [Cell(labels[n]), Cell(f"{again[n]:,}", links[n]), Cell(f"{whole[n]:,}", all_links[n]),
             Cell("–" if shares[n] is None else f"{shares[n]} %")]
            for n in range(len(points))
        ],
        "Of the issues closed for the first time in a stretch of time, the share that was ever taken up again: its status "
        "went from Resolved or Rejected to another. Each issue counts once. What is undone did not happen.",
        sum(whole),
    )  # fmt: skip


def priority(view: _View) -> Panel:
    totals: Counter[int] = Counter()
    for (code, level), n in view.state().items():
        if code not in (RESOLVED, REJECTED):
            totals[level] += n
    links = [
        view.question.issues(statuses=NOT_CLOSED, priorities=(_priority(code),)) for code, _, _ in PRIORITIES
    ]
    data = [Entry(label, totals[code], color) for code, label, color in PRIORITIES]
    chart = Chart(
        "mixed_chart", ChartData("Not closed by priority", data, None, {"name": "Issues", "layout": "rows"})
    )
    total = sum(totals.values())
    return Panel(
        "priority", "Priority", f"{total:,} not closed", chart, [links],
        f"Not closed by priority: {'; '.join(f'{entry.label} {entry.value:,}' for entry in data)}",
        ["Priority", "Issues"],
        [[Cell(entry.label), Cell(f"{entry.value:,}", link)] for entry, link in zip(data, links, strict=True)],
        "Issues that are not closed now, by the priority they have now.",
        total,
    )  # fmt: skip


def owners(view: _View) -> Panel:
    return _open_rows(
        view, "owners", "Owner", view.flows.rows("owners", view.question.by), lambda name: {"owners": (name,)},
        lambda name: name if name == UNASSIGNED else name_from_email(name),
        "Issues that are not closed now, by the owner they have now: the eight owners of most. The filter by owner does not apply.",
    )  # fmt: skip


def tags(view: _View) -> Panel:
    return _open_rows(
        view, "tags", "Tag", view.flows.rows("tags", view.question.by), lambda name: {"tags": (name,)}, str,
        "Issues that are not closed now, by tag: the eight tags on most. An issue with several tags counts in each of "
        "them. The filter by tag does not apply.",
    )  # fmt: skip


def _open_rows(
    view: _View,
    name: str,
    title: str,
    rows: list[Row],
    filters: Callable[[str], dict[str, Any]],
    spoken: Callable[[str], str],
    counted: str,
) -> Panel:
    codes = [code for code in (1, 2, 0) if code != 0 or any(row.by_status.get(0) for row in rows)]
    links = [
        [view.question.issues(statuses=(STATUS_OF_CODE[code],), **filters(row.name)) for row in rows]
        for code in codes
    ]
    sentence = "; ".join(f"{spoken(row.name)} {row.total:,}" for row in rows)
    return _stacked_rows(
        name, title, "not closed", [spoken(row.name) for row in rows], rows, codes, links,
        f"Not closed by {title.lower()}: {sentence}" if rows else "Nothing is waiting", counted,
    )  # fmt: skip


def found_by(view: _View) -> Panel:
    sums: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for (by_agent, detail), n in view.flows.state.items():
        sums[by_agent][detail // 4] += n
    rows = [Row("Atlas", sums[True]), Row("People", sums[False])]
    codes = [1, 2, 3, 4, 0]
    links = [
        [view.question.issues(by=by, statuses=(STATUS_OF_CODE[code],)) for by in ("atlas", "people")]
        for code in codes
    ]
    return _stacked_rows(
        "found-by", "Who found it", f"{sum(row.total for row in rows):,} issues", ["Atlas", "People"], rows, codes, links,
        f"Issues by who found them: Atlas {rows[0].total:,}, People {rows[1].total:,}",
        "All issues that match the filters, by who filed them and the status they have now. The filter by Atlas or people "
        "does not apply.",
    )  # fmt: skip


def job_runs(view: _View) -> Panel:
    rows = flows.job_runs(view.question)
    codes = [1, 2, 3, 4, 0]
    links = [
        [view.question.issues(runs=(row.name,), statuses=(STATUS_OF_CODE[code],)) for row in rows]
        for code in codes
    ]
    labels = [
        f"{row.name[:8]}, {view.question.day(row.since)}" if row.since else row.name[:8] for row in rows
    ]
    sentence = "; ".join(f"{label} {row.total:,}" for label, row in zip(labels, rows, strict=True))
    return _stacked_rows(
        "job-runs", "Job run", "the latest", labels, rows, codes, links,
        f"Findings of the latest job runs: {sentence}" if rows else "No job run has found anything lately",
        f"The eight job runs that found something last, among the newest {flows.RECENT_FINDINGS:,} issues, with all their "
        "findings that match the filters by the status these have now. A job run is named by the beginning of its id.",
    )  # fmt: skip


def _stacked_rows(
    name: str,
    title: str,
    note: str,
    labels: list[str],
    rows: list[Row],
    codes: list[int],
    links: list[list[str]],
    sentence: str,
    counted: str,
) -> Panel:
    values = [[row.by_status.get(code, 0) for row in rows] for code in codes]
    chart = _mixed(
        title, labels, values[0], COLOR_OF_CODE[codes[0]], name=LABEL_OF_CODE[codes[0]], layout="rows",
        totals=[row.total for row in rows],
        series=[
            _series("bar", LABEL_OF_CODE[code], COLOR_OF_CODE[code], one)
            for code, one in zip(codes[1:], values[1:], strict=True)
        ],
    )  # fmt: skip
    table = [
        [Cell(labels[n]), *(Cell(f"{values[k][n]:,}", links[k][n]) for k in range(len(codes)))]
        for n in range(len(rows))
    ]
    total = sum(row.total for row in rows)
    return Panel(name, title, note, chart, links, sentence, [title, *(LABEL_OF_CODE[code] for code in codes)], table, counted, total)  # fmt: skip


PANELS: dict[str, Callable[[_View], Panel]] = {
    "created-and-closed": created_and_closed,
    "status": status,
    "age": age,
    "time-to-resolve": time_to_resolve,
    "rejected": rejected,
    "priority": priority,
    "owners": owners,
    "found-by": found_by,
    "time-to-triage": time_to_triage,
    "reopened": reopened,
    "tags": tags,
    "job-runs": job_runs,
}


def _priority(code: int) -> str:
    return next(value or NONE for value, known in flow.PRIORITY_CODES.items() if known == code)


def _series(kind: str, name: str, color: str, values: Sequence[int | None], **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "color": color, "values": list(values), **more}


def _mixed(
    title: str, labels: Sequence[str], values: Sequence[int | None], color: str, *, name: str, **config: Any
) -> Chart:
    data = [Entry(label, value or 0, color) for label, value in zip(labels, values, strict=True)]
    colors = {name: color} | {one["name"]: one["color"] for one in config.get("series", [])}
    return Chart("mixed_chart", ChartData(title, data, colors, {"name": name, **config}))

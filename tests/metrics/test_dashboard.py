"""Every number on the dashboard: equal to a recount from the events, and to the list that it links to."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues import queries
from issues.metrics import charts, dashboard, flows
from issues.metrics.question import PERIODS, Question
from issues.models import (
    CLOSED,
    CountDelta,
    EventKind,
    FlowFact,
    FlowSum,
    Issue,
    Priority,
    Status,
    User,
    counts,
    flow,
)
from issues.queries import IssueFilter
from tests.factories import make_issue, make_user
from tests.histories import forget, take

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)  # a Wednesday
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham", "Pacific/Kiritimati")


@dataclass
class Told:
    """What the events say of an issue: the rules of the definitions, without any of our sums."""

    status: str | None
    closed_at: datetime | None = None
    first_closed_at: datetime | None = None
    reopened_at: datetime | None = None
    triaged_at: datetime | None = None

    @classmethod
    def by(cls, issue: Issue) -> "Told":
        events = list(issue.events.select_related("actor").order_by("id"))
        moves = [
            event.data["status"]
            for event in events
            if event.kind == EventKind.CHANGED and "status" in event.data
        ]
        told = cls(moves[0]["from"] if moves else issue.status)
        if told.status in CLOSED:
            told.closed_at = told.first_closed_at = issue.created_at
        if not issue.created_by.is_agent and told.status is not None:
            told.triaged_at = issue.created_at
        before: dict[int, Told] = {}
        for event in events:
            before[event.pk] = Told(**vars(told))
            if event.kind != EventKind.CHANGED or "status" not in event.data:
                continue
            if event.undoes_id is not None:
                told = Told(**vars(before[event.undoes_id]))
                continue
            told.status = event.data["status"]["to"]
            if told.status in CLOSED:
                told.closed_at = event.created_at
                told.first_closed_at = told.first_closed_at or event.created_at
            elif told.closed_at is not None:
                told.closed_at, told.reopened_at = None, event.created_at
            if told.status is None:
                told.triaged_at = None
            elif not event.actor.is_agent:
                told.triaged_at = told.triaged_at or event.created_at
        return told


def number(text: str) -> int:
    return int(text.replace(",", ""))


def column(panel, n: int) -> list[str]:
    return [row[n].text for row in panel.rows]


def check_links(answered) -> int:
    """Every number that links to a list, in a table or drawn, is how many issues that list has; how many link."""
    checked = 0
    for panel in answered.panels:
        for row in panel.rows:
            for cell in row:
                if cell.link:
                    assert listed(cell.link) == number(cell.text), (panel.name, cell)
                    checked += 1
        data, config = panel.chart.chart_data.data, panel.chart.chart_data.display_config or {}
        drawn = {config.get("name"): [entry.value for entry in data]}
        drawn |= {one["name"]: one["values"] for one in config.get("series", ())}
        for (name, values), links in zip(drawn.items(), panel.links, strict=True):
            for place, (value, link) in enumerate(zip(values, links, strict=True)):
                if config.get("unit") == "%":
                    whole = config["n"][name][place]
                    assert (value or 0) == ((200 * listed(link) + whole) // (2 * whole) if whole else 0)
                elif link:
                    assert listed(link) == value, (panel.name, name, place)
                    checked += 1
    for figure in answered.figures:
        if figure.value.replace(",", "").isdigit():
            assert listed(figure.link) == number(figure.value), figure
            checked += 1
    return checked


def listed(link: str) -> int:
    """How many issues the list at an address has."""
    wanted = IssueFilter.parse(QueryDict(link.removeprefix("/list?")))
    return wanted.apply(Issue.objects.alive()).count()


def check_numbers(question: Question, now: datetime = NOW) -> int:
    """All numbers against the events, and against the lists they link to; how many link."""
    answered = dashboard.answer(question, now)
    checked = check_links(answered)
    panels = {panel.name: panel for panel in answered.panels}
    zone, period = question.zone, question.period
    everything = [
        (issue, Told.by(issue)) for issue in Issue.objects.alive().select_related("created_by")
        if (not question.tag or question.tag in issue.tags) and (not question.owner or issue.owner == question.owner)
    ]  # fmt: skip
    mine = [
        (issue, told) for issue, told in everything
        if not question.by or issue.created_by.is_agent == (question.by == "atlas")
    ]  # fmt: skip

    def week(moment):
        local = moment.astimezone(zone).date()
        monday = now.astimezone(zone).date()
        monday -= timedelta(days=monday.weekday())
        return (monday - (local - timedelta(days=local.weekday()))).days // 7  # weeks ago

    def inside(moment, most=period.weeks):
        return moment is not None and 0 <= week(moment) < most

    bars = range(period.weeks // period.bar)
    created = Counter(week(issue.created_at) // period.bar for issue, _ in mine if inside(issue.created_at))
    closed = Counter(week(told.closed_at) // period.bar for _, told in mine if inside(told.closed_at))
    flow_panel = panels["created-and-closed"]
    assert [number(text) for text in column(flow_panel, 1)] == [created[n] for n in reversed(bars)]
    assert [number(text) for text in column(flow_panel, 2)] == [closed[n] for n in reversed(bars)]
    left = [
        sum(
            week(issue.created_at) >= n * period.bar and (told.closed_at is None or week(told.closed_at) < n * period.bar)
            for issue, told in mine
        )
        for n in reversed(bars)
    ]  # fmt: skip
    assert [number(text) for text in column(flow_panel, 3)] == left
    assert answered.figures[0].value == str(sum(told.status not in CLOSED for _, told in mine))

    statuses = Counter(told.status for _, told in mine)
    shown = dict(zip(column(panels["status"], 0), column(panels["status"], 1), strict=True))
    assert {label: number(text) for label, text in shown.items() if number(text)} == {
        "No status" if status is None else Status(status).label: n for status, n in statuses.items()
    }

    today, ages = now.astimezone(zone).date(), Counter()
    for issue, told in mine:
        if told.status not in CLOSED:
            days = (today - issue.created_at.astimezone(zone).date()).days
            ages[sum(days > last for _, last in flows.AGES), issue.priority] += 1
    order = ["high", "medium", "low", None]
    assert [[number(cell.text) for cell in row[1:]] for row in panels["age"].rows] == [
        [ages[n, priority] for priority in order] for n in range(5)
    ]

    for name, waits in {
        "time-to-resolve": [
            (told.closed_at, issue.created_at) for issue, told in mine if told.status == "resolved" and inside(told.closed_at)
        ],
        "time-to-triage": [
            (told.triaged_at, issue.created_at) for issue, told in mine if issue.created_by.is_agent and inside(told.triaged_at)
        ],
    }.items():  # fmt: skip
        minutes = sorted(flow.step(int((until - since).total_seconds() // 60)) for until, since in waits)
        panel = panels[name]
        assert panel.total == len(minutes)
        if minutes:
            from issues.models.spans import duration

            def rank(share, minutes=minutes):
                return minutes[max(0, -(-len(minutes) * share // 100) - 1)]

            assert column(panel, 1)[-2:] == [duration(rank(50)), duration(rank(90))]
            assert sum(number(text) for text in column(panel, 1)[:-2]) == len(minutes)

    points = range(period.weeks // period.point)
    for by_agent, at in ((True, 1), (False, 4)):
        rows = [
            (week(told.closed_at) // period.point, told.status) for issue, told in everything
            if issue.created_by.is_agent == by_agent and inside(told.closed_at)
        ]  # fmt: skip
        assert [number(text) for text in column(panels["rejected"], at)] == [
            sum(n == point and status == "rejected" for n, status in rows) for point in reversed(points)
        ]
        assert [number(text) for text in column(panels["rejected"], at + 1)] == [
            sum(n == point for n, _ in rows) for point in reversed(points)
        ]
    firsts = [
        (week(told.first_closed_at) // period.point, told.reopened_at)
        for _, told in mine
        if inside(told.first_closed_at)
    ]
    assert [number(text) for text in column(panels["reopened"], 1)] == [
        sum(n == point and again is not None for n, again in firsts) for point in reversed(points)
    ]
    assert [number(text) for text in column(panels["reopened"], 2)] == [
        sum(n == point for n, _ in firsts) for point in reversed(points)
    ]

    _, median, lately, _ = answered.figures
    weekly = Counter(week(issue.created_at) for issue, _ in mine)
    assert lately.line == [weekly[n] for n in range(8 if period.weeks == 4 else 12, 0, -1)]
    assert lately.value == str(sum(weekly[n] for n in range(1, 5)))
    waits: dict[int, list[int]] = {}
    for issue, told in mine:
        if told.status == "resolved":
            minutes = flow.step(int((told.closed_at - issue.created_at).total_seconds() // 60))
            waits.setdefault(week(told.closed_at) // period.point, []).append(minutes)
    assert (median.line or [None] * len(points)) == [
        sorted(waits[n])[(len(waits[n]) - 1) // 2] if n in waits else None for n in reversed(points)
    ]
    return checked


def check_documented() -> None:
    """GET /issues/metrics against the events, by weeks in UTC."""
    by_status, flowing, by_priority = (chart.chart_data for chart in charts.metrics(NOW).metrics)
    told = [(issue, Told.by(issue)) for issue in Issue.objects.alive().select_related("created_by")]
    mondays = [datetime(2026, 9, 7, tzinfo=UTC) + timedelta(weeks=n) for n in range(12)]

    def per_week(moments):
        return [sum(monday <= at < monday + timedelta(weeks=1) for at in moments) for monday in mondays]

    assert [entry.label for entry in flowing.data] == [str(monday.date()) for monday in mondays]
    assert [entry.value for entry in flowing.data] == per_week([issue.created_at for issue, _ in told])
    [resolved] = flowing.display_config["series"]
    assert resolved["values"] == per_week([one.closed_at for _, one in told if one.status == "resolved"])
    statuses = Counter(Status(one.status).label if one.status else "No status" for _, one in told)
    priorities = Counter(
        Priority(issue.priority).label if issue.priority else "No priority" for issue, _ in told
    )
    assert {entry.label: entry.value for entry in by_status.data if entry.value} == statuses
    assert {entry.label: entry.value for entry in by_priority.data if entry.value} == priorities


STEP = st.tuples(
    st.sampled_from(["create", "create", "status", "status", "priority", "owner", "tags", "trash", "restore", "undo", "fold"]),
    st.integers(0, 5),
    st.sampled_from([*Status.values, None]),
    st.sampled_from([*Priority.values, None]),
    st.lists(st.sampled_from(["power", "tvac"]), unique=True),
    st.booleans(),
    st.integers(0, 20 * 24 * 60),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(STEP, min_size=3, max_size=25), st.sampled_from(ZONES), st.sampled_from(list(PERIODS.values())),
    st.sampled_from(["", "power"]), st.booleans(), st.sampled_from(["", "people", "atlas"]), st.integers(0, 120),
)  # fmt: skip
def test_any_history_is_counted_as_its_events_tell(steps, zone, period, tag, by_owner, by, days):
    forget((Issue, FlowFact, FlowSum, CountDelta))
    ada, atlas, made = make_user(), User.objects.agent(), []
    at = NOW - timedelta(days=days)
    for *step, minutes in steps:
        at = min(at + timedelta(minutes=minutes), NOW)
        take(tuple(step), made, ada=ada, atlas=atlas, at=at)

    check_numbers(Question(period, tag, ada.email if by_owner else "", by, ZoneInfo(zone)))
    check_documented()


def test_no_list_stands_behind_a_wait_that_people_never_have():
    issue = make_issue(User.objects.agent(), at=NOW - timedelta(days=3))
    issue.change(by=make_user(), status="resolved", at=NOW - timedelta(days=2))

    check_numbers(Question(by="people"))
    assert all(
        cell.link == ""
        for row in dashboard.one("time-to-triage", Question(by="people"), NOW).rows
        for cell in row
    )
    assert any(cell.link for row in dashboard.one("time-to-triage", Question(), NOW).rows for cell in row)


def test_deleted_issues_count_nowhere_until_they_are_restored():
    issue = make_issue(at=NOW - timedelta(days=3))
    shown = dashboard.answer(Question(), NOW).figures[0].value

    issue.trash(by=make_user(), at=NOW)
    gone = dashboard.answer(Question(), NOW).figures[0].value
    issue.restore(by=make_user(), at=NOW)

    assert (shown, gone, dashboard.answer(Question(), NOW).figures[0].value) == ("1", "0", "1")
    check_numbers(Question())


def test_a_week_begins_where_the_viewer_is():
    make_issue(at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))  # Monday already in Berlin

    def last(zone):
        return column(dashboard.one("created-and-closed", Question(zone=ZoneInfo(zone)), NOW), 1)[-2:]

    assert last("UTC") == ["1", "0"]
    assert last("Europe/Berlin") == ["0", "1"]


def test_change_is_said_in_words():
    ada = make_user()
    for days in (9, 9, 9, 1):
        make_issue(ada, at=NOW - timedelta(days=days))
    for issue in Issue.objects.order_by("id")[:2]:
        issue.change(by=ada, status="resolved", at=NOW - timedelta(hours=1))

    figure = dashboard.answer(Question(), NOW).figures[0]

    assert (figure.value, figure.change, figure.than, figure.trend) == (
        "2",
        "1 fewer",
        "than last week",
        "better",
    )


def test_a_chart_of_fewer_than_five_is_not_enough():
    for _ in range(4):
        make_issue(at=NOW - timedelta(days=1))
    assert not dashboard.one("status", Question(), NOW).is_enough

    make_issue(at=NOW - timedelta(days=1))
    assert dashboard.one("status", Question(), NOW).is_enough


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7], 0.5, 7),
        ([1, 2], 0.5, 1),
        ([1, 2, 3], 0.5, 2),
        (range(1, 11), 0.9, 9),
        ([5] * 9 + [8], 0.9, 5),
    ],
)
def test_a_percentile_is_a_value_that_occurred(values, share, expected):
    assert flows.percentile(Counter(values), share) == expected


def test_the_status_ring_is_the_documented_pie():
    for status in Status.values:
        make_issue(status=status, at=NOW - timedelta(days=1))

    assert dashboard.one("status", Question(), NOW).chart == charts.issues_by_status(counts.by_state())
    assert queries.count(IssueFilter()) == 4


def test_sums_that_stay_in_memory_are_never_old():
    issue = make_issue(at=NOW - timedelta(days=3))
    shown = []

    def look():
        shown.append([number(text) for text in column(dashboard.one("status", Question(), NOW), 1)])
        check_numbers(Question())

    look()
    flow.fold()
    look()
    issue.change(by=make_user(), status="resolved", at=NOW - timedelta(days=1))
    look()
    with transaction.atomic():
        flow.fold()
        look()
        transaction.set_rollback(True)  # what was folded was not, and its sums are still in memory
    look()
    make_issue(at=NOW - timedelta(days=2))
    flow.fold()
    look()

    assert shown == [[1, 0, 0, 0]] * 2 + [[0, 0, 1, 0]] * 3 + [[1, 0, 1, 0]]


def test_sums_that_stay_in_memory_weigh_what_they_hold():
    make_issue(at=NOW - timedelta(days=3), tags=["power"])
    flow.fold()
    flows.read(Question(), NOW)
    few = flows._kept._size

    for n in range(300):
        make_issue(at=NOW - timedelta(days=3), owner=f"engineer{n}@example.com")
    flow.fold()
    flows.read(Question(), NOW)

    assert few + 300 * 200 <= flows._kept._size < few + 300 * 1000

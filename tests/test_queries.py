"""The filter language and the orders that pages rely on."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.http import QueryDict

from issues import queries
from issues.models import Issue, Priority, Status, User
from issues.queries import IssueFilter, Place, Tally
from tests.factories import make_issue, make_user

pytestmark = pytest.mark.django_db


def found(address: str) -> set[str]:
    wanted = IssueFilter.parse(QueryDict(address))
    titles = set(wanted.apply(Issue.objects.alive()).values_list("title", flat=True))
    assert queries.count(wanted) == len(titles)
    assert sum(queries.count_by_status(wanted).values()) == len(titles)
    return titles


@pytest.fixture
def three_issues():
    make_issue(User.objects.agent(), title="sag", tags=["power"], priority="high", owner="mara@example.com")
    make_issue(title="ripple", tags=["adcs", "tvac"], status="in_progress", priority="medium")
    make_issue(title="noise 100 %", status=None, priority=None)


@pytest.mark.usefixtures("three_issues")
@pytest.mark.parametrize(
    ("address", "titles"),
    [
        ("", {"sag", "ripple", "noise 100 %"}),
        ("status=open", {"sag"}),
        ("status=open&status=in_progress", {"sag", "ripple"}),
        ("status=none", {"noise 100 %"}),
        ("status=open&status=none", {"sag", "noise 100 %"}),
        ("priority=high&priority=none", {"sag", "noise 100 %"}),
        ("status=open&priority=medium", set()),
        ("tag=tvac&tag=power", {"sag", "ripple"}),
        ("owner=mara%40example.com", {"sag"}),
        ("by=atlas", {"sag"}),
        ("by=people", {"ripple", "noise 100 %"}),
        ("untriaged=1", {"sag", "noise 100 %"}),
        ("q=RIP", {"ripple"}),
        ("q=100+%25", {"noise 100 %"}),
        ("q=%25", {"noise 100 %"}),
        ("status=closed&priority=urgent&by=nobody", {"sag", "ripple", "noise 100 %"}),
        ("q=%00sag", set()),
    ],
)
def test_an_address_finds(address, titles):
    assert found(address) == titles


def test_a_reference_finds_its_issue():
    issue = make_issue()
    make_issue()

    wanted = IssueFilter.parse(QueryDict(f"q={issue.reference.lower()}"))

    assert wanted.apply(Issue.objects.alive()).get() == issue
    assert not IssueFilter(q="FND-" + "9" * 18).apply(Issue.objects.alive()).exists()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "q=a+b&status=open&status=none&priority=high&tag=%C3%A9+b&owner=a%40b&by=atlas&untriaged=1",
        "created=2026-11-16..2026-11-22T23%3A00Z&closed=..2026-11-23&took=60..120&triage_took=..30&reopened=1",
        "run=0192f8a0-0000-7000-8000-000000000000",
    ],
)
def test_a_filter_is_written_back_as_it_was_read(address):
    assert IssueFilter.parse(QueryDict(address)).query_string() == address


class TestBoard:
    def test_orders_by_priority_and_then_last_change(self):
        ada, start = make_user(), datetime.now(UTC)
        for n, priority in enumerate(["low", "high", None, "medium", "high"]):
            make_issue(ada, title=f"{priority} {n}", priority=priority, at=start + timedelta(seconds=n))

        page = queries.board_column(IssueFilter(), "open", 10)

        titles = [Issue.objects.get(id=id_).title for id_, _ in page.rows]
        assert titles == ["high 4", "high 1", "medium 3", "low 0", "None 2"]
        assert page.next is None

    def test_pages_show_everything_once(self):
        ada, same = make_user(), datetime.now(UTC)
        for n in range(23):
            make_issue(ada, priority=[*Priority.values, None][n % 4], at=same + timedelta(seconds=n // 6))
        whole = queries.board_column(IssueFilter(), "open", 100).rows

        rows, after = [], None
        while True:
            page = queries.board_column(IssueFilter(), "open", 4, after)
            rows += page.rows
            if page.next is None:
                break
            after = Place.parse(str(page.next))

        assert rows == whole
        assert len(rows) == 23

    @pytest.mark.parametrize("address", ["", "priority=high&tag=a", "q=t1&by=people", "status=open"])
    def test_in_one_statement_is_the_same_as_column_by_column(self, address):
        ada, now = make_user(), datetime.now(UTC)
        for n in range(60):
            at = now - timedelta(days=n % 30)
            issue = make_issue(
                ada, title=f"t{n}", tags=["ab"[n % 2]], priority=[*Priority.values, None][n % 3], at=at
            )
            issue.change(by=ada, status=Status.values[n % 4], at=at)
        wanted, since = IssueFilter.parse(QueryDict(address)), queries.recent_since()

        columns = queries.board(wanted, 5, since)

        closed = (Status.RESOLVED, Status.REJECTED)
        assert columns == {
            status: queries.board_column(wanted, status, 5, since=since if status in closed else None)
            for status in Status.values
        }
        assert any(column.rows for column in columns.values())

    def test_counts_what_was_closed_lately(self):
        ada, since = make_user(), queries.recent_since()
        for at in (since, since + timedelta(days=3), since - timedelta(seconds=1)):
            make_issue(ada, at=at).change(by=ada, status="resolved", at=at)

        assert queries.board_counts(IssueFilter(), since)["resolved"] == Tally(2)
        assert queries.board_counts(IssueFilter(priorities=("low",)), since)["resolved"] == Tally(2)
        assert queries.board_column(IssueFilter(), "resolved", 10, since=since).rows == list(
            Issue.objects.filter(closed_at__gte=since).order_by("-changed_at").values_list("id", "version")
        )

    @pytest.mark.parametrize(
        "address", ["", "status=open&status=rejected", "priority=high", "tag=a", "q=t&by=people&status=open"]
    )
    @pytest.mark.parametrize("lately", [True, False])
    def test_the_counts_are_what_the_columns_show(self, address, lately):
        ada, now = make_user(), datetime.now(UTC)
        for n in range(24):
            at = now - timedelta(days=n)
            issue = make_issue(ada, title="t", tags=["ab"[n % 2]], priority=Priority.values[n % 3], at=at)
            issue.change(by=ada, status=Status.values[n % 4], at=at)
        wanted = IssueFilter.parse(QueryDict(address))
        since = queries.recent_since() if lately else None

        found = queries.board_counts(wanted, since)

        shown = queries.board_rows(wanted, list(Issue.objects.values_list("id", flat=True)), since)
        in_columns = Issue.objects.filter(id__in=[id_ for id_, _ in shown])
        assert found == {status: Tally(in_columns.filter(status=status).count()) for status in Status.values}

    def test_a_count_stops_where_it_is_told(self):
        for _ in range(4):
            make_issue(tags=["a"])

        wanted = IssueFilter(tags=("a",))

        assert queries.count_up_to(wanted, 3) == Tally(3, is_more=True)
        assert str(queries.count_up_to(wanted, 3)) == "3+"
        assert queries.count_up_to(wanted, 4) == Tally(4)

    @pytest.mark.parametrize("text", ["", "1", "1.2", "a.b.c", "9.1.1", "0.99999999999999999999.1", "0.1.-1"])
    def test_a_place_that_nobody_wrote_is_none(self, text):
        assert Place.parse(text) is None


def test_what_a_filter_offers_comes_most_used_first():
    make_issue(tags=["power", "tvac"], owner="b@x")
    make_issue(tags=["power"], owner="b@x")
    make_issue(tags=["emc"]).trash(by=make_user())

    assert queries.tags_in_use() == ["power", "tvac"]
    assert queries.owners_in_use() == ["b@x"]


class TestTimes:
    """What links from the charts filter by."""

    @pytest.mark.parametrize(
        "address",
        [
            "created=yesterday..", "created=2026-11-16", "created=..", "created=9999-99-99..", "took=-5..",
            "took=1e3..", "took=..", "took=99999999999..", "took=٣..", "reopened=2", "reopened=0&reopened=1", "run=7",
            "closed=0001-01-01T00:00%2B14:00..", "run=%00",
        ],
    )  # fmt: skip
    def test_that_mean_nothing_filter_nothing(self, address):
        assert IssueFilter.parse(QueryDict(address)).is_by_state_only

    def test_are_from_the_first_moment_on_and_before_the_second(self):
        ada, monday = make_user(), datetime(2026, 11, 16, tzinfo=UTC)
        make_issue(ada, at=monday - timedelta(microseconds=1))
        inside = [make_issue(ada, at=monday), make_issue(ada, at=monday + timedelta(days=6, hours=23))]
        make_issue(ada, at=monday + timedelta(weeks=1))

        assert matching("created=2026-11-16..2026-11-23") == inside
        assert matching("created=2026-11-15T23:00Z..2026-11-15T23:59:59.999999Z") == []

    def test_took_counts_from_creation_to_closing(self):
        ada, monday = make_user(), datetime(2026, 11, 16, tzinfo=UTC)
        issues = [make_issue(ada, at=monday) for _ in range(3)]
        for issue, minutes in zip(issues, (59, 60, 120), strict=True):
            issue.change(by=ada, status="resolved", at=monday + timedelta(minutes=minutes))
        make_issue(ada, at=monday)

        assert matching("took=60..120") == issues[1:2]
        assert matching("took=..60") == issues[:1]
        assert matching("took=0..") == issues

    def test_reopened_and_job_run(self):
        ada, run = make_user(), UUID("0192f8a0-0000-7000-8000-000000000000")
        reopened, other = make_issue(ada, job_run_id=run), make_issue(ada)
        for status in ("resolved", "open"):
            reopened.change(by=ada, status=status)

        assert matching("reopened=1") == matching(f"run={run}") == [reopened]
        assert matching("reopened=0") == [other]

    def test_say_what_they_are(self):
        address = "created=2026-11-16..2026-11-22T23:00Z&took=60..&triage_took=..300&reopened=0"

        assert [words for _, _, words in IssueFilter.parse(QueryDict(address)).from_charts] == [
            "Created from 16 Nov 2026 until 22 Nov 2026 23:00 UTC",
            "Closed after 60 min or more",
            "Triaged within 5 h",
            "Never reopened",
        ]


def matching(address):
    return list(IssueFilter.parse(QueryDict(address)).apply(Issue.objects.alive()).order_by("id"))

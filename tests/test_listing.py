"""Every order of the list, both ways: pages laid end to end are the whole list once, and each is an index scan."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from issues import listing
from issues.listing import COLUMNS, Place, Sort
from issues.models import Issue, Priority, Status, User
from issues.queries import IssueFilter
from issues.search import NONE
from tests.factories import make_comment, make_issue, make_user

pytestmark = pytest.mark.django_db
ORDERS = [Sort(column, descending) for column in COLUMNS for descending in (False, True)]


@pytest.fixture
def issues():
    """Thirty issues with many ties: few statuses, owners, creators, titles, moments and comments."""
    people = [make_user(f"{name}@example.com") for name in ("zoe", "ada", "mara")] + [User.objects.agent()]
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for n in range(30):
        issue = make_issue(
            people[n % 4],
            at=start + timedelta(hours=n // 3),
            status=[*Status.values, None][n % 5],
            priority=[*Priority.values, None][n % 4],
            owner=["Unassigned", "ada@example.com", "a~b", "zoe@example.com"][n % 4],
            title=["battery drops", "Battery drops", "Ümlaut", "a~b", "x" * 200][n % 5],
            tags=["power"] if n % 3 else [],
        )
        for _ in range(n % 3):
            make_comment(issue, people[0])
    Issue.objects.order_by("id")[7].trash(by=people[0])
    return Issue.objects.alive()


def everything(wanted, sort, size=11, *, few=False):
    """The ids of all pages of `size`, each begun at the place where the last one said it ended."""
    ids, after = [], None
    while True:
        page = listing.list_page(wanted, sort, size, after, few=few)
        ids += [id_ for id_, _ in page.rows]
        if page.next is None:
            return ids
        after = Place.parse(str(page.next), sort)
        assert after == page.next


def test_pages_end_to_end_are_the_whole_list_in_order(issues):
    found = {issue.pk: issue for issue in issues.select_related("created_by")}
    keys = {column: {pk: key(issue, column) for pk, issue in found.items()} for column in COLUMNS}
    for wanted, few in (
        (IssueFilter(), False),
        (IssueFilter(tags=("power",), statuses=("open", NONE)), True),
        (IssueFilter(priorities=("high", NONE)), False),
    ):
        matching = sorted(wanted.apply(issues).values_list("id", flat=True))
        for sort in ORDERS:
            ids = everything(wanted, sort, few=few)

            assert sorted(ids) == matching
            ordered = [keys[sort.column][id_] for id_ in ids]
            assert ordered == sorted(ordered, reverse=sort.descending), (wanted, sort, few)


def key(issue: Issue, column: str):
    ranks = {value: rank for rank, value in enumerate([*Status.values, None])}
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower(left(%s, 100))", [issue.title])
        [title] = cursor.fetchone()
    return {
        "reference": issue.pk,
        "status": ranks[issue.status],
        "priority": issue.priority_rank,
        "title": title,
        "by": issue.created_by.display_name.lower(),
        "owner": issue.owner,
        "comments": issue.comment_count,
        "created": issue.created_at,
        "updated": issue.changed_at,
    }[column]


def test_within_a_group_the_newest_come_first(issues):
    found = {issue.pk: issue for issue in issues}
    for column, descending in product(("status", "by"), (False, True)):
        groups: dict = {}
        for id_ in everything(IssueFilter(), Sort(column, descending)):
            issue = found[id_]
            groups.setdefault(issue.status if column == "status" else issue.created_by_id, []).append(issue)
        for group in groups.values():
            assert group == sorted(group, key=lambda issue: (issue.created_at, issue.uuid), reverse=True)


def test_a_place_that_means_nothing_is_no_error():
    texts = ["", "x", "~", "1~2", "1~2~3~4", "-1", "9" * 30, "open~x~y", "\0~\0~\0", "٣~٣", f"a~{9**20}~b"]
    for sort, text in product(ORDERS, texts):
        listing.list_page(IssueFilter(), sort, 5, Place.parse(text, sort))


@pytest.mark.parametrize("text", ["", "size", "--created", "-", "Created", "created;drop"])
def test_an_order_that_means_nothing_is_newest_first(text):
    assert Sort.parse(text) == Sort("created", True)


def test_a_click_turns_the_order_round_and_times_begin_with_the_latest():
    assert str(Sort("title", False).clicked("title")) == "-title"
    assert str(Sort("title", False).clicked("updated")) == "-updated"
    assert str(Sort("created", True).clicked("owner")) == "owner"


def test_a_query_with_a_mistake_finds_nothing(issues):
    for sort in ORDERS:
        assert listing.list_page(IssueFilter(q="status:often"), sort, 5).rows == []


def test_every_order_is_a_scan_that_starts_where_the_page_does():
    """No sort of the table, no scan of all of it: what a plan reads does not grow with the number of issues."""
    call_command("seed_scale", issues=4_000, comments=1, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for sort in ORDERS:
        after = None
        for _ in range(3):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                page = listing.list_page(IssueFilter(), sort, 50, after)
            read = sum(
                rows_read(query["sql"]) for query in asked.captured_queries if "issues_issue" in query["sql"]
            )
            assert read < 500, f"{sort}: {read} rows read"
            after = page.next


def rows_read(sql: str) -> int:
    """How many rows the scans of a statement read, with those that a filter threw away."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        [[plan]] = cursor.fetchone()
    total, waiting = 0, [plan["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if node.get("Relation Name") == "issues_issue":
            passed = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            total += round(passed * node["Actual Loops"])
    return total

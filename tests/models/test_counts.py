"""Counts are exact after anything, folded or not, and with writers side by side."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues import queries
from issues.models import CountDelta, Event, Issue, Priority, Status, counts
from issues.queries import IssueFilter, newest_first
from tests.factories import make_issue, make_user, settled


def counted():
    """What the counts say: by state, created and closed by day."""

    def per_day(**group: str) -> dict[date, int]:
        days = CountDelta.objects.filter(**group).values_list("day").annotate(total=Sum("n"))
        return {day: n for day, n in days if n}

    return (
        counts.by_state(),
        per_day(family="created"),
        per_day(family="closed", status="resolved"),
        per_day(family="closed", status="rejected"),
    )


def recounted():
    """The same, counted from the rows."""
    state, created, resolved, rejected = {}, {}, {}, {}
    for issue in Issue.objects.alive():
        key = (issue.status, issue.priority)
        state[key] = state.get(key, 0) + 1
        created[issue.created_at.date()] = created.get(issue.created_at.date(), 0) + 1
        if issue.closed_at:
            days = resolved if issue.status == "resolved" else rejected
            days[issue.closed_at.date()] = days.get(issue.closed_at.date(), 0) + 1
    return state, created, resolved, rejected


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["create", "status", "priority", "trash", "restore", "fold"]),
            st.integers(0, 5),
            st.sampled_from([*Status.values, None]),
            st.sampled_from([*Priority.values, None]),
            st.integers(0, 40),
        ),
        max_size=25,
    )
)
def test_any_sequence_of_verbs_counts_right(steps):
    Issue.objects.all().delete()
    CountDelta.objects.all().delete()
    ada, start, made = make_user(), datetime(2026, 10, 1, 23, 30, tzinfo=UTC), []
    for verb, which, status, priority, days in steps:
        at = start + timedelta(days=days)
        issue = made[which % len(made)] if made else None
        if verb == "create" or issue is None:
            made.append(make_issue(ada, status=status, priority=priority, at=at))
        elif verb == "fold":
            counts.fold()
        elif verb == "trash":
            issue.trash(by=ada, at=at)
        elif verb == "restore":
            issue.restore(by=ada, at=at)
        elif issue.deleted_at is None:
            issue.change(by=ada, at=at, **{verb: status if verb == "status" else priority})

        assert counted() == recounted()

    for issue in made:
        issue.refresh_from_db()
        assert issue.version == Event.objects.filter(issue=issue).count()
    counts.rebuild()
    assert counted() == recounted()


@pytest.mark.django_db
def test_folding_changes_no_count_and_leaves_one_row_a_group():
    for _ in range(5):
        make_issue().change(by=make_user(), status="resolved")
    before = counted()

    counts.fold()
    counts.fold()

    assert counted() == before
    assert CountDelta.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_writers_and_folders_at_once_lose_nothing():
    ada = make_user()
    failures = []

    def write():
        try:
            for _ in range(20):
                make_issue(ada).change(by=ada, status="resolved")
                counts.fold()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert failures == []
    assert counts.by_state() == {("resolved", "low"): 80}
    assert counted() == recounted()


@pytest.mark.django_db
@pytest.mark.parametrize("offset", [0, 1, 9, 10, 29, 30, 31, 59, 60, 99])
@pytest.mark.parametrize("statuses", [(), ("open",), ("open", "resolved")])
def test_a_deep_page_is_where_a_plain_offset_is(monkeypatch, offset, statuses):
    ada = make_user()
    for n in range(60):
        at = datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days=n % 7, seconds=n)
        make_issue(ada, at=at, status=Status.values[n % 4], priority=Priority.values[n % 3])
    wanted = IssueFilter(statuses=statuses, priorities=("low", "high"))
    everything = wanted.apply(Issue.objects.alive()).newest_first().values_list("id", "version")

    monkeypatch.setattr(newest_first, "DEEP", -1)
    rows, total = queries.issue_page(wanted, 10, offset)

    assert rows == list(everything[offset : offset + 10])
    assert total == everything.count()


@pytest.mark.django_db(transaction=True)
def test_a_deep_page_knows_of_what_was_filed_and_closed_since_the_last_one(monkeypatch):
    """How many were filed on each day is kept, while nothing happens."""
    ada = make_user()
    issues = [make_issue(ada, at=datetime(2026, 11, 1 + n, tzinfo=UTC)) for n in range(4)]
    monkeypatch.setattr(newest_first, "DEEP", -1)
    wanted = IssueFilter(statuses=("open",))

    def page() -> tuple[list[int], int]:
        settled()
        rows, total = queries.issue_page(wanted, 10, 2)
        return [id_ for id_, _ in rows], total

    assert page() == page() == ([issues[1].pk, issues[0].pk], 4)
    newest = make_issue(ada, at=datetime(2026, 11, 9, tzinfo=UTC))
    assert page() == ([issues[2].pk, issues[1].pk, issues[0].pk], 5)
    issues[3].change(by=ada, status="resolved")
    assert page() == ([issues[1].pk, issues[0].pk], 4)
    newest.trash(by=ada)
    assert page() == ([issues[0].pk], 3)

"""The roll-ups say what a recount of the issues says, whatever happened; and their slots fit every time zone."""

import threading
import zoneinfo
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues.metrics import flows
from issues.metrics.question import Question
from issues.models import (
    Event,
    FlowFact,
    FlowSum,
    FlowWaits,
    Issue,
    Priority,
    Status,
    User,
    counts,
    flow,
    undo,
)
from tests import server
from tests.factories import make_issue, make_user
from tests.histories import forget, take


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["create", "status", "priority", "owner", "tags", "title", "trash", "restore", "undo", "fold"]
            ),
            st.integers(0, 5),
            st.sampled_from([*Status.values, None]),
            st.sampled_from([*Priority.values, None]),
            st.lists(st.sampled_from(["power", "tvac", "emc"]), unique=True),
            st.booleans(),
            st.integers(0, 40 * 24 * 60),
        ),
        max_size=25,
    )
)
def test_any_sequence_of_verbs_sums_right(steps):
    forget((Issue, FlowFact, FlowSum))
    ada, atlas, made = make_user(), User.objects.agent(), []
    start = datetime(2026, 10, 1, 23, 30, tzinfo=UTC)
    for *step, minutes in steps:
        take(tuple(step), made, ada=ada, atlas=atlas, at=start + timedelta(minutes=minutes))

        assert flow.mistakes() == 0

    flow.fold()
    assert flow.mistakes() == 0
    assert not FlowFact.objects.exists()
    summed = unpacked()
    assert are_in_order()
    flow.rebuild()
    assert summed == unpacked()
    assert are_in_order()


def are_in_order() -> bool:
    """Whether every list is in the order of quarters, by which readers cut out their part."""
    lists = FlowSum.objects.values_list("quarters", "details")
    return all(found == sorted(found) for found in (list(zip(*one, strict=True)) for one in lists))


def unpacked() -> set:
    fields = ("owner", "tag", "measure", "at_border", "slot", "by_agent", "quarters", "details", "ns")
    waits = FlowWaits.objects.values_list("owner", "tag", "measure", "slot", "by_agent", "histogram")
    return {(*key, *one) for *key, histogram in waits for one in flow.unpacked(f"{histogram:f}").items()} | {
        (*key, *one)
        for *key, quarters, details, ns in FlowSum.objects.values_list(*fields)
        for one in zip(quarters, details, ns, strict=True)
    }


@pytest.mark.django_db
def test_a_mistake_is_noticed():
    make_issue()
    Issue.objects.update(owner="somebody@example.com")  # past the verbs

    assert flow.mistakes() > 0
    flow.rebuild()
    assert flow.mistakes() == 0


@pytest.mark.django_db
def test_a_change_of_what_is_not_counted_leaves_no_fact():
    issue = make_issue()
    before = FlowFact.objects.count()

    issue.change(by=make_user(), title="Another one")

    assert FlowFact.objects.count() == before == 1


@pytest.mark.django_db
def test_reopening_is_remembered_and_rejecting_what_is_resolved_is_none():
    ada, at = make_user(), datetime(2026, 11, 2, tzinfo=UTC)
    issue = make_issue(ada, at=at)

    issue.change(by=ada, status="resolved", at=at + timedelta(days=1))
    issue.change(by=ada, status="rejected", at=at + timedelta(days=2))
    assert (issue.first_closed_at, issue.closed_at, issue.reopened_at) == (
        at + timedelta(days=1),
        at + timedelta(days=2),
        None,
    )

    issue.change(by=ada, status="in_progress", at=at + timedelta(days=3))
    assert (issue.first_closed_at, issue.closed_at, issue.reopened_at) == (
        at + timedelta(days=1),
        None,
        at + timedelta(days=3),
    )


@pytest.mark.django_db
def test_a_reopening_that_is_undone_was_none():
    ada, at = make_user(), datetime(2026, 11, 2, tzinfo=UTC)
    issue = make_issue(ada, at=at)
    issue.change(by=ada, status="resolved", at=at + timedelta(days=1))
    issue.change(by=ada, status="open", at=at + timedelta(days=2))

    undo.undo(issue.events.latest("id").pk, by=ada)

    issue.refresh_from_db()
    assert (issue.first_closed_at, issue.closed_at, issue.reopened_at) == (
        at + timedelta(days=1),
        at + timedelta(days=1),
        None,
    )
    assert flow.mistakes() == 0


@pytest.mark.django_db
def test_a_finding_is_triaged_when_the_first_person_decides():
    ada, at = make_user(), datetime(2026, 11, 2, tzinfo=UTC)
    finding = make_issue(User.objects.agent(), at=at)

    finding.change(by=ada, status="in_progress", at=at + timedelta(hours=1))
    finding.change(by=ada, status="resolved", at=at + timedelta(hours=5))

    assert finding.triaged_at == at + timedelta(hours=1)


def test_every_time_zone_begins_its_weeks_at_a_quarter_near_the_one_in_utc():
    strange = set()
    for name in zoneinfo.available_timezones():
        zone = zoneinfo.ZoneInfo(name)
        monday = datetime(2000, 1, 3)  # noqa: DTZ001 - midnight wherever that is
        while monday.year < 2038:
            east = monday.replace(tzinfo=zone).utcoffset() / timedelta(minutes=1)
            if east % flow.QUARTER or not -flow.WEST <= east <= flow.EAST:
                strange.add((name, east))
            monday += timedelta(weeks=1)

    assert strange == set()


@pytest.mark.django_db
@given(st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_moment_is_in_its_slot_and_at_every_border_that_a_viewer_may_have_beyond_it(moment):
    moment = moment.replace(tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT m.unit, at_border, slots.slot, {flow._QUARTER} FROM (VALUES
                ('week', %(at)s::timestamptz, 'created'), ('day', %(at)s::timestamptz, 'open')) AS m (unit, moment, measure),
                LATERAL {flow._SLOTS}
            """,
            {"at": moment},
        )
        rows = cursor.fetchall()

    for unit, length in (("day", timedelta(days=1)), ("week", timedelta(weeks=1))):
        monday = datetime(2001, 1, 1, tzinfo=UTC)
        began = monday + (moment - monday) // length * length
        near = {
            (border, (moment - border) // timedelta(minutes=15))
            for border in (began, began + length)
            if -timedelta(minutes=flow.EAST) <= moment - border < timedelta(minutes=flow.WEST)
        }
        assert [(slot, quarter) for name, at, slot, quarter in rows if name == unit and not at] == [
            (began, 0)
        ]
        at_border = [(slot, quarter) for name, at, slot, quarter in rows if name == unit and at]
        assert len(at_border) == len(near)
        assert set(at_border) == near


@pytest.mark.parametrize(
    ("minutes", "rounded"),
    [(0, 0), (119, 119), (120, 120), (179, 120), (2879, 2820), (2880, 2880), (3023, 2880), (3024, 3024),
     (14399, 14256), (14400, 14400), (15839, 14400), (15840, 15840), (flow.LONGEST - 1, flow.LONGEST - 1440),
     (flow.LONGEST, flow.LONGEST), (flow.LONGEST * 2, flow.LONGEST)],
)  # fmt: skip
def test_a_duration_is_rounded_down_to_what_people_read(minutes, rounded):
    assert flow.step(minutes) == rounded


@pytest.mark.django_db
def test_the_database_rounds_as_python_does():
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT f.wait, {flow.took('f.until')} FROM (SELECT n * 37 AS wait, timestamptz 'epoch' AS created_at, "
            "timestamptz 'epoch' + n * interval '37 minutes' AS until FROM generate_series(0, 900) AS n UNION ALL "
            f"SELECT n, timestamptz 'epoch', timestamptz 'epoch' + n * interval '1 minute' FROM generate_series({flow.LONGEST - 5}, {flow.LONGEST + 5}) AS n) f"
        )
        assert all(rounded == flow.step(wait) for wait, rounded in cursor.fetchall())


def test_every_duration_has_its_place():
    assert sorted(set(flow.DURATIONS)) == flow.DURATIONS
    assert {flow.step(minutes) for minutes in range(30_000)} <= set(flow.DURATIONS)
    assert flow.DURATIONS[-1] == flow.LONGEST
    assert len(flow.DURATIONS) * flow.DIGITS < 131_072  # PostgreSQL's longest number


@pytest.mark.django_db
@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(flow.DURATIONS), st.integers(1, 10**7), max_size=8),
        min_size=1,
        max_size=4,
    )
)
def test_numbers_that_are_histograms_add_up_as_histograms(histograms):
    rows = [(detail, n) for one in histograms for detail, n in one.items()]
    rows += [
        (60, 5),
        (60, -3),
        (flow.LONGEST, 1),
        (61, -1),
        (61, 1),
    ]  # what was there is taken away again, too
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT histogram::text FROM ("
            + flow._histograms(
                "SELECT '' AS owner, '' AS tag, 'resolve' AS measure, false AS at_border, now() AS slot, false AS by_agent, detail, n "
                "FROM unnest(%s::int[], %s::int[]) AS one (detail, n)"
            )
            + ") one",
            [list(column) for column in zip(*rows, strict=True)],
        )
        [(number,)] = cursor.fetchall()

    expected = Counter()
    for detail, n in rows:
        expected[detail] += n
    assert flow.unpacked(number) == {detail: n for detail, n in expected.items() if n}


@pytest.mark.django_db
def test_an_issue_that_took_decades_has_its_place_and_leaves_it_again():
    ada, at = make_user(), datetime(1990, 1, 1, tzinfo=UTC)
    issue = make_issue(ada, at=at)
    issue.change(by=ada, status="resolved", at=datetime(2026, 11, 2, tzinfo=UTC))
    flow.fold()
    waits = FlowWaits.objects.filter(owner="", tag="", measure="resolve").get()
    assert flow.unpacked(f"{waits.histogram:f}") == {flow.LONGEST: 1}
    found = flows.read(Question(), datetime(2026, 11, 2, 12, tzinfo=UTC))
    assert sum(found.resolve, Counter()) == {flow.LONGEST: 1}

    issue.change(by=ada, status="open", at=datetime(2026, 11, 3, tzinfo=UTC))
    flow.fold()
    waits.refresh_from_db()
    assert waits.histogram == 0
    assert flow.mistakes() == 0


def test_nothing_is_an_empty_histogram():
    assert flow.unpacked("0") == {}


@pytest.mark.django_db
def test_what_a_server_of_before_folds_counts_as_well():
    ada, at = make_user(), datetime(2026, 11, 2, tzinfo=UTC)
    make_issue(ada, at=at).change(by=ada, status="resolved", at=at + timedelta(hours=3))
    flow.fold()
    waits = FlowWaits.objects.filter(owner="", tag="", measure="resolve").get()
    assert flow.unpacked(f"{waits.histogram:f}") == {180: 1}

    # It knows lists only: what comes, and what goes of what is in the number.
    lists = {"quarters": [0, 0], "details": [60, 180], "ns": [1, -1], "at_border": False}
    FlowSum.objects.create(owner="", tag="", measure="resolve", slot=waits.slot, by_agent=False, **lists)
    found = flows.read(Question(), at + timedelta(days=3))

    assert sum(found.resolve, Counter()) == {60: 1}
    assert flow.mistakes() > 0  # for this was invented
    flow.rebuild()
    assert flow.mistakes() == 0


@pytest.mark.django_db(transaction=True)
def test_writers_and_folders_at_once_lose_nothing():
    ada, failures = make_user(), []

    def write():
        try:
            for _ in range(15):
                make_issue(ada, tags=["power"]).change(by=ada, status="resolved", owner=ada.email)
                flow.fold()
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
    assert Issue.objects.count() == 60
    assert flow.mistakes() == 0


@pytest.mark.django_db
def test_facts_are_folded_now_and_then(django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(flow, "FOLD_EVERY", 4)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(8):
            make_issue()

    assert FlowFact.objects.count() < 4
    assert flow.mistakes() == 0
    assert counts.by_state() == {("open", "low"): 8}
    assert Event.objects.count() == 8


BEFORE_THE_ROLL_UPS = """
INSERT INTO issues_user (password, email, name, role, is_active, is_agent, created_at)
VALUES ('', 'ada@example.com', '', 'member', true, false, now()), ('', 'atlas@example.com', 'Atlas', 'member', true, true, now());

INSERT INTO issues_issue (uuid, title, description, status, priority, tags, owner, created_by_id, created_at, changed_at,
    version, triaged_at, closed_at, deleted_at, deleted_by_id, comment_count, file_count, plan_count)
SELECT gen_random_uuid(), 'Issue ' || n, '[]', (ARRAY['open', 'in_progress', 'resolved', 'rejected', NULL])[1 + n % 5],
    (ARRAY['low', 'high', NULL])[1 + n % 3], (ARRAY['power', 'tvac', 'emc'])[1 + n % 2 : n % 4], 'ada@example.com', u.id,
    at, at, 1, CASE WHEN n % 5 < 4 THEN at + n * interval '5 hours' END,
    CASE WHEN n % 5 IN (2, 3) THEN at + n * interval '17 hours' END, CASE n WHEN 7 THEN now() END, CASE n WHEN 7 THEN u.id END, 0, 0, 0
FROM generate_series(1, 60) AS n, LATERAL (SELECT timestamptz '2026-09-01' + n * interval '31 hours' AS at) moment,
    issues_user u WHERE u.is_agent = (n % 2 = 0);

-- One that was resolved, taken up again and rejected, and one that was filed as resolved and reopened.
INSERT INTO issues_event (issue_id, actor_id, kind, data, created_at)
SELECT i.id, i.created_by_id, 'changed', json_build_object('status', json_build_object('from', came, 'to', went))::jsonb,
    i.created_at + hours * interval '1 hour'
FROM (VALUES ('Issue 8', 'open', 'resolved', 1), ('Issue 8', 'resolved', 'open', 2), ('Issue 8', 'open', 'rejected', 3),
    ('Issue 10', 'resolved', 'open', 4)) AS told (title, came, went, hours) JOIN issues_issue i USING (title)
ORDER BY i.id, hours;
UPDATE issues_issue SET status = NULL, triaged_at = NULL WHERE title = 'Issue 10';
"""


IN_NO_ORDER = """
INSERT INTO issues_flowsum (owner, tag, measure, at_border, slot, by_agent, quarters, details, ns)
VALUES ('bob@example.com', '', 'resolve', true, '2026-09-07Z', false, '{40, -3, 0, -3}', '{7, 120, 7, 60}', '{1, 3, 2, 4}')
"""


@pytest.mark.django_db
def test_a_database_from_before_the_roll_ups_is_summed_when_it_is_migrated(settings, tmp_path):
    with server.database_to_migrate(settings.DATABASES["default"], tmp_path) as (url, environment):
        server.manage(environment, "migrate", "--verbosity=0", "issues", "0004")
        with psycopg.connect(url) as before:
            before.execute(BEFORE_THE_ROLL_UPS)
        server.manage(environment, "migrate", "--verbosity=0", "issues", "0019")
        with psycopg.connect(url) as between:
            between.execute(IN_NO_ORDER)
        server.manage(environment, "migrate", "--verbosity=0")
        with psycopg.connect(url) as after:
            [lists] = after.execute(
                "DELETE FROM issues_flowsum WHERE owner = 'bob@example.com' RETURNING quarters, details, ns"
            ).fetchall()
            [(wrong,)] = after.execute(flow._MISTAKES).fetchall()
            moments = after.execute(
                """
                SELECT title, extract(hour FROM first_closed_at - created_at), extract(hour FROM reopened_at - created_at)
                FROM issues_issue WHERE title IN ('Issue 8', 'Issue 10') ORDER BY 1
                """
            ).fetchall()
            [(created, waiting)] = after.execute(
                """
                SELECT sum(one.n), (SELECT count(*) FROM issues_flowfact) FROM issues_flowsum, unnest(ns) AS one (n)
                WHERE measure = 'created' AND owner = '' AND tag = '' AND NOT at_border
                """
            ).fetchall()

    assert wrong == 0
    assert lists == ([-3, -3, 0, 40], [60, 120, 7, 7], [4, 3, 2, 1])
    assert (created, waiting) == (59, 0)
    assert moments == [("Issue 10", 0, 4), ("Issue 8", 1, 2)]

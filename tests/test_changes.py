"""What was changed since: nothing lost, nothing twice, in whatever order transactions commit."""

import pytest
from django.db import connection, transaction

from issues import changes
from issues.changes import MANY, Change, Memory, Snapshot, since
from issues.models import bulk
from tests.factories import elsewhere, make_issue, make_user


def now() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_a_change_is_told_once():
    person = make_user(name="Mara Lindqvist")
    issue = make_issue(by=person)
    before = now()
    issue.change(by=person, priority="high")

    after, told = since(before)

    assert told == [Change(issue.pk, issue.version, ["changed"], "Mara Lindqvist", False)]
    assert since(after)[1] == []


@pytest.mark.django_db(transaction=True)
def test_several_changes_of_an_issue_are_one_with_all_kinds():
    person = make_user()
    issue = make_issue(by=person)
    before = now()
    issue.change(by=person, priority="high")
    issue.comment(by=person, content="Cell 5 is the coldest.")
    issue.trash(by=person)

    [change] = since(before)[1]

    assert (change.kinds, change.version, change.is_deleted) == (
        ["changed", "commented", "deleted"],
        issue.version,
        True,
    )


@pytest.mark.django_db(transaction=True)
def test_what_commits_late_is_told_although_later_ids_were_told_before():
    person = make_user()
    early, late = make_issue(by=person), make_issue(by=person)
    before = now()
    with transaction.atomic():
        late.change(by=person, priority="high")  # has its event's id, and is not committed
        seen = []

        def work():
            early.change(by=person, priority="high")
            seen.append(since(before))

        elsewhere(work)
    between, told = seen[0]

    assert [change.id for change in told] == [early.pk]
    assert [change.id for change in since(between)[1]] == [late.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("more", [0, 1])
def test_more_than_can_be_named_is_told_as_such(more):
    person = make_user()
    issues = [make_issue(by=person) for _ in range(MANY + more)]
    before = now()
    bulk.change([issue.pk for issue in issues], by=person, fields={"priority": "high"})

    after, told = since(before)

    assert (told and len(told)) == (None if more else MANY)
    assert since(after)[1] == []


@pytest.mark.django_db(transaction=True)
def test_more_events_of_an_issue_than_are_looked_at_are_too_many_to_name(monkeypatch):
    monkeypatch.setattr(changes, "_SCAN", 3)
    person = make_user()
    issue = make_issue(by=person)
    before = now()
    for word in ("one", "two"):
        issue.change(by=person, title=word)
    assert since(before)[1] is not None

    issue.change(by=person, title="three")

    assert since(before)[1] is None


@pytest.mark.django_db(transaction=True)
def test_the_memory_tells_those_who_are_up_to_date_without_a_query(django_assert_num_queries):
    memory = Memory(max_age=1000)
    memory.has_seen_everything(Snapshot.parse(memory.snapshot()))

    with django_assert_num_queries(0):
        assert memory.has_seen_everything(Snapshot.parse(memory.snapshot()))


@pytest.mark.django_db(transaction=True)
def test_the_memory_notices_a_change_and_who_has_heard_of_it():
    memory = Memory(max_age=0)
    issue = make_issue()
    memory.snapshot()  # what is older than its first look it sends to the database, and autovacuum never rests
    before = now()
    assert memory.has_seen_everything(Snapshot.parse(before))

    issue.trash(by=make_user())

    assert not memory.has_seen_everything(Snapshot.parse(before))
    assert memory.has_seen_everything(Snapshot.parse(now()))


@pytest.mark.django_db(transaction=True)
def test_the_memory_notices_what_commits_late():
    memory = Memory(max_age=0)
    person = make_user()
    early, late = make_issue(by=person), make_issue(by=person)
    memory.snapshot()
    with transaction.atomic():
        late.change(by=person, priority="high")
        seen = []

        def work():
            early.change(by=person, priority="high")
            seen.append(now())
            seen.append(memory.has_seen_everything(Snapshot.parse(seen[0])))

        elsewhere(work)

    assert seen[1]
    assert not memory.has_seen_everything(Snapshot.parse(seen[0]))


@pytest.mark.django_db(transaction=True)
def test_the_memory_sends_those_from_before_it_to_the_database():
    make_issue()
    old = Snapshot.parse(now())
    make_issue()

    assert not Memory(max_age=0).has_seen_everything(old)


@pytest.mark.parametrize("text", ["", "x", "1:2", "1:2:3:4", "1:2:x"])
def test_what_is_no_snapshot_is_refused(text):
    with pytest.raises(ValueError, match=r"unpack|invalid"):
        Snapshot.parse(text)


def test_a_snapshot_saw_what_had_ended_when_it_was_taken():
    snapshot = Snapshot.parse("10:20:12,14")

    assert [xid for xid in range(8, 22) if not snapshot.saw(xid)] == [12, 14, 20, 21]

"""What is answered from memory, or from the JSON that the database keeps, is what would be made afresh."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from issues.api import issues
from issues.api.representations import keep_issues
from issues.models import Event, EventKind, Issue, KeptJson, KeptUntil, undo
from issues.models.kept_json import AT_ONCE
from issues.models.trash import purge
from issues.tasks import keep_json
from tests.factories import begin_elsewhere, make_attachment, make_issue, make_session, make_user, settled

LISTS = (
    "/issues",
    "/issues?status=open&limit=2",
    "/issues?priority=high",
    "/issues?offset=1&limit=1",
    "/api/v1/issues?limit=1",
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def forget_first():
    forget()


def forget() -> None:
    """As a new process would."""
    for kept in (issues._listed, issues._seen, issues.fragments):
        kept.clear()


def answers(api, one: Issue) -> list[tuple[bytes, str | None]]:
    replies = [api.get(path) for path in (*LISTS, f"/issues/{one.uuid}")]
    return [(reply.content, reply.headers.get("Link")) for reply in replies]


def test_after_every_verb_lists_are_as_made_afresh(api):
    file, session = make_attachment(by=api.user), make_session(by=api.user)
    issue, other = make_issue(api.user), make_issue(api.user, sessions=[session.uuid])

    def fresh() -> Issue:
        return Issue.objects.get(pk=issue.pk)

    steps = [
        lambda: make_issue(api.user, priority="high"),
        lambda: fresh().change(by=api.user, title="Battery string C"),
        lambda: fresh().change(by=api.user, status="rejected"),
        lambda: undo.undo(issue.events.latest("id").pk, by=api.user),
        lambda: fresh().change(by=api.user, attachments=[file.uuid]),
        lambda: api.patch(f"/attachments/{file.uuid}", {"attachment_title": "Soak 3"}),
        lambda: api.put(f"/sessions/{session.uuid}", {"title": "Cold soak"}),
        lambda: api.delete(f"/sessions/{session.uuid}"),
        lambda: other.trash(by=api.user),
        lambda: other.restore(by=api.user),
    ]
    for n, step in enumerate(steps):
        settled()
        keep_issues()
        before = answers(api, issue)
        assert answers(api, issue) == before, n
        step()
        settled()
        kept = answers(api, issue)
        forget()
        with_rows_of_before = answers(api, issue)
        keep_issues()
        forget()
        with_rows_of_now = answers(api, issue)
        KeptJson.objects.all().delete()
        forget()

        assert kept == answers(api, issue), n
        assert kept == with_rows_of_before, n
        assert kept == with_rows_of_now, n
        assert kept != before, n
        KeptUntil.objects.all().delete()  # so that the next step finds rows


def test_where_nothing_happened_no_issue_is_read_again(api, django_assert_num_queries):
    make_issue(api.user)
    settled()
    first = api.get("/issues")

    with django_assert_num_queries(1) as asked:
        again = api.get("/issues")

    assert again.content == first.content
    assert "json_build_object" not in asked.captured_queries[0]["sql"]


def test_while_an_older_change_is_under_way_nothing_is_kept(api):
    """Its event will stand below the newest one, and would not move the mark."""
    older = make_issue(api.user)
    with held_open(lambda: older.change(by=api.user, title="At last")):
        make_issue(make_user())
        assert b"At last" not in api.get("/issues").content

    assert b"At last" in api.get("/issues").content


def test_a_process_that_knows_nothing_reads_what_the_database_keeps(api, django_assert_num_queries):
    one, _ = make_issue(api.user), make_issue(api.user, sessions=[make_session(by=api.user).uuid])
    made = answers(api, one)
    settled()
    assert keep_issues() == 2
    forget()

    with django_assert_num_queries(len(made)) as asked:
        read = answers(api, one)

    assert read == made
    assert not any("json_build_object" in query["sql"] for query in asked.captured_queries)


def test_only_what_changed_is_kept_again():
    make_issue()
    issue = make_issue()
    settled()
    assert (keep_issues(), keep_issues()) == (2, 0)

    issue.change(by=make_user(), title="Battery string C")
    settled()

    assert keep_issues() == 1
    assert KeptJson.objects.get(issue=issue).version == issue.version
    assert "Battery string C" in KeptJson.objects.get(issue=issue).text


def test_the_worker_keeps_them():
    issue = make_issue()
    settled()

    keep_json(0)

    assert KeptJson.objects.get().issue_id == issue.pk


def test_more_events_than_fit_into_one_transaction_are_followed_to_the_end():
    first, last = make_issue(), make_issue()
    rest = [
        Event(issue=first, actor=first.created_by, kind=EventKind.EVIDENCE_READ, created_at=timezone.now())
        for _ in range(AT_ONCE)
    ]
    Event.objects.filter(issue=last).delete()
    Event.objects.bulk_create(rest)
    Event.objects.create(issue=last, actor=last.created_by, kind=EventKind.CREATED, created_at=timezone.now())
    settled()

    keep_issues()

    assert {row.issue_id for row in KeptJson.objects.all()} == {first.pk, last.pk}


def test_a_change_that_is_still_under_way_is_kept_once_it_is_there():
    """Transactions end in another order than they begin; none is passed over."""
    older = make_issue()
    with held_open(lambda: older.change(by=make_user(), title="At last")):
        newer = make_issue()
        keep_issues()
        assert not KeptJson.objects.filter(issue=newer).exists()  # its turn is after the older one's
    settled()

    keep_issues()

    assert "At last" in KeptJson.objects.get(issue=older).text
    assert KeptJson.objects.filter(issue=newer).exists()


def test_an_issue_that_is_purged_meanwhile_is_left_out():
    doomed, other = make_issue(), make_issue()
    settled()

    def delete() -> None:
        doomed.trash(by=doomed.created_by)
        purge(before=timezone.now())

    with held_open(delete):
        thread = begin_elsewhere(keep_issues)
        wait_for_somebody_who_waits()
    thread.join()
    settled()
    keep_issues()

    assert [row.issue_id for row in KeptJson.objects.all()] == [other.pk]


def test_in_another_server_the_record_is_followed_from_its_beginning():
    """A dump takes the numbers of transactions along, but the new server begins to count anew."""
    issue = make_issue()
    KeptUntil.objects.create(id=1, xid=2**40, event_id=1)
    settled()

    keep_issues()

    assert KeptJson.objects.get().issue_id == issue.pk
    assert KeptUntil.objects.get().xid < 2**40


@contextmanager
def held_open(change: Callable[[], object]) -> Iterator[None]:
    """`change` is done in a transaction of another connection, which is committed at the end."""
    begun, may_end = threading.Event(), threading.Event()

    def change_slowly() -> None:
        with transaction.atomic():
            change()
            begun.set()
            assert may_end.wait(10)

    thread = begin_elsewhere(change_slowly)
    try:
        assert begun.wait(10)
        yield
    finally:
        may_end.set()
        thread.join()


def wait_for_somebody_who_waits() -> None:
    """Until a connection to this database waits for a lock that another one holds."""
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
    pytest.fail("nobody waits")


def test_a_link_leads_on_at_the_address_that_was_asked(api):
    for _ in range(2):
        make_issue(api.user)

    assert "</api/v1/issues?" in api.get("/api/v1/issues?limit=1").headers["Link"]
    assert "</issues?" in api.get("/issues?limit=1").headers["Link"]

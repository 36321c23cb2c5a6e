"""A list that is answered from memory is the one that would be made afresh."""

import threading

import pytest
from django.db import connection, transaction

from issues.api import issues
from issues.models import Issue, undo
from tests.factories import make_attachment, make_issue, make_session, make_user, settled

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
        before = answers(api, issue)
        assert answers(api, issue) == before, n
        step()
        settled()
        kept = answers(api, issue)
        forget()

        assert kept == answers(api, issue), n
        assert kept != before, n


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
    begun, may_end = threading.Event(), threading.Event()

    def change_slowly():
        try:
            with transaction.atomic():
                older.change(by=api.user, title="At last")
                begun.set()
                assert may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=change_slowly)
    thread.start()
    assert begun.wait(10)
    make_issue(make_user())
    assert b"At last" not in api.get("/issues").content
    may_end.set()
    thread.join()

    assert b"At last" in api.get("/issues").content


def test_a_link_leads_on_at_the_address_that_was_asked(api):
    for _ in range(2):
        make_issue(api.user)

    assert "</api/v1/issues?" in api.get("/api/v1/issues?limit=1").headers["Link"]
    assert "</issues?" in api.get("/issues?limit=1").headers["Link"]

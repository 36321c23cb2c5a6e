"""`/live`: news for those who are signed in, "nothing" for whoever holds a cursor, and neither for anybody else."""

import re

import pytest
from django.db import OperationalError, connection
from django.test import Client

from issues.pages import live
from tests.factories import make_issue, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def memory_of_its_own(monkeypatch):
    """As a process just started; it looks at the database whenever it is asked."""
    monkeypatch.setattr(live, "_memory", live.changes.Memory(max_age=0))


def cursor_of(response) -> str:
    return re.search(r'data-live="([^"]+)"', response.content.decode())[1]


def test_a_page_hears_nothing_until_something_changes(client):
    after = cursor_of(client.get("/"))
    assert client.get("/live", {"after": after}).status_code == 204

    issue = make_issue()
    news = client.get("/live", {"after": after}).json()

    assert [(change["reference"], change["version"]) for change in news["changes"]] == [(issue.reference, 1)]
    assert client.get("/live", {"after": news["after"]}).status_code == 204


def test_more_than_can_be_named_is_null(client, monkeypatch):
    monkeypatch.setattr(live.changes, "MANY", 1)
    person = make_user()
    after = cursor_of(client.get("/"))
    for _ in range(2):
        make_issue(by=person)

    assert client.get("/live", {"after": after}).json()["changes"] is None


def test_nothing_new_costs_one_look_at_the_database_and_no_session(client, django_assert_num_queries):
    after = cursor_of(client.get("/"))

    with django_assert_num_queries(1):
        assert client.get("/live", {"after": after}).status_code == 204


def test_asked_now_the_database_is_asked_in_any_case(client):
    answer = client.get("/live", {"after": cursor_of(client.get("/")), "now": "1"})

    assert (answer.status_code, answer.json()["changes"]) == (200, [])


def test_what_changed_while_the_page_was_made_is_heard(client, monkeypatch):
    issue = make_issue()
    from issues.pages import board

    def slow(*args, **kwargs):
        rows = _columns(*args, **kwargs)
        issue.trash(by=make_user())
        return rows

    _columns = board._columns
    monkeypatch.setattr(board, "_columns", slow)
    after = cursor_of(client.get("/"))

    [change] = client.get("/live", {"after": after}).json()["changes"]

    assert change["deleted"]


@pytest.mark.parametrize("after", ["", "x", "29926313.2357:2357:", "29926313.2357:2357::AFel8MQ8", "\0"])
def test_a_cursor_that_we_never_gave_hears_nothing(client, after):
    assert client.get("/live", {"after": after}).status_code == 410


def test_without_signing_in_there_are_no_news(settings):
    settings.LOCAL = False
    client = Client()
    client.force_login(make_user())
    after = cursor_of(client.get("/", secure=True))
    make_issue(title="Battery string B drops to 22.3 V")

    answer = Client().get("/live", {"after": after}, secure=True)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/signin")


def test_a_cursor_of_long_ago_needs_signing_in_even_for_nothing(settings, client, monkeypatch):
    settings.LOCAL = False
    client.force_login(make_user())
    after = cursor_of(client.get("/", secure=True))
    monkeypatch.setattr(live, "_minute", lambda: live.time.time() // 60 + live.GOOD_FOR)

    assert Client().get("/live", {"after": after}, secure=True).status_code == 302
    assert client.get("/live", {"after": after}, secure=True).json()["changes"] == []


def test_the_sign_in_page_has_no_cursor(settings):
    settings.LOCAL = False

    assert b"data-live" not in Client().get("/signin", secure=True).content


def test_a_write_is_no_way_to_ask(client):
    assert client.post("/live").status_code == 405


def test_while_the_database_is_away_the_answer_is_503(client, monkeypatch):
    after = cursor_of(client.get("/"))
    client.raise_request_exception = False

    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", away)

    assert client.get("/live", {"after": after}).status_code == 503

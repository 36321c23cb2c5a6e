"""The board's pages without a browser: cards changed, news of some cards, menus, and who may do what."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from issues.models import Issue, User
from issues.pages import board
from tests.factories import make_attachment, make_comment, make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def member(client, settings):
    settings.LOCAL = False
    user = make_user("ada@example.com", name="Ada Byron")
    client.force_login(user)
    return user


def get(client, address):
    return client.get(address, headers=HTMX, secure=True)


def change(client, issue, **fields):
    return client.post(f"/{issue.reference}/card", fields, headers=HTMX, secure=True)


def references(response) -> list[str]:
    return re.findall(r'class="card" id="(FND-\d+)"', response.content.decode())


def test_the_bar_for_what_is_selected_is_for_those_who_may_write(client, member):
    assert 'id="bulk-bar"' in client.get("/", secure=True).content.decode()

    client.force_login(make_viewer())

    assert 'id="bulk-bar"' not in client.get("/", secure=True).content.decode()


class TestChangeACard:
    def test_answers_the_new_card_and_offers_undo(self, client, member):
        issue = make_issue(member)

        response = change(client, issue, status="resolved", resolution_summary="Relay K3 was stuck.")

        issue.refresh_from_db()
        event = issue.events.latest("id")
        assert (issue.status, issue.resolution_summary) == ("resolved", "Relay K3 was stuck.")
        assert references(response) == [issue.reference]
        assert json.loads(response.headers["HX-Trigger"])["toast"] == {
            "text": f"{issue.reference} resolved",
            "undo": {"event": event.pk},
        }

    def test_a_second_time_changes_nothing_and_says_nothing(self, client, member):
        issue = make_issue(member, priority="high")

        response = change(client, issue, priority="high")

        assert references(response) == [issue.reference]
        assert "HX-Trigger" not in response.headers

    def test_clears_what_is_sent_empty(self, client, member):
        issue = make_issue(member, priority="high", owner="b@x", tags=["power", "a, b"])

        change(client, issue, priority="", owner=" ", tags="")

        issue.refresh_from_db()
        assert (issue.priority, issue.owner, issue.tags) == (None, "Unassigned", [])

    def test_a_tag_with_a_comma_is_one_tag(self, client, member):
        issue = make_issue(member)

        change(client, issue, tags=["power", "a, b"])

        issue.refresh_from_db()
        assert issue.tags == ["power", "a, b"]

    def test_at_another_version_nothing_is_overwritten(self, client, member):
        issue = make_issue(member)
        issue.change(by=make_user(), tags=["tvac"])

        response = change(client, issue, tags="power", version=1)

        issue.refresh_from_db()
        assert (response.status_code, issue.tags) == (409, ["tvac"])
        assert "Somebody else changed it" in response.content.decode()

    @pytest.mark.parametrize(
        "fields",
        [
            {"status": "nonsense"},
            {"priority": "urgent"},
            {"owner": "x" * 300},
            {"tags": ["x" * 5000]},
            {"status": "resolved", "resolution_summary": "x" * 100_001},
            {"status": "\0"},
        ],
    )
    def test_bad_input_is_explained_and_changes_nothing(self, client, member, fields):
        issue = make_issue(member)

        response = change(client, issue, **fields)

        assert (response.status_code, response.headers["Content-Type"]) == (422, "text/plain; charset=utf-8")
        assert Issue.objects.get().version == 1

    def test_a_deleted_one_says_so(self, client, member):
        issue = make_issue(member)
        issue.trash(by=member)

        assert change(client, issue, status="resolved").status_code == 404

    def test_a_viewer_may_not(self, client, settings):
        settings.LOCAL = False
        client.force_login(make_viewer())
        issue = make_issue()

        assert change(client, issue, status="resolved").status_code == 403
        assert Issue.objects.get().status == "open"


class TestChangesOnTheBoard:
    def test_brings_those_that_stand_on_it(self, client, member):
        shown, other = make_issue(member, tags=["power"]), make_issue(member, tags=["emc"])
        gone, nowhere = make_issue(member, tags=["power"]), make_issue(member, tags=["power"], status=None)
        gone.trash(by=member)
        ids = "&".join(f"id={issue.pk}" for issue in (shown, other, gone, nowhere))

        response = get(client, f"/board/changes?tag=power&{ids}")

        assert references(response) == [shown.reference]
        assert 'data-total="1 issue"' in response.content.decode()

    def test_counts_columns_as_the_board_does(self, client, member):
        for status in ("open", "open", "resolved"):
            make_issue(member, status=status)

        answer = get(client, "/board/changes").content.decode()

        assert re.findall(r'data-([a-z_]+)="(\d+)"', answer) == [
            ("open", "2"),
            ("in_progress", "0"),
            ("resolved", "1"),
            ("rejected", "0"),
        ]

    @pytest.mark.parametrize("id_", ["x", "-1", "1.5", "²", "9" * 30, ""])
    def test_what_is_no_id_is_passed_over(self, client, member, id_):
        assert references(get(client, f"/board/changes?id={id_}")) == []


class TestTheBoard:
    def test_reads_the_same_few_queries_however_many_cards(
        self, client, member, django_assert_max_num_queries
    ):
        for _ in range(board.PAGE * 2):
            make_issue(member)
        get(client, "/")

        with django_assert_max_num_queries(12):
            assert len(references(get(client, "/"))) == board.PAGE

    def test_the_next_page_has_the_rest(self, client, member):
        issues = [make_issue(member) for _ in range(board.PAGE + 2)]
        more = re.search(r'href="([^"]*column=open[^"]*)"', get(client, "/").content.decode())[1]

        answer = get(client, more.replace("&amp;", "&"))

        assert references(answer) == [issue.reference for issue in reversed(issues[:2])]

    def test_begins_with_as_many_cards_of_a_column_as_are_asked_for(self, client, member):
        issues = [make_issue(member) for _ in range(board.PAGE + 2)]

        answer = get(client, f"/?first={board.PAGE + 1},0,0,0")

        assert references(answer) == [issue.reference for issue in reversed(issues[1:])]
        assert "column=open" in answer.content.decode()
        assert len(references(get(client, f"/?first={board.PAGE + 2},0,0,0"))) == board.PAGE + 2

    @pytest.mark.parametrize(
        "first", ["", "x,0,0,0", "20,0,0", "-1,0,0,0", "²,0,0,0", "9" * 30 + ",0,0,0", "0,0,0,0"]
    )
    def test_begins_with_a_page_where_nobody_says_how_many(self, client, member, first):
        for _ in range(board.PAGE + 1):
            make_issue(member)

        assert len(references(get(client, f"/?first={first}"))) == board.PAGE

    def test_one_comment_is_not_called_comments(self, client, member):
        issue = make_issue(member, attachments=[make_attachment(member).uuid])
        make_comment(issue, member)

        card = get(client, "/").content.decode()

        assert '>1<span class="vh"> comment</span>' in card
        assert '>1<span class="vh"> attachment</span>' in card

    def test_a_viewer_is_offered_no_change(self, client, settings):
        settings.LOCAL = False
        client.force_login(make_viewer())
        make_issue()

        answer = client.get("/", secure=True).content.decode()

        assert "data-readonly" in answer
        assert "New issue" not in answer
        assert 'id="move"' not in answer


class TestMenus:
    def test_owners_are_oneself_nobody_then_the_others(self, client, member):
        make_user("mara@example.com", name="Mara Lindqvist")
        make_issue(member, owner="contractor@example.com")

        answer = get(client, "/menu/owner").content.decode()

        assert re.findall(r'data-value="([^"]*)"', answer) == [
            "ada@example.com",
            "",
            "mara@example.com",
            "contractor@example.com",
        ]

    def test_tags_are_those_in_use(self, client, member):
        make_issue(member, tags=["tvac", '"><script>'])

        answer = get(client, "/menu/tags").content.decode()

        assert 'data-value="tvac"' in answer
        assert "<script>" not in answer

    def test_there_is_no_other_menu(self, client, member):
        assert get(client, "/menu/nonsense").status_code == 404


@pytest.mark.parametrize("query", ["tag=tvac", "priority=high", "untriaged=1"])
def test_what_is_kept_of_a_filter_is_not_looked_for_again(client, member, query, monkeypatch):
    # (Beside other transactions of the same server nobody knows whether anything has changed.)
    monkeypatch.setattr(board, "mark_of", lambda request: -1)
    atlas = User.objects.agent()
    shown = make_issue(atlas, tags=["tvac"], priority="high")
    assert references(get(client, f"/?{query}")) == [shown.reference]

    with CaptureQueriesContext(connection) as queries:
        assert references(get(client, f"/?{query}")) == [shown.reference]

    assert not [query["sql"] for query in queries if "issues_searchnote" in query["sql"]]

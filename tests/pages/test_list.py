"""The list page: order and filter in its address, a page at a time, the same number of queries for any number of rows."""

import json
import re

import pytest

from issues.models import Issue, Selection, User
from tests.factories import make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def references(response) -> list[str]:
    return re.findall(r'<tr id="(FND-\d+)"', response.content.decode())


class TestList:
    def test_shows_the_newest_first_and_how_many_there_are(self, client):
        made = [make_issue() for _ in range(3)]

        response = client.get("/list")

        assert references(response) == [issue.reference for issue in reversed(made)]
        assert ">3 issues</span>" in response.content.decode()

    def test_is_sorted_by_its_address_and_says_so(self, client):
        ada = make_user()
        for title in ("Cell", "battery", "Antenna"):
            make_issue(ada, title=title)

        page = client.get("/list?sort=title&status=open").content.decode()

        assert [page.index(f">{title}</a>") for title in ("Antenna", "battery", "Cell")] == sorted(
            page.index(f">{title}</a>") for title in ("Antenna", "battery", "Cell")
        )
        assert page.count("aria-sort=") == 1
        assert re.search(
            r'c-title" scope="col" aria-sort="ascending"><a href="/list\?status=open&amp;sort=-title"', page
        )

    def test_goes_on_by_a_plain_link_and_by_rows(self, client):
        ada = make_user()
        made = [make_issue(ada).reference for _ in range(53)]

        first = client.get("/list?sort=reference")
        link = (
            re.search(r'href="(/list[^"]*after=[^"]*)"', first.content.decode())
            .group(1)
            .replace("&amp;", "&")
        )
        second, rows = client.get(link), client.get(link, headers=HTMX)

        assert references(first) + references(second) == made
        assert references(rows) == references(second)
        assert "First page" in second.content.decode()
        assert rows.content.startswith(b"<tr")

    def test_answers_a_change_of_filter_with_the_results_alone(self, client):
        make_issue(tags=["power"])
        make_issue()

        response = client.get("/list?tag=power", headers=HTMX)

        assert len(references(response)) == 1
        assert b"<!doctype" not in response.content
        assert b'hx-swap-oob="true">1 issue</span>' in response.content

    def test_asks_the_same_for_any_number_of_rows(self, client, django_assert_max_num_queries):
        for n in range(30):
            make_issue(User.objects.agent() if n % 2 else make_user())
        client.get("/list")  # makes the local user

        with django_assert_max_num_queries(9):
            client.get("/list")
        with django_assert_max_num_queries(9):
            client.get("/list?sort=owner&tag=power")

    def test_rows_hold_nothing_of_the_viewer(self, client):
        make_issue(make_user("ada@example.com"))

        rows = client.get("/list").content.decode().split("<tbody>")[1].split("</tbody>")[0]

        assert "csrfmiddlewaretoken" not in rows
        assert "local@localhost" not in rows

    def test_escapes_what_people_wrote(self, client):
        make_issue(title="<script>alert(1)</script>", tags=["<b>"], owner='"><i>')

        page = client.get("/list?sort=owner").content.decode()

        assert "<script>alert" not in page
        assert "<b>" not in page.split("<tbody>")[1]

    @pytest.mark.parametrize(
        "query",
        [
            "sort=x&after=y",
            "sort=title&after=~~",
            "after=%00",
            "sort=-by&after=9~9~9",
            "sort=owner&after=a~1~" + "0" * 32,
        ],
    )
    def test_of_nonsense_is_a_list(self, client, query):
        make_issue()

        assert client.get(f"/list?{query}").status_code == 200

    def test_says_when_nothing_matches(self, client):
        make_issue()

        assert "No issue matches" in client.get("/list?q=nothing").content.decode()


class TestColumns:
    def test_are_remembered_and_hidden_for_all_rows(self, client):
        make_issue()

        response = client.post(
            "/list/columns", {"column": ["tags", "owner", "updated"], "rows": "compact", "next": "/list?q=a"}
        )

        assert (response.status_code, response["Location"]) == (303, "/list?q=a")
        page = client.get("/list").content.decode()
        assert 'class="list no-priority no-by no-comments no-created compact"' in page
        assert 'name="column" value="owner" checked' in page

    def test_of_a_forged_cookie_are_only_known_ones(self, client):
        client.cookies["list"] = 'x" onload="y.owner'
        make_issue()

        assert 'class="list no-owner"' in client.get("/list").content.decode()


class TestChanges:
    def test_are_the_rows_asked_for_as_they_are_now(self, client):
        one, two = make_issue(), make_issue()
        two.trash(by=make_user())

        response = client.get(f"/list/changes?id={one.pk}&id={two.pk},x&id={'9' * 30}")

        assert references(response) == [one.reference]
        assert 'data-words="1 issue"' in response.content.decode()

    @pytest.mark.parametrize("query", ["status=open", "q=status:open+battery", "q=-resolved+status:open"])
    def test_mark_what_does_not_match_the_filter_any_more(self, client, query):
        one, two = make_issue(title="Battery A"), make_issue(title="Battery B")
        two.change(by=make_user(), status="resolved")

        page = client.get(f"/list/changes?{query}&id={one.pk},{two.pk}").content.decode()

        assert f'data-id="{one.pk}" data-version' in page
        assert f'data-id="{two.pk}" data-left' in page

    def test_of_a_query_with_a_mistake_are_marked(self, client):
        issue = make_issue()

        assert "data-left" in client.get(f"/list/changes?q=stauts:open&id={issue.pk}").content.decode()


class TestSelected:
    """One change to everything selected, by script and by plain form."""

    def change(self, client, issues, do, headers=None, **fields):
        body = {"do": do, "issue": ",".join(str(issue.pk) for issue in issues), **fields}
        return client.post("/list/change", body, headers=headers or {})

    def test_by_script_is_one_act_and_one_toast(self, client):
        issues = [make_issue() for _ in range(3)]

        response = self.change(client, issues, "status=resolved", HTMX)

        assert response.status_code == 204
        toast = json.loads(response.headers["HX-Trigger"])["toast"]
        assert toast["text"] == "3 issues resolved"
        undone = client.post("/undo", toast["undo"], headers=HTMX)
        assert json.loads(undone.headers["HX-Trigger"])["toast"]["text"] == "Undone: 3 issues resolved"
        assert set(Issue.objects.values_list("status", flat=True)) == {"open"}

    def test_by_form_goes_back_and_the_page_offers_undo(self, client):
        issues = [make_issue() for _ in range(2)]

        response = self.change(client, issues, "delete", next="/list?sort=title")

        assert response.status_code == 303
        assert response["Location"].startswith("/list?sort=title&did=")
        page = client.get(response["Location"]).content.decode()
        assert "2 issues deleted" in page
        assert 'name="act"' in page

    @pytest.mark.parametrize(
        ("do", "fields", "words"),
        [
            ("priority=high", {}, "Priority of 2 issues set to high"),
            ("priority=", {}, "Priority of 2 issues cleared"),
            ("status=", {}, "2 issues have no status"),
            (
                "owner",
                {"owner": "mara.lindqvist@example.com"},
                "2 issues assigned to mara.lindqvist@example.com",
            ),
            ("owner=x", {}, "2 issues assigned to x"),
            ("tags", {"add_tags": "power, tvac", "remove_tags": "old"}, "Tags of 2 issues changed"),
        ],
    )
    def test_sets_what_the_bar_offers(self, client, do, fields, words):
        issues = [make_issue(tags=["old"]) for _ in range(2)]

        response = self.change(client, issues, do, HTMX, **fields)

        assert json.loads(response.headers["HX-Trigger"])["toast"]["text"] == words

    @pytest.mark.parametrize(
        ("do", "words"),
        [("status=in_progress", "1 issue is in progress"), ("status=", "1 issue has no status")],
    )
    def test_one_issue_is_not_many(self, client, do, words):
        response = self.change(client, [make_issue()], do, HTMX)

        assert json.loads(response.headers["HX-Trigger"])["toast"]["text"] == words

    def test_says_what_was_so_already(self, client):
        issues = [make_issue(), make_issue(status="resolved")]

        first = self.change(client, issues, "status=resolved", HTMX)
        second = self.change(client, issues, "status=resolved", HTMX)

        assert (
            json.loads(first.headers["HX-Trigger"])["toast"]["text"] == "1 issue resolved. 1 was so already"
        )
        assert json.loads(second.headers["HX-Trigger"])["toast"] == {
            "text": "Nothing to change: all of them are so already, or deleted"
        }

    @pytest.mark.parametrize(
        ("do", "fields", "words"),
        [
            ("owner", {"owner": "x" * 255}, "The owner"),
            ("tags", {"add_tags": "y" * 65}, "A tag"),
        ],
    )
    def test_bad_input_is_said_at_the_field_and_stays(self, client, do, fields, words):
        issues = [make_issue(), make_issue()]

        by_script = self.change(client, issues, do, HTMX, **fields)
        by_form = self.change(client, issues, do, **fields)

        page = by_form.content.decode()
        assert (by_script.status_code, by_form.status_code) == (422, 422)
        assert words in by_script.content.decode()
        assert next(iter(fields.values())) in page
        assert "2 issues selected" in page
        assert 'aria-invalid="true"' in page

    @pytest.mark.parametrize("do", ["", "status=closed", "priority=x", "nothing"])
    def test_nonsense_changes_nothing(self, client, do):
        issue = make_issue()

        assert self.change(client, [issue], do, HTMX).status_code in (204, 422)
        assert Issue.objects.get().version == 1

    def test_of_nothing_is_refused(self, client):
        response = client.post("/list/change", {"do": "delete", "issue": "x,,\0"}, headers=HTMX)

        assert (response.status_code, response.content) == (422, b"Nothing is selected.")

    def test_is_not_for_viewers(self, client, settings):
        settings.LOCAL = False
        client.force_login(make_viewer())

        assert client.post("/list/change").status_code == 403
        assert client.post("/list/select").status_code == 403
        assert 'id="bulk"' not in client.get("/list").content.decode()


class TestSelectAll:
    def test_freezes_what_matches_and_says_how_many(self, client):
        issues = [make_issue(tags=["power"]) for _ in range(55)]
        make_issue()

        response = client.post("/list/select", {"do": "all", "query": "tag=power", "sort": "title"})
        late = make_issue(tags=["power"])
        page = client.get(response["Location"]).content.decode()

        assert response.status_code == 303
        assert "55 issues selected" in page
        assert page.count(" checked aria-label") == 50
        assert f'value="{late.pk}" checked' not in page
        selection = response["Location"].rpartition("selection=")[2]
        done = client.post("/list/change", {"do": "status=resolved", "selection": selection}, headers=HTMX)
        assert json.loads(done.headers["HX-Trigger"])["toast"]["text"] == "55 issues resolved"
        assert Issue.objects.filter(status="resolved").count() == len(issues)

    def test_less_what_is_shown_without_a_tick_and_with_what_has_one(self, client):
        one, two, three = (make_issue() for _ in range(3))
        taken = client.post("/list/select", {"do": "keep", "issue": [one.pk, two.pk], "go": "sort=title"})
        selection = taken["Location"].rpartition("selection=")[2]

        fields = {"do": "delete", "selection": selection, "shown": [two.pk, three.pk], "issue": [three.pk]}
        client.post("/list/change", fields)

        assert list(Issue.objects.alive()) == [two]
        assert taken["Location"].startswith("/list?sort=title&selection=")

    def test_of_somebody_else_or_nonsense_is_none(self, client, settings):
        make_issue()
        settings.LOCAL = False
        theirs = Selection.take(Issue.objects.alive(), by=make_user())
        client.force_login(make_user())

        for selection in (str(theirs.uuid), "x", ""):
            fields = {"do": "delete", "selection": selection}
            assert client.post("/list/change", fields, headers=HTMX).status_code == 422
            assert client.get(f"/list?selection={selection}").status_code == 200
        assert Issue.objects.alive().count() == 1

"""The list page: order and filter in its address, a page at a time, the same number of queries for any number of rows."""

import re

import pytest

from issues.models import User
from tests.factories import make_issue, make_user

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


class TestRows:
    def test_are_those_asked_for_as_they_are_now(self, client):
        one, two = make_issue(), make_issue()
        two.trash(by=make_user())

        response = client.get(f"/list/rows?issue={one.pk}&issue={two.pk}&issue=x&issue={'9' * 30}")

        assert references(response) == [one.reference]

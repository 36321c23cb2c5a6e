"""The filter bar without a browser: what it offers and shows as chosen, its chips, and what it carries along."""

import re
from html import unescape

import pytest
from django.http import QueryDict

from issues.pages.filters import in_words
from issues.queries import IssueFilter
from tests.factories import make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(client, settings):
    settings.LOCAL = False
    user = make_user("ada@example.com", name="Ada Byron")
    client.force_login(user)
    return user


def page(client, address: str) -> str:
    return client.get(address, secure=True).content.decode()


def chosen(html: str) -> set[tuple[str, str]]:
    """What the bar's own form would send, boxes and hidden fields alike."""
    form = html[html.index('id="filter"') : html.index("</form>", html.index('id="filter"'))]
    fields = re.findall(r"<input [^>]*>", form)
    sent = [field for field in fields if "checked" in field or 'type="hidden"' in field]
    sent += re.findall(r'<input type="hidden" form="filter"[^>]*>', html)
    names = [re.search(r'name="([^"]*)" value="([^"]*)"', field) for field in sent]
    return {(name[1], unescape(name[2])) for name in names if name and name[2]}


def chips(html: str) -> dict[str, str]:
    """Each chip's words and the address without it."""
    found = re.findall(r'<a class="chip" href="([^"]*)"[^>]*><span class="cut">(.*?)</span>', html)
    return {unescape(words): unescape(address) for address, words in found}


class TestBar:
    @pytest.mark.parametrize(
        "query",
        [
            "status=open&status=none",
            "priority=high&tag=power&tag=a%26b",
            "owner=Unassigned&owner=me",
            "by=atlas&untriaged=1",
            "reopened=1&run=0199f3a0-0000-7000-8000-000000000000",
            "created=2026-11-16..2026-11-22&took=60..120",
        ],
    )
    @pytest.mark.parametrize("path", ["/", "/list"])
    def test_sends_again_what_the_address_says(self, client, ada, path, query):
        make_issue(ada, tags=["power", "a&b"])
        wanted = IssueFilter.parse(QueryDict(query), me=ada.email)

        html = page(client, f"{path}?{query}")

        asked = {
            (name, value) for name, values in QueryDict(wanted.query_string()).lists() for value in values
        }
        assert asked
        assert asked <= chosen(html)

    def test_offers_what_is_chosen_even_if_nothing_has_it_any_more(self, client, ada):
        html = page(client, "/list?tag=long-gone&owner=left@example.com")

        assert ("tag", "long-gone") in chosen(html)
        assert ("owner", "left@example.com") in chosen(html)

    def test_keeps_the_order_of_the_list_and_the_closed_of_the_board(self, client, ada):
        assert ("sort", "title") in chosen(page(client, "/list?sort=title&tag=x"))
        assert ("closed", "all") in chosen(page(client, "/?closed=all"))
        assert not {name for name, _ in chosen(page(client, "/list?sort=-created"))} & {"sort"}

    def test_escapes_whatever_is_a_tag(self, client, ada):
        make_issue(ada, tags=['"><script>alert(1)</script>'])

        html = page(client, "/?tag=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

        assert "<script>alert" not in html
        assert ("tag", '"><script>alert(1)</script>') in chosen(html)


class TestMe:
    def test_is_whoever_looks(self, client, ada):
        mine, theirs = make_issue(owner=ada.email), make_issue(owner="bob@example.com")

        html = page(client, "/list?owner=me")
        client.force_login(make_user("bob@example.com"))
        of_bob = page(client, "/list?owner=me")

        assert mine.reference in html
        assert theirs.reference not in html
        assert theirs.reference in of_bob
        assert mine.reference not in of_bob

    def test_is_one_more_owner(self, client, ada):
        make_issue(owner=ada.email)
        make_issue(owner="bob@example.com")
        make_issue()

        assert "2 issues" in page(client, "/list?owner=me&owner=bob@example.com")
        assert "2 issues" in page(client, "/?owner=me&owner=bob@example.com")

    def test_stays_me_in_chips_words_and_saved_views(self, client, ada):
        html = page(client, "/list?owner=me&status=open")

        assert chips(html) == {"Open": "/list?owner=me", "Me": "/list?status=open"}
        assert 'href="/views/new?query=status%3Dopen%26owner%3Dme' in html
        assert in_words(IssueFilter(mine=True, me="x")) == "Issues with owner me."


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("by=people", "Issues found by People."),
        ("untriaged=1", "Untriaged issues."),
        ("untriaged=1&q=fan&tag=tvac", "Search “fan” in what is untriaged with tag tvac."),
        (
            "status=open&tag=a&by=atlas&reopened=1",
            "Issues with status Open and tag a, found by Atlas, reopened.",
        ),
    ],
)
def test_a_filter_is_a_sentence(asked, words):
    assert in_words(IssueFilter.parse(QueryDict(asked))) == words


class TestNothing:
    def test_left_to_triage_is_said_so(self, client):
        for path in ("/?untriaged=1", "/list?untriaged=1"):
            html = page(client, path)

            empty = html.partition('<div class="empty">')[2]
            assert "Nothing left to triage" in empty
            assert "#i-inbox" in empty.partition("<h2>")[0]
            assert "No issue matches" not in html

    def test_at_all_leads_to_the_first_issue_and_to_atlas(self, client, settings):
        for path in ("/", "/list"):
            assert 'href="/people#atlas"' in page(client, path)
        settings.LOCAL = False
        client.force_login(make_viewer())

        for path in ("/", "/list"):
            html = client.get(path, secure=True).text
            assert "No issues yet" in html
            assert 'href="/new"' not in html


class TestChips:
    def test_take_away_one_filter_each_and_leave_the_rest(self, client, ada):
        html = page(client, "/list?q=batt&status=open&tag=a%26b&by=people&untriaged=1&sort=title")

        assert chips(html) == {
            "Open": "/list?q=batt&tag=a%26b&by=people&untriaged=1&sort=title",
            "a&b": "/list?q=batt&status=open&by=people&untriaged=1&sort=title",
            "Found by People": "/list?q=batt&status=open&tag=a%26b&untriaged=1&sort=title",
            "Untriaged": "/list?q=batt&status=open&tag=a%26b&by=people&sort=title",
        }
        assert 'href="/list?sort=title" data-clear' in html

    def test_come_with_a_change_of_filter(self, client, ada):
        fragment = client.get("/?priority=high", headers=HTMX, secure=True).content.decode()

        assert chips(fragment) == {"High": "/"}
        assert 'id="filter"' not in fragment


class TestMistakes:
    @pytest.mark.parametrize("path", ["/", "/list"])
    def test_stand_at_the_field_with_what_was_typed(self, client, ada, path):
        make_issue(ada)
        response = client.get(f"{path}?q=stauts:open&tag=x", secure=True)
        html = response.content.decode()

        assert response.status_code == 422
        assert 'value="stauts:open" aria-describedby="q-mistakes" aria-invalid="true"' in html
        assert "Did you mean status?" in html
        assert "Save view" not in html

    @pytest.mark.parametrize("path", ["/", "/list"])
    def test_go_to_the_field_alone_while_it_is_typed(self, client, ada, path):
        response = client.get(f"{path}?q=stauts:open", headers=HTMX, secure=True)

        assert (response.status_code, response["HX-Retarget"]) == (422, "#q-mistakes")
        assert "HX-Push-Url" in response
        assert "Did you mean status?" in response.content.decode()


@pytest.mark.parametrize("path", ["/", "/list"])
def test_a_reference_leads_to_its_issue_and_a_number_of_none_is_searched(client, ada, path):
    issue = make_issue(ada)

    found = client.get(f"{path}?q={issue.reference.lower()}", secure=True)
    narrowed = client.get(f"{path}?q={issue.reference}&status=open", secure=True)
    missing = client.get(f"{path}?q=FND-999999", secure=True)

    assert (found.status_code, found["Location"]) == (302, f"/{issue.reference}")
    assert (narrowed.status_code, missing.status_code) == (200, 200)

"""Two people change the same thing: nobody's text is lost, with script and without."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from issues.blocks.description import description_to_markdown
from issues.models import Issue
from issues.pages.forms import fingerprint
from tests.factories import make_comment, make_issue, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "issue"}
TEXT = [{"type": "paragraph", "text": text} for text in ("one", "two", "three")]


@pytest.fixture
def mara(settings):
    settings.LOCAL = False
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


@pytest.fixture
def priya():
    return make_user("priya.raman@example.com", name="Priya Raman")


@pytest.fixture
def client(client, mara):
    client.force_login(mara)
    return client


@pytest.fixture
def issue(mara):
    return make_issue(mara, title="Before", description=json.dumps(TEXT), tags=["power"])


def was_in(page: str) -> str:
    return re.search(r'name="was" value="(\w+)"', page)[1]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "script"])
class TestField:
    @pytest.mark.parametrize(
        ("field", "theirs", "fields", "shown"),
        [
            ("title", "Theirs", {"title": "Mine"}, ("Theirs", "Mine")),
            ("priority", "high", {"priority": "medium"}, ("High", "Medium")),
            ("owner", "theirs@example.com", {"owner": "mine@example.com"}, ("Theirs", "mine@example.com")),
            ("tags", ["theirs"], {"tags": ["power", "mine"]}, ("theirs", "power, mine")),
            ("status", "rejected", {"status": "resolved", "resolution_summary": "My reason"}, ("Rejected", "My reason")),
            ("resolution_summary", "Theirs", {"resolution_summary": "Mine"}, ("Theirs", "Mine")),
        ],
    )  # fmt: skip
    def test_changed_by_somebody_else_shows_both_and_overwrites_nothing(
        self, client, issue, priya, headers, field, theirs, fields, shown
    ):
        was = fingerprint(getattr(issue, field))
        issue.change(by=priya, **{field: theirs})

        response = client.post(f"/{issue.reference}/{field}", {**fields, "was": was}, headers=headers)

        assert response.status_code == 409
        assert "Priya Raman changed the" in response.text
        for words in shown:
            assert words in response.text
        assert getattr(Issue.objects.get(), field) == theirs

    def test_mine_is_kept_when_it_is_chosen_and_a_second_conflict_is_one_again(
        self, client, issue, priya, headers
    ):
        def save(title, was):
            fields = {"title": title, "was": was}
            return client.post(f"/{issue.reference}/title", fields, headers=headers)

        was = fingerprint("Before")
        issue.change(by=priya, title="Theirs")
        first = save("Mine", was)
        issue.change(by=priya, title="Theirs again")
        second = save("Mine", was_in(first.text))
        third = save("Mine, edited", was_in(second.text))

        assert (first.status_code, second.status_code) == (409, 409)
        assert "Theirs again" in second.text
        assert third.status_code in (200, 303)
        assert Issue.objects.get().title == "Mine, edited"

    def test_another_field_changed_meanwhile_is_no_conflict(self, client, issue, priya, headers):
        was = fingerprint("Before")
        issue.change(by=priya, priority="high")

        response = client.post(f"/{issue.reference}/title", {"title": "Mine", "was": was}, headers=headers)

        assert response.status_code in (200, 303)
        assert (Issue.objects.get().title, Issue.objects.get().priority) == ("Mine", "high")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "script"])
class TestDescription:
    def conflict(self, client, issue, priya, headers, mine="one\n\nMINE\n\nthree"):
        was = fingerprint(issue.description)
        issue.change(
            by=priya, description=json.dumps([TEXT[0], TEXT[1], {"type": "paragraph", "text": "THEIRS"}])
        )
        fields = {"description": mine, "was": was}
        return client.post(f"/{issue.reference}/description", fields, headers=headers)

    def test_shows_both_block_by_block(self, client, issue, priya, headers):
        response = self.conflict(client, issue, priya, headers)

        assert response.status_code == 409
        assert "Priya Raman changed the description" in response.text
        theirs, mine = re.findall(r'<span class="pre">(.*?)</span>', response.text, re.DOTALL)
        assert (theirs, mine) == ("two\n\nTHEIRS", "MINE\n\nthree")
        assert "THEIRS" in Issue.objects.get().description

    @pytest.mark.parametrize(
        ("choice", "expected"), [("theirs", "one\n\ntwo\n\nTHEIRS"), ("mine", "one\n\nMINE\n\nthree")]
    )
    def test_each_block_is_chosen(self, client, issue, priya, headers, choice, expected):
        page = self.conflict(client, issue, priya, headers).text
        [name] = set(re.findall(r'name="(hunk-\d+)"', page))
        fields = {"description": "one\n\nMINE\n\nthree", "was": was_in(page), "do": "choose", name: choice}

        response = client.post(f"/{issue.reference}/description", fields, headers=headers)

        assert response.status_code in (200, 303)
        assert description_to_markdown(Issue.objects.get().description) == expected

    def test_a_second_conflict_keeps_the_text_again(self, client, issue, priya, headers):
        page = self.conflict(client, issue, priya, headers).text
        issue.change(by=priya, description=json.dumps([{"type": "paragraph", "text": "THIRD"}]))
        fields = {"description": "one\n\nMINE\n\nthree", "was": was_in(page), "do": "choose"}

        response = client.post(f"/{issue.reference}/description", fields, headers=headers)

        assert response.status_code == 409
        assert "MINE" in response.text
        assert "THIRD" in response.text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "script"])
def test_a_comment_edited_in_two_windows_shows_both(client, issue, mara, headers):
    comment = make_comment(issue, mara, "first")
    path = f"/{issue.reference}/comments/{comment.uuid}/edit"
    was = fingerprint("first")
    comment.edit("other window", by=mara)

    first = client.post(path, {"content": "this window", "was": was}, headers=headers)
    second = client.post(path, {"content": "this window", "was": was_in(first.text)}, headers=headers)

    assert first.status_code == 409
    assert "other window" in first.text
    assert "this window" in first.text
    assert second.status_code in (200, 303)
    comment.refresh_from_db()
    assert comment.content == "this window"


@pytest.mark.django_db(transaction=True)
def test_files_attached_by_several_at_once_are_all_there(mara, issue):
    def attach(name):
        browser = Client()
        browser.force_login(mara)
        try:
            return browser.post(
                f"/{issue.reference}/files", {"files": [SimpleUploadedFile(name, b"t")]}
            ).status_code
        finally:
            connection.close()

    names = [f"{n}.csv" for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(attach, names)) == {303}

    assert {file.name for file in issue.attachments.all()} == set(names)

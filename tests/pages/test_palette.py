"""The palette's search and the keyboard help, without a browser."""

import pytest

from issues.pages.palette import marked
from tests.factories import make_issue, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_finds_issues_people_and_tags(client):
    issue = make_issue(title="Battery string B drops to 22.3 V", tags=["battery"])
    make_user("bat.man@example.com")

    answer = client.get("/palette", {"q": "bat"}, headers=HTMX).content.decode()

    assert f'data-href="{issue.get_absolute_url()}"' in answer
    assert "owner=bat.man%40example.com" in answer
    assert "tag=battery" in answer


def test_finds_an_issue_by_its_reference(client):
    issue = make_issue(title="Heater 1 duty cycle above 80 %")

    assert issue.title in client.get("/palette", {"q": issue.reference}).content.decode()


def test_titles_come_first_and_a_query_half_typed_is_words(client):
    inside = make_issue(title="Other", description='[{"type": "paragraph", "text": "Heater"}]')
    title = make_issue(title="Heater 1 duty cycle")
    make_issue(title="Heater 2", status="rejected")

    answer = client.get("/palette", {"q": "heat 1"}, headers=HTMX).content.decode()
    half = client.get("/palette", {"q": "heater status:"}, headers=HTMX)
    spoken = client.get("/palette", {"q": "heater status:rejected"}, headers=HTMX).content.decode()

    assert title.reference in answer
    assert inside.reference not in answer
    assert half.status_code == 200
    assert "Heater 2" not in client.get("/palette", {"q": "heater -2"}, headers=HTMX).content.decode()
    assert title.reference not in spoken
    listed = client.get("/palette", {"q": "heater"}, headers=HTMX).content.decode()
    assert listed.index(title.reference) < listed.index(inside.reference)


def test_deleted_issues_are_not_found(client):
    issue = make_issue(title="Battery string B drops to 22.3 V")
    issue.trash(by=make_user())

    assert issue.reference not in client.get("/palette", {"q": "battery"}, headers=HTMX).content.decode()


@pytest.mark.parametrize("q", ["", " ", "\0", "%", "\\", "(", "a" * 5000, "status:nonsense", '"', "-"])
def test_whatever_is_typed_is_answered(client, q):
    assert client.get("/palette", {"q": q}, headers=HTMX).status_code == 200


def test_what_was_looked_for_is_marked_and_everything_is_escaped():
    assert marked("<b>Battery</b> & bat", "bat <b") == (
        "<mark>&lt;b</mark>&gt;<mark>Bat</mark>tery&lt;/b&gt; &amp; <mark>bat</mark>"
    )


def test_a_word_is_marked_at_its_beginning_only():
    assert marked("Combat battery", "bat") == "Combat <mark>bat</mark>tery"


def test_the_switch_for_single_keys_is_kept_in_a_cookie(client):
    off = client.post("/help", {}, headers=HTMX)
    assert (off.status_code, client.cookies["keys"].value) == (204, "off")
    assert b"checked" not in client.get("/help").content

    client.post("/help", {"single_keys": "on"})

    assert b"checked" in client.get("/help").content

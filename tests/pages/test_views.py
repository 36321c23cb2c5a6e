"""Saved views in the browser's terms: forms, redirects, the message at the field, and nothing of others' to be seen."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from issues.models import SavedView
from tests.factories import make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def everybody_signs_in(settings):
    settings.LOCAL = False


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada():
    return make_user("ada@example.com")


@pytest.fixture
def person(ada):
    return signed_in(ada)


def save(person, **fields):
    return person.post("/views/new", {"name": "TVAC", "query": "q=batt&tag=tvac", "page": "board", **fields})


def test_a_filter_is_saved_and_stands_in_the_side_column(person):
    answer = save(person)

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer["Location"]).query) == {"q": ["batt"], "tag": ["tvac"]}
    assert '<span class="cut" title="TVAC">TVAC</span>' in person.get("/").content.decode()


def test_the_bar_leads_to_the_form_with_its_filter(person):
    page = person.get("/?q=batt&priority=high").content.decode()
    address = page.split('href="/views/new?')[1].split('"')[0].replace("&amp;", "&")

    form = person.get(f"/views/new?{address}").content.decode()

    assert 'name="query" value="q=batt&amp;priority=high"' in form
    assert "Search “batt” with priority High." in form


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": " "}, "A view needs a name."),
        ({"name": "x" * 61}, "A name has at most 60 characters."),
        ({"name": "Mine, open"}, "You have a view of this name already."),
        ({"query": "q=stauts%3Aopen"}, "Did you mean status?"),
        ({"query": "tag=" + "x" * 4000}, "too long to save"),
    ],
)
def test_a_mistake_is_said_at_the_field_and_what_was_typed_stays(person, fields, says):
    answer = save(person, **{"name": "Kept", **fields})

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert f'value="{fields.get("name", "Kept")}"' in answer.content.decode().replace('value=""', 'value=" "')
    assert SavedView.objects.filter(owner__email="ada@example.com").count() == 3


def test_a_view_is_renamed_shared_moved_unpinned_and_pinned(person, ada):
    save(person)
    view = SavedView.objects.get(name="TVAC")

    for change in ("rename", "share", "up", "unpin", "pin", "up", "down", "unshare"):
        answer = person.post(f"/views/{view.pk}/{change}", {"name": "TVAC 2"})
        assert answer.status_code == 303, change

    view.refresh_from_db()
    assert (view.name, view.is_shared) == ("TVAC 2", False)
    assert list(SavedView.objects.pinned_by(ada))[-1] == view


def test_a_rename_that_fails_says_so_at_its_view(person):
    save(person)
    view = SavedView.objects.get(name="TVAC")

    answer = person.post(f"/views/{view.pk}/rename", {"name": "Mine, open"})

    assert answer.status_code == 422
    assert (
        f'id="error-{view.pk}" role="alert">You have a view of this name already.' in answer.content.decode()
    )


def test_a_deleted_view_is_restored_from_the_notice(person):
    save(person)
    view = SavedView.objects.get(name="TVAC")

    page = person.post(f"/views/{view.pk}/delete", follow=True).content.decode()
    assert "“TVAC” deleted." in page
    assert f'action="/views/{view.pk}/restore"' in page

    assert "“TVAC” deleted." not in person.post(f"/views/{view.pk}/restore", follow=True).content.decode()
    assert SavedView.objects.alive().filter(pk=view.pk).exists()


def test_views_of_others_are_seen_when_they_are_shared_and_never_changed(person):
    other = signed_in(make_user())
    save(other, name="Theirs")
    save(other, name="Ours", shared="on")
    theirs, ours = (SavedView.objects.get(name=name) for name in ("Theirs", "Ours"))

    page = person.get("/views/").content.decode()

    assert "Ours" in page
    assert "Theirs" not in page
    assert person.post(f"/views/{theirs.pk}/pin").status_code == 404
    assert person.post(f"/views/{ours.pk}/pin").status_code == 303
    for change in ("share", "unshare", "delete", "rename"):
        assert person.post(f"/views/{theirs.pk}/{change}", {"name": "x"}).status_code == 404
        assert person.post(f"/views/{ours.pk}/{change}", {"name": "x"}).status_code == 403
    assert person.post(f"/views/{theirs.pk}/restore").status_code == 404
    ours.refresh_from_db()
    assert (ours.name, ours.is_shared, ours.deleted_at) == ("Ours", True, None)


def test_a_viewer_changes_no_view_but_chooses_what_stands_in_their_own_side_column(person, ada):
    save(person, shared="on")
    view = SavedView.objects.get(name="TVAC")
    someone = make_viewer()
    viewer = signed_in(someone)

    page = viewer.get("/views/").content.decode()
    assert f"/views/{view.pk}/pin" in page
    assert f"/views/{view.pk}/share" not in page
    for place in ("pin", "up", "down", "unpin", "pin"):
        assert viewer.post(f"/views/{view.pk}/{place}").status_code == 303, place
    for change in ("share", "unshare", "rename", "delete"):
        assert viewer.post(f"/views/{view.pk}/{change}", {"name": "x"}).status_code == 403, change

    assert view in SavedView.objects.pinned_by(someone)
    assert SavedView.objects.get(pk=view.pk).is_shared


def test_a_viewer_saves_none():
    viewer = signed_in(make_viewer())

    assert save(viewer).status_code == 403
    assert "Save view" not in viewer.get("/?q=batt").content.decode()
    assert viewer.get("/views/").status_code == 200


def test_counts_come_by_themselves(person, ada):
    make_issue(ada, owner=ada.email)
    make_issue(ada, owner=ada.email, status="resolved")
    make_issue(ada, priority="high")
    mine, high, waiting = SavedView.objects.pinned_by(ada)

    answer = person.get("/views/counts")

    counts = answer.content.decode()
    assert f'<span data-view="{mine.pk}">1</span>' in counts
    assert f'<span data-view="{high.pk}">1</span>' in counts
    assert f'<span data-view="{waiting.pk}">0</span>' in counts
    assert "data-view-count" in person.get("/").content.decode()


@pytest.mark.parametrize("path", ["/views/999/rename", "/views/99999999999999999999/delete", "/views/999/up"])
def test_what_is_not_there_is_404(person, path):
    assert person.post(path, {"name": "x"}).status_code == 404
    assert person.get(path).status_code in (404, 405)

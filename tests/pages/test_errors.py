"""Error pages: what happened, what it means, one way on; none of them a trace, and none of them kept by a cache."""

import pytest
from django.test import Client
from django.urls import path

from issues.models import Issue
from issues.models.attempts import TooManyAttempts
from issuetracker import urls
from tests.factories import make_user, make_viewer

pytestmark = pytest.mark.django_db


def heading(response) -> str:
    return response.content.decode().partition("<h1>")[2].partition("</h1>")[0]


@pytest.mark.parametrize(
    ("path", "says", "offers"),
    [
        ("/nothing", "There is nothing here", "Go to the board"),
        ("/FND-912", "There is no issue FND-912", "Deleted issues"),
        ("/FND-912/history", "There is no issue FND-912", "Deleted issues"),
        ("/file/0199f3a0-0000-7000-8000-000000000000", "There is nothing here", "Go to the board"),
    ],
)
def test_what_is_not_there_is_said_so_with_a_way_on(client, path, says, offers):
    response = client.get(path)

    assert (response.status_code, heading(response)) == (404, says)
    assert offers in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_who_may_not_is_told_who_can_change_that(settings):
    settings.LOCAL = False
    client = Client()
    client.force_login(make_viewer())

    response = client.get("/new", secure=True)

    assert (response.status_code, heading(response)) == (403, "You may not do this")
    assert "An administrator can give you another role." in response.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "x", "description": "x" * 3_000_000},
        {"title": "x", "tags": ["a"] * 1_001},
    ],
    ids=["text", "fields"],
)
def test_more_than_any_page_sends_is_too_large(client, settings, fields):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

    response = client.post("/new", fields)

    assert (response.status_code, heading(response)) == (413, "This is too large")
    assert "what you typed is still there" in response.content.decode()
    assert not Issue.objects.exists()


def refuse(request):
    raise TooManyAttempts(61)


urlpatterns = [path("too-often", refuse), *urls.urlpatterns]


class TestTooOften:
    """What a page refuses for a while, and does not say at its own form."""

    pytestmark = pytest.mark.urls(__name__)

    def test_is_said_with_how_long_to_wait(self, client):
        response = client.post("/too-often", {"title": "x"})

        assert (response.status_code, heading(response)) == (429, "This is too much at once")
        assert response["Retry-After"] == "61"
        assert "Wait 2 minutes, then try again." in response.content.decode()
        assert "what you typed is still there" in response.content.decode()
        assert "Try again</a>" not in response.content.decode()

    def test_a_page_can_be_asked_for_again(self, client):
        assert (
            '<a class="btn primary" href="/too-often">Try again</a>'
            in client.get("/too-often").content.decode()
        )

    def test_a_script_is_told_in_words(self, client):
        response = client.post("/too-often", headers={"HX-Request": "true"})

        assert (response.status_code, response["Retry-After"]) == (429, "61")
        assert response.content.decode() == "This is too much at once. Wait 2 minutes, then try again."


def test_a_form_from_elsewhere_is_not_taken(settings):
    settings.LOCAL = False
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())

    response = client.post("/new", {"title": "x"}, secure=True)

    assert (response.status_code, heading(response)) == (403, "This form was not taken")
    assert not Issue.objects.exists()

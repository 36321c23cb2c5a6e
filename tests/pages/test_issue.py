"""The issue page, by its forms alone."""

import json

import pytest
from django.test import Client

from issues.models import Issue
from tests.factories import make_issue, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara():
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


@pytest.fixture
def client(mara):
    client = Client()
    client.force_login(mara)
    return client


def test_a_description_is_edited_as_markdown_and_keeps_what_was_not_touched(client):
    spectrogram = '{"type": "spectrogram", "limit": 1e400}'
    issue = make_issue(description=f'[{{"type": "paragraph", "text": "fell"}}, {spectrogram}]')
    page = client.get(f"/{issue.reference}/description")
    typed, was = page.context["typed"], page.context["was"]

    response = client.post(
        f"/{issue.reference}/description", {"description": typed.replace("fell", "rose"), "was": was}
    )

    assert response.status_code == 303
    issue.refresh_from_db()
    assert spectrogram in issue.description
    assert json.loads(issue.description)[0]["text"] == "rose"


def test_a_broken_block_is_refused_and_the_text_stays(client):
    issue = make_issue()
    was = client.get(f"/{issue.reference}/description").context["was"]

    response = client.post(
        f"/{issue.reference}/description", {"description": "Hello\n\n```block\n{\n```", "was": was}
    )

    assert response.status_code == 422
    assert "The block in line 3 is not a JSON object" in response.text
    assert "Hello" in response.text
    assert Issue.objects.get().description == "[]"

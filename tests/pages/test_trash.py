"""The trash: who deleted what, back with it, found by reference, a page at a time, gone after 30 days."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from issues.models import Issue
from tests.factories import make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db


def references(response) -> list[str]:
    return re.findall(r'<td class="ref">(FND-\d+)<', response.content.decode())


def test_shows_the_last_deletion_first_and_by_whom(client):
    one, two = make_issue(), make_issue()
    make_issue()
    two.trash(by=make_user("mara.lindqvist@example.com"))
    one.trash(by=make_user())

    response = client.get("/trash")

    assert references(response) == [one.reference, two.reference]
    assert "Mara Lindqvist" in response.content.decode()
    assert "in 29 days" in response.content.decode()


def test_restore_brings_it_back_and_says_so(client):
    issue = make_issue()
    issue.trash(by=make_user())

    page = client.post(f"/{issue.reference}/restore", {"next": "/trash"}, follow=True)

    assert Issue.objects.alive().get() == issue
    assert references(page) == []


def test_what_was_deleted_longer_ago_is_not_offered(client):
    issue = make_issue()
    issue.trash(by=make_user(), at=timezone.now() - timedelta(days=31))

    assert "Nothing deleted" in client.get("/trash").content.decode()


def test_is_searched_by_reference(client):
    one, two = make_issue(), make_issue()
    one.trash(by=make_user())
    two.trash(by=make_user())

    assert references(client.get(f"/trash?q={one.reference.lower()}")) == [one.reference]
    assert references(client.get(f"/trash?q={two.pk}")) == [two.reference]
    assert "Not in the trash" in client.get("/trash?q=FND-999999").content.decode()
    assert "searched by reference only" in client.get("/trash?q=battery").content.decode()


@pytest.mark.parametrize(
    "query", ["q=%00", "q=٣", "q=" + "9" * 30, "after=x", "after=1~", "after=" + "9" * 18 + "~1"]
)
def test_of_nonsense_is_a_page(client, query):
    make_issue().trash(by=make_user())

    assert client.get(f"/trash?{query}").status_code == 200


def test_goes_on_where_the_page_ended(client, django_assert_max_num_queries):
    ada, now, made = make_user(), timezone.now(), []
    for n in range(52):
        issue = make_issue(ada)
        issue.trash(by=ada, at=now - timedelta(seconds=n // 3))
        made.append(issue.reference)
    client.get("/trash")  # makes the local user

    with django_assert_max_num_queries(5):
        first = client.get("/trash")
    link = re.search(r'href="(/trash\?after=[^"]*)"', first.content.decode()).group(1)
    second = client.get(link)

    assert len(references(first)) == 50
    assert sorted(references(first) + references(second)) == sorted(made)


def test_a_viewer_looks_but_cannot_restore(client, settings):
    make_issue().trash(by=make_user())
    settings.LOCAL = False
    client.force_login(make_viewer())

    page = client.get("/trash").content.decode()

    assert "FND-" in page
    assert "/restore" not in page

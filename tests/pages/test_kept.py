"""What pages keep is what they would say afresh: after any change, for any viewer, in any order of commits."""

import re

import pytest
from django.db import transaction
from django.template import Context, Template
from django.test import Client
from django.utils.html import escape

from issues import changes
from issues.models import Comment, Issue, SavedView, User, bulk, people, undo
from issues.pages.kept import kept_at, pieces
from issues.pages.viewer import MARK
from tests.factories import elsewhere, make_attachment, make_issue, make_user, settled

PAGES = (
    "/",
    "/?priority=high",
    "/list",
    "/list?sort=owner&status=open",
    "/list?tag=power&untriaged=1",
    "/FND-{id}",
)
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"|data-live="[^"]*"')


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def look(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200
    assert MARK.encode() not in answer.content
    return TOKEN.sub(b"", answer.content)


@pytest.fixture(autouse=True)
def nothing_kept():
    pieces.clear()


@pytest.mark.django_db(transaction=True)
def test_after_every_verb_kept_pages_are_as_made_afresh(production):
    ada, atlas = make_user(), User.objects.agent()
    client = signed_in(ada)
    issue = make_issue(atlas, title="Battery string B", tags=["power"])
    other = make_issue(ada, owner="mara@example.com", status="resolved")
    comment = issue.comment(by=ada, content="Cell 5.")
    file = make_attachment(by=ada)

    def fresh(number: int) -> Issue:
        return Issue.objects.get(pk=number)

    steps = [
        lambda: make_issue(ada, priority="high"),
        lambda: fresh(issue.pk).change(by=ada, title="Battery string C"),
        lambda: fresh(issue.pk).change(by=ada, status="in_progress"),
        lambda: fresh(issue.pk).change(by=ada, priority="high", owner=ada.email, tags=["tvac"]),
        lambda: undo.undo(issue.events.latest("id").pk, by=ada),
        lambda: Comment.objects.get(pk=comment.pk).edit("Cell 6.", by=ada),
        lambda: Comment.objects.get(pk=comment.pk).react("👍", by=atlas),
        lambda: Comment.objects.get(pk=comment.pk).trash(by=ada),
        lambda: fresh(issue.pk).change(by=ada, attachments=[file.uuid]),
        lambda: bulk.change([issue.pk, other.pk], by=ada, fields={"status": "rejected"}),
        lambda: fresh(other.pk).trash(by=ada),
        lambda: fresh(other.pk).restore(by=ada),
        lambda: fresh(other.pk).change(by=ada, status=None),
    ]
    for n, step in enumerate(steps):
        settled()
        before = {page: look(client, page.format(id=issue.pk)) for page in PAGES}
        step()
        settled()
        kept = {page: look(client, page.format(id=issue.pk)) for page in PAGES}
        pieces.clear()
        afresh = {page: look(client, page.format(id=issue.pk)) for page in PAGES}

        assert kept == afresh, n
        assert kept != before, n


@pytest.mark.django_db(transaction=True)
def test_equal_marks_mean_that_nothing_was_changed():
    issue = make_issue()
    before = settled()

    assert changes.mark() == before
    issue.change(by=issue.created_by, priority="high")
    assert settled() != before


@pytest.mark.django_db(transaction=True)
def test_while_an_older_change_is_under_way_there_is_no_mark():
    """Its event will stand below the newest one, and would not move the mark."""
    person = make_user()
    issue = make_issue(by=person)
    with transaction.atomic():
        issue.change(by=person, priority="high")
        elsewhere(lambda: make_issue(by=person))
        found = []
        elsewhere(lambda: found.append(changes.mark()))

        assert found == [None]
    assert settled()


@pytest.mark.django_db(transaction=True)
def test_where_nothing_ever_happened_nothing_is_kept():
    assert changes.mark() is None
    assert [kept_at(None, ("n",), lambda n=n: n) for n in (1, 2)] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_two_viewers_see_their_own_frame_round_the_same_columns(production):
    make_issue()
    member = signed_in(make_user("mara@example.com", name="Mara Lindqvist"))
    viewer = signed_in(make_user("vic@example.com", role="viewer"))

    theirs, others = look(member, "/"), look(viewer, "/")

    assert b"Mara Lindqvist" in theirs
    assert b"Mara Lindqvist" not in others
    assert b'href="/new"' in theirs
    assert b'href="/new"' not in others
    assert b"data-readonly" in others


@pytest.mark.django_db(transaction=True)
def test_a_form_of_the_frame_leads_back_to_the_page_it_was_on(production):
    make_issue()
    client = signed_in(make_user())

    for address in ("/list?status=open&sort=title", "/", "/list"):
        page = client.get(address).content.decode()
        theme = page[page.index('action="/theme"') :]
        assert f'name="next" value="{escape(address)}"' in theme[:500]


@pytest.mark.django_db(transaction=True)
def test_a_view_that_is_renamed_or_unpinned_shows_at_once(production):
    mara = make_user("mara@example.com")
    client = signed_in(mara)
    view = SavedView.create(by=mara, name="Cold soak", query="tag=tvac")

    assert b"Cold soak" in look(client, "/")
    view.rename("Eclipse", by=mara)
    assert b"Eclipse" in look(client, "/")
    view.unpin(by=mara)
    assert b"Eclipse" not in look(client, "/")


@pytest.mark.django_db(transaction=True)
def test_who_was_sent_away_or_has_another_password_is_out_at_the_next_look(production):
    ada, mara, vic = make_user(role="administrator"), make_user(), make_user()
    clients = {user: signed_in(user) for user in (mara, vic)}
    for client in clients.values():
        look(client, "/")

    people.deactivate(mara, by=ada)
    vic.set_password("another long password")
    vic.save()

    assert [client.get("/").status_code for client in clients.values()] == [302, 302]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "key", ['"\\000aaaaaaaaaaaaaaaaaaa"', "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "short", ""]
)
def test_a_session_that_we_never_gave_is_nobodys(production, client, key):
    client.cookies.load(f"sessionid={key}")

    assert client.get("/").status_code == 302


def rendered(source: str, **values) -> str:
    return Template("{% load viewer %}" + source).render(Context(values))


def test_a_kept_piece_is_made_once_for_its_values():
    piece = "{% kept 'piece' a %}{{ a }}{{ other }}{% endkept %}"

    assert rendered(piece, a=1, other="x") == "1x"
    assert rendered(piece, a=1, other="y") == "1x"
    assert rendered(piece, a=2, other="y") == "2y"


def test_a_piece_that_depends_on_nothing_known_is_made_each_time():
    piece = "{% kept 'piece' a %}{{ other }}{% endkept %}"

    assert rendered(piece, a=None, other="x") == "x"
    assert rendered(piece, a=None, other="y") == "y"


def test_a_kept_form_has_the_token_and_address_of_each_request():
    form = "{% kept 'form' %}{% csrf_token %}{{ address }}{% endkept %}"

    first = rendered(form, csrf_token="one", address="/list?a=1&b=<2>")
    second = rendered(form, csrf_token="two", address="/")

    assert 'value="one"' in first
    assert first.endswith("/list?a=1&amp;b=&lt;2&gt;")
    assert 'value="two"' in second
    assert second.endswith(">/")

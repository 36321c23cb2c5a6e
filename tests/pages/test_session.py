"""The page of a session, by its forms alone."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from issues.models import Session
from issues.tasks import read_evidence
from tests.factories import make_attachment, make_issue, make_session, make_user, make_viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara(production):
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


@pytest.fixture
def client(mara):
    client = Client()
    client.force_login(mara)
    return client


def fresh(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


def edit(client, session, *, script=False, **fields):
    headers = {"HX-Request": "true"} if script else {}
    return client.post(f"{session.get_absolute_url()}/edit", fields, headers=headers)


class TestThePage:
    def test_shows_what_was_said_recorded_and_found(self, client, mara):
        transcript = make_attachment(mara, "transcript.txt", b"".join(b"line %d\n" % n for n in range(1, 31)))
        read_evidence(transcript.pk)
        hidden = make_attachment(mara, "raw.bin")
        hidden.change(by=mara, is_visible=False)
        session = make_session(
            mara,
            title="TVAC review",
            description="Measure the **strap**, see FND-1.",
            attachments=[transcript.uuid, hidden.uuid],
        )
        issue = make_issue(mara, title="Cold cell", status="in_progress", sessions=[session.uuid])
        make_issue(mara, title="Deleted cell", sessions=[session.uuid]).trash(by=mara)

        page = client.get(session.get_absolute_url()).text

        assert "<strong>strap</strong>" in page
        assert "line 12" in page
        assert "line 13" not in page
        assert "Show all 30 lines" in page
        assert "1 hidden" in page
        assert "raw.bin" not in page
        assert "Cold cell" in page
        assert "In progress" in page
        assert "Deleted cell" not in page
        assert "TVAC review" in client.get(f"/{issue.reference}").text

    def test_says_in_words_what_is_not_there(self, client, mara):
        page = client.get(make_session(mara, title="").get_absolute_url()).text

        for words in (
            "Untitled session",
            "Nothing is written down",
            "No files yet",
            "No issue came out of it",
        ):
            assert words in page

    def test_pages_through_its_issues_newest_first(self, client, mara, monkeypatch):
        monkeypatch.setattr("issues.pages.session.ISSUES", 2)
        session = make_session(mara)
        issues = [make_issue(mara, sessions=[session.uuid]) for _ in range(3)]
        at = session.get_absolute_url()

        first, second = client.get(at).context, client.get(f"{at}?before={issues[1].pk}").context

        assert ([*first["issues"]], first["older"], first["count"]) == (issues[:0:-1], issues[1].pk, "3")
        assert ([*second["issues"]], second["older"]) == (issues[:1], None)
        for odd in ("x", "-1", "9" * 30):
            assert client.get(f"{at}?before={odd}").status_code == 200

    def test_a_deleted_one_is_not_there(self, client, mara):
        session = make_session(mara)
        session.trash(by=mara)

        for path in ("", "/edit"):
            assert client.get(session.get_absolute_url() + path).status_code == 404
        assert edit(client, session, title="x", description="").status_code == 404

    def test_costs_the_same_for_few_and_for_many(self, client, mara, django_assert_max_num_queries):
        files = [make_attachment(mara, f"{n}.txt", b"words") for n in range(6)]
        for file in files:
            read_evidence(file.pk)
        session = make_session(mara, attachments=[file.uuid for file in files])
        for _ in range(10):
            make_issue(sessions=[session.uuid])

        with django_assert_max_num_queries(11):
            client.get(session.get_absolute_url())


class TestEdit:
    def test_changes_both_and_tells_the_issues(self, client, mara):
        session = make_session(mara, title="Old", description="Old words")
        issue = make_issue(mara, sessions=[session.uuid])

        response = edit(client, session, title=" New ", description="New\r\nwords")

        assert response.status_code == 303
        assert (fresh(session).title, fresh(session).description) == ("New", "New\nwords")
        assert issue.events.latest("id").kind == "session_changed"

    def test_by_script_the_page_gets_its_piece_back(self, client, mara):
        session = make_session(mara, title="Old")

        form = client.get(f"{session.get_absolute_url()}/edit", headers={"HX-Request": "true"})
        saved = edit(client, session, script=True, title="New", description="")

        assert form.text.lstrip().startswith("<form")
        assert saved.text.lstrip().startswith('<div id="about"')
        assert "Session changed" in saved.headers["HX-Trigger"]

    @pytest.mark.parametrize(
        ("title", "description"), [("x" * 501, ""), ("a\0b", ""), ("", "x" * 10_001), ("", "\0")]
    )
    def test_bad_input_is_said_and_what_was_typed_stays(self, client, mara, title, description):
        session = make_session(mara, title="Old")

        response = edit(client, session, title=title, description=description)

        assert response.status_code == 422
        assert 'role="alert"' in response.text
        assert (response.context["title"], response.context["description"]) == (title, description)
        assert fresh(session).title == "Old"

    def test_what_somebody_changed_meanwhile_is_not_overwritten(self, client, mara):
        session = make_session(mara, title="Old", description="Old words")
        was = client.get(f"{session.get_absolute_url()}/edit").context["was"]
        session.change(by=make_user(), description="Their words")

        response = edit(client, session, title="Old", description="My words", was=was)
        again = edit(client, session, title="Old", description="My words", was=response.context["was"])

        assert response.status_code == 409
        assert "Their words" in response.text
        assert "My words" in response.text
        assert again.status_code == 303
        assert fresh(session).description == "My words"


class TestStarAndFiles:
    def test_a_star_is_set_once_and_taken_off(self, client, mara):
        session = make_session(mara)
        issue = make_issue(mara, sessions=[session.uuid])
        at = session.get_absolute_url()

        for _ in range(2):
            client.post(f"{at}/star")
        starred, events = fresh(session).is_starred, issue.events.count()
        client.post(f"{at}/unstar")

        assert (starred, events) == (True, 2)
        assert not fresh(session).is_starred

    def test_files_go_in_by_a_form(self, client, mara):
        session = make_session(mara)
        at = f"{session.get_absolute_url()}/files"

        response = client.post(
            at, {"files": [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]}
        )
        none = client.post(at)

        assert response.status_code == 303
        assert [file.name for file in session.attachments.order_by("session_links")] == ["a.txt", "b.txt"]
        assert (none.status_code, "Files must be chosen" in none.text) == (422, True)

    def test_a_viewer_sees_no_form(self, client, mara):
        session = make_session(mara)
        session.change(by=mara, starred=True)
        viewer = Client()
        viewer.force_login(make_viewer())

        page = viewer.get(session.get_absolute_url()).text

        assert "data-edit-here" not in page
        assert "/files" not in page
        assert "Starred" in page

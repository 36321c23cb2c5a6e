"""POST /undo and the notice: by script and by plain form, once, twice, too late, and by somebody else."""

import json

import pytest

from issues.models import Event, Issue, User
from tests.factories import make_comment, make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(settings):
    settings.LOCAL = False
    return make_user("ada@example.com", name="Ada Byron")


@pytest.fixture
def signed_in(client, ada):
    client.force_login(ada)
    return client


def toast(response) -> dict:
    return json.loads(response.headers["HX-Trigger"])["toast"]


class TestUndo:
    def test_by_script_says_what_was_undone_and_offers_redo(self, signed_in, ada):
        issue = make_issue(ada)
        issue.change(by=ada, status="rejected")

        response = signed_in.post("/undo", {"event": issue.last_event_id}, headers=HTMX)

        issue.refresh_from_db()
        last = issue.events.latest("id")
        assert (response.status_code, issue.status) == (204, "open")
        assert toast(response) == {
            "text": f"Undone: {issue.reference} rejected",
            "undo": {"event": str(last.pk), "label": "Redo"},
        }

    def test_by_plain_form_goes_back_and_the_page_offers_redo(self, signed_in, ada):
        issue = make_issue(ada)
        issue.change(by=ada, status="rejected")
        fields = {"event": issue.last_event_id, "next": f"/?q=battery&did={issue.last_event_id}"}

        response = signed_in.post("/undo", fields)

        event = issue.events.latest("id")
        assert (response.status_code, response["Location"]) == (303, f"/?q=battery&did={event.pk}")
        page = signed_in.get(response["Location"]).content.decode()
        assert f"Undone: {issue.reference} rejected" in page
        assert f'name="event" value="{event.pk}">Redo</button>' in page
        assert 'name="next" value="/?q=battery"' in page

    def test_of_nothing_named_takes_back_the_last_change(self, signed_in, ada):
        issue = make_issue(ada)
        issue.change(by=ada, priority="high")

        signed_in.post("/undo", headers=HTMX)
        signed_in.post("/undo", headers=HTMX)
        third = signed_in.post("/undo", headers=HTMX)

        issue.refresh_from_db()
        assert (issue.priority, issue.deleted_at is not None) == ("low", True)
        assert third.status_code == 409
        assert "nothing to undo" in third.content.decode()

    def test_twice_says_so(self, signed_in, ada):
        issue = make_issue(ada)
        issue.change(by=ada, status="rejected")
        fields = {"event": issue.last_event_id}
        signed_in.post("/undo", fields, headers=HTMX)

        again = signed_in.post("/undo", fields, headers=HTMX)

        assert again.status_code == 409
        assert again.content.decode() == f"{issue.reference}: this was undone already."

    def test_of_what_somebody_changed_since_explains_itself(self, signed_in, ada):
        issue = make_issue(ada)
        issue.change(by=ada, owner="ada@example.com")
        event = issue.last_event_id
        issue.change(by=make_user("jonas.weber@example.com"), owner="jonas.weber@example.com")

        response = signed_in.post("/undo", {"event": event})

        issue.refresh_from_db()
        assert (response.status_code, issue.owner) == (409, "jonas.weber@example.com")
        assert "Jonas Weber changed its owner since. Nothing was overwritten." in response.content.decode()

    @pytest.mark.parametrize(
        "fields", [{"event": "x"}, {"event": "9" * 18}, {"event": "٣"}, {"act": "x"}, {"act": "0" * 32}]
    )
    def test_of_what_never_was_is_explained(self, signed_in, fields):
        assert signed_in.post("/undo", fields, headers=HTMX).status_code == 409

    def test_of_other_peoples_changes_is_refused(self, signed_in):
        issue = make_issue()
        issue.change(by=make_user(), status="rejected")

        response = signed_in.post("/undo", {"event": issue.last_event_id}, headers=HTMX)

        issue.refresh_from_db()
        assert (response.status_code, issue.status) == (403, "rejected")

    def test_is_not_for_viewers_nor_by_get(self, client, settings):
        settings.LOCAL = False
        client.force_login(make_viewer())

        assert client.post("/undo").status_code == 403
        assert client.get("/undo").status_code == 405

    def test_does_not_leave_the_site(self, signed_in, ada):
        issue = make_issue(ada)

        response = signed_in.post("/undo", {"event": issue.last_event_id, "next": "//evil.example/"})

        assert response["Location"].startswith(f"/{issue.reference}?did=")


class TestNotice:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"status": "resolved"}, "{} resolved"),
            ({"status": "in_progress"}, "{} is in progress"),
            ({"status": None}, "{} has no status"),
            ({"owner": "ada@example.com"}, "{} assigned to Ada Byron"),
            ({"owner": "somebody"}, "{} assigned to somebody"),
            ({"priority": "high"}, "Priority of {} set to high"),
            ({"priority": None}, "Priority of {} cleared"),
            ({"title": "Other", "tags": ["a"], "priority": None}, "Title, priority and tags of {} changed"),
            ({"resolution_summary": "Strap."}, "Resolution of {} changed"),
        ],
    )
    def test_says_what_was_done(self, signed_in, ada, change, words):
        issue = make_issue(ada)
        issue.change(by=ada, **change)

        page = signed_in.get(f"/?did={issue.last_event_id}").content.decode()

        assert words.format(issue.reference) in page

    def test_is_only_for_who_did_it(self, signed_in):
        issue = make_issue(User.objects.agent())

        assert 'id="did"' not in signed_in.get(f"/?did={issue.last_event_id}").content.decode()

    @pytest.mark.parametrize("did", ["", "x", "9" * 18, "9" * 40, "-1", "%00"])
    def test_of_nonsense_is_no_notice(self, signed_in, did):
        response = signed_in.get(f"/?did={did}")

        assert response.status_code == 200
        assert 'id="did"' not in response.content.decode()

    def test_names_comments_files_and_emoji(self, signed_in, ada):
        comment = make_comment(make_issue(ada), ada)
        comment.react("👍", by=ada)
        comment.trash(by=ada)
        reference = Issue.objects.get().reference

        notices = [
            signed_in.get(f"/?did={event.pk}").content.decode() for event in Event.objects.order_by("id")
        ]

        words = [f"{reference} created", f"Comment on {reference} added", f"👍 on {reference} added"]
        words += [f"Comment on {reference} deleted"]
        assert all(said in page for said, page in zip(words, notices, strict=True))

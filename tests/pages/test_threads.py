"""Comments by their forms alone: said, looked at, edited, deleted, reacted to, folded between changes, paged."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from issues.models import Attachment, Comment, User
from issues.pages import activity
from tests.factories import make_attachment, make_comment, make_issue, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "issue"}


@pytest.fixture
def mara(settings):
    settings.LOCAL = False
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


@pytest.fixture
def client(client, mara):
    client.force_login(mara)
    return client


@pytest.fixture
def issue(mara):
    return make_issue(mara)


def thread(page: str) -> str:
    return page.partition('<ol class="thread"')[2].partition("</ol>")[0]


class TestWriting:
    def test_a_comment_with_a_file(self, client, issue):
        file = SimpleUploadedFile("strap.png", b"not really")

        response = client.post(f"/{issue.reference}/comments", {"content": "a\r\nb", "files": [file]})

        comment = Comment.objects.get()
        assert response.status_code == 303
        assert response.headers["Location"].endswith(f"#c-{comment.uuid}")
        assert comment.content == "a\nb"
        assert "strap.png" in thread(client.get(f"/{issue.reference}").text)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("", "Write a comment first."),
            (" \n ", "Write a comment first."),
            ("x" * 10_001, "The comment must have a length of at most 10,000."),
            ("a\0b", "U+0000"),
        ],
    )
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_what_breaks_a_rule_comes_back(self, client, issue, content, words, headers):
        fields = {"content": content, "files": [SimpleUploadedFile("a.csv", b"t")]}

        response = client.post(f"/{issue.reference}/comments", fields, headers=headers)

        assert response.status_code == 422
        assert words in response.text
        assert content.replace("\0", "")[:50].strip() in response.text
        assert not Comment.objects.exists()
        assert not Attachment.objects.exists()

    def test_more_files_than_a_comment_takes_are_refused_before_any_is_kept(self, client, issue):
        fields = {"content": "see", "files": [SimpleUploadedFile(f"{n}.csv", b"t") for n in range(11)]}

        response = client.post(f"/{issue.reference}/comments", fields)

        assert response.status_code == 422
        assert "at most 10" in response.text
        assert not Attachment.objects.exists()

    def test_a_preview_is_no_comment(self, client, issue):
        fields = {"content": "**bold** @mara.lindqvist@example.com", "do": "preview"}

        plain = client.post(f"/{issue.reference}/comments", fields).text
        script = client.post(f"/{issue.reference}/comments", fields, headers=HTMX).text

        for page in (plain, script):
            assert "<strong>bold</strong>" in page
            assert "@Mara Lindqvist</a>" in page
        assert "**bold**" in plain
        assert not Comment.objects.exists()


class TestEditing:
    def test_keeps_the_earlier_versions_readable(self, client, issue, mara):
        comment = make_comment(issue, mara, "torque 0.9 Nm")

        client.post(f"/{issue.reference}/comments/{comment.uuid}/edit", {"content": "torque 1.4 Nm"})

        assert "edited" in thread(client.get(f"/{issue.reference}").text)
        versions = client.get(f"/{issue.reference}/comments/{comment.uuid}/versions").text
        assert "<del>torque <mark>0</mark>.<mark>9</mark> Nm</del>" in versions

    def test_is_for_the_author_alone(self, client, issue):
        comment = make_comment(issue, make_user(), "mine")
        path = f"/{issue.reference}/comments/{comment.uuid}"

        assert client.get(f"{path}/edit").status_code == 404
        assert client.post(f"{path}/edit", {"content": "yours"}).status_code == 403
        assert client.post(f"{path}/delete").status_code == 403
        assert Comment.objects.get().content == "mine"

    def test_what_breaks_a_rule_comes_back(self, client, issue, mara):
        comment = make_comment(issue, mara, "fine")

        response = client.post(f"/{issue.reference}/comments/{comment.uuid}/edit", {"content": " "})

        assert response.status_code == 422
        assert "Write a comment first." in response.text

    def test_of_a_comment_deleted_meanwhile_gives_the_text_back(self, client, issue, mara):
        comment = make_comment(issue, mara)
        comment.trash(by=mara)

        response = client.post(f"/{issue.reference}/comments/{comment.uuid}/edit", {"content": "A long text"})

        assert response.status_code == 404
        assert "A long text" in response.text


class TestDeleting:
    def test_leaves_a_tombstone_that_can_be_restored(self, client, issue, mara):
        comment = make_comment(issue, mara, "Cell 5")
        path = f"/{issue.reference}/comments/{comment.uuid}"

        client.post(f"{path}/delete")
        assert client.post(f"{path}/delete").status_code == 303
        page = thread(client.get(f"/{issue.reference}").text)
        client.post(f"{path}/restore")

        assert "Comment deleted by Mara Lindqvist." in page
        assert "Restore" in page
        assert "Cell 5" not in page
        assert client.get(f"{path}/versions").status_code == 200
        assert "Cell 5" in thread(client.get(f"/{issue.reference}").text)

    def test_a_tombstone_shows_no_versions(self, client, issue, mara):
        comment = make_comment(issue, mara, "secret")
        comment.edit("public", by=mara)
        comment.trash(by=mara)

        assert client.get(f"/{issue.reference}/comments/{comment.uuid}/versions").status_code == 404


class TestReactions:
    def test_say_what_should_be_true(self, client, issue, mara):
        comment = make_comment(issue, make_user())
        path = f"/{issue.reference}/comments/{comment.uuid}/react"

        for _ in range(2):
            client.post(path, {"on": "👍"})
        pressed = thread(client.get(f"/{issue.reference}").text)
        for _ in range(2):
            client.post(path, {"off": "👍"})

        assert 'aria-pressed="true" aria-label="Thumbs up, 1, including you"' in pressed
        assert 'title="Mara Lindqvist"' in pressed
        assert "aria-pressed" not in thread(client.get(f"/{issue.reference}").text)
        assert issue.events.count() == 4

    def test_to_the_description_say_what_should_be_true(self, client, issue, mara):
        issue.change(by=mara, description='[{"type": "paragraph", "text": "Low."}]')
        issue.react("👍", by=make_user(name="Ada Byron"))

        for _ in range(2):
            response = client.post(f"/{issue.reference}/react", {"on": "👍"})
        pressed = client.get(f"/{issue.reference}").text
        client.post(f"/{issue.reference}/react", {"off": "👍"})
        released = client.get(f"/{issue.reference}").text

        assert response.headers["Location"].endswith("#reactions")
        assert 'aria-pressed="true" aria-label="Thumbs up, 2, including you"' in pressed
        assert 'title="Ada Byron, Mara Lindqvist"' in pressed
        assert 'aria-pressed="false" aria-label="Thumbs up, 1"' in released
        assert client.post(f"/{issue.reference}/react", {"on": "no"}).status_code == 422

    @pytest.mark.parametrize("fields", [{}, {"on": "x"}, {"on": "👍👍"}, {"off": "<b>"}])
    def test_are_one_emoji(self, client, issue, fields):
        comment = make_comment(issue)

        assert client.post(f"/{issue.reference}/comments/{comment.uuid}/react", fields).status_code == 422


class TestActivity:
    def test_calls_an_owner_as_they_call_themselves(self, client, issue, mara):
        tomas = make_user("tomas.ortega@example.com", name="Tomás Ortega")
        issue.change(by=mara, owner=tomas.email)
        issue.change(by=tomas, owner="Unassigned")

        shown = thread(client.get(f"/{issue.reference}").text)

        assert "made <b>Tomás Ortega</b> the owner" in shown
        assert "took <b>Tomás Ortega</b> off as owner" in shown

    def test_neighbouring_changes_of_one_person_are_one_entry(self, mara):
        now = timezone.now()
        issue = make_issue()
        priya = make_user("priya@example.com")
        issue.change(by=mara, priority="high", at=now)
        issue.change(by=mara, tags=["power"], at=now + timedelta(minutes=3))
        issue.change(by=mara, priority="medium", at=now + timedelta(minutes=6))
        issue.change(by=priya, status="in_progress", at=now + timedelta(minutes=7))
        issue.change(by=priya, title="Later", at=now + timedelta(minutes=20))

        entries = activity.activity(issue).entries[1:]

        assert [[part["change"].name for part in entry.parts] for entry in entries] == [
            ["priority", "tags"], ["status"], ["title"],
        ]  # fmt: skip
        assert entries[0].parts[0]["change"].new == "Medium"

    def test_a_comment_stands_between(self, issue, mara):
        issue.change(by=mara, priority="high")
        make_comment(issue, mara)
        issue.change(by=mara, priority="low")

        assert [entry.comment is not None for entry in activity.activity(issue).entries] == [
            False,
            True,
            False,
        ]

    def test_what_was_taken_back_at_once_is_no_entry(self, issue, mara):
        priya = make_user()
        issue.change(by=priya, priority="high")
        issue.change(by=priya, priority="low")

        assert len(activity.activity(issue).entries) == 1

    def test_shows_all_or_comments_or_changes(self, client, issue, mara):
        issue.change(by=mara, priority="high")
        make_comment(issue, mara, "Cell 5")

        comments = thread(client.get(f"/{issue.reference}?show=comments").text)
        changes = thread(client.get(f"/{issue.reference}?show=changes").text)

        assert ("Cell 5" in comments, "set priority" in comments) == (True, False)
        assert ("Cell 5" in changes, "set priority" in changes) == (False, True)

    def test_a_long_history_is_paged_and_nothing_is_cut(self, client, issue, mara):
        for n in range(activity.PAGE + 30):
            make_comment(issue, mara, f"number {n:03}")

        newest = activity.activity(issue)
        earlier = activity.activity(issue, before=newest.earlier)
        page = client.get(f"/{issue.reference}").text

        said = [e.comment["it"].content for a in (earlier, newest) for e in a.entries if e.comment]
        assert said == [f"number {n:03}" for n in range(activity.PAGE + 30)]
        assert earlier.earlier is None
        assert f"before={newest.earlier}" in page
        assert "number 000" in client.get(f"/{issue.reference}?before={newest.earlier}").text

    def test_files_and_tags_are_told_by_what_came_and_went(self, client, issue, mara):
        file = make_attachment(mara)
        issue.change(by=make_user(), tags=["power", "tvac"], attachments=[file.uuid])
        issue.change(by=mara, tags=["tvac"])

        page = thread(client.get(f"/{issue.reference}").text)

        assert "attached <b>telemetry.csv</b>" in page
        assert 'took off <span class="tag">power</span>' in page


class TestMentions:
    def test_offer_people_by_the_beginning_of_a_name(self, client, mara):
        make_user("priya.raman@example.com", name="Priya Raman")
        User.objects.filter(pk=make_user("left@example.com", name="Priyanka").pk).update(is_active=False)

        def offered(q):
            return client.get("/mentions", {"q": q}).text

        assert "priya.raman@example.com" in offered("ram")
        assert "priya.raman@example.com" in offered("Pri")
        assert "left@example.com" not in offered("pri")
        assert offered("zzz").strip() == ""
        assert offered("\0%_'") is not None

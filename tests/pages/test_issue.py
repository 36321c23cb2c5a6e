"""The issue page, by its forms alone."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues import queries
from issues.models import Issue
from issues.models.ids import uuid7
from issues.pages import viewer
from tests.factories import (
    make_attachment,
    make_comment,
    make_issue,
    make_user,
    make_viewer,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara(settings):
    settings.LOCAL = False
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


@pytest.fixture
def client(mara):
    client = Client()
    client.force_login(mara)
    return client


def test_a_picture_uploaded_for_a_description_becomes_evidence_with_it(client):
    mine = client.post("/file", {"files": SimpleUploadedFile("plot.png", b"\x89PNG")}).text
    other = make_issue(attachments=[make_attachment().uuid])
    theirs = other.attachments.get().get_absolute_url()
    issue = make_issue(attachments=[make_attachment().uuid])
    was = client.get(f"/{issue.reference}/description").context["was"]
    before = issue.events.count()
    text = f"![V]({mine})\n\n![not ours]({theirs})\n\n![nowhere](/file/0198c0de-0000-7000-8000-000000000000)"

    client.post(f"/{issue.reference}/description", {"description": text, "was": was})

    assert [file.get_absolute_url() for file in issue.attachments.order_by("issue_links")][1:] == [mine]
    assert issue.events.count() == before + 1
    undo = issue.events.latest("id")
    client.post("/undo", {"event": undo.pk})
    assert issue.attachments.count() == 1
    assert Issue.objects.get(pk=issue.pk).description == "[]"


def test_a_picture_uploaded_for_a_new_issue_becomes_its_evidence(client):
    mine = client.post("/file", {"files": SimpleUploadedFile("plot.png", b"\x89PNG")}).text

    client.post("/new", {"title": "With a picture", "description": f"> x\n\n![V]({mine})"})

    assert Issue.objects.get().attachments.get().get_absolute_url() == mine


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


def upload(name):
    return SimpleUploadedFile(name, b"t,v\n0,28.1\n")


def post(client, issue, path, fields=None, **headers):
    return client.post(f"/{issue.reference}/{path}", fields or {}, headers=headers)


HTMX = {"HX-Request": "true", "HX-Target": "issue"}


class TestPage:
    def test_shows_an_issue_with_everything_on_it(self, client, mara):
        other = make_issue(title="The other one", status="resolved")
        issue = make_issue(
            mara,
            description=json.dumps(
                [{"type": "paragraph", "text": f"like {other.reference}, @mara.lindqvist@example.com"}]
            ),
            tags=["power"],
            owner=mara.email,
        )
        make_comment(issue, mara, "`FND-1` and @nobody@example.com")

        page = client.get(f"/{issue.reference}").text

        assert (
            f'<a class="link" href="/{other.reference}" title="The other one"><s>{other.reference}</s></a>'
            in page
        )
        assert ">@Mara Lindqvist</a>" in page
        assert "<code>FND-1</code> and @nobody@example.com" in page
        assert "Take it" not in page
        assert viewer.MARK not in page

    def test_costs_the_same_number_of_queries_however_much_there_is(self, client, mara):
        issue = make_issue(mara)
        for n in range(2):
            make_comment(issue, make_user(), f"first {n}").react("👍", by=mara)
        numbers = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                client.get(f"/{issue.reference}")
            numbers.append(len(queries))
            for n in range(5):
                comment = make_comment(issue, make_user(), f"more {n}")
                comment.react("👀", by=mara)
                issue.attachments.count()
            issue.change(by=mara, title=f"{issue.title}!")

        assert numbers[0] == numbers[1]

    def test_is_made_once_a_version_and_filled_for_each_viewer(self, client, mara):
        issue = make_issue(mara)
        comment = make_comment(issue, mara)
        comment.react("👍", by=mara)
        stranger = Client()
        stranger.force_login(make_user())
        viewer_only = Client()
        viewer_only.force_login(make_viewer())

        mine, theirs, watched = (c.get(f"/{issue.reference}").text for c in (client, stranger, viewer_only))

        assert 'aria-label="Thumbs up, 1, including you"' in mine
        assert 'aria-label="Thumbs up, 1"' in theirs
        assert f"/comments/{comment.uuid}/edit" in mine
        assert f"/comments/{comment.uuid}/edit" not in theirs
        assert "<form" not in watched.partition('<div id="issue">')[2].partition("</main>")[0].replace(
            '<form class="react"', ""
        )

    def test_a_name_changed_since_shows_at_once(self, client, mara):
        issue = make_issue(mara)
        client.get(f"/{issue.reference}")
        mara.name = "Mara L."
        mara.save()

        assert "Filed by <b>Mara L.</b>" in client.get(f"/{issue.reference}").text

    def test_what_people_type_never_becomes_a_gap_or_markup(self, client, mara):
        issue = make_issue(mara, title="<script>alert(1)</script>", tags=['"><b>'], owner="a,b;c|d%20<i>")
        make_comment(issue, mara, "<script>alert(1)</script>")

        page = client.get(f"/{issue.reference}").text

        assert "<script>alert" not in page
        assert "a,b;c|d%20&lt;i&gt;" in page

    @pytest.mark.parametrize(
        "query",
        [
            "?show=x",
            "?before=0",
            "?before=" + "9" * 30,
            "?show=changes&before=-1",
            "?from=//evil",
            "?from=%00",
        ],
    )
    def test_any_address_is_answered(self, client, query):
        assert client.get(f"/{make_issue().reference}{query}").status_code == 200


class TestPlace:
    def test_knows_where_it_is_in_the_list_one_came_from(self, client, mara):
        low, tagged, last = (
            make_issue(mara),
            make_issue(mara, tags=["power"]),
            make_issue(mara, tags=["power"]),
        )

        page = client.get(
            f"/{tagged.reference}", headers={"Referer": "http://testserver/list?tag=power"}
        ).text

        assert "2 of 2 in this view" in page
        assert f'href="/{last.reference}?from=%2Flist%3Ftag%3Dpower"' in page
        assert 'href="/list?tag=power" id="back"' in page
        assert f"/{low.reference}?from" not in page

    def test_next_and_previous_follow_the_column_of_the_board(self, client, mara):
        second, first, third = (
            make_issue(mara, priority="medium"),
            make_issue(mara, priority="high"),
            make_issue(mara),
        )

        page = client.get(f"/{second.reference}?from=/").text

        assert "2 of 3 open" in page
        assert re.search(rf'id="previous" rel="prev" href="/{first.reference}\?', page)
        assert re.search(rf'id="next" rel="next" href="/{third.reference}\?', page)

    @given(st.data())
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_walking_on_meets_every_issue_once_in_order(self, mara, data):
        mark = uuid7().hex
        for priority in data.draw(
            st.lists(st.sampled_from(["low", "medium", "high"]), min_size=1, max_size=6)
        ):
            make_issue(mara, priority=priority, tags=[mark])
        for order, expected in (
            ("-created", ("-created_at", "-uuid")),
            ("created", ("created_at", "uuid")),
            ("-updated", ("-changed_at", "-id")),
            ("reference", ("id",)),
            ("board", ("priority_rank", "-changed_at", "-id")),
        ):
            wanted = queries.IssueFilter(statuses=("open",), tags=(mark,))
            ids = list(Issue.objects.filter(tags=[mark]).order_by(*expected).values_list("id", flat=True))
            for n, pk in enumerate(ids):
                found = queries.neighbours(wanted, pk, order)
                assert (found.previous, found.next) == ([None, *ids][n], [*ids, None][n + 1])
                assert (found.before, found.total, found.is_in) == (n, len(ids), True)

    def test_an_issue_of_mine_among_mine(self, client, mara):
        mine = make_issue(mara, owner=mara.email)
        other = make_issue(mara, owner=mara.email)
        make_issue(mara)

        page = client.get(f"/{mine.reference}?from=%2Flist%3Fsort%3Dcreated%26q%3Downer%3Ame").text

        assert "1 of 2 in this view" in page
        assert re.search(rf'id="next" rel="next" href="/{other.reference}', page)

    def test_another_site_is_no_view(self, client):
        page = client.get(
            f"/{make_issue().reference}", headers={"Referer": "https://evil.example/list?x"}
        ).text

        assert "evil" not in page


class TestFields:
    @pytest.mark.parametrize(
        ("field", "fields", "value"),
        [
            ("title", {"title": " Cell 5 is cold "}, "Cell 5 is cold"),
            ("priority", {"priority": "high"}, "high"),
            ("priority", {"priority": ""}, None),
            ("owner", {"owner": "priya@example.com"}, "priya@example.com"),
            ("owner", {"owner": "", "other": "x@example.com"}, "x@example.com"),
            ("owner", {"take": "1"}, "mara.lindqvist@example.com"),
            ("owner", {"owner": ""}, "Unassigned"),
            ("tags", {"tags": ["a, b", "c"], "new": "d, e"}, ["a, b", "c", "d", "e"]),
            ("tags", {}, []),
            ("resolution_summary", {"resolution_summary": "Strap\r\nloose"}, "Strap\nloose"),
            ("status", {"status": "in_progress"}, "in_progress"),
        ],
    )
    def test_are_changed_by_a_plain_form(self, client, field, fields, value):
        issue = make_issue(tags=["old"], owner="o@example.com")

        response = post(client, issue, field, fields)

        issue.refresh_from_db()
        assert getattr(issue, field) == value
        assert response.status_code == 303
        assert response.headers["Location"] == f"/{issue.reference}?did={issue.events.latest('id').pk}"

    @pytest.mark.parametrize("field", ["title", "status", "priority", "owner", "tags", "resolution_summary"])
    def test_have_a_form_of_their_own(self, client, field):
        issue = make_issue()

        assert "<html" in client.get(f"/{issue.reference}/{field}").text
        assert "<html" not in client.get(f"/{issue.reference}/{field}", headers=HTMX).text

    @pytest.mark.parametrize(
        ("field", "fields", "words"),
        [
            ("title", {"title": " "}, "Give the issue a title."),
            ("title", {"title": "x" * 501}, "at most 500"),
            ("title", {"title": "a\0b"}, "U+0000"),
            ("priority", {"priority": "urgent"}, "must be one of"),
            ("status", {"status": "done"}, "must be one of"),
            ("owner", {"owner": "x" * 255}, "at most 254"),
            ("tags", {"new": "x" * 65}, "A tag must have a length of at most 64."),
            ("tags", {"tags": [f"t{n}" for n in range(51)]}, "at most 50"),
            ("resolution_summary", {"resolution_summary": "x" * 10_001}, "The resolution must have a length of at most 10,000."),
        ],
    )  # fmt: skip
    def test_that_break_a_rule_come_back_with_the_message_and_the_text(self, client, field, fields, words):
        issue = make_issue(priority="low")

        for headers in ({}, HTMX):
            response = post(client, issue, field, fields, **headers)

            assert response.status_code == 422
            assert words in response.text
        assert issue.events.count() == 1
        if field in ("title", "resolution_summary"):
            assert fields[field].replace("\0", "")[:60].strip() in response.text

    def test_by_script_the_page_comes_back_with_a_toast_that_offers_undo(self, client):
        issue = make_issue()

        response = post(client, issue, "priority", {"priority": "high"}, **HTMX)

        assert 'id="properties"' in response.text
        toast = json.loads(response.headers["HX-Trigger"])["toast"]
        assert toast["undo"]["event"] == str(issue.events.latest("id").pk)

    def test_again_changes_nothing(self, client):
        issue = make_issue(priority="high")

        response = post(client, issue, "priority", {"priority": "high"}, **HTMX)

        assert "HX-Trigger" not in response.headers
        assert issue.events.count() == 1

    def test_a_viewer_changes_nothing(self, mara):
        issue = make_issue()
        watcher = Client()
        watcher.force_login(make_viewer())

        for path in (
            "title",
            "status",
            "description",
            "comments",
            "files",
            "delete",
            "restore",
            "description/restore",
        ):
            assert post(watcher, issue, path).status_code == 403
        assert issue.events.count() == 1

    def test_closing_takes_the_reason_along(self, client):
        issue = make_issue()

        post(client, issue, "status", {"status": "rejected", "resolution_summary": " Test set-up "})

        issue.refresh_from_db()
        assert (issue.status, issue.resolution_summary) == ("rejected", "Test set-up")
        assert issue.events.count() == 2

    def test_the_board_still_gets_its_card(self, client):
        issue = make_issue()

        response = post(client, issue, "status", {"status": "resolved"}, **{"HX-Request": "true"})

        assert response.text.startswith('<li class="card"')

    def test_menus_offer_what_there_is(self, client, mara):
        issue = make_issue(tags=["power"])

        for field, words in (
            ("status", "In progress"),
            ("priority", "No priority"),
            ("owner", "Mara Lindqvist (you)"),
            ("tags", "power"),
        ):
            assert words in client.get(f"/{issue.reference}/{field}/choices").text


class TestTrash:
    def test_a_deleted_issue_stays_readable_and_comes_back(self, client, mara):
        issue = make_issue(mara, title="Strap")

        post(client, issue, "delete")
        page = client.get(f"/{issue.reference}").text
        post(client, issue, "restore")

        assert "<b>Deleted</b> by Mara Lindqvist" in page
        assert 'data-edit="' not in page
        assert Issue.objects.alive().get() == issue

    def test_what_was_typed_for_a_deleted_issue_is_given_back(self, client, mara):
        issue = make_issue(mara)
        issue.trash(by=mara)

        for path, fields in (
            ("comments", {"content": "A long text"}),
            ("title", {"title": "A long text"}),
            ("description", {"description": "A long text", "was": "x"}),
        ):
            response = post(client, issue, path, fields)
            assert response.status_code == 404
            assert "A long text" in response.text


class TestFiles:
    def test_are_attached_named_hidden_shown_and_removed(self, client, mara):
        issue = make_issue(mara)

        post(client, issue, "files", {"files": [upload("a.csv"), upload("b.csv")]})
        first, second = issue.attachments.order_by("issue_links")
        post(client, issue, f"files/{first.uuid}", {"title": "Telemetry of run 4"})
        post(client, issue, f"files/{second.uuid}", {"is_visible": "0"})
        page = client.get(f"/{issue.reference}").text
        everything = client.get(f"/{issue.reference}/files").text
        post(client, issue, f"files/{first.uuid}/remove")
        post(client, issue, f"files/{first.uuid}/remove")

        assert "Telemetry of run 4" in page
        assert "b.csv" not in page.partition('id="evidence"')[2].partition("</section>")[0]
        assert "1 hidden" in page
        assert "b.csv" in everything
        assert [file.name for file in issue.attachments.all()] == ["b.csv"]

    def test_a_plan_is_an_issue_file_of_that_kind(self, client, mara):
        issue = make_issue(mara)

        post(client, issue, "files", {"files": [upload("plan.md")], "file_type": "troubleshooting_plan"})
        file = issue.files.get()
        page = client.get(f"/{issue.reference}").text
        post(client, issue, f"roles/{file.uuid}/remove")

        assert file.file_type == "troubleshooting_plan"
        assert "plan.md" in page.partition('id="plans"')[2]
        assert issue.files.count() == 0

    def test_none_chosen_is_said(self, client):
        response = post(client, make_issue(), "files")

        assert response.status_code == 422
        assert "The files must be chosen." in response.text

    def test_a_file_of_another_issue_is_not_there(self, client, mara):
        file = make_attachment(mara)

        assert post(client, make_issue(), f"files/{file.uuid}", {"title": "x"}).status_code == 404


class TestHistory:
    def test_says_who_changed_what_and_restores(self, client, mara):
        issue = make_issue(mara, description='[{"type": "paragraph", "text": "fell to 22.3 V"}]')
        issue.change(by=mara, description='[{"type": "paragraph", "text": "fell to 22.4 V"}]')
        issue.change(by=mara, title="Another title")

        page = client.get(f"/{issue.reference}/history").text
        event = issue.events.filter(data__has_key="description").get()
        response = post(client, issue, "description/restore", {"event": event.pk, "side": "from"})

        assert "Mara Lindqvist" in page
        assert "<del>fell to 22.<mark>3</mark> V</del>" in page
        assert response.status_code == 303
        issue.refresh_from_db()
        assert "22.3" in issue.description

    @pytest.mark.parametrize("event", ["", "0", "x", "9" * 30])
    def test_knows_no_other_version(self, client, event):
        assert post(client, make_issue(), "description/restore", {"event": event}).status_code == 404

    def test_a_preview_saves_nothing(self, client):
        issue = make_issue()
        was = client.get(f"/{issue.reference}/description").context["was"]

        page = post(
            client, issue, "description", {"description": "**bold** FND-9", "was": was, "do": "preview"}
        ).text

        assert "<strong>bold</strong>" in page
        assert "**bold** FND-9" in page
        issue.refresh_from_db()
        assert issue.description == "[]"

"""The new-issue page without a browser: what is created, refused, looked at first, sent twice, and similar already."""

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from issues.models import Issue
from issues.models.limits import TITLE_MAX
from issues.similar import similar_issues
from tests.factories import make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(client, settings):
    settings.LOCAL = False
    user = make_user("ada@example.com", name="Ada Byron")
    client.force_login(user)
    return user


def create(client, *, headers=None, **fields):
    typed = {"title": "Inverter trips at 62 % load", "status": "open", "priority": "low", **fields}
    return client.post("/new", typed, headers=headers, secure=True)


def at_field(response) -> dict[str, str]:
    """What stands at each field of the answered form."""
    page = response.content.decode()
    found = re.findall(r'<p class="err" id="error-(\w+)" role="alert">(?:<svg.*?</svg>)?(.*?)</p>', page)
    return dict(found)


class TestCreate:
    def test_leads_to_the_issue_with_all_that_was_typed(self, client, ada):
        response = create(
            client,
            description="## What I checked\r\n\r\n- harness",
            priority="high",
            owner="ada@example.com",
            tags="inverter, thermal,, inverter",
            files=[SimpleUploadedFile("soak.csv", b"t,v\n0,1\n"), SimpleUploadedFile("b.txt", b"b")],
        )

        issue = Issue.objects.get()
        assert (response.status_code, response["Location"]) == (303, f"/{issue.reference}")
        assert (issue.title, issue.status, issue.priority) == ("Inverter trips at 62 % load", "open", "high")
        assert (issue.owner, issue.tags) == ("ada@example.com", ["inverter", "thermal"])
        assert issue.description == (
            '[{"type": "heading", "level": 2, "text": "What I checked"}, {"type": "list", "items": ["harness"]}]'
        )
        assert [file.name for file in issue.attachments.order_by("id")] == ["soak.csv", "b.txt"]
        assert issue.created_by == ada

    def test_tells_script_where_it_is(self, client, ada):
        response = create(client, headers=HTMX)

        assert (response.status_code, response["Location"]) == (201, f"/{Issue.objects.get().reference}")

    def test_makes_one_line_of_a_title_pasted_in_two(self, client, ada):
        create(client, title="Inverter trips\r\nat 62 % load")

        assert Issue.objects.get().title == "Inverter trips at 62 % load"

    def test_without_status_and_priority_has_the_usual_ones(self, client, ada):
        create(client, status="", priority="")

        assert Issue.objects.values_list("status", "priority", "owner").get() == ("open", "low", "Unassigned")

    def test_sent_twice_makes_one_issue(self, client, ada):
        once = str(uuid4())

        first, second = create(client, once=once), create(client, once=once)

        assert Issue.objects.count() == 1
        assert second["Location"] == first["Location"]

    def test_gone_back_to_and_changed_makes_another(self, client, ada):
        once = str(uuid4())

        create(client, once=once)
        create(client, once=once, title="Inverter trips at 70 % load")
        create(client, once=once, title="Inverter trips at 70 % load", files=[SimpleUploadedFile("a", b"a")])

        assert Issue.objects.count() == 3

    def test_sent_again_after_a_refusal_is_created(self, client, ada):
        once = re.search(r'name="once" value="([^"]+)"', create(client, title="").content.decode())[1]

        assert create(client, once=once).status_code == 303

    def test_is_not_for_viewers(self, client, settings):
        settings.LOCAL = False
        client.force_login(make_viewer())

        assert client.get("/new", secure=True).status_code == 403
        assert create(client).status_code == 403
        assert not Issue.objects.exists()


class TestRefuse:
    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("title", "", "Give the issue a title."),
            ("title", " \n ", "Give the issue a title."),
            ("title", "x" * (TITLE_MAX + 1), "The title must have a length of at most 500."),
            ("title", "a\0b", "The title must not contain U+0000 or half of a surrogate pair."),
            ("description", "```block\n{\n```", "The block in line 1 is not a JSON object"),
            ("description", "\n\n".join(["x"] * 1001), "The description must have at most 1,000 blocks."),
            ("description", '```block\n{"type": "\\u0000"}\n```', "Block 1 of the description must not contain"),
            ("tags", "a," + "x" * 65, "A tag must have a length of at most 64."),
            ("tags", ",".join(map(str, range(51))), "The tags must have at most 50 items."),
            ("owner", "x" * 255, "The owner must have a length of at most 254."),
            ("status", "done", "The status must be one of open, in_progress, resolved, rejected."),
            ("priority", "urgent", "The priority must be one of"),
        ],
    )  # fmt: skip
    def test_says_why_at_the_field_and_keeps_what_was_typed(self, client, ada, field, value, said):
        response = create(client, **{"tags": "kept-tag", "description": "kept *text*", field: value})

        assert response.status_code == 422
        assert said in at_field(response)[field]
        page = response.content.decode()
        assert "kept *text*" in page or field == "description"
        assert 'value="kept-tag"' in page or field == "tags"
        assert not Issue.objects.exists()

    def test_nothing_typed_runs(self, client, ada):
        attack = '"><script>alert(1)</script>'

        page = create(client, title="", description=attack, tags=attack, owner=attack).content.decode()

        assert "<script>alert" not in page

    def test_any_bytes_are_answered(self, client, ada):
        huge = '```block\n{"type": "x", "n": ' + "1" * 5000 + "}\n```"
        for fields in (
            {"description": huge},
            {"once": "x"},
            {"once": "\0"},
            {"title": "\ud800".encode("utf-8", "surrogatepass")},
        ):
            assert create(client, **fields).status_code in (303, 422)


class TestPreview:
    def test_shows_the_description_above_what_was_typed(self, client, ada):
        response = create(client, do="preview", title="", description="**62 %**", tags="kept")

        page = response.content.decode()
        assert response.status_code == 200
        assert "<strong>62 %</strong>" in page
        assert "**62 %**</textarea>" in page
        assert 'value="kept"' in page
        assert not Issue.objects.exists()

    def test_is_the_description_alone_for_script(self, client, ada):
        drawn = create(client, headers=HTMX, do="preview", description="<b>*x*</b>").content.decode()

        assert drawn == "<p>&lt;b&gt;<em>x</em>&lt;/b&gt;</p>"


class TestForm:
    def test_starts_with_what_its_address_says(self, client, ada):
        page = client.get("/new?status=rejected&title=Fan+stalls", secure=True).content.decode()

        assert ">Fan stalls</textarea>" in page
        assert '<option value="rejected" selected>' in page

    @pytest.mark.parametrize(
        "query", ["status=none", "title=%00%0A", f"title={'x' * 1000}", "status=&title="]
    )
    def test_takes_any_address(self, client, ada, query):
        response = client.get(f"/new?{query}", secure=True)

        assert response.status_code == 200
        assert '<option value="open" selected>' in response.content.decode()


class TestSimilar:
    def test_offers_the_most_alike_living_issues(self, ada):
        same = make_issue(ada, title="Inverter trips on over-temperature at 60 % load")
        near = make_issue(ada, title="Inverter trips at cold start")
        make_issue(ada, title="Load cell drifts")
        make_issue(ada, title="Inverter trips on over-temperature").trash(by=ada)
        with connection.cursor() as cursor:
            cursor.execute(
                "ANALYZE issues_searchtext"
            )  # PostgreSQL's estimates are of these, and of no other test

        assert similar_issues("Inverter trips on over-temperature at 62 % load") == [same, near]

    def test_says_nothing_to_a_single_word_or_none(self, ada):
        make_issue(ada, title="Inverter")

        for title in ("", "Inverter", "a b", "!!! ???", "Inverter '\\:*|&", "\0 '"):
            assert similar_issues(title) == []

    def test_does_not_look_beyond_the_title(self, ada):
        make_issue(
            ada, title="Other", description='[{"type": "paragraph", "text": "Inverter trips at load"}]'
        )

        assert similar_issues("Inverter trips at load") == []

    def test_shows_at_most_three_as_links(self, client, ada):
        for n in range(5):
            make_issue(ada, title=f"Inverter <b> trips {n}")

        page = client.get("/new/similar?title=Inverter+b+trips", headers=HTMX, secure=True).content.decode()

        assert page.count("<li>") == 3
        assert "Inverter &lt;b&gt; trips" in page

    def test_words_in_nearly_every_issue_find_nothing_by_themselves(self, ada, monkeypatch):
        make_issue(ada, title="Battery drops")
        monkeypatch.setattr("issues.similar.RARE", 0)

        assert similar_issues("Battery drops") == []

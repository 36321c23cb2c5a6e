"""Sessions and attachments: the routes that the documented ones need, real uploads, safe downloads."""

import io
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from PIL import Image

from issues.models import Attachment
from issues.tasks import read_evidence
from tests.factories import make_attachment, make_issue, make_session

from .conftest import pointers

SESSION = [
    "session_id", "session_title", "session_description", "session_created_by", "session_created_at", "imported_projects",
    "is_starred", "starred_at",
]  # fmt: skip
ATTACHMENT = [
    "attachment_id", "attachment_name", "attachment_type", "attachment_title", "attachment_description",
    "attachment_citation", "attachment_source_session_id", "attachment_created_by", "attachment_created_at", "is_visible",
]  # fmt: skip


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "#2a46bf").save(out, "PNG")
    return out.getvalue()


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


class TestSessions:
    def test_have_defaults_and_the_documented_fields(self, api):
        made = api.post("/sessions", {})

        assert made.status_code == 201
        assert list(made.json()) == [*SESSION, "attachments"]
        assert made.json()["session_title"] == "New Atlas session"
        assert list(api.get("/sessions").json()["items"][0]) == SESSION
        assert api.get("/sessions").json()["count"] == 1
        assert api.get(f"/sessions/{made.json()['session_id']}").json() == made.json()

    def test_take_attachments(self, api):
        file = make_attachment()

        made = api.post(
            "/sessions", {"title": "T", "attachments": [{"attachment_id": str(file.uuid)}]}
        ).json()

        assert [one["attachment_id"] for one in made["attachments"]] == [str(file.uuid)]

    @pytest.mark.parametrize(
        ("sent", "found"),
        [
            ({"title": "x" * 501}, {"/title"}),
            ({"description": "x" * 10_001}, {"/description"}),
            ({"attachments": ["x"]}, {"/attachments/0"}),
            ({"attachments": [{"attachment_id": "x"}]}, {"/attachments/0/attachment_id"}),
        ],
    )
    def test_that_break_a_rule_are_refused(self, api, sent, found):
        assert pointers(api.post("/sessions", sent)) == found

    def test_change_what_is_sent(self, api):
        at = f"/sessions/{make_session(api.user, title='T', description='D').uuid}"

        starred = api.put(at, {"starred": True}).json()

        assert (starred["is_starred"], starred["session_title"]) == (True, "T")
        assert starred["starred_at"]
        assert api.put(at, {"title": "U", "starred": False}).json()["starred_at"] is None
        assert pointers(api.put(at, {"starred": "yes"})) == {"/starred"}

    def test_leave_their_issues_when_deleted(self, api):
        session = make_session(api.user)
        issue = make_issue(api.user, sessions=[session.uuid])
        tag = api.get(f"/issues/{issue.uuid}").headers["ETag"]

        assert api.delete(f"/sessions/{session.uuid}").status_code == 204

        after = api.get(f"/issues/{issue.uuid}")
        assert after.json()["sessions"] == []
        assert after.headers["ETag"] != tag
        for method in ("GET", "PUT", "DELETE"):
            assert api.call(method, f"/sessions/{session.uuid}", {}).status_code == 404

    def test_take_uploads_and_give_them_to_their_issues(self, api):
        session = make_session(api.user)
        issue = make_issue(api.user, sessions=[session.uuid])
        files = [SimpleUploadedFile("a.csv", b"1"), SimpleUploadedFile("b.png", png())]

        answer = api.upload(f"/sessions/{session.uuid}/upload-files", files=files)

        assert answer.status_code == 201
        assert answer.json()["count"] == 2
        assert [one["attachment_source_session_id"] for one in answer.json()["items"]] == [
            str(session.uuid)
        ] * 2
        shown = api.get(f"/issues/{issue.uuid}").json()
        assert [one["attachment_name"] for one in shown["session_attachments"]] == ["a.csv", "b.png"]
        one = answer.json()["items"][0]["attachment_id"]
        assert api.delete(f"/sessions/{session.uuid}/attachments/{one}").status_code == 204
        assert api.delete(f"/sessions/{session.uuid}/attachments/{one}").status_code == 404
        assert Attachment.objects.count() == 2


class TestAttachments:
    def test_are_uploaded_and_found(self, api):
        made = api.upload("/attachments", file=SimpleUploadedFile("Run 7.CSV", b"t,v\n0,1\n"))

        assert made.status_code == 201
        assert list(made.json()) == ATTACHMENT
        assert (made.json()["attachment_name"], made.json()["attachment_type"]) == ("Run 7.CSV", "csv")
        assert api.get(f"/attachments/{made.json()['attachment_id']}").json() == made.json()
        assert api.get("/attachments").json() == {"items": [made.json()], "count": 1}

    def test_are_filtered(self, api):
        session, old = make_session(api.user), make_attachment(at=timezone.now() - timedelta(days=3))
        new = make_attachment(name="a.png")
        session.add_attachments([new.uuid], by=api.user)
        yesterday = (timezone.now() - timedelta(days=1)).isoformat()

        def found(**query):
            return [
                one["attachment_id"]
                for one in api.client.get("/attachments", query, headers=api.headers).json()["items"]
            ]

        assert found(session_id=str(session.uuid)) == [str(new.uuid)]
        assert found(attachment_type="CSV") == [str(old.uuid)]
        assert found(created_after=yesterday) == [str(new.uuid)]
        assert found(created_before=yesterday) == [str(old.uuid)]
        assert found() == [str(new.uuid), str(old.uuid)]

    def test_with_odd_filters_are_refused(self, api):
        answer = api.get(
            "/attachments?session_id=x&created_after=soon&created_before=2026-13-01T00:00:00Z&limit=0"
        )

        assert pointers(answer) == {"?session_id", "?created_after", "?created_before", "?limit"}

    def test_are_described(self, api):
        file = make_attachment()

        told = api.patch(
            f"/attachments/{file.uuid}", {"attachment_title": "String B", "is_visible": False}
        ).json()

        assert (told["attachment_title"], told["is_visible"], told["attachment_citation"]) == (
            "String B",
            False,
            "",
        )
        assert pointers(
            api.patch(f"/attachments/{file.uuid}", {"attachment_title": None, "is_visible": 1})
        ) == {
            "/attachment_title",
            "/is_visible",
        }

    @pytest.mark.parametrize(
        ("raw", "type_", "status"),
        [
            (b"{}", "application/json", 415),
            (b"nonsense", "multipart/form-data; boundary=x", 422),
            (b"", "multipart/form-data; boundary=x", 422),
            (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nno file\r\n--x--", "multipart/form-data; boundary=x", 422),
            (b"--x\r\n", "multipart/form-data", 400),
            (b"--x\r\n", "multipart/form-data; boundary=" + "y" * 300, 400),
            (b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nunfinished", "multipart/form-data; boundary=x", 201),
        ],
    )  # fmt: skip
    def test_of_odd_forms_give_a_clear_answer(self, api, raw, type_, status):
        assert api.call("POST", "/attachments", raw=raw or b" ", type_=type_).status_code in (
            status,
            400,
            422,
        )

    @pytest.mark.parametrize("route", ["/attachments", "/sessions/{session}/upload-files"])
    def test_may_be_so_large_and_one_byte_over_the_limit_are_refused_and_leave_nothing(
        self, api, settings, route
    ):
        settings.UPLOAD_LIMIT = 1000
        path = route.format(session=make_session(api.user).uuid)
        field = "file" if path == "/attachments" else "files"

        for size in (1001, 5_000_000):
            refused = api.upload(path, **{field: SimpleUploadedFile("a", b"x" * size)})
            assert (refused.status_code, refused.json()["detail"]) == (413, "The upload is over 1,000 bytes.")
            assert not Attachment.objects.exists()
            assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []
        assert api.upload(path, **{field: SimpleUploadedFile("a", b"x" * 1000)}).status_code == 201

    def test_of_several_files_are_limited_together(self, api, settings):
        settings.UPLOAD_LIMIT = 1000
        path = f"/sessions/{make_session(api.user).uuid}/upload-files"

        assert api.upload(path, files=[SimpleUploadedFile(n, b"x" * 501) for n in "ab"]).status_code == 413
        assert not Attachment.objects.exists()
        assert api.upload(path, files=[SimpleUploadedFile(n, b"x" * 500) for n in "ab"]).status_code == 201
        assert (
            api.upload(path, files=[SimpleUploadedFile(str(n), b"x") for n in range(101)]).status_code == 422
        )

    def test_that_cannot_be_remembered_under_their_key_leave_nothing(self, api, settings):
        """The transaction of a keyed upload can still fail when the file is stored: here on a rule of the table."""
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE issues_rememberedreply ADD CHECK (status < 200) NOT VALID")

        headers = {**api.headers, "Idempotency-Key": "k"}
        failed = api.client.post("/attachments", {"file": SimpleUploadedFile("a", b"x")}, headers=headers)

        assert failed.status_code == 500
        assert not Attachment.objects.exists()
        assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []

    def test_two_in_one_are_refused(self, api):
        files = [SimpleUploadedFile("a", b"x"), SimpleUploadedFile("b", b"x")]
        assert pointers(api.upload("/attachments", file=files)) == {"/file"}


class TestExport:
    def test_gives_an_address_that_needs_no_token_and_ends(self, api):
        file = make_attachment(name="a.csv", content=b"1,2")
        with time_machine.travel(timezone.now(), tick=False) as clock:
            answer = api.post(f"/attachments/{file.uuid}/export").json()
            address = answer["url"].removeprefix("http://testserver")
            api.headers = {}

            got = api.get(address)
            assert body(got) == b"1,2"
            assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
            clock.shift(301)
            assert api.get(address).status_code == 403

    def test_of_one_file_is_not_another_files(self, api):
        one, other = make_attachment(), make_attachment()
        address = api.post(f"/attachments/{one.uuid}/export").json()["url"]

        assert api.get(address.replace(str(one.uuid), str(other.uuid))).status_code == 403
        assert api.get(address[:-3] + "abc").status_code == 403

    def test_of_nothing_is_404(self, api):
        assert api.post(f"/attachments/{uuid4()}/export").status_code == 404


class TestServing:
    @pytest.fixture
    def get(self, api):
        def get(file, **headers):
            address = (
                api.post(f"/attachments/{file.uuid}/export").json()["url"].removeprefix("http://testserver")
            )
            return api.client.get(
                address, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )

        return get

    @pytest.mark.parametrize(
        ("name", "content", "kind"),
        [
            ("a.png", png(), "inline"),
            ("a.png", b"<script>alert(1)</script>", "attachment"),
            ("a.svg", b"<svg onload='alert(1)'/>", "attachment"),
            ("a.html", b"<script>alert(1)</script>", "attachment"),
            ("a.jpg", png(), "attachment"),
            ("a.pdf", b"%PDF-1.4", "attachment"),
        ],
    )
    def test_shows_only_what_pillow_has_decoded(self, get, name, content, kind):
        file = make_attachment(name=name, content=content)
        before = get(file)
        read_evidence(file.pk)
        response = get(file)

        assert before.headers["Content-Disposition"].startswith("attachment;")
        assert response.headers["Content-Disposition"].startswith(f"{kind};")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "html" not in response.headers["Content-Type"]
        assert "svg" not in response.headers["Content-Type"]
        assert body(response) == content

    @pytest.mark.parametrize(
        "name",
        [
            'a"; x="b.csv',
            "a\r\nX-Evil: 1.csv",
            "\u202egpj.exe",
            "x" * 300 + ".csv",
            "ü Ω.csv",
            "a\\b.csv",
            "a;b.csv",
        ],
    )
    def test_names_cannot_break_the_header(self, get, name):
        value = get(make_attachment(name=name)).headers["Content-Disposition"]

        assert value.count('"') == 2
        assert value.isascii()
        assert not set("\r\n\\") & set(value)

    @pytest.mark.parametrize(
        ("asked", "status", "part"),
        [
            ("bytes=0-3", 206, b"0123"),
            ("bytes=8-", 206, b"89"),
            ("bytes=-2", 206, b"89"),
            ("bytes=5-100", 206, b"56789"),
            ("bytes=10-", 416, b""),
            ("bytes=5-2", 200, b"0123456789"),
            ("bytes=-", 200, b"0123456789"),
            ("bytes=0-1,3-4", 200, b"0123456789"),
            ("lines=1-2", 200, b"0123456789"),
        ],
    )
    def test_ranges(self, get, asked, status, part):
        response = get(make_attachment(content=b"0123456789"), Range=asked)

        assert (response.status_code, body(response)) == (status, part)

    def test_an_old_tag_gets_everything_and_the_same_tag_nothing(self, get):
        file = make_attachment(content=b"0123456789")
        tag = get(file).headers["ETag"]

        assert get(file, Range="bytes=0-1", If_Range='"old"').status_code == 200
        assert get(file, Range="bytes=0-1", If_Range=tag).status_code == 206
        assert get(file, If_None_Match=tag).status_code == 304

"""What a client may do wrong, on purpose or not: nothing is a 500, half written, or silently altered."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from issues.models import Attachment, Comment, Event, Issue, Session
from tests.factories import make_attachment, make_comment, make_issue, make_session

from .conftest import pointers

NEW = {"title": "Battery string B drops to 22.3 V", "description": []}
BATTERY = "\U0001f50b"  # one code point, two UTF-16 units, four bytes


@pytest.fixture
def fields(api):
    """Every text field that a request can bring: (method, path, the other fields, its name, its greatest length)."""
    issue, session, file = make_issue(api.user), make_session(api.user), make_attachment(api.user)
    comment = make_comment(issue, api.user)
    at, about = f"/issues/{issue.uuid}", f"/attachments/{file.uuid}"
    role = {"attachment_id": str(file.uuid), "file_type": "plan"}
    return [
        ("POST", "/issues", NEW, "title", 500), ("POST", "/issues", NEW, "owner", 254),
        ("POST", "/issues", NEW, "resolution_summary", 10_000),
        ("PATCH", at, {}, "title", 500), ("PATCH", at, {}, "owner", 254), ("PATCH", at, {}, "resolution_summary", 10_000),
        ("POST", f"{at}/comments", {}, "content", 10_000), ("PATCH", f"{at}/comments/{comment.uuid}", {}, "content", 10_000),
        ("POST", f"{at}/files", role, "file_type", 64), ("POST", f"{at}/files", role, "file_name", 255),
        ("POST", "/sessions", {}, "title", 500), ("POST", "/sessions", {}, "description", 10_000),
        ("PUT", f"/sessions/{session.uuid}", {}, "title", 500), ("PUT", f"/sessions/{session.uuid}", {}, "description", 10_000),
        ("PATCH", about, {}, "attachment_title", 10_000), ("PATCH", about, {}, "attachment_description", 10_000),
        ("PATCH", about, {}, "attachment_citation", 10_000),
    ]  # fmt: skip


class TestEveryTextField:
    def test_has_its_length_in_code_points(self, api, fields):
        for method, path, others, name, most in fields:
            for character in ("x", BATTERY):
                fits = api.call(method, path, {**others, name: character * most})
                assert fits.status_code in (200, 201), (path, name)
                assert character * most in str(fits.json().values()) or fits.json()
                assert pointers(api.call(method, path, {**others, name: character * (most + 1)})) == {
                    f"/{name}"
                }

    @pytest.mark.parametrize("bad", [r"a\u0000b", r"\u0000", r"\ud800", r"\udc00", r"x\udfff\ud800"])
    def test_takes_no_nul_and_no_half_character(self, api, fields, bad):
        before = [model.objects.count() for model in (Issue, Comment, Session, Event)]

        for method, path, others, name, _ in fields:
            body = json.dumps({**others, name: "@"}).replace('"@"', f'"{bad}"').encode()
            assert pointers(api.call(method, path, raw=body)) == {f"/{name}"}

        assert [model.objects.count() for model in (Issue, Comment, Session, Event)] == before

    @pytest.mark.parametrize("wrong", [5, 1.5, True, [], ["a"], {}, {"a": "b"}])
    def test_takes_text_alone(self, api, fields, wrong):
        for method, path, others, name, _ in fields:
            assert pointers(api.call(method, path, {**others, name: wrong})) == {f"/{name}"}

    def test_keeps_what_it_takes(self, api):
        path = f"/issues/{make_issue(api.user).uuid}/comments"

        for text in NAUGHTY:
            made = api.post("/issues", {"title": f"<{text}>", "description": [{"text": text}], "tags": [f"<{text[:60]}>"], "resolution_summary": text})  # fmt: skip
            assert made.status_code == 201, text
            read = api.get(f"/issues/{made.json()['uuid']}").json()
            assert (read["title"], read["tags"], read["resolution_summary"]) == (
                f"<{text}>",
                [f"<{text[:60]}>"],
                text,
            )
            assert read["description"] == [{"text": text}]
            if text.strip():
                assert api.post(path, {"content": text}).json()["content"] == text


# What has broken programs before, in our own words: scripts, quotes, numbers, white space, directions, shells, templates.
NAUGHTY = [
    "null", "undefined", "None", "true", "NaN", "-1", "0x0", "1e309", "9" * 400, "1/0", "½", "٣", "--", "' OR 1=1 --", '";drop table',
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "]]>", "<!--", "&lt;", "&#0;", "%00", "%s%n",
    "{{ 7*7 }}", "{% debug %}", "${7*7}", "#{1}", "$(reboot)", "`id`", "; ls", "| cat /etc/passwd", "../../etc/passwd", "C:\\con", "\\\\x",
    "\x01\x02\x1f", "\x7f", "\x85", "\u2028\u2029", "\ufeffbom", "\u200b", "\u00a0", "\u3000", " \t\n\v\f\r ", "\r\nSet-Cookie: a=b",
    "\u202egnp.exe", "\u2066x\u2069", "e\u0301", "é", "Ω≈ç√", "ﷺ", "Ṱ̺̺o̞̥", "田中さん", "👩‍👩‍👧‍👦", "🏳️‍🌈", "\U0010ffff", "\ufffe\uffff", "𝕿𝖊𝖘𝖙",
    "=cmd()|'x'!A1", "+1", "@sum", "\x1b[31mred", "*/", "/*", "\\", "\\u0000", "\\ud800", '"', "'", "''", "a" * 450, "Scunthorpe", "File://x",
]  # fmt: skip

VALID = [  # RFC 8259, every corner; what is inside is for a field nobody knows, so it is only read
    "0", "-0", "0e1", "0E+1", "1E-2", "123.456e78", "-0.0", "1e999", "-1e999", "9" * 5000, '""', r'"\"\\\/\b\f\n\r\t"', r'"\u0000"',
    r'"\ud83d\udd0b"', r'"\ud800"', r'"\uDEAD\uD800"', '"\x7f"', '"\u2028"', '"\U0010ffff"', "[]", "[ ]", "[[]   ]", "{}", '{"":0}',
    '{"a":{"a":{}}}', "[1,\n2 ,\t3 ]", '[null,true,false,[],{},""]', '{"\\u0061":1,"b":1}', "[" * 400 + "]" * 400,
]  # fmt: skip
INVALID = [  # what lenient readers let through
    "", "01", "-01", "1.", ".5", "-.5", "+1", "1e", "1e+", "0x1F", "1_000", "--1", "- 1", "1 000", "NaN", "-NaN", "Infinity", "-Infinity",
    "nul", "True", "FALSE", "undefined", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[1;2]", "[", "]", "[1", '["a"', "[1]]", "{", "}", '{"a"}',
    '{"a":}', '{"a":1,}', '{,"a":1}', "{a:1}", "{'a':1}", '{"a" 1}', '{"a":1 "b":2}', '{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', '{1:1}',
    "'a'", '"a', 'a"', '"\t"', '"\n"', '"\x00"', '"\x1f"', r'"\x41"', r'"\u12"', r'"\u12G4"', r'"\a"', '"\\', r'"\ "', "// a\n1",
    "/* a */1", "1 // a", "\u00a01", "\u20281", "1\u3000", "“a”", "[" * 100_000, '{"a":' * 20_000, "[" * 100_000 + "]" * 100_000,
]  # fmt: skip


class TestJson:
    @pytest.mark.parametrize("text", VALID, ids=range(len(VALID)))
    def test_that_is_json_is_read(self, api, text):
        for body in (
            f'{{"title":"a","description":[],"zzz":{text}}}',
            f' \t\r\n{{"zzz" : {text} , "title":"a","description":[]}}\n ',
        ):
            made = api.call("POST", "/issues", raw=body.encode())
            assert made.status_code == 201, made.content

    @pytest.mark.parametrize("text", INVALID, ids=range(len(INVALID)))
    def test_that_is_none_is_refused(self, api, text):
        for body in (
            f'{{"title":"a","description":[],"zzz":{text}}}',
            f'{{"title":"a","description":[{text}]}}' if text else "",
            text,
        ):
            # (A client that has nothing to send sends no type either.)
            assert api.call("POST", "/issues", raw=body.encode()).status_code == (400 if body else 415)
        assert not Issue.objects.exists()

    @pytest.mark.parametrize(
        "raw",
        [
            b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\xf8\x88\x80\x80\x80",
            b"\xff\xfe{\x00}\x00", "{}".encode("utf-16"), "{}".encode("utf-32"), b"\x1f\x8b\x08\x00", b"\x00",
        ],
    )  # fmt: skip
    def test_that_is_not_utf8_is_refused(self, api, raw):
        for body in (raw, b'{"title":"' + raw + b'","description":[]}', b'{"' + raw + b'":1}'):
            assert api.call("POST", "/issues", raw=body).status_code == 400
        assert not Issue.objects.exists()

    def test_of_one_mebibyte_is_read_and_of_one_byte_more_is_not(self, api):
        head, tail = b'{"title":"a","description":[],"zzz":"', b'"}'
        padding = b"x" * (1024 * 1024 - len(head) - len(tail))

        assert api.call("POST", "/issues", raw=head + padding + tail).status_code == 201
        for path in ("/issues", "/sessions"):
            assert api.call("POST", path, raw=head + padding + b"x" + tail).status_code == 413

    @pytest.mark.parametrize(("depth", "status"), [(32, 201), (33, 422), (300, 422)])
    def test_may_be_deep_in_a_description_so_far(self, api, depth, status):
        # The array of blocks is the first level, the block the second.
        inner = "[" * (depth - 2) + "]" * (depth - 2)

        made = api.call("POST", "/issues", raw=b'{"title":"a","description":[{"a":%s}]}' % inner.encode())

        assert made.status_code == status

    def test_may_be_as_large_in_a_description_as_512_kib(self, api):
        fits = [{"a": "x" * (512 * 1024 - len('[{"a": ""}]'))}]

        assert api.post("/issues", NEW | {"description": fits}).status_code == 201
        assert pointers(api.post("/issues", NEW | {"description": [{"a": fits[0]["a"] + "x"}]})) == {
            "/description"
        }

    def test_bombs_in_a_description_come_back_as_small_as_they_came(self, api):
        for number in ("1e" + "9" * 20, "-1e400", "0." + "1" * 5000, "9" * 20_000):
            body = b'{"title":"a","description":[{"n":%s}]}' % number.encode()
            made = api.call("POST", "/issues", raw=body)
            assert made.status_code == 201
            assert len(made.content) < len(body) + 600
            assert api.call("PATCH", made.headers["Location"], raw=b'{"tags":["a"]}').status_code == 200

    @pytest.mark.parametrize("wrong", [2**63, -(2**63) - 1, 10**400, 0, 1.5, True, {"a": 1}])
    def test_numbers_where_ids_are_wanted_are_refused(self, api, wrong):
        assert pointers(api.post("/issues", NEW | {"attachment_ids": [wrong]})) == {"/attachment_ids/0"}
        assert pointers(api.post("/issues", NEW | {"status": wrong, "tags": [wrong]})) == {
            "/status",
            "/tags/0",
        }

    @pytest.mark.parametrize(
        "id_", ["", "x", "0" * 32, "{" + "0" * 36 + "}", "urn:uuid:" + "0" * 36, "0" * 8 + "-0" * 14]
    )
    def test_odd_ids_are_refused(self, api, id_):
        assert pointers(api.post("/issues", NEW | {"session_ids": [id_]})) <= {
            "/session_ids/0",
            "/session_ids",
        }


class TestQueryStrings:
    @pytest.mark.parametrize(
        "query",
        [
            "limit=%00", "limit=%FF", "limit=1e2", "limit=0x10", "limit=9999999999999999999999999999999999", "limit=１０", "limit=-0x1",
            "offset=-1", "offset=1.0", "offset=", "status=%00", "status=OPEN", "status=open%20", "status[]=open&status=x", "priority=%ED%A0%80",
        ],
    )  # fmt: skip
    def test_that_break_a_rule_are_422(self, api, query):
        assert api.get(f"/issues?{query}").status_code == 422

    @pytest.mark.parametrize(
        "query",
        ["&&&", "=", "%", "a=%zz", "?", "a" * 5000, "q[$ne]=1", "&".join(f"a{n}=1" for n in range(900))],
    )
    def test_that_mean_nothing_do_nothing(self, api, query):
        assert api.get(f"/issues?{query}").status_code == 200

    def test_of_too_many_parameters_are_400(self, api):
        assert api.get("/issues?" + "&".join(f"a{n}=1" for n in range(1100))).status_code == 400


class TestUploads:
    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("../../etc/passwd", "passwd"), ("/etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"), ("C:\\x\\a.csv", "a.csv"),
            ("a/../b.csv", "b.csv"), ("Ω.csv", "Ω.csv"), ("a b.csv", "a b.csv"), ("con.csv", "con.csv"), (".htaccess", ".htaccess"),
        ],
    )  # fmt: skip
    def test_keep_the_last_part_of_a_path_and_store_under_a_name_of_our_own(self, api, settings, name, kept):
        body = (
            f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n1,2\r\n--x--\r\n'
        ).encode()

        made = api.call("POST", "/attachments", raw=body, type_="multipart/form-data; boundary=x")

        assert made.status_code == 201
        assert made.json()["attachment_name"] == kept
        [stored] = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
        assert kept not in stored.name or stored.name != kept

    @pytest.mark.parametrize(
        "name",
        ["..", ".", "", "\x00", "a\r\nb.csv", "x" * 1000 + ".csv", "\u202egpj.exe", "a\x1b[31m.csv", " "],
    )
    def test_of_odd_names_end_well(self, api, settings, name):
        form = (
            f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n1,2\r\n--x--\r\n'
        )

        answer = api.call("POST", "/attachments", raw=form.encode(), type_="multipart/form-data; boundary=x")

        assert answer.status_code in (201, 400, 422)
        if answer.status_code == 201:
            kept = answer.json()["attachment_name"]
            assert 1 <= len(kept) <= 255
            assert not set(kept) & set("/\\\r\n\x00")
            assert (
                Path(settings.MEDIA_ROOT).resolve()
                in Path(Attachment.objects.get().file.path).resolve().parents
            )

    @pytest.mark.parametrize(
        "form",
        [
            b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--",
            b"--x\r\nContent-Disposition: form-data; name=file; filename*=utf-9''%FF\r\n\r\n1\r\n--x--",
            b"--x\r\nContent-Disposition: form-data; name=file; filename*=hex''00\r\n\r\n1\r\n--x--",
            b"--x\r\nContent-Disposition: form-data; name=file; filename\r\n\r\n1\r\n--x--",
            b"--x\r\nContent-Disposition: attachment\r\n\r\n1\r\n--x--", b"--x\r\n\r\n\r\n--x--", b"--x--", b"--x", b"\r\n" * 1000,
            b"--x\r\nContent-Disposition: form-data; name=\xff\xfe; filename=\xff\r\n\r\n1\r\n--x--",
            b"--x\r\n" + b"A: b\r\n" * 2000 + b"\r\n1\r\n--x--", b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--",
            b"".join(b"--x\r\nContent-Disposition: form-data; name=a%d\r\n\r\n1\r\n" % n for n in range(1200)) + b"--x--",
            b"".join(b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n1\r\n" for n in range(120)) + b"--x--",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"y" * 3_000_000 + b"\r\n--x--",
        ],
    )  # fmt: skip
    def test_of_odd_forms_are_answered_and_leave_nothing_half_done(self, api, settings, form):
        answer = api.call("POST", "/attachments", raw=form, type_="multipart/form-data; boundary=x")

        assert answer.status_code in (201, 400, 413, 422)
        files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
        assert len(files) == Attachment.objects.count() == (answer.status_code == 201)

    def test_of_several_files_are_kept_all_or_none(self, api, settings):
        session = make_session(api.user)
        files = [SimpleUploadedFile(f"{n}.csv", b"1") for n in range(3)]
        session.trash(by=api.user)

        assert api.upload(f"/sessions/{session.uuid}/upload-files", files=files).status_code == 404
        assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []

"""/issues: every row of the documented tables, the case that holds and the one that breaks it."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues.api import types
from issues.api.issues import fragments
from issues.models import Issue, Status
from tests.factories import (
    make_administrator,
    make_attachment,
    make_issue,
    make_session,
    make_user,
    make_viewer,
)

from .conftest import Api, pointers

NOWHERE = "0199d1c2-0000-7000-8000-000000000000"  # a well-formed id of nothing
NEW = {"title": "Battery string B drops to 22.3 V", "description": []}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
FIELDS = [
    "uuid", "title", "description", "status", "priority", "tags", "owner", "resolution_summary", "created_by",
    "created_at", "sessions", "attachments", "session_attachments", "job_run_id",
]  # fmt: skip


class TestCreate:
    def test_answers_the_whole_object_with_the_defaults(self, api):
        response = api.post("/issues", NEW)

        issue = response.json()
        assert response.status_code == 201
        assert list(issue) == FIELDS
        assert issue | {"uuid": "", "created_at": ""} == {
            **NEW, "uuid": "", "status": "open", "priority": "low", "tags": [], "owner": "Unassigned",
            "resolution_summary": None, "created_by": api.user.email, "created_at": "", "sessions": [],
            "attachments": [], "session_attachments": [], "job_run_id": None,
        }  # fmt: skip
        assert response.headers["Location"] == f"/issues/{issue['uuid']}"
        assert response.headers["ETag"] == api.get(f"/issues/{issue['uuid']}").headers["ETag"]
        datetime.strptime(issue["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        title=TEXT.filter(str.strip),
        tags=st.lists(TEXT.filter(str.strip), max_size=3),
        resolution=st.none() | TEXT,
        status=st.sampled_from(["open", "resolved", None]),
    )
    def test_answers_letter_by_letter_what_a_later_get_does(self, api, title, tags, resolution, status):
        """The reply is put together in Python, later ones by PostgreSQL."""
        sent = NEW | {"title": title, "tags": tags, "resolution_summary": resolution, "status": status}

        made = api.post("/issues", sent)

        path = f"/issues/{made.json()['uuid']}"
        assert api.get(path).content == made.content
        fragments.clear()
        assert api.get(path).content == made.content
        assert made.json()["resolution_summary"] == resolution

    def test_takes_every_field(self, api):
        file, session = make_attachment(), make_session()
        sent = {
            "title": " Trimmed ", "description": [{"type": "x", "n": [1.5, None, {"é": "☃"}]}], "status": "in_progress",
            "priority": "high", "tags": [" power ", "tvac", "power"], "owner": " mara@example.com ",
            "resolution_summary": " kept as sent ", "attachment_ids": [str(file.uuid)] * 2,
            "session_ids": [str(session.uuid)],
        }  # fmt: skip

        issue = api.post("/issues", sent).json()

        assert (issue["title"], issue["tags"], issue["owner"]) == (
            "Trimmed",
            ["power", "tvac"],
            "mara@example.com",
        )
        assert issue["description"] == sent["description"]
        assert issue["resolution_summary"] == " kept as sent "
        assert [one["attachment_id"] for one in issue["attachments"]] == [str(file.uuid)]
        assert [one["session_id"] for one in issue["sessions"]] == [str(session.uuid)]

    def test_null_means_left_out(self, api):
        optional = [
            "status",
            "priority",
            "tags",
            "owner",
            "resolution_summary",
            "attachment_ids",
            "session_ids",
        ]

        issue = api.post("/issues", NEW | dict.fromkeys(optional)).json()

        assert (issue["status"], issue["priority"], issue["tags"], issue["owner"]) == (
            "open",
            "low",
            [],
            "Unassigned",
        )

    def test_an_empty_owner_is_unassigned(self, api):
        assert api.post("/issues", NEW | {"owner": "  "}).json()["owner"] == "Unassigned"

    @pytest.mark.parametrize(
        ("field", "value", "pointer"),
        [
            ("title", "", "/title"),
            ("title", "   ", "/title"),
            ("title", "x" * 501, "/title"),
            ("title", None, "/title"),
            ("title", 5, "/title"),
            ("title", "a\u0000b", "/title"),
            ("description", None, "/description"),
            ("description", {}, "/description"),
            ("description", [1], "/description/0"),
            ("description", [{}] * 1001, "/description"),
            ("description", [{"a": "x" * 524_288}], "/description"),
            ("description", [{}, {"a": "\u0000"}], "/description/1"),
            ("status", "closed", "/status"),
            ("status", 1, "/status"),
            ("priority", "urgent", "/priority"),
            ("tags", "power", "/tags"),
            ("tags", [""], "/tags/0"),
            ("tags", ["ok", "x" * 65], "/tags/1"),
            ("tags", [f"t{n}" for n in range(51)], "/tags"),
            ("owner", "x" * 255, "/owner"),
            ("owner", ["a"], "/owner"),
            ("resolution_summary", "x" * 10_001, "/resolution_summary"),
            ("attachment_ids", ["nonsense"], "/attachment_ids/0"),
            ("attachment_ids", [str(uuid4())], "/attachment_ids"),
            ("attachment_ids", [str(uuid4())] * 201, "/attachment_ids"),
            ("session_ids", [str(uuid4())], "/session_ids"),
            ("session_ids", {}, "/session_ids"),
        ],
    )
    def test_refuses_what_breaks_a_rule(self, api, field, value, pointer):
        assert pointers(api.post("/issues", NEW | {field: value})) == {pointer}
        assert not Issue.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "x" * 500),
            ("title", "\U0001f50b" * 500),
            ("tags", [f"t{n}" for n in range(50)]),
            ("tags", ["x" * 64]),
            ("owner", "x" * 254),
            ("resolution_summary", "x" * 10_000),
            ("description", [{}] * 1000),
        ],
    )
    def test_takes_what_just_keeps_it(self, api, field, value):
        response = api.post("/issues", NEW | {field: value})

        assert response.status_code == 201
        assert response.json()[field] == value

    def test_lists_every_problem_at_once(self, api):
        response = api.post("/issues", {"title": "", "status": "x", "tags": ["", 5], "owner": 7})

        assert pointers(response) == {"/title", "/description", "/status", "/tags/0", "/tags/1", "/owner"}

    def test_ignores_fields_it_does_not_know(self, api):
        response = api.post(
            "/issues", NEW | {"uuid": "mine", "created_by": 5, "zzz": {"deep": [None]}, "job_run_id": 3}
        )

        assert response.status_code == 201
        assert response.json()["job_run_id"] is None

    def test_takes_the_job_run_from_the_agent_only(self, agent):
        run = str(uuid4())

        issue = agent.post("/issues", NEW | {"job_run_id": run}).json()

        assert (issue["created_by"], issue["job_run_id"]) == ("Atlas", run)
        assert pointers(agent.post("/issues", NEW | {"job_run_id": "x"})) == {"/job_run_id"}

    @pytest.mark.parametrize(
        "body",
        [
            b"x", b"[]", b"null", b'"a"', b"{", b'{"title":"a","title":"b","description":[]}', b'{"title":NaN}',
            b'{"title":Infinity}', b'{"title":"a","description":[{"a":1,"a":2}]}', b"\xff", b"\xef\xbb\xbf{}",
            b'{"title":"a"} x', b'{"a":' * 50_000, b"[" * 100_000, b'{"title":"a\nb"}', b"{'title':'a'}",
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_json_object(self, api, body):
        assert api.call("POST", "/issues", raw=body).status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            b'{"title":"a","description":[{"n":1e400}]}',
            b'{"title":"a","description":[{"n":' + b"9" * 5000 + b"}]}",
            b'{"title":"a","description":[{"n":0.1000000000000000000000001}]}',
            b'{"title":"a","description":[{"n":-0.0, "m":1E+2}]}',
        ],
    )
    def test_keeps_numbers_as_they_were_spelled(self, api, body):
        response = api.call("POST", "/issues", raw=body)

        assert response.status_code == 201
        assert body[body.index(b"[") : -1] in response.content

    def test_refuses_lone_surrogates_but_takes_pairs(self, api):
        assert pointers(api.call("POST", "/issues", raw=b'{"title":"\\ud800","description":[]}')) == {
            "/title"
        }
        assert (
            api.call("POST", "/issues", raw=b'{"title":"\\ud83d\\udd0b","description":[]}').json()["title"]
            == "🔋"
        )

    def test_refuses_other_types_and_sizes(self, api):
        assert api.call("POST", "/issues", raw=b"{}", type_="text/plain").status_code == 415
        big = json.dumps(NEW | {"x": "y" * 1_048_576}).encode()
        assert api.call("POST", "/issues", raw=big).status_code == 413

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.dictionaries(
                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10),
                st.recursive(
                    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner, max_size=1),
                    max_leaves=8,
                ),
                max_size=4,
            ),
            max_size=4,
        )
    )  # fmt: skip
    def test_any_description_comes_back_equal(self, api, blocks):
        made = api.post("/issues", {"title": "x", "description": blocks}).json()

        assert made["description"] == blocks
        assert api.get(f"/issues/{made['uuid']}").json()["description"] == blocks


class TestList:
    def test_is_newest_first_with_the_exact_count(self, api):
        start = datetime.now(UTC)
        issues = [make_issue(api.user, at=start + timedelta(seconds=n)) for n in range(5)]
        issues.pop(2).trash(by=api.user)

        answer = api.get("/issues?limit=3").json()

        assert [one["uuid"] for one in answer["items"]] == [str(one.uuid) for one in reversed(issues)][:3]
        assert answer["count"] == 4
        assert list(answer) == ["items", "count"]
        assert [list(one) for one in answer["items"]] == [FIELDS] * 3

    def test_filters_by_any_of_one_and_of_the_other(self, api):
        for status in Status.values:
            for priority in ("low", "high"):
                make_issue(api.user, status=status, priority=priority)

        def count(query):
            answer = api.get(f"/issues?{query}").json()
            assert answer["count"] == len(answer["items"])
            return answer["count"]

        assert count("status=open") == 2
        assert count("status=open&status=resolved") == 4
        assert count("priority=high") == 4
        assert count("status=open&status=rejected&priority=low") == 2
        assert count("status=open&status=open") == 2
        assert count("unknown=1") == 8

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0", "limit=1001", "limit=-1", "limit=a", "limit=1.5", "limit=", "limit=1&limit=2", "offset=-1", "offset=a",
            "status=closed", "status=", "status=open&status=x", "priority=urgent", "limit=%D9%A3", "limit=+5",
        ],
    )  # fmt: skip
    def test_refuses_what_breaks_a_rule(self, api, query):
        assert pointers(api.get(f"/issues?{query}")) == {f"?{query.split('=')[0]}"}

    def test_lists_every_problem_at_once(self, api):
        assert pointers(api.get("/issues?limit=0&offset=x&status=y&priority=z")) == {
            "?limit",
            "?offset",
            "?status",
            "?priority",
        }

    def test_is_empty_past_the_end_with_the_true_count(self, api):
        make_issue(api.user)

        for offset in (1, 5_000, 10**19, 10**25):
            assert api.get(f"/issues?offset={offset}").json() == {"items": [], "count": 1}

    def test_links_to_the_next_and_previous_page(self, api):
        for _ in range(5):
            make_issue(api.user)

        first = api.get("/issues?limit=2&status=open").headers["Link"]
        middle = api.get("/issues?limit=2&offset=2").headers["Link"]

        assert 'rel="next"' in first
        assert "status=open" in first
        assert 'rel="prev"' not in first
        assert 'rel="prev"' in middle
        assert "Link" not in api.get("/issues")

    def test_takes_the_same_queries_for_one_and_for_many(self, api, django_assert_num_queries):
        for _ in range(3):
            make_issue(api.user, attachments=[make_attachment().uuid], sessions=[make_session().uuid])
        api.get("/issues")
        fragments.clear()

        with django_assert_num_queries(2):  # token, count and page; JSON, of which nothing is kept yet
            assert len(api.get("/issues").json()["items"]) == 3
        with django_assert_num_queries(1):
            api.get("/issues")


class TestGet:
    def test_answers_the_object_and_its_etag(self, api):
        issue = make_issue(api.user)

        response = api.get(f"/issues/{issue.uuid}")

        assert response.json()["uuid"] == str(issue.uuid)
        assert response.headers["ETag"].startswith('"')

    def test_with_the_etag_is_304(self, api):
        path = f"/issues/{make_issue(api.user).uuid}"
        tag = api.get(path).headers["ETag"]

        for given_ in (tag, f'"x", {tag}', f"W/{tag}", "*"):
            response = api.get(path, If_None_Match=given_)
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["ETag"] == tag
        assert api.get(path, If_None_Match='"x"').status_code == 200

    @pytest.mark.parametrize("id_", ["1", "nonsense", NOWHERE, "%00", "x" * 300, "{" + NOWHERE + "}"])
    def test_of_nothing_is_404(self, api, id_):
        assert api.get(f"/issues/{id_}").status_code == 404

    def test_head_has_the_headers_and_no_body(self, api):
        path = f"/issues/{make_issue(api.user).uuid}"
        full, head = api.get(path), api.call("HEAD", path)

        assert head.content == b""
        assert head.headers["Content-Length"] == str(len(full.content))


class TestPatch:
    def test_changes_only_what_is_sent(self, api):
        issue = make_issue(api.user, tags=["a"], priority="high")

        response = api.patch(
            f"/issues/{issue.uuid}", {"status": "resolved", "resolution_summary": "Re-torqued."}
        )

        answer = response.json()
        assert (answer["status"], answer["resolution_summary"]) == ("resolved", "Re-torqued.")
        assert (answer["tags"], answer["priority"], answer["title"]) == (["a"], "high", issue.title)
        assert response.headers["ETag"] == api.get(f"/issues/{issue.uuid}").headers["ETag"]

    def test_changes_everything_that_can_be(self, api):
        issue, file, session = make_issue(api.user), make_attachment(), make_session()
        sent = {
            "title": "T", "description": [{"a": 1}], "status": "in_progress", "priority": "medium", "tags": ["x"],
            "owner": "o@x", "resolution_summary": "r",
        }  # fmt: skip
        links = {"attachment_ids": [str(file.uuid)], "session_ids": [str(session.uuid)]}

        answer = api.patch(f"/issues/{issue.uuid}", sent | links).json()

        assert {name: answer[name] for name in sent} == sent
        assert len(answer["attachments"]) == len(answer["sessions"]) == 1
        assert issue.events.count() == 2

    @pytest.mark.parametrize("field", ["status", "priority", "resolution_summary"])
    def test_null_clears(self, api, field):
        issue = make_issue(api.user, resolution_summary="x")

        assert api.patch(f"/issues/{issue.uuid}", {field: None}).json()[field] is None

    @pytest.mark.parametrize("field", ["title", "tags", "description", "attachment_ids", "session_ids"])
    def test_null_is_refused_where_nothing_can_be_cleared(self, api, field):
        assert pointers(api.patch(f"/issues/{make_issue(api.user).uuid}", {field: None})) == {f"/{field}"}

    def test_to_the_same_changes_nothing(self, api):
        issue = make_issue(api.user)
        path = f"/issues/{issue.uuid}"
        tag = api.get(path).headers["ETag"]

        response = api.patch(path, {"title": issue.title, "status": "open", "description": []})

        assert response.headers["ETag"] == tag
        assert issue.events.count() == 1

    def test_refuses_and_changes_nothing_of_it(self, api):
        issue = make_issue(api.user)

        response = api.patch(
            f"/issues/{issue.uuid}", {"title": "New", "status": "x", "attachment_ids": [str(uuid4())]}
        )

        assert pointers(response) == {"/status"}
        issue.refresh_from_db()
        assert (issue.title, issue.version) != ("New", 2)

    def test_if_match_holds_or_not(self, api):
        path = f"/issues/{make_issue(api.user).uuid}"
        tag = api.get(path).headers["ETag"]

        assert api.patch(path, {"title": "One"}, If_Match=tag).status_code == 200
        refused = api.patch(path, {"title": "Two"}, If_Match=tag)
        assert refused.status_code == 412
        assert api.get(path).json()["title"] == "One"
        assert api.patch(path, {"title": "Three"}, If_Match="*").status_code == 200
        assert api.delete(path, If_Match=tag).status_code == 412

    def test_of_nothing_is_404(self, api):
        issue = make_issue(api.user)
        issue.trash(by=api.user)

        assert api.patch(f"/issues/{issue.uuid}", {"title": "x"}).status_code == 404
        assert api.patch(f"/issues/{uuid4()}", {"title": "x"}).status_code == 404


class TestDelete:
    def test_is_gone_everywhere_from_then_on(self, api):
        issue = make_issue(api.user)
        comment = issue.comment(by=api.user, content="x")
        path = f"/issues/{issue.uuid}"

        assert api.delete(path).status_code == 204

        for method, at in (
            ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/comments"), ("POST", "/comments"), ("GET", "/files"),
            ("POST", "/files"), ("PATCH", f"/comments/{comment.uuid}"), ("DELETE", f"/comments/{comment.uuid}"),
        ):  # fmt: skip
            body = {"content": "x"} if method in ("POST", "PATCH") else None
            assert api.call(method, path + at, body).status_code == 404, (method, at)
        assert api.get("/issues").json() == {"items": [], "count": 0}


class TestWhoMay:
    def test_no_token_is_401(self, db, settings):
        settings.LOCAL = False
        api = Api()
        for headers in (
            {},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Basic abc"},
            {"Authorization": "Bearer"},
        ):
            api.headers = headers
            response = api.get("/issues")
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_bad_token_is_401_in_local_mode_too(self, api):
        api.headers = {"Authorization": "Bearer nonsense"}
        assert api.get("/issues").status_code == 401

    def test_local_mode_needs_no_token_but_refuses_other_sites(self, api):
        api.headers = {}

        assert api.post("/issues", NEW).json()["created_by"] == "local@localhost"
        assert api.post("/issues", NEW, Origin="https://evil.example").status_code == 403
        assert api.post("/issues", NEW, Sec_Fetch_Site="cross-site").status_code == 403
        assert api.post("/issues", NEW, Origin="http://testserver").status_code == 201

    def test_scopes_hold(self, db):
        reader = Api(scopes=("read",))
        writer = Api(scopes=("write",))

        assert reader.get("/issues").status_code == 200
        assert reader.post("/issues", NEW).status_code == 403
        assert writer.get("/issues").status_code == 403
        assert writer.post("/issues", NEW).status_code == 201

    def test_viewers_only_read(self, db):
        viewer = Api(make_viewer())

        assert viewer.get("/issues").status_code == 200
        assert viewer.post("/issues", NEW).status_code == 403

    def test_a_browser_reads_with_its_cookie_and_writes_with_a_csrf_token(self, db, settings):
        settings.LOCAL = False
        api = Api()
        api.headers = {}
        api.client.handler.enforce_csrf_checks = True
        api.client.force_login(make_administrator())

        assert api.get("/issues", Host="testserver").status_code == 200
        assert api.post("/issues", NEW).status_code == 403
        api.client.cookies["csrftoken"] = "a" * 32
        assert api.post("/issues", NEW, X_CSRFToken="a" * 32).status_code == 201

    def test_405_says_what_is_allowed(self, api):
        response = api.put("/issues", {})

        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"

    def test_the_request_id_is_kept_if_it_is_sane(self, api):
        assert api.get("/issues", X_Request_ID="run-7.a").headers["X-Request-ID"] == "run-7.a"
        for odd in ("a b", "x" * 129, "é", "a\\nb"):
            assert api.get("/issues", X_Request_ID=odd).headers["X-Request-ID"] != odd

    def test_the_same_routes_answer_under_api_v1(self, api):
        issue = make_issue(api.user)

        assert api.get("/api/v1/issues").json() == api.get("/issues").json()
        assert api.get(f"/api/v1/issues/{issue.uuid}").json()["uuid"] == str(issue.uuid)
        assert api.get("/api/v1/issues/metrics").status_code == 200


class TestRateLimit:
    def test_is_exact_and_says_so(self, api, settings):
        settings.RATE_LIMIT = 3

        answers = [api.get("/issues") for _ in range(5)]

        # (A minute may end between two of them: then the count begins anew and one more is let through.)
        refused = [answer for answer in answers if answer.status_code == 429]
        assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
        assert refused
        assert int(refused[-1].headers["Retry-After"]) <= 60

    def test_headers_are_there_when_nothing_is_limited(self, api, settings):
        settings.RATE_LIMIT = 0

        assert {"RateLimit", "RateLimit-Policy"} <= set(api.get("/issues").headers)


class TestIdempotency:
    def test_the_first_reply_comes_again(self, api):
        first = api.post("/issues", NEW, Idempotency_Key="k")
        again = api.post("/api/v1/issues", NEW, Idempotency_Key="k")

        assert again.content == first.content
        assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
        assert Issue.objects.count() == 1

    def test_another_body_or_route_is_refused(self, api):
        issue = api.post("/issues", NEW, Idempotency_Key="k").json()

        assert api.post("/issues", NEW | {"title": "Other"}, Idempotency_Key="k").status_code == 422
        assert api.post(f"/issues/{issue['uuid']}/comments", NEW, Idempotency_Key="k").status_code == 422

    def test_another_caller_has_keys_of_their_own(self, api):
        api.post("/issues", NEW, Idempotency_Key="k")
        Api(make_user()).post("/issues", NEW, Idempotency_Key="k")

        assert Issue.objects.count() == 2

    def test_a_refusal_is_remembered_too(self, api):
        first = api.post("/issues", {}, Idempotency_Key="k")

        assert api.post("/issues", {}, Idempotency_Key="k").content == first.content

    @pytest.mark.parametrize("key", ["x" * 256, "é"])
    def test_an_odd_key_is_refused(self, api, key):
        assert api.post("/issues", NEW, Idempotency_Key=key).status_code == 422

    def test_an_upload_is_kept_once(self, api):
        from django.core.files.uploadedfile import SimpleUploadedFile

        from issues.models import Attachment

        api.headers["Idempotency-Key"] = "k"
        answers = [
            api.upload("/attachments", file=SimpleUploadedFile("a.csv", b"1,2")).json() for _ in range(2)
        ]
        other = api.upload("/attachments", file=SimpleUploadedFile("a.csv", b"1,3"))

        assert answers[0] == answers[1]
        assert other.status_code == 422
        assert Attachment.objects.count() == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 2)), max_size=15))
def test_after_any_sequence_of_verbs_every_answer_equals_one_made_afresh(api, steps):
    """Nothing kept is ever stale, and every answer is of the documented type."""
    Issue.objects.all().delete()
    by = api.user
    file, session = make_attachment(by), make_session(by)
    issues = [
        make_issue(by, attachments=[file.uuid], sessions=[session.uuid]),
        make_issue(by),
        make_issue(by),
    ]
    verbs = [
        lambda issue: issue.change(by=by, title=f"T{issue.version}"),
        lambda issue: issue.change(by=by, status=Status.values[issue.version % 4]),
        lambda issue: issue.comment(by=by, content="x").react("👍", by=by),
        lambda issue: issue.trash(by=by),
        lambda issue: issue.restore(by=by),
        lambda _: session.change(by=by, title=f"S{Issue.objects.get(pk=issues[0].pk).version}"),
        lambda _: session.add_attachments([make_attachment(by).uuid], by=by),
        lambda _: file.change(by=by, title=f"F{Issue.objects.get(pk=issues[0].pk).version}"),
        lambda issue: issue.change(by=by, attachments=[file.uuid]),
        lambda issue: issue.change(by=by, sessions=[session.uuid]),
        lambda issue: issue.change(by=by, sessions=[]),
    ]
    for verb, which in steps:
        issue = issues[which]
        if verb in (3, 4) or issue.deleted_at is None:
            verbs[verb](issue)
        kept = api.get("/issues").content
        fragments.clear()
        assert api.get("/issues").content == kept
        msgspec.json.decode(kept, type=types.IssueList)

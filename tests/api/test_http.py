"""What holds for every route alike: addresses, methods, headers, pages, who may, and once only."""

import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.utils import timezone

from issues.api.http import etag
from issues.api.urls import documented, ours
from issues.models import ApiToken, Attachment, Issue, RememberedReply, idempotency
from tests.factories import make_attachment, make_comment, make_issue, make_session, make_user

from .conftest import Api

ROUTES = {
    "/" + re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern)): pattern.callback.operations
    for pattern in (*documented, *ours)
}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
NEW = {"title": "Battery string B drops to 22.3 V", "description": []}


@pytest.fixture
def fill(api):
    """Puts ids of things that exist into a route."""
    file, session = make_attachment(api.user), make_session(api.user)
    issue = make_issue(api.user, attachments=[file.uuid], sessions=[session.uuid])
    signed = api.post(f"/attachments/{file.uuid}/export").json()["url"].rpartition("/")[2]
    text = make_attachment(api.user, "plan.md", b"- [ ] Check the strap\n")
    plan = issue.add_file(by=api.user, attachment=text.uuid, file_type="troubleshooting_plan")
    known = {
        "issue_id": issue.uuid, "comment_id": make_comment(issue, api.user).uuid, "attachment_id": file.uuid, "emoji": "🔧",
        "file_id": plan.uuid, "step": plan.progress().outline.steps[0].key, "session_id": session.uuid,
        "signature": signed, "name": "status",
    }  # fmt: skip
    return lambda route: route.format_map(known)


def allowed(route: str) -> set[str]:
    methods = {operation.method for operation in ROUTES[route]}
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


@pytest.mark.parametrize("route", ROUTES)
class TestEveryRoute:
    def test_answers_under_api_v1_too(self, api, fill, route):
        path = fill(route)

        for method in METHODS:
            plain, alias = (
                api.client.generic(method, at + path, headers=api.headers) for at in ("", "/api/v1")
            )
            both = {plain.status_code, alias.status_code}
            # (A thing that was deleted by its first address is not there by its second.)
            assert both == {plain.status_code} or both == {204, 404}, method

    def test_has_no_slash_at_the_end(self, api, fill, route):
        for path in (fill(route) + "/", "/api/v1" + fill(route) + "/"):
            assert api.get(path).status_code == 404

    def test_says_which_methods_it_takes(self, api, fill, route):
        options = api.client.options(fill(route))

        assert options.status_code == 204
        assert "Content-Type" not in options.headers
        assert set(options.headers["Allow"].split(", ")) == allowed(route)
        for method in (METHODS | {"TRACE", "BREW"}) - allowed(route):
            refused = api.client.generic(method, fill(route), headers=api.headers)
            assert refused.status_code == 405
            assert refused.headers["Allow"] == options.headers["Allow"]

    def test_answers_head_as_get_without_the_body(self, api, fill, route):
        if "GET" not in allowed(route):
            return
        full, head = api.get(fill(route)), api.call("HEAD", fill(route))

        assert (head.status_code, head.headers["Content-Type"]) == (
            full.status_code,
            full.headers["Content-Type"],
        )
        assert head.headers["Content-Length"] == full.headers["Content-Length"]

    def test_wants_a_token_with_the_scope(self, api, fill, route, settings):
        settings.LOCAL = False
        calls = [(operation, fill(route)) for operation in ROUTES[route] if not operation.public]
        reader, writer = Api(scopes=("read",)), Api(scopes=("write",))

        for operation, path in calls:
            assert Api().client.generic(operation.method, path).status_code == 401
            wrong = reader if operation.writes else writer
            assert wrong.call(operation.method, path).status_code == 403

    def test_says_what_is_left_of_the_limit(self, api, fill, route):
        for operation in ROUTES[route]:
            if not operation.public:
                answer = api.client.generic(operation.method, fill(route), headers=api.headers)
                assert re.fullmatch(r'"default";q=\d+;w=60', answer.headers["RateLimit-Policy"])
                assert re.fullmatch(r'"default";r=\d+;t=\d+', answer.headers["RateLimit"])


class TestAddresses:
    @pytest.mark.parametrize("path", ["/issues/", "/api/v1/", "/api/v1/nothing", "/issues/a/b/c", "/sessions/a/b", "/attachments/a/b/c/d"])  # fmt: skip
    def test_that_lead_nowhere_say_so_in_json(self, api, path):
        for method in METHODS - {"HEAD"}:
            assert api.call(method, path).status_code == 404

    def test_of_the_description_take_get_alone(self, api):
        for path in ("/openapi.json", "/api/docs", "/api/v1/openapi.json"):
            assert api.client.get(path).status_code == 200
            refused = api.client.post(path)
            assert refused.status_code == 405
            assert "GET" in refused.headers["Allow"]

    def test_under_another_hosts_name_are_refused(self, api):
        """Or any web site whose name is made to lead here could speak to a local copy."""
        for headers in ({}, {"Authorization": api.headers["Authorization"]}):
            api.headers = headers
            for method in ("GET", "POST"):
                assert api.call(method, "/issues", NEW, Host="evil.example").status_code == 400
        assert not Issue.objects.exists()

    @pytest.mark.parametrize(
        "charset", ["hex", "base64", "undefined", "idna", "utf-16", "nonsense", "rot13", "utf-7"]
    )
    def test_are_utf8_whatever_is_claimed(self, api, charset):
        type_ = f"application/json; charset={charset}"

        assert api.call("GET", "/issues?status=open", type_=type_).status_code == 200
        assert api.call("POST", "/issues", NEW, type_=type_).status_code == 415
        assert api.call("POST", "/issues", NEW, type_='application/json; charset="UTF-8"').status_code == 201


class TestRequestId:
    @pytest.mark.parametrize("kept", ["run-7.a", "a" * 128, "00-4bf9:1/2=+_"])
    def test_is_kept_when_sane(self, api, kept):
        assert api.get("/issues", X_Request_ID=kept).headers["X-Request-ID"] == kept
        assert api.get("/issues/x", X_Request_ID=kept).headers["X-Request-ID"] == kept

    @pytest.mark.parametrize("odd", ["", "a b", "x" * 129, "é", "a\x1b[31m", '{"a":1}', "a;b", "<a>"])
    def test_is_replaced_when_not(self, api, odd):
        assert re.fullmatch("[0-9a-f]{32}", api.get("/issues", X_Request_ID=odd).headers["X-Request-ID"])

    def test_is_on_refusals_of_every_kind(self, api):
        for path in ("/issues?limit=x", "/issues/1", "/nothing", "/issues/"):
            assert api.client.get(path, headers=api.headers).headers["X-Request-ID"]


class TestLinks:
    @pytest.mark.parametrize("of", ["/issues", "/api/v1/issues", "comments", "/sessions", "/attachments"])
    def test_lead_through_the_whole_list_and_back(self, api, of):
        issue = make_issue(api.user)
        for n in range(5):
            make_issue(api.user)
            make_session(api.user)
            make_attachment(api.user, name=f"{n}.csv")
            issue.comment(by=api.user, content=str(n))
        path = f"/issues/{issue.uuid}/comments" if of == "comments" else of
        everything = api.get(path).json()["items"]

        def walk(at, rel):
            found = []
            while at:
                answer = api.get(at)
                found.append(answer.json()["items"])
                link = re.search(rf'<([^>]+)>; rel="{rel}"', answer.headers.get("Link", ""))
                at = link and link[1]
                assert at is None or at.startswith(path)
            return found

        forward = walk(f"{path}?limit=2", "next")
        assert [item for page in forward for item in page] == everything
        last = (len(everything) - 1) // 2 * 2
        assert walk(f"{path}?limit=2&offset={last}", "prev") == list(reversed(forward))

    def test_keep_the_filter_and_begin_with_the_first(self, api):
        for _ in range(3):
            make_issue(api.user, status="open")
            make_issue(api.user, status="resolved")

        link = api.get("/issues?status=open&priority=low&limit=2&offset=1").headers["Link"]

        assert link == '</issues?status=open&priority=low&limit=2&offset=0>; rel="prev"'


class TestTokens:
    def test_stop_when_they_expire_are_revoked_or_their_owner_leaves(self, db):
        api = Api()
        token = ApiToken.objects.get(user=api.user)

        for end in (
            lambda: ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
            token.revoke,
            lambda: type(api.user).objects.filter(pk=api.user.pk).update(is_active=False),
        ):
            ApiToken.objects.update(expires_at=timezone.now() + timedelta(minutes=1), revoked_at=None)
            assert api.get("/issues").status_code == 200
            end()
            assert api.get("/issues").status_code == 401

    def test_are_named_by_any_spelling_of_bearer_and_found_nowhere_else(self, api, settings):
        settings.LOCAL = False
        secret = api.headers["Authorization"].removeprefix("Bearer ")

        for good in (f"bearer {secret}", f"BEARER   {secret}", f"Bearer {secret} "):
            api.headers = {"Authorization": good}
            assert api.get("/issues").status_code == 200
        for bad in (secret, f"Token {secret}", f"Bearer {secret}x", f"Bearer {secret[:-1]}", "Bearer é", f"Bearer,{secret}"):  # fmt: skip
            api.headers = {"Authorization": bad}
            assert api.get("/issues").status_code == 401
        api.headers = {}
        assert api.get(f"/issues?token={secret}&access_token={secret}").status_code == 401

    def test_are_stored_as_digests_alone(self, api):
        secret = api.headers["Authorization"].removeprefix("Bearer ")
        with connection.cursor() as cursor:
            cursor.execute("SELECT t::text FROM issues_apitoken t")
            assert secret not in str(cursor.fetchall())


class TestBrowsers:
    @pytest.fixture
    def browser(self, db, settings):
        settings.LOCAL = False
        api = Api()
        api.headers = {}
        api.client.handler.enforce_csrf_checks = True
        api.client.force_login(api.user)
        return api

    def test_read_with_their_cookie(self, browser):
        issue = make_issue(browser.user)

        assert browser.get("/issues").json()["count"] == 1
        assert browser.get(f"/issues/{issue.uuid}").headers["ETag"] == etag((issue.pk, 1))
        assert browser.get(f"/issues/{issue.uuid}/comments").json()["count"] == 0

    def test_write_with_a_csrf_token_from_their_own_site_alone(self, browser):
        path = f"/issues/{make_issue(browser.user).uuid}"
        for method in ("PATCH", "DELETE"):
            assert browser.call(method, path, {"title": "x"}).status_code == 403
        browser.client.cookies["csrftoken"] = "a" * 32

        assert browser.patch(path, {"title": "x"}, X_CSRFToken="b" * 32).status_code == 403
        assert (
            browser.patch(
                path, {"title": "x"}, X_CSRFToken="a" * 32, Origin="https://evil.example"
            ).status_code
            == 403
        )
        assert browser.patch(path, {"title": "x"}, X_CSRFToken="a" * 32).status_code == 200

    def test_are_nobody_when_their_session_is_over(self, browser):
        browser.client.cookies["sessionid"] = "nonsense"

        assert browser.get("/issues").status_code == 401


class TestPreconditions:
    @pytest.fixture
    def path(self, api):
        return f"/issues/{make_issue(api.user).uuid}"

    @pytest.mark.parametrize(
        ("given", "holds"),
        [
            ("{tag}", True), ("*", True), (" * ", True), ('"x", {tag}', True), ('{tag},"x"', True), ("W/{tag}", False),
            ('"x"', False), ("x", False), ("{tag}x", False), ("", False), (",", False), ('W/"x", "y"', False), ("**", False),
        ],
    )  # fmt: skip
    def test_if_match_compares_strongly(self, api, path, given, holds):
        given = given.format(tag=api.get(path).headers["ETag"])

        patched = api.patch(path, {"title": "Changed"}, If_Match=given)

        assert patched.status_code == (200 if holds else 412)
        assert (api.get(path).json()["title"] == "Changed") is holds
        if not holds:
            assert patched.headers["ETag"] == api.get(path).headers["ETag"]

    def test_if_match_holds_a_patch_of_nothing_and_a_delete_too(self, api, path):
        old = api.get(path).headers["ETag"]
        api.patch(path, {"title": "Newer"})

        assert api.patch(path, {}, If_Match=old).status_code == 412
        assert api.delete(path, If_Match=old).status_code == 412
        assert api.delete(path, If_Match=api.get(path).headers["ETag"]).status_code == 204
        assert api.patch(path, {}, If_Match="*").status_code == 404

    def test_a_304_says_what_a_200_would(self, api, path):
        full = api.get(path)
        short = api.get(path, If_None_Match=full.headers["ETag"])

        assert (short.status_code, short.content) == (304, b"")
        assert "Content-Type" not in short.headers
        for name in ("ETag", "Cache-Control"):
            assert short.headers[name] == full.headers[name]

    def test_the_etag_changes_with_everything_in_the_reply(self, api):
        file, inside, session = make_attachment(), make_attachment(), make_session(api.user)
        session.add_attachments([inside.uuid], by=api.user)
        issue = make_issue(api.user, attachments=[file.uuid], sessions=[session.uuid])
        other = make_issue(api.user)
        path, before = f"/issues/{issue.uuid}", api.get(f"/issues/{other.uuid}").headers["ETag"]

        def change(method, at, body=None):
            return lambda: api.call(method, at, body)

        session_at = f"/sessions/{session.uuid}"
        steps = [
            change("PUT", session_at, {"title": "Another"}),
            change("PUT", session_at, {"description": "Said more"}),
            change("PUT", session_at, {"starred": True}),
            change("PUT", session_at, {"starred": False}),
            lambda: api.upload(f"{session_at}/upload-files", files=SimpleUploadedFile("a.csv", b"1")),
            *(
                change("PATCH", f"/attachments/{one.uuid}", {field: value})
                for one in (file, inside)
                for field, value in (
                    ("attachment_title", "T"), ("attachment_description", "D"), ("attachment_citation", "C"), ("is_visible", False),
                )
            ),
            change("DELETE", f"{session_at}/attachments/{inside.uuid}"),
            change("PATCH", path, {"tags": ["a"]}),
            change("DELETE", session_at),
        ]  # fmt: skip
        for step in steps:
            old = api.get(path)
            assert step().status_code < 300
            new = api.get(path, If_None_Match=old.headers["ETag"])
            assert new.status_code == 200
            assert new.content != old.content
            assert new.headers["ETag"] != old.headers["ETag"]
        assert api.get(path).json()["sessions"] == []
        assert api.get(f"/issues/{other.uuid}").headers["ETag"] == before


class TestOnceOnly:
    @pytest.mark.parametrize("route", [r for r in ROUTES if "POST" in allowed(r) and not r.endswith(("attachments", "upload-files"))])  # fmt: skip
    def test_every_post_honours_the_key(self, api, fill, route):
        path = fill(route)
        body = {"content": "x", "attachment_id": str(make_attachment().uuid), "file_type": "plan"}
        body |= NEW if route == "/issues" else {}

        first = api.post(path, body, Idempotency_Key="k")

        assert first.status_code < 300
        assert api.post(path, body, Idempotency_Key="k").content == first.content

    def test_an_upload_is_the_same_whatever_boundary_it_comes_with(self, api, settings):
        def upload(content, boundary):
            body = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n{content}\r\n--{boundary}--\r\n'
            ).encode()
            return api.call(
                "POST", "/attachments", raw=body, type_=f"multipart/form-data; boundary={boundary}", Idempotency_Key="k"
            )  # fmt: skip

        first, again, other = upload("1,2", "x"), upload("1,2", "yy"), upload("1,3", "x")

        assert first.status_code == 201
        assert again.content == first.content
        assert other.status_code == 422
        assert Attachment.objects.count() == 1
        assert len([path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]) == 1

    def test_a_refusal_of_the_body_is_given_again_until_the_day_is_over(self, api):
        """Decided: what a client sent wrong stays wrong under that key; a fault of ours (5xx) is not remembered."""
        first = api.post("/issues", {"title": ""}, Idempotency_Key="k")

        assert api.post("/issues", {"title": ""}, Idempotency_Key="k").content == first.content
        assert api.post("/issues", NEW, Idempotency_Key="k").status_code == 422
        RememberedReply.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
        assert api.post("/issues", NEW, Idempotency_Key="k").status_code == 201

    def test_the_key_counts_for_the_alias_of_the_route_too(self, api):
        first = api.post("/api/v1/sessions", {}, Idempotency_Key="k")

        assert api.post("/sessions", {}, Idempotency_Key="k").content == first.content

    @pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
    def test_an_odd_key_is_refused_and_the_longest_is_taken(self, api, key):
        assert api.post("/issues", NEW, Idempotency_Key="x" * 255).status_code == 201
        assert api.post("/issues", NEW, Idempotency_Key=key).status_code == 422

    def test_a_key_of_somebody_else_means_nothing(self, api):
        other = Api(make_user())

        first, second = (one.post("/issues", NEW, Idempotency_Key="k") for one in (api, other))

        assert first.json()["uuid"] != second.json()["uuid"]


@pytest.mark.django_db(transaction=True)
class TestWhileTheFirstRuns:
    def test_the_second_waits_and_is_told_409_at_last(self, monkeypatch):
        monkeypatch.setattr(idempotency, "WAIT", 1)  # second, instead of ten
        api = Api()
        held, done = threading.Event(), threading.Event()

        def first():
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO issues_rememberedreply (caller_id, key, fingerprint, status, headers, body, created_at) "
                        "VALUES (%s, 'k', '', 0, '{}', '', now())",
                        [api.user.pk],
                    )
                held.set()
                done.wait(30)
                transaction.set_rollback(True)
            connection.close()

        thread = threading.Thread(target=first)
        thread.start()
        held.wait(30)
        refused = api.post("/issues", NEW, Idempotency_Key="k")
        done.set()
        thread.join()

        assert refused.status_code == 409
        assert refused.headers["Retry-After"]
        assert not Issue.objects.exists()
        assert api.post("/issues", NEW, Idempotency_Key="k").status_code == 201

"""The short way of programs: what gunicorn is given says the same, with the same headers, as the whole way would."""

import io
from typing import Any

import pytest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection

from issues.api.wsgi import Application
from tests.factories import make_token
from tests.routes import World, all_routes

pytestmark = pytest.mark.django_db(
    transaction=True
)  # a request begins by closing a connection in somebody's transaction

application = Application()
NEVER_THE_SAME = {"X-Request-ID", "RateLimit"}


@pytest.fixture
def world(production):
    return World()


def environment(path: str, method: str = "GET", body: bytes = b"", **more: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json", **more,
    }  # fmt: skip


def called(*what: Any, **more: str) -> tuple[int, dict[str, str], bytes]:
    """What gunicorn would send: status, headers and body."""
    said: list[Any] = []
    answer = application(environment(*what, **more), lambda *args: said.extend(args))
    body = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    status, headers = said
    assert len({name.lower() for name, _ in headers}) == len(headers)
    return int(status.split()[0]), dict(headers), body


def whole_way(*what: Any, **more: str) -> tuple[int, dict[str, str], bytes]:
    """The same through all the middleware."""
    response = BaseHandler.get_response(application, WSGIRequest(environment(*what, **more)))
    headers = dict(response.items())
    body = b"".join(response)
    response.close()
    return response.status_code, headers, body


def comparable(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = answer
    assert headers["X-Request-ID"]
    own = NEVER_THE_SAME | (
        {"Content-Length"} if status in (204, 304) else set()
    )  # Django says 0 where there is nothing
    return status, {name: value for name, value in headers.items() if name not in own}, body


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_both_ways_answer_alike(world, method):
    token = {"HTTP_AUTHORIZATION": f"Bearer {make_token(world.member)}"}
    callers = [token, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {}]
    readable = [route for route in all_routes() if route.is_api and "GET" in (route.allowed or ())]
    assert len(readable) > 20
    for route in readable:
        path = route.path(world)
        for more in callers:
            assert comparable(called(path, method, **more)) == comparable(whole_way(path, method, **more))


def test_under_another_hosts_name_it_is_a_problem_in_json(world):
    token = {"HTTP_AUTHORIZATION": f"Bearer {make_token(world.member)}"}
    status, headers, _ = called("/issues", HTTP_HOST="evil.example", **token)
    assert (status, headers["Content-Type"]) == (400, "application/problem+json")


def test_an_etag_that_still_holds_is_304_with_every_header_and_nothing_else(world):
    token = {"HTTP_AUTHORIZATION": f"Bearer {make_token(world.member)}"}
    path = f"/issues/{world.issue_id}"
    _, headers, _ = called(path, **token)
    short = called(path, HTTP_IF_NONE_MATCH=headers["ETag"], **token)

    assert short[0] == 304
    assert short[2] == b""
    assert "Content-Length" not in short[1]
    assert comparable(short) == comparable(whole_way(path, HTTP_IF_NONE_MATCH=headers["ETag"], **token))


def test_a_write_and_its_refusal_are_alike_too(world):
    token = {"HTTP_AUTHORIZATION": f"Bearer {make_token(world.member)}"}
    for body in (b'{"title": ""', b'{"title": ""}', b"[]"):
        assert comparable(called("/issues", "POST", body, **token)) == comparable(
            whole_way("/issues", "POST", body, **token)
        )
    status, headers, _ = called("/issues", "POST", b'{"title": "A", "description": []}', **token)
    assert status == 201
    assert headers["Location"].startswith("/issues/")


def test_a_browsers_cookie_goes_the_whole_way_and_a_page_too(world, client):
    client.force_login(world.member)
    cookie = {"HTTP_COOKIE": f"sessionid={client.cookies['sessionid'].value}"}
    assert called("/issues", **cookie)[0] == 200
    status, headers, _ = called("/dashboard", **cookie)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert called("/dashboard")[0] == 302  # to the sign-in page
    assert (
        called("/nowhere", HTTP_AUTHORIZATION="Bearer wrong")[1]["Content-Type"] == "text/html; charset=utf-8"
    )


def test_over_plain_http_production_sends_to_https_and_says_so_over_https(world, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    secure = Application()  # SecurityMiddleware reads its settings when it is made
    token = {"HTTP_AUTHORIZATION": f"Bearer {make_token(world.member)}"}
    said: list[Any] = []
    secure(environment("/issues", **token), lambda *args: said.extend(args))
    assert said[0].startswith("301")
    said.clear()
    secure(environment("/issues", **token) | {"wsgi.url_scheme": "https"}, lambda *args: said.extend(args))
    assert said[0].startswith("200")
    assert ("Strict-Transport-Security", "max-age=60") in [
        (name, value.partition(";")[0]) for name, value in said[1]
    ]


def test_a_client_names_its_request_and_a_proxy_its_client(world, settings):
    settings.PROXIES = 1
    _, headers, _ = called("/issues", HTTP_X_REQUEST_ID="run-1187", HTTP_X_FORWARDED_FOR="203.0.113.7")
    assert headers["X-Request-ID"] == "run-1187"


def test_a_connection_that_was_closed_is_made_anew(world):
    token = {"HTTP_AUTHORIZATION": f"Bearer {make_token(world.member)}"}
    assert called("/issues", **token)[0] == 200
    connection.close()
    assert called("/issues", **token)[0] == 200

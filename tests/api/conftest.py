"""A client that speaks JSON as somebody, and checks what every answer must have."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from issues.models import User
from tests.factories import make_token, make_user


class Api:
    """Calls the JSON routes with a token; every answer is checked for what all answers have."""

    def __init__(self, user: User | None = None, **token: Any) -> None:
        self.user = user or make_user()
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {make_token(self.user, **token)}"}

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        type_: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        response = self.client.generic(
            method, path, data, content_type=type_, headers={**self.headers, **names}
        )
        assert response.status_code != 500, response.content
        assert response.headers["X-Request-ID"]
        if response.status_code >= 400:
            problem = response.json()
            assert response.headers["Content-Type"] == "application/problem+json"
            assert list(problem) == ["type", "title", "status", "detail", "errors"]
            assert problem["status"] == response.status_code
        return response

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.call("PATCH", path, body, **headers)

    def put(self, path: str, body: Any = None) -> HttpResponse:
        return self.call("PUT", path, body)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.call("DELETE", path, **headers)

    def upload(self, path: str, **fields: Any) -> HttpResponse:
        return self.client.post(path, fields, headers=self.headers)


def pointers(response: HttpResponse) -> set[str]:
    """Where the problems of a 422 are."""
    assert response.status_code == 422, response.content
    return {problem["pointer"] for problem in response.json()["errors"]}


@pytest.fixture
def api(db):
    return Api()


@pytest.fixture
def agent(db):
    return Api(User.objects.agent())

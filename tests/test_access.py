"""Who may do what where: every route of the resolver × every method × every kind of caller."""

import json
from itertools import product

import pytest
from django.test import Client

from issues.models import Event, Scope
from tests.factories import make_token
from tests.routes import (
    ADMINISTRATOR,
    ANYBODY,
    API,
    AUTHOR,
    MEMBER,
    METHODS,
    PAGES,
    VIEWER,
    Route,
    World,
    all_routes,
)

pytestmark = pytest.mark.django_db

ROUTES = all_routes()
HOW_TO_ADD = (
    "{} is in the resolver, but tests/routes.py does not say who may use it. Add a line to PAGES or API there, such as "
    '"/trash": READ or "/issues/<issue_id>/watch": {{"PUT": MEMBER}}, and a value to World for a part of the address that is '
    "new (<number>, <issue_id> … are there). Nothing else is needed: the matrix and the crawls come from that line."
)
# A body with which most routes can do their work; what they do not know they ignore.
BODY = {"title": "A title", "description": [], "content": "Some words", "emoji": "👍", "file_type": "plan"}

# Who calls: whose session or token it is. A level lists who is let through.
SESSIONS = ("nobody", "viewer", "member", "administrator")
TOKENS = {
    "token of a viewer": ("viewer", (Scope.READ, Scope.WRITE)),
    "token read": ("member", (Scope.READ,)),
    "token write": ("member", (Scope.READ, Scope.WRITE)),
}
MAY = {
    ANYBODY: {*SESSIONS, *TOKENS},
    VIEWER: {"viewer", "member", "administrator", *TOKENS},
    MEMBER: {"member", "administrator", "token write"},
    AUTHOR: {"member", "token write"},
    ADMINISTRATOR: {"administrator"},
}


@pytest.fixture
def world(production):
    return World()


def test_every_route_is_written_down_and_nothing_else():
    missing = sorted({route.address for route in ROUTES if route.allowed is None})
    assert not missing, "\n".join(HOW_TO_ADD.format(address) for address in missing)

    known = {route.address for route in ROUTES}
    assert sorted((PAGES.keys() | API.keys()) - known) == [], "These lines of tests/routes.py have no route."


def test_nothing_is_seen_without_signing_in(world):
    """All in one world, which nobody may change."""
    before = Event.objects.count()
    wrong = []
    for route, method in product(ROUTES, METHODS):
        allowed = route.allowed or {}
        response = call(Client(raise_request_exception=False), method, route.path(world))

        status = response.status_code
        if allowed.get("GET" if method == "HEAD" else method) == ANYBODY or (
            ANYBODY in allowed.values() and status == 405
        ):
            is_right = status < 500
        elif route.is_api:
            is_right = status in (401, 405)
        else:
            is_right = status == 302 and response.headers["Location"].startswith("/signin")
        if not is_right:
            wrong.append(f"{method} {route.address}: {status}")
    assert Event.objects.count() == before
    assert not wrong, "\n".join(wrong)


def test_the_routes_under_api_v1_are_the_same_views():
    views = {route.address: route.view for route in ROUTES}

    assert [
        address
        for address, view in views.items()
        if address.startswith("/api/v1/") and views[address.removeprefix("/api/v1")] is not view
    ] == []


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if not route.address.startswith("/api/v1/")],
    ids=lambda route: route.address,
)
def test_everybody_may_do_exactly_what_is_written_down(route, world):
    before = Event.objects.count()
    wrong = []
    known: dict[str, tuple[Client, dict[str, str]]] = {}
    for method in METHODS:
        level = (route.allowed or {}).get("GET" if method == "HEAD" else method)
        # Where nobody may, the least and the most are asked. Refusals first: what is allowed may delete the thing.
        callers = (*SESSIONS, *TOKENS) if level else ("nobody", "administrator", "token write")
        for who in sorted(callers, key=lambda who: who in MAY.get(level, ())):
            expected = expectation(route, level, who)
            if who not in known:
                known[who] = caller(world, who)
            client, headers = known[who]
            response = call(client, method, route.path(world), headers=headers)
            got = outcome(response)
            if level == AUTHOR and expected == "403" and response.status_code == 404:
                got = "403"  # a form that is not theirs is not there
            if got != expected:
                wrong.append(
                    f"{method} {route.address} as {who}: {got} ({response.status_code}), not {expected}"
                )
            if method in ("GET", "HEAD"):
                continue
            if expected == "let through":
                world.mend()
                del known[who]  # it may have signed out
                before = Event.objects.count()
            elif Event.objects.count() != before:
                wrong.append(f"{method} {route.address} as {who} was refused, and changed something")
    assert not wrong, "\n".join(wrong)


def expectation(route: Route, level: str | None, who: str) -> str:
    """What a caller is answered: `let through`, or which refusal."""
    if level is not None and who in MAY[level] and (route.is_api or who in SESSIONS or level == ANYBODY):
        return "let through"
    if route.is_api:
        return "405" if level is None else "401" if who == "nobody" else "403"
    is_public = ANYBODY in (route.allowed or {}).values()
    if not is_public and (who == "nobody" or who in TOKENS):  # a token opens no page
        return "sign in"
    return "405" if level is None else "403"


def outcome(response) -> str:
    if response.status_code == 302 and response.headers["Location"].startswith("/signin"):
        return "sign in"
    if response.status_code in (401, 403, 405) or response.status_code >= 500:
        return str(response.status_code)
    return "let through"


def caller(world: World, who: str) -> tuple[Client, dict[str, str]]:
    client = Client(raise_request_exception=False)
    if who in TOKENS:
        owner, scopes = TOKENS[who]
        return client, {"Authorization": f"Bearer {make_token(world.person(owner), scopes=scopes)}"}
    if who != "nobody":
        client.force_login(world.person(who))
    return client, {}


def call(client: Client, method: str, path: str, headers: dict[str, str] | None = None):
    if path.startswith(("/issues", "/sessions", "/attachments", "/api/v1")):
        return client.generic(
            method, path, json.dumps(BODY), content_type="application/json", headers=headers or {}
        )
    if method == "POST":
        return client.post(path, {**BODY, "description": "Some words"}, headers=headers or {})
    return client.generic(method, path, headers=headers or {})

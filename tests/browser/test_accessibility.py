"""axe finds nothing on any page, in both themes, on a desk and on a phone, and nothing scrolls sideways."""

import json

import pytest
from playwright.sync_api import Page

from issues.models import Priority, Status, User
from tests.browser.accessibility import assert_accessible
from tests.factories import make_issue, make_session
from tests.routes import PAGES, World, all_routes

# Addresses that answer GET with no page of their own: elsewhere, a file, a stream. The sign-in page is in test_people.py.
NO_PAGE = {
    "/board",
    "/fnd-<number>",
    "/<number>",
    "/FND-<number>/figure",
    "/file/<attachment_id>",
    "/file/<attachment_id>/preview",
    "/file/<attachment_id>/reading",
    "/dashboard/<name>.csv",
    "/issues.csv",
    "/live",
    "/menu/<field>",
    "/signin",
    "/link/<key>",
}
PAGE_ROUTES = [
    route for route in all_routes() if "GET" in PAGES.get(route.address, {}) and route.address not in NO_PAGE
]
PARTS = 2  # of the pages, each looked at in one world: making one takes longer than a look at a page


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing(page, part, subtests):
    world = World(member=User.objects.local())
    make_some_of_everything(world)

    looked_at = 0
    for route in PAGE_ROUTES[part::PARTS]:
        page.set_viewport_size({"width": 1440, "height": 900})
        response = page.goto(route.path(world))
        assert response.status == 200, "NO_PAGE lists what is no page."
        if not response.text().startswith("<!doctype html>"):
            continue  # a piece of a page, which is looked at where it stands
        looked_at += 1
        with subtests.test(route.address):
            assert_accessible(page)
        with subtests.test(route.address, width=390):
            page.set_viewport_size({"width": 390, "height": 844})
            settle(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, "It scrolls sideways."
            assert_accessible(page, themes=())  # the colours are the same at every width
    assert looked_at > 5


def settle(page: Page) -> None:
    """Wait until the new width has been laid out and drawn: a page that was just resized still has its old boxes."""
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def make_some_of_everything(world: World) -> None:
    """What a page can show: every status and priority, tags, owners, Atlas, comments, reactions, a code block and a table."""
    atlas = User.objects.agent()
    for number, status in enumerate([*Status, None]):
        make_issue(
            atlas if number % 2 else world.member,
            title=f"Reaction wheel {number} runs at 6,012 rpm for 148 s",
            status=status,
            priority=[Priority.HIGH, Priority.MEDIUM, Priority.LOW][number % 3],
            tags=["anomaly", "power"][: number % 3],
            owner=[world.member.email, "Unassigned"][number % 2],
        )
    blocks = [
        {"type": "header", "data": {"level": 2, "text": "What was seen"}},
        {"type": "paragraph", "text": "Below the **24.0 V** limit, see `bus_v` and [the plan](https://example.com)."},
        {"type": "code", "data": {"code": "a long line of code " * 12}},
        {"type": "spectrogram", "bins": [1, 2]},
        {"type": "table", "data": {"withHeadings": True, "content": [["Time", "Value"], ["14:32:04", "71 °C"]]}},
    ]  # fmt: skip
    world.issue.change(
        by=world.administrator, description=json.dumps(blocks), status=Status.IN_PROGRESS, tags=["power"]
    )
    world.issue.change(by=world.member, sessions=[make_session(world.member, title="TVAC review").uuid])
    said = "Cell 5 is **cold**, see FND-1, @local@localhost.\n\n- one\n- two"
    comment = world.issue.comment(by=world.administrator, content="Cell 5 is **cold**.")
    comment.edit(said, by=world.administrator)
    comment.react("👍", by=world.member)
    world.issue.comment(by=world.member, content="To be deleted.").trash(by=world.member)

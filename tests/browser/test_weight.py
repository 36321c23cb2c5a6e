"""What goes over the wire: the first visit of a full board, and what anything after that costs; and that nothing jumps."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from issues.api.wsgi import Application
from issues.models import Status, User
from tests.browser.conftest import served
from tests.factories import make_comment, make_issue, make_user
from tests.routes import World

FIRST_MAX, WITHOUT_FONTS_MAX, LATER_MAX = 110_000, 60_000, 15_000  # bytes
TEXT = json.dumps([{"type": "paragraph", "text": "Fell below the limit. " * 20}])
SHIFT_MAX = 0.01  # of a page, all shifts together: a tenth of what counts as good
WATCH_SHIFTS = """
    window.shifts = [];
    const box = ({x, y, width, height}) => [x, y, width, height].map(Math.round).join(" ");
    const what = ({node, previousRect, currentRect}) =>
        `${(node?.outerHTML ?? node?.parentElement?.outerHTML ?? "gone").slice(0, 100)} from ${box(previousRect)} to ${box(currentRect)}`;
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((one) => [one.value, one.sources.map(what)])))
        .observe({type: "layout-shift", buffered: true});
"""
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def test_a_first_visit_and_what_follows_are_light(new_page: Page):
    page = new_page
    ada = make_user()
    for n in range(48):
        make_issue(ada, title=f"Reaction wheel {n} runs at 6,0{n:02} rpm for {n * 7} s in the cold case",
                   status=list(Status)[n % 4], priority=["high", "medium", "low"][n % 3], tags=["anomaly", f"unit-{n % 9}"])  # fmt: skip
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    addresses: dict[str, str] = {}
    loaded: dict[str, int] = {}
    network.on(
        "Network.requestWillBeSent",
        lambda said: addresses.update({said["requestId"]: said["request"]["url"]}),
    )
    network.on(
        "Network.loadingFinished", lambda said: loaded.update({said["requestId"]: said["encodedDataLength"]})
    )

    with page.expect_response("**/live?*"):  # a second after everything else
        page.goto("/")
    first = sum(loaded.values())
    fonts = sum(size for request, size in loaded.items() if "woff2" in addresses[request])
    assert first < FIRST_MAX, (first, fonts)
    assert first - fonts < WITHOUT_FONTS_MAX, (first, fonts)

    before = set(loaded)
    page.keyboard.press("j")
    page.keyboard.press("s")
    with page.expect_request_finished(lambda request: request.url.endswith("/card")):
        page.get_by_role("option", name="In progress").click()
    expect(page.get_by_text("is in progress")).to_be_visible()
    news = ("/live", "/board/changes")  # of the issues made above: they are no part of this
    later = {
        addresses[request]: size
        for request, size in loaded.items()
        if request not in before and not any(name in addresses[request] for name in news)
    }
    assert sum(later.values()) < LATER_MAX, later


def assert_nothing_moved(page: Page) -> None:
    shifts = page.evaluate("window.shifts")
    assert sum(value for value, _ in shifts) < SHIFT_MAX, (page.url, shifts)


def test_nothing_moves_when_script_fills_in_ages_and_counts(page: Page, phone_page: Page):
    issue = make_issue(
        User.objects.agent(), title="Reaction wheel 3 runs at 6,012 rpm", description=TEXT, job_run_id=uuid4()
    )
    for one in (page, phone_page):
        one.add_init_script(WATCH_SHIFTS)
        for path in ("/", "/list", f"/{issue.reference}"):
            with one.expect_response("**/live?*"):
                one.goto(path)
            assert_nothing_moved(one)


class InPieces:
    """The application behind a slow network: a page comes piece by piece, each when it is asked for."""

    def __init__(self) -> None:
        self.application = Application()
        self.asked: SimpleQueue[None] = SimpleQueue()
        self.left: SimpleQueue[int] = SimpleQueue()  # how many pieces are to come, said as one has been sent

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_SEC_FETCH_DEST") != "document":
            return self.application(environ, start_response)
        del environ["HTTP_ACCEPT_ENCODING"]
        html = b"".join(self.application(environ, start_response))
        pieces = re.split(rb"(?=<(?:nav|aside|section|article|main|form|ol|ul|table|dl|h1|details)\b)", html)
        return self.one_by_one(pieces)

    def one_by_one(self, pieces: list[bytes]) -> Iterator[bytes]:
        for left in reversed(range(len(pieces))):
            yield pieces[-1 - left]
            self.left.put(left)
            if left:
                self.asked.get()


@pytest.mark.parametrize("kind", ["page", "phone_page"])
def test_nothing_moves_while_a_page_comes_slowly(request, kind):
    """Each piece of it is drawn before the next one comes; the script runs when all of it has been drawn, and the typeface is last."""
    page: Page = request.getfixturevalue(kind)
    world = World(member=User.objects.local())
    issue = make_issue(
        User.objects.agent(), title="Reaction wheel 3 runs at 6,012 rpm", description=TEXT, job_run_id=uuid4(),
        tags=["anomaly"], owner=world.member.email,
    )  # fmt: skip
    make_comment(issue, content="Cell 5 sits next to the radiator strap.")
    slow = InPieces()
    page.add_init_script(WATCH_SHIFTS)
    typefaces: list[Route] = []
    page.route("**/*.woff2", lambda route: typefaces.append(route))

    with served(slow) as address:
        for path in ("/", "/list", f"/{issue.reference}", f"/{world.issue.reference}", "/dashboard", "/new", "/account", "/trash",
                     f"/session/{world.session_id}", f"/file/{world.attachment_id}/view"):  # fmt: skip
            page.goto(address + path, wait_until="commit")
            while slow.left.get(timeout=30):
                page.evaluate(DRAWN)
                slow.asked.put(None)
            page.wait_for_load_state("domcontentloaded")
            page.evaluate(DRAWN)
            while typefaces:
                typefaces.pop().continue_()
            page.wait_for_load_state()
            page.evaluate(DRAWN)
            assert_nothing_moved(page)


def test_who_asks_for_less_motion_sees_a_new_color_at_once(page: Page):
    """In the tests' browser, too, which asks for it: nothing passes slowly from one element to those inside it."""
    page.goto("/")

    under_way = """() => {
        document.body.style.color = "red";
        return document.getAnimations().length;
    }"""
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate(under_way) == 0

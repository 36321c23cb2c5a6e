"""What goes over the wire: the first visit of a full board, and what anything after that costs; and that nothing jumps."""

import json
from uuid import uuid4

from playwright.sync_api import Page, expect

from issues.models import Status, User
from tests.factories import make_issue, make_user

FIRST_MAX, WITHOUT_FONTS_MAX, LATER_MAX = 110_000, 60_000, 15_000  # bytes
TEXT = json.dumps([{"type": "paragraph", "text": "Fell below the limit. " * 20}])
WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((one) => one.value)))
        .observe({type: "layout-shift", buffered: true});
"""


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


def test_nothing_moves_when_script_fills_in_ages_and_counts(page: Page, phone_page: Page):
    issue = make_issue(
        User.objects.agent(), title="Reaction wheel 3 runs at 6,012 rpm", description=TEXT, job_run_id=uuid4()
    )
    for one in (page, phone_page):
        one.add_init_script(WATCH_SHIFTS)
        for path in ("/", "/list", f"/{issue.reference}"):
            with one.expect_response("**/live?*"):
                one.goto(path)
            assert one.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)") < 0.01, path


def test_who_asks_for_less_motion_sees_a_new_color_at_once(page: Page):
    """In the tests' browser, too, which asks for it: nothing passes slowly from one element to those inside it."""
    page.goto("/")

    under_way = """() => {
        document.body.style.color = "red";
        return document.getAnimations().length;
    }"""
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate(under_way) == 0

"""axe finds nothing in what opens over the board: menu, question, palette and help, in both themes and 390 px wide."""

import pytest

from tests.browser.accessibility import assert_accessible
from tests.factories import make_issue, make_user


def opened(page, what: str) -> None:
    page.goto("/")
    match what:
        case "menu":
            page.keyboard.press("j")
            page.keyboard.press("t")
            page.get_by_role("option").first.wait_for()
        case "question":
            page.keyboard.press("j")
            page.keyboard.press("s")
            page.get_by_role("option", name="Resolved").click()
            page.get_by_label("What was it?").wait_for()
        case "palette":
            page.keyboard.press("Control+k")
            page.keyboard.type("batt")
            page.get_by_role("option", name="FND-").first.wait_for()
        case "help":
            page.keyboard.press("?")
            page.get_by_role("dialog", name="Keyboard").wait_for()


@pytest.mark.parametrize("what", ["menu", "question", "palette", "help"])
def test_axe_finds_nothing(page, what):
    someone = make_user("mara.lindqvist@example.com")
    for status in ("open", "in_progress", "resolved", "rejected"):
        make_issue(by=someone, status=status, priority="high", tags=["power"], owner=someone.email)

    opened(page, what)
    assert_accessible(page)

    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, what)
    assert_accessible(page, themes=())

"""axe finds nothing on the board, in its menus and overlays: in both themes, and 390 px wide."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.factories import make_issue, make_user

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


def opened(page, what: str) -> None:
    page.goto("/help" if what == "help page" else "/palette?q=battery" if what == "search page" else "/")
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


@pytest.mark.parametrize("what", ["board", "menu", "question", "palette", "help", "help page", "search page"])
def test_axe_finds_nothing(page, what):
    someone = make_user("mara.lindqvist@example.com")
    for status in ("open", "in_progress", "resolved", "rejected"):
        make_issue(by=someone, status=status, priority="high", tags=["power"], owner=someone.email)
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 844})
            opened(page, what)
            found += [
                f"{theme} {width}: {violation['id']} {[node['html'][:160] for node in violation['nodes'][:3]]}"
                for violation in Axe().run(page, options=RULES).response["violations"]
            ]
    assert found == [], "\n".join(found)

"""Keys: what is bound is in the help, single keys can be turned off, and nobody is disturbed while typing."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import make_issue
from tests.models.test_plan import make_plan


def pressed(keys: str) -> set[str]:
    """What the help prints of a shortcut: "Shift+ArrowLeft" is among "Shift ← →", "g b" is "G B"."""
    names = {"control": "ctrl", "arrowright": "→", "arrowleft": "←", "escape": "esc"}
    return {names.get(key, key) for key in re.split("[ +]", keys.lower())}


@pytest.mark.parametrize("what", ["board", "list", "plan"])
def test_every_bound_key_stands_in_the_help(page, what):
    plan = make_plan(issue=make_issue())
    page.goto({"board": "/", "list": "/list", "plan": f"/{plan.issue.reference}/plans/{plan.uuid}"}[what])
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard")
    expect(help_.get_by_role("heading", level=1)).to_have_text("Keyboard")  # as on the page of that name
    printed = [set(line.lower().split()) for line in help_.locator("dd").all_inner_texts()]
    address = page.locator("script[src*='js/app']").get_attribute("src")

    bound = page.evaluate(
        """async (address) => {
            const source = await (await fetch(address)).text();
            const keys = await import(new URL(/from "(\\.\\/keys[^"]*)"/.exec(source)[1], new URL(address, location)).href);
            return keys.shortcuts().map((one) => one.keys[0]);
        }""",
        address,
    )

    assert len(bound) > 10
    bound = [keys for keys in bound if not keys.startswith("Arrow")]  # they go where they point
    assert [keys for keys in bound if not any(pressed(keys) <= line for line in printed)] == []


def test_single_keys_can_be_turned_off_and_stay_off(page):
    make_issue()
    page.goto("/")
    page.keyboard.press("?")
    with page.expect_response(lambda response: response.request.method == "POST") as answer:
        page.get_by_label("Single-key shortcuts").uncheck()
    assert answer.value.status == 204
    page.keyboard.press("Escape")

    page.reload()
    page.keyboard.press("n")
    page.keyboard.press("j")
    page.keyboard.press("Control+k")

    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/$"))
    assert page.locator(".card a:focus").count() == 0


def test_the_switch_works_without_script(plain_page):
    plain_page.goto("/help")
    plain_page.get_by_label("Single-key shortcuts").uncheck()
    plain_page.get_by_role("button", name="Save").click()

    expect(plain_page.get_by_label("Single-key shortcuts")).not_to_be_checked()


def test_letters_in_a_field_are_letters_and_esc_leaves_it(page):
    make_issue()
    page.goto("/")

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("n?u")
    expect(page.get_by_role("searchbox")).to_have_value("n?u")
    expect(page.locator("#total")).to_have_text("0 issues")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")

    expect(page.get_by_role("searchbox")).not_to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_g_then_b_goes_to_the_board(page):
    issue = make_issue()
    page.goto(f"/{issue.reference}")

    page.keyboard.press("g")
    page.keyboard.press("b")

    expect(page.get_by_role("heading", name="Board")).to_be_visible()


def test_esc_closes_a_menu_before_anything_else_and_gives_the_focus_back(page):
    issue = make_issue()
    page.goto("/")
    page.keyboard.press("j")

    page.keyboard.press("s")
    expect(page.get_by_role("listbox", name="Status")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("listbox", name="Status")).to_have_count(0)
    expect(page.get_by_role("link", name=issue.title)).to_be_focused()

"""Keys: what is bound is in the help, single keys can be turned off, and nobody is disturbed while typing."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import make_issue
from tests.models.test_plan import make_plan


def pressed(keys: str) -> str:
    """How the help prints a key: "Shift+ArrowLeft" as the last of "Shift ← →"."""
    return {"Control+k": "K", "Shift+ArrowRight": "→", "Shift+ArrowLeft": "←"}.get(
        keys, keys.split("+")[-1].split()[-1]
    )


@pytest.mark.parametrize("what", ["board", "plan"])
def test_every_bound_key_stands_in_the_help(page, what):
    plan = make_plan(issue=make_issue())
    page.goto("/" if what == "board" else f"/{plan.issue.reference}/plans/{plan.uuid}")
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard")
    expect(help_).to_be_visible()
    printed = {key.lower() for key in help_.locator("kbd").all_inner_texts()}
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
    assert [keys for keys in bound if pressed(keys).lower() not in printed] == []


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

"""Plans are ticked by pointer, key and thumb, and what others tick appears while one looks."""

from playwright.sync_api import expect

from issues.models import User
from tests.browser.accessibility import assert_accessible
from tests.models.test_plan import done, make_plan


def test_ticks_show_at_once_reach_others_and_are_taken_back_by_u(page, another_page):
    plan = make_plan(by=User.objects.local())
    address = f"/{plan.issue.reference}/plans/{plan.uuid}"
    page.goto(address)
    another_page.goto(address)
    strap = page.get_by_role("checkbox", name="Check the strap")

    page.get_by_text("Check the strap").click()

    expect(strap).to_be_checked()
    expect(page.locator("#toast")).to_contain_text("ticked")
    expect(another_page.get_by_role("checkbox", name="Check the strap")).to_be_checked()
    expect(another_page.locator("#done")).to_have_text("2 of 3 steps")

    page.get_by_role("heading", name="Plan", exact=True).click()
    page.keyboard.press("u")
    expect(strap).not_to_be_checked()
    expect(another_page.get_by_role("checkbox", name="Check the strap")).not_to_be_checked()


def test_by_keyboard_the_focus_stays_on_its_step(page):
    plan = make_plan(by=User.objects.local())
    page.goto(f"/{plan.issue.reference}/plans/{plan.uuid}")

    page.keyboard.press("j")
    page.keyboard.press("j")
    again = page.get_by_role("checkbox", name="Measure again")
    expect(again).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#done")).to_have_text("2 of 3 steps")
    expect(again).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#done")).to_have_text("1 of 3 steps")
    page.keyboard.press("k")
    expect(page.get_by_role("checkbox", name="Check the strap")).to_be_focused()
    assert_accessible(page, themes=("light",))


def test_without_script_and_on_a_phone(plain_page, phone_page):
    plan = make_plan(by=User.objects.local())
    address = f"/{plan.issue.reference}/plans/{plan.uuid}"

    plain_page.goto(address)
    plain_page.get_by_role("checkbox", name="Check the strap").click()
    expect(plain_page.get_by_role("checkbox", name="Check the strap")).to_be_checked()

    phone_page.goto(address)
    phone_page.get_by_role("checkbox", name="Measure again").tap()
    expect(phone_page.locator("#done")).to_have_text("3 of 3 steps")
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert done(plan) == ["Check the strap", "Measure again", "Read the log"]

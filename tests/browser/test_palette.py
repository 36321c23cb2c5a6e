"""The command palette: jumps to issues, runs commands where the focus was, and gives focus back."""

import re

from playwright.sync_api import expect

from issues.models import Issue
from tests.factories import make_issue, make_user


def test_an_issue_is_found_by_a_word_and_opened(page):
    make_issue(title="Heater 1 duty cycle above 80 %")
    issue = make_issue(title="Battery string B drops to 22.3 V")
    page.goto("/")

    page.keyboard.press("Control+k")
    page.keyboard.type("batt")
    option = page.get_by_role("option", name=issue.reference)
    expect(option).to_have_attribute("aria-selected", "true")
    expect(option.locator("mark").first).to_have_text("Batt")  # while "b" is shown there are two
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(rf"/{issue.reference}\b"))


def test_a_reference_and_enter_do_not_wait_for_the_server(page):
    issue = make_issue()
    page.goto("/")

    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type(str(issue.pk))
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(rf"/{issue.reference}\b"))


def test_a_command_runs_on_the_card_that_had_the_focus(page):
    issue = make_issue()
    page.goto("/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=issue.title)).to_be_focused()

    page.keyboard.press("Control+k")
    page.keyboard.type("move card right")
    expect(page.get_by_role("option", name="Move card right Shift →")).to_have_attribute(
        "aria-selected", "true"
    )
    page.keyboard.press("Enter")

    expect(page.get_by_text(f"{issue.reference} is in progress")).to_be_visible()
    assert Issue.objects.get().status == "in_progress"


def test_esc_closes_it_and_gives_the_focus_back(page):
    issue = make_issue()
    page.goto("/")
    page.keyboard.press("j")

    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name=issue.title)).to_be_focused()


def test_people_and_tags_come_after_commands(page):
    make_user("mara.lindqvist@example.com")
    issue = make_issue(tags=["marathon"])
    page.goto("/")

    page.get_by_role("link", name="Search or jump").click()
    page.keyboard.type("mara")

    expect(page.get_by_role("option")).to_have_text(
        [
            re.compile(issue.reference),
            "New issue titled “mara”",
            re.compile("Issues of Mara Lindqvist"),
            re.compile("Filter by tag marathon"),
        ]
    )


def test_without_script_it_is_a_page_with_a_search_field(plain_page):
    issue = make_issue(title="Battery string B drops to 22.3 V")
    plain_page.goto("/")

    plain_page.get_by_role("link", name="Search or jump").click()
    plain_page.get_by_role("searchbox").fill("battery")
    plain_page.get_by_role("button", name="Search").click()

    expect(plain_page.get_by_role("link", name=issue.reference)).to_be_visible()


def test_what_cannot_be_looked_for_is_said(page):
    make_issue(title="Battery drops")
    page.goto("/")
    page.keyboard.press("Control+k")
    page.route("**/palette?*", lambda route: route.abort())

    page.keyboard.type("battery")
    expect(page.get_by_text("Issues were not looked for. The server did not answer.").first).to_be_visible()
    page.unroute("**/palette?*")
    page.keyboard.type(" drops")

    expect(page.get_by_role("option", name="Battery drops").first).to_be_visible()
    expect(page.get_by_text("Issues were not looked for.")).to_have_count(0)

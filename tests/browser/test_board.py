"""The board in a browser: looked at, filtered, and moved by key, by menu and by plain form."""

from playwright.sync_api import expect

from issues.models import Issue
from tests.factories import make_issue


def test_a_new_finding_is_on_the_board(page):
    issue = make_issue(title="Battery string B drops to 22.3 V")

    page.goto("/")

    column = page.get_by_role("region", name="Board columns").locator("#col-open")
    expect(column.get_by_role("link", name=issue.title)).to_be_visible()
    expect(page.get_by_text("1 issue")).to_be_visible()


def test_a_card_is_moved_by_key(page):
    issue = make_issue()
    page.goto("/")

    page.get_by_role("link", name=issue.title).focus()
    page.keyboard.press("Shift+ArrowRight")

    expect(page.locator("#col-in_progress").get_by_role("link", name=issue.title)).to_be_focused()
    expect(page.get_by_text(f"{issue.reference} is in progress")).to_be_visible()
    assert Issue.objects.get().status == "in_progress"


def test_a_card_is_moved_by_plain_form(plain_page):
    issue = make_issue()
    plain_page.goto("/")

    plain_page.get_by_label(f"Move {issue.reference}").click()
    plain_page.get_by_role("button", name="In progress").click()

    expect(plain_page.locator("#col-in_progress").get_by_role("link", name=issue.title)).to_be_visible()

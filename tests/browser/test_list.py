"""The list in a browser: sorted, selected by keys and ranges, changed at once, taken back; with script and without."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from tests.browser.accessibility import assert_accessible
from tests.factories import make_issue, make_user


@pytest.fixture
def issues():
    ada = make_user("ada@example.com")
    return [make_issue(ada, title=f"Finding {letter}", tags=["power"]) for letter in "edcba"]


def ticked(page):
    return page.locator(".list tbody :checked")


def test_is_sorted_by_its_headings_and_back_works(page, issues):
    page.goto("/list")

    page.get_by_role("link", name="Title", exact=True).click()

    expect(page.locator("tbody .c-title a").first).to_have_text("Finding a")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Title")
    expect(page).to_have_url(re.compile(r"sort=title"))
    page.go_back()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Created")


def test_the_heading_that_sorts_keeps_the_focus(page, issues):
    page.goto("/list")
    page.get_by_role("link", name="Title", exact=True).focus()
    page.wait_for_function("window.htmx")

    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Title")
    expect(page.get_by_role("link", name="Title", exact=True)).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("th[aria-sort=descending]")).to_have_text("Title")


def test_a_range_is_selected_and_changed_by_keys_and_taken_back(page, issues):
    page.goto("/list?sort=title")

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("Shift+j")
    page.keyboard.press("Shift+j")
    expect(page.locator("#selected")).to_have_text("3 selected")
    page.keyboard.press("s")
    page.get_by_role("option", name="Resolved").click()

    expect(page.get_by_text("3 issues resolved")).to_be_visible()
    expect(page.locator(".c-status .st-resolved")).to_have_count(3)
    page.keyboard.press("u")
    expect(page.get_by_text("Undone: 3 issues resolved")).to_be_visible()
    expect(page.locator(".c-status .st-open")).to_have_count(5)
    expect(page.locator("#selected")).to_have_text("3 selected")
    assert set(Issue.objects.values_list("status", flat=True)) == {"open"}


def test_a_range_is_selected_by_pointer(page, issues):
    page.goto("/list?sort=title")

    page.get_by_label(f"Select {issues[4].reference}").click()
    page.get_by_label(f"Select {issues[1].reference}").click(modifiers=["Shift"])
    expect(page.locator("#selected")).to_have_text("4 selected")
    page.get_by_label("Select all on this page").click()
    expect(ticked(page)).to_have_count(5)
    page.keyboard.press("Escape")

    expect(ticked(page)).to_have_count(0)
    expect(page.locator("#bulk")).to_be_hidden()


def test_the_selection_outlives_a_filter(page, issues):
    make_issue(title="Other", tags=["other"])
    page.goto("/list?sort=title")
    page.get_by_label(f"Select {issues[4].reference}").click()

    page.get_by_label("Search issues").fill("Other")
    expect(page.locator(".list tbody tr[data-id]")).to_have_count(1)
    expect(page.locator("#selected")).to_have_text("1 selected, 1 not shown")
    expect(page.locator("#bulk")).to_be_visible()
    page.get_by_label("Search issues").fill("")

    expect(ticked(page)).to_have_count(1)


def test_one_row_is_changed_without_selecting_it(page, issues):
    page.goto("/list?sort=title")

    page.keyboard.press("j")
    page.keyboard.press("p")
    page.get_by_role("option", name="High").click()

    expect(page.get_by_text("Priority of 1 issue set to high")).to_be_visible()
    expect(page.locator(".list tbody .prio-high")).to_have_count(1)
    expect(page.get_by_role("link", name="Finding a")).to_be_focused()


def test_deleting_and_clearing_by_keyboard_leave_the_focus_in_the_list(page, issues):
    page.goto("/list?sort=title")
    for key in "jxjx":
        page.keyboard.press(key)

    page.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("link", name="Finding c")).to_be_focused()
    page.keyboard.press("x")
    page.get_by_role("link", name="Clear selection").press("Enter")

    expect(page.locator("#bulk")).to_be_hidden()
    expect(page.get_by_role("link", name="Finding c")).to_be_focused()


def test_deleting_leaves_the_list_and_undo_brings_it_back(page, issues):
    page.goto("/list?sort=title")
    page.get_by_label(f"Select {issues[4].reference}").click()

    page.get_by_role("button", name="Delete").click()

    expect(page.locator(".list tbody tr[data-id]")).to_have_count(4)
    expect(page.locator("#total")).to_have_text("4 issues")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".list tbody tr[data-id]")).to_have_count(5)


def test_all_that_match_are_selected_across_pages(page):
    ada = make_user()
    for _ in range(53):
        make_issue(ada)
    page.goto("/list")
    page.get_by_label("Select all on this page").click()

    page.get_by_role("button", name="Select all 53").click()

    expect(page.locator("#selected")).to_have_text("53 selected")
    page.locator(".more a").scroll_into_view_if_needed()
    expect(ticked(page)).to_have_count(53)
    page.keyboard.press("p")
    page.get_by_role("option", name="High").click()
    expect(page.get_by_text("Priority of 53 issues set to high")).to_be_visible()
    expect(page.locator(".list tbody .prio-high")).to_have_count(53)


def test_without_script_a_bar_of_forms_does_the_same(plain_page, issues):
    plain_page.goto("/list?sort=title")
    plain_page.get_by_label(f"Select {issues[4].reference}").check()
    plain_page.get_by_label(f"Select {issues[3].reference}").check()

    plain_page.locator("#bulk summary", has_text="Status").click()
    plain_page.locator("#bulk").get_by_role("button", name="Rejected").click()

    expect(plain_page.get_by_text("2 issues rejected")).to_be_visible()
    plain_page.get_by_role("button", name="Undo").click()
    expect(plain_page.get_by_text("Undone: 2 issues rejected")).to_be_visible()
    assert set(Issue.objects.values_list("status", flat=True)) == {"open"}


def test_what_somebody_else_changes_shows_in_its_place(page, issues):
    page.goto("/list?sort=title")
    page.keyboard.press("j")

    issues[4].change(by=make_user(), title="Zebra")

    expect(page.locator("tbody .c-title a").first).to_have_text("Zebra")
    expect(page.get_by_role("link", name="Zebra")).to_be_focused()


def test_axe_finds_nothing_where_rows_are_selected(page, phone_page, issues):
    for one, themes in ((page, ("light", "dark")), (phone_page, ())):
        one.goto("/list")
        one.get_by_label(f"Select {issues[4].reference}").click()
        assert_accessible(one, themes)

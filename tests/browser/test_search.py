"""Searching in a browser: one box for words and the query language; what is wrong is explained where it is typed."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.factories import make_issue, make_user


def box(page):
    return page.get_by_label("Search issues")


def test_a_mistake_is_explained_and_the_rows_stay(page):
    make_issue(title="Battery drops", priority="high", tags=["power"])
    make_issue(title="Fan stalls")
    page.goto("/list")

    page.keyboard.press("/")
    page.keyboard.type("priorty:high drops")
    expect(page.locator("#q-mistakes")).to_contain_text("priorty")
    expect(box(page)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".list tbody tr[data-id]")).to_have_count(2)
    box(page).fill("priority:high drop")

    expect(page.locator(".list tbody tr[data-id]")).to_have_count(1)
    expect(page.locator("#q-mistakes")).to_be_empty()
    expect(page.locator("#total")).to_have_text("1 issue")
    expect(page).to_have_url(re.compile(r"q=priority%3Ahigh(\+|%20)drop$"))


def test_a_reference_and_enter_open_the_issue(page, plain_page):
    issue = make_issue()
    for one in (page, plain_page):
        one.goto("/")
        box(one).fill(issue.reference.lower())

        box(one).press("Enter")

        expect(one.locator("h1", has_text=issue.title)).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/list"])
def test_what_others_change_while_the_filter_is_changed_stays_where_the_new_one_shows_it(page, path):
    """The answer to the old filter comes when the new one is shown already."""
    issue = make_issue(title="Other", priority="high")
    held: list[Route] = []
    page.route("**/changes?*priority=high*", lambda route: held.append(route))
    page.goto(f"{path}?priority=high")

    with page.expect_request("**/changes?*priority=high*"):
        issue.change(by=issue.created_by, priority="low")
    page.locator("[data-chip=priority]").press("Enter")
    expect(page.locator("[data-chip]")).to_have_count(0)
    with page.expect_response(lambda answer: "/changes?" in answer.url and "priority" not in answer.url):
        held.pop().continue_()

    expect(page.get_by_role("link", name="Other", exact=True)).to_be_visible()
    expect(page.locator("[data-left]")).to_have_count(0)


def test_filters_are_chips_that_are_taken_off_one_by_one(page):
    make_issue(title="Mine", priority="high", owner=make_user("ada@example.com").email)
    make_issue(title="Other", priority="high")
    page.goto("/")

    page.locator("summary", has_text="Priority").click()
    page.get_by_role("checkbox", name="High").check()
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Owner").click()
    page.get_by_role("checkbox", name="Ada").check()
    expect(page.locator(".card h3")).to_have_text(["Mine"])
    expect(page.locator("[data-chip]")).to_have_count(2)
    page.keyboard.press("Escape")
    page.locator("[data-chip=owner]").press("Enter")

    expect(page.locator(".card h3")).to_have_count(2)
    expect(page.locator("[data-chip]")).to_have_text(re.compile("High"))
    expect(page.locator("[data-chip]")).to_be_focused()
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator("[data-chip]")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/\??$"))


def test_without_script_a_query_and_its_mistake_are_plain_pages(plain_page):
    make_issue(title="Battery drops", tags=["power"])
    plain_page.goto("/list")
    box(plain_page).fill('tag:power -"never seen')
    box(plain_page).press("Enter")
    expect(plain_page.locator("#q-mistakes .err")).to_be_visible()
    expect(box(plain_page)).to_have_value('tag:power -"never seen')

    box(plain_page).fill('tag:power -"never seen"')
    box(plain_page).press("Enter")

    expect(plain_page.locator(".list tbody tr[data-id]")).to_have_count(1)


@pytest.mark.parametrize("path", ["/", "/list"])
def test_a_filter_that_does_not_get_through_says_so_and_is_tried_again(page, path):
    make_issue(title="Battery drops")
    make_issue(title="Fan stalls")
    page.goto(path)
    box(page).fill("drops")
    expect(page.locator("#total")).to_have_text("1 issue")

    page.route(f"**{path}?*", lambda route: route.abort())
    box(page).fill("stalls")
    expect(page.get_by_text("Nothing new is shown. The server did not answer.")).to_be_visible()
    expect(page.get_by_role("link", name="Battery drops")).to_be_visible()
    page.unroute(f"**{path}?*")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("link", name="Fan stalls")).to_be_visible()
    expect(page.get_by_role("link", name="Battery drops")).to_have_count(0)


def test_a_first_filter_without_the_server_says_so(page):
    make_issue(title="Battery drops")
    page.goto("/")
    page.route("**/htmx*.js", lambda route: route.abort())

    box(page).fill("stalls")

    expect(page.get_by_text("Nothing new is shown. The server did not answer.")).to_be_visible()

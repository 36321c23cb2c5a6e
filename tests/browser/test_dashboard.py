"""The dashboard in a real browser: filters, links, tables, with script and without, in both themes and on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from issues.models import User
from tests.browser.accessibility import assert_accessible
from tests.factories import make_issue, make_user


@pytest.fixture(autouse=True)
def issues() -> None:
    ada, atlas = make_user("ada@example.com"), User.objects.agent()
    for n in range(12):
        by = atlas if n % 2 else ada
        status = ("open", "in_progress", "resolved", "rejected")[n % 4]
        make_issue(by, status=status, tags=["power"] if n < 6 else ["tvac"], owner=ada.email)


def test_a_filter_changes_charts_and_address_and_back_undoes_it(page: Page):
    page.goto("/dashboard")
    expect(page.locator("#status .big")).to_have_text("12")

    page.get_by_label("Tag", exact=True).select_option("power")

    expect(page.locator("#status .big")).to_have_text("6")
    expect(page).to_have_url(re.compile("tag=power"))
    page.go_back()
    expect(page.locator("#status .big")).to_have_text("12")


def test_a_number_opens_the_list_of_what_it_counts(page: Page):
    page.goto("/dashboard?by=atlas")

    page.locator("#status .donut tr", has_text="In progress").get_by_role("link").click()

    expect(page).to_have_url(re.compile(r"/list\?status=in_progress&by=atlas"))


def test_the_browser_says_where_it_is(page: Page):
    page.goto("/dashboard")

    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert cookies["zone"] == zone.replace("/", "%2F")


def test_tables_open_and_filters_hold_without_script(plain_page: Page):
    plain_page.goto("/dashboard")
    table = plain_page.locator("#age table")
    expect(table).to_be_hidden()

    plain_page.locator("#age").get_by_text("Show as table").click()
    expect(table).to_be_visible()

    plain_page.get_by_label("Tag", exact=True).select_option("tvac")
    plain_page.get_by_role("button", name="Apply").click()
    expect(plain_page.locator("#status .big")).to_have_text("6")


def test_a_table_that_was_opened_stays_open_when_the_charts_are_drawn_anew(page: Page):
    page.goto("/dashboard")
    page.locator("#age").get_by_text("Show as table").click()
    expect(page.locator("#age table")).to_be_visible()

    page.get_by_text("Atlas", exact=True).first.click()

    expect(page.locator("#status .big")).to_have_text("6")
    expect(page.locator("#age table")).to_be_visible()


def test_a_phone_has_its_filters_in_a_sheet_that_stays(phone_page: Page):
    phone_page.goto("/dashboard")
    expect(phone_page.get_by_label("Tag", exact=True)).to_be_hidden()

    phone_page.get_by_role("button", name="Filters").click()
    phone_page.get_by_label("Tag", exact=True).select_option("power")

    expect(phone_page.locator("#open-filters")).to_have_text(re.compile(r"Filters\s+1"))
    expect(phone_page.get_by_label("Owner", exact=True)).to_be_visible()
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_wall_looks_again_by_itself_and_outlives_a_server_that_is_away(new_page: Page):
    wall = new_page.context.new_page()  # htmx reports the failures of this one as errors, which they are
    wall.clock.install()
    wall.goto("/dashboard/wall")
    number = wall.locator("#wall .kpi b").first
    expect(number).to_have_text("6")
    assert wall.evaluate("document.documentElement.scrollHeight") <= 900

    wall.route("**/dashboard/wall*", lambda route: route.abort())
    make_issue(make_user())
    wall.clock.run_for(61_000)
    expect(wall.get_by_text("Not connected")).to_be_visible()
    expect(number).to_have_text("6")

    wall.unroute("**/dashboard/wall*")
    wall.clock.run_for(61_000)
    expect(number).to_have_text("7")
    expect(wall.get_by_text("Not connected")).to_be_hidden()


def test_the_lists_file_is_of_what_is_filtered(page: Page):
    page.goto("/list")
    page.locator("#filter summary", has_text="Tag").click()
    page.locator("#filter").get_by_label("tvac", exact=True).check()
    expect(page.locator("#total")).to_have_text("6 issues")

    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()

    text = started.value.path().read_text(encoding="utf-8-sig")
    assert [len(text.splitlines()), text.count("tvac"), text.count("power")] == [7, 6, 0]


@pytest.mark.parametrize(("width", "themes"), [(1440, ("light", "dark")), (1120, ()), (390, ())])
def test_nothing_stands_in_anybodys_way(page: Page, width: int, themes: tuple[str, ...]):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/dashboard")

    assert_accessible(page, themes)  # the colours are the same at every width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".sheet").evaluate("sheet => sheet.scrollWidth <= sheet.clientWidth")
    assert page.locator(".donut > .chart").bounding_box()["width"] <= 152  # as drawn: its labels stay 11 px

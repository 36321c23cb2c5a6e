"""A recording looked at closely: zoomed by pointer, by key and by hand, its columns chosen, in place."""

import re

import pytest
from playwright.sync_api import expect

from issues.models import User
from issues.tasks import read_evidence
from tests.browser.accessibility import assert_accessible
from tests.factories import make_attachment

CSV = b"time_s,bus_v,temp_c\n" + b"".join(
    b"%d,%d.%d,21.%d\n" % (k, 22 if 60 <= k < 70 else 28, k % 3, k % 7) for k in range(201)
)


@pytest.fixture
def address(db):
    file = make_attachment(User.objects.local(), "telemetry.csv", CSV)
    read_evidence(file.pk)
    return f"/file/{file.uuid}/view"


def stretch(page) -> tuple[float, float]:
    """What is shown, from the address."""
    return tuple(float(page.locator("#stretch").get_attribute(f"data-{end}")) for end in ("from", "to"))


def test_dragging_zooms_and_back_shows_everything_again(page, address):
    page.goto(address)
    box = page.locator(".wide .chart").first.bounding_box()
    middle = box["y"] + box["height"] / 2

    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, middle, steps=3)
    page.mouse.up()

    expect(page.locator("#zoom-all")).to_have_attribute("href", re.compile("column"))
    begin, end = stretch(page)
    assert 50 < begin < 60 < 75 < end < 85
    page.go_back()
    expect(page.locator("#zoom-all")).to_have_attribute("aria-disabled", "true")
    assert stretch(page) == (0, 200)


def test_keys_zoom_and_move_and_fields_name_the_stretch(page, address):
    page.goto(address)

    page.keyboard.press("+")
    expect(page.locator("#from")).to_have_value("50")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#from")).to_have_value("100")
    page.keyboard.press("0")
    expect(page.locator("#from")).to_have_value("0")

    page.locator("#from").fill("58")
    page.locator("#to").fill("72")
    page.keyboard.press("Enter")
    expect(page.locator("#zoom-all")).to_have_attribute("href", re.compile("column"))
    expect(page.locator("#to")).to_be_focused()
    assert stretch(page) == (58, 72)

    box = page.get_by_role("checkbox", name="temp_c")
    box.uncheck()
    expect(page.locator("#stretch figure")).to_have_count(1)
    expect(box).to_be_focused()
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("columnheader", name="bus_v")).to_be_visible()
    assert_accessible(page, themes=("light",))


def test_without_script_links_and_fields_do_it_and_on_a_phone_the_drawing_fits(
    plain_page, phone_page, address
):
    plain_page.goto(address)
    plain_page.get_by_role("link", name="Zoom in").click()
    plain_page.get_by_role("textbox", name="From").fill("60")
    plain_page.get_by_role("button", name="Draw").click()
    assert stretch(plain_page) == (60, 150)

    phone_page.goto(address)
    drawing = phone_page.locator(".narrow .chart").first
    expect(drawing).to_be_visible()
    expect(phone_page.locator(".wide .chart").first).to_be_hidden()
    size = drawing.bounding_box()
    assert size["x"] >= 0
    assert 320 <= size["width"] <= 360  # drawn for 326: its letters keep their size
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390

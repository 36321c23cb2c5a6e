"""Evidence on the issue page: columns swap in place, pictures open over the page, what is being read says how far it is."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from issues.models import Attachment, Reading, User
from issues.tasks import read_evidence
from tests.browser.accessibility import assert_accessible
from tests.factories import make_attachment, make_issue

CSV = b"time_s,bus_v,temp_c,load_a\n" + b"".join(
    b"%d,%d.%d,21.%d,%d\n" % (k, 22 if 60 <= k < 70 else 28, k % 3, k % 7, 3 + (k > 100)) for k in range(200)
)


def picture(color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 400), color).save(out, "PNG")
    return out.getvalue()


def read(name: str, content: bytes) -> Attachment:
    file = make_attachment(User.objects.local(), name, content)
    read_evidence(file.pk)
    return file


@pytest.fixture
def issue(db):
    files = [read("telemetry.csv", CSV), read("one.png", picture("teal")), read("two.png", picture("navy"))]
    return make_issue(User.objects.local(), attachments=[file.uuid for file in files])


def test_a_tab_swaps_the_plot_keeps_the_focus_and_names_the_column_in_the_address(page, issue):
    page.goto(issue.get_absolute_url())
    figure = page.locator("#figure")
    tab = figure.get_by_role("link", name="temp_c")
    before = figure.locator(".chart").bounding_box()

    tab.focus()
    page.keyboard.press("Enter")

    expect(figure.get_by_role("img", name="temp_c in telemetry.csv")).to_be_visible()
    expect(tab).to_be_focused()
    expect(tab).to_have_attribute("aria-current", "true")
    assert figure.locator(".chart").bounding_box() == before
    expect(page).to_have_url(re.compile(r"\?column=1$"))

    page.reload()
    expect(page.get_by_role("img", name="temp_c in telemetry.csv")).to_be_visible()


def test_another_file_comes_with_its_columns_when_it_is_asked_for(page, plain_page, issue):
    soak = read("soak.csv", CSV.replace(b"bus_v", b"cell_v"))
    files = [*issue.attachments.order_by("issue_links"), soak]
    issue.change(by=User.objects.local(), attachments=[file.uuid for file in files])
    plain_page.goto(issue.get_absolute_url())
    plain_page.get_by_label("Files", exact=True).get_by_role("link", name="soak.csv").click()
    expect(plain_page.get_by_role("img", name="cell_v in soak.csv")).to_be_visible()
    page.goto(issue.get_absolute_url())

    page.get_by_label("Files", exact=True).get_by_role("link", name="soak.csv").press("Enter")
    expect(page.get_by_role("img", name="cell_v in soak.csv")).to_be_visible()
    expect(page.get_by_label("Files", exact=True).get_by_role("link", name="soak.csv")).to_be_focused()
    page.get_by_label("Columns", exact=True).get_by_role("link", name="load_a").click()
    expect(page.get_by_role("img", name="load_a in soak.csv")).to_be_visible()
    page.reload()

    expect(page.get_by_role("img", name="load_a in soak.csv")).to_be_visible()
    expect(page.get_by_role("link", name="Open plot")).to_have_attribute("href", re.compile(r"/file/.*/view"))


def test_a_tab_is_a_plain_link_without_script_and_a_picture_opens_its_page(plain_page, issue):
    plain_page.goto(issue.get_absolute_url())

    plain_page.get_by_role("link", name="load_a").click()
    expect(plain_page.get_by_role("img", name="load_a in telemetry.csv")).to_be_visible()
    plain_page.get_by_role("link", name="one.png").click()
    expect(plain_page.get_by_role("img", name="one.png")).to_be_visible()
    assert plain_page.url.endswith("/view")


def test_pictures_open_over_the_page_and_give_the_focus_back(page, issue):
    page.goto(issue.get_absolute_url())
    first = page.get_by_role("link", name="one.png")
    first.click()
    box = page.get_by_role("dialog", name="one.png")
    expect(box).to_be_visible()
    expect(box.get_by_role("status")).to_have_text("1 of 2")
    assert_accessible(page, themes=("light",))

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    box = page.get_by_role("dialog", name="two.png")
    expect(box.get_by_role("img", name="two.png")).to_have_js_property("naturalWidth", 640)
    expect(box.get_by_role("button", name="Next picture")).to_be_disabled()
    page.keyboard.press("j")  # keys of the page are off meanwhile
    page.keyboard.press("Escape")

    expect(box).to_be_hidden()
    expect(first).to_be_focused()
    assert page.url.endswith(issue.reference)


def test_how_far_a_file_is_read_shows_and_then_the_plot_comes_by_itself(page):
    file = make_attachment(User.objects.local(), "telemetry.csv", CSV)
    issue = make_issue(User.objects.local(), attachments=[file.uuid])
    broken = make_attachment(User.objects.local(), "run.csv", b"only words\nand more\n")
    page.goto(issue.get_absolute_url())
    expect(page.locator("#evidence .reading")).to_have_text("Reading telemetry.csv")

    reading = Reading.objects.get(attachment=file)
    reading.begin()
    reading.advance(40)
    expect(page.locator("#evidence .reading")).to_have_text("Reading telemetry.csv, 40 %")
    expect(page.locator("#evidence .files small")).to_have_text("Reading, 40 %")

    read_evidence(file.pk)
    expect(page.get_by_role("img", name="bus_v in telemetry.csv")).to_be_visible()

    issue.change(by=User.objects.local(), attachments=[file.uuid, broken.uuid])
    read_evidence(broken.pk)
    expect(page.locator("#evidence .problem")).to_contain_text("run.csv cannot be shown.")
    expect(page.locator("#evidence .problem")).to_contain_text(Reading.objects.get(attachment=broken).reason)

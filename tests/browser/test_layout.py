"""Texts of any length and direction stay in their places, on a wide screen and on a phone."""

import json

import pytest
from playwright.sync_api import expect

from issues.models import User
from tests.factories import make_comment, make_issue

LONG_TAG = "x" * 64
TABLE = {
    "type": "table",
    "header": ["Column"] * 12,
    "rows": [["measurement of the temperature"] * 12],
}

# Whether what matches sticks out of what holds it, to the right.
STICKS_OUT = """([inner, outer]) => [...document.querySelectorAll(inner)].some(
    (one) => one.getBoundingClientRect().right > one.closest(outer).getBoundingClientRect().right + 0.5)"""


@pytest.fixture
def long():
    return make_issue(title="W" * 500, tags=[LONG_TAG, "power", "tvac"], description=json.dumps([TABLE]))


def test_a_long_tag_is_cut_in_lists_and_wraps_where_it_belongs(page, long):
    for path, holder in (("/list", "td"), ("/", ".tags"), (f"/{long.reference}", "dd")):
        page.goto(path)
        tag = page.locator(".tag").first
        expect(tag).to_have_text(LONG_TAG)

        assert not page.evaluate(STICKS_OUT, [".tag", holder]), path
        assert tag.evaluate("tag => tag.scrollWidth > tag.clientWidth") is (path != f"/{long.reference}")


def test_a_long_name_stays_where_people_are_named(page):
    someone = User.objects.local()
    someone.name = "N" * 200
    someone.save()
    comment = make_comment(make_issue(someone), someone)

    for path in (comment.issue.get_absolute_url(), "/people", "/account"):
        page.goto(path)
        ends = "all => all.map(one => one.getBoundingClientRect().right)"
        assert max(page.get_by_text(someone.name).evaluate_all(ends)) < 1440, path
        for holder in (".side", ".claim", ".comment", "table"):
            fits = "all => all.every(one => one.scrollWidth <= one.parentElement.clientWidth)"
            assert page.locator(holder).evaluate_all(fits), (path, holder)


def test_a_title_is_cut_before_its_tags_are(page):
    make_issue(title="W" * 500, tags=["power", "tvac"])
    page.goto("/list")

    assert page.locator(".tag").evaluate_all("tags => tags.every(tag => tag.scrollWidth === tag.clientWidth)")


@pytest.mark.parametrize("width", [768, 820])
def test_on_a_tablet_titles_are_read_and_nothing_leaves_its_place(page, width):
    make_issue(title="Battery string B drops to 22.3 V during eclipse", owner="mara.lindqvist@example.com")
    page.set_viewport_size({"width": width, "height": 1100})
    page.goto("/list")
    assert page.locator("td.c-title a").bounding_box()["width"] > 100
    assert not page.evaluate(STICKS_OUT, ["td.c-title a", "td"])
    page.locator("#total").evaluate("total => { total.textContent = '1,000,000 issues'; }")
    assert not page.evaluate(STICKS_OUT, [".top > *", ".top"])

    for _ in range(2):
        issue = make_issue(User.objects.agent(), status="in_progress")  # untriaged, and one of two
    page.goto(f"/{issue.reference}")
    expect(page.locator("#place")).to_be_visible()
    page.locator("#head .ref").evaluate("ref => { ref.textContent = 'FND-12345'; }")
    assert page.locator("#head").bounding_box()["height"] == 56
    assert not page.evaluate(STICKS_OUT, [".top > *", ".top"])
    narrowest = "all => Math.min(...all.map(one => one.getBoundingClientRect().width))"
    assert page.locator("#head .btn:visible").evaluate_all(narrowest) >= 24

    page.goto("/")
    card = page.locator("#col-in_progress .card").first
    card.evaluate(
        "card => { card.querySelector('.ref').textContent = 'FND-12345'; card.querySelector('time').textContent = '28 Mar'; }"
    )
    assert card.locator("> .row").first.bounding_box()["height"] == 20


def test_the_heading_of_a_list_is_one_band_that_stays(page):
    for n in range(40):
        make_issue(title=f"Finding {n}")
    page.goto("/list")
    page.locator(".sheet").evaluate("sheet => sheet.scrollTo(0, 300)")

    box, title = (page.locator("thead").locator(cell) for cell in (".c-box", ".c-title"))
    assert box.bounding_box()["y"] == title.bounding_box()["y"]
    ground = "cell => getComputedStyle(cell).backgroundColor"
    assert box.evaluate(ground) == title.evaluate(ground)


def test_on_a_phone_a_title_takes_three_lines_of_the_list_and_a_table_scrolls(phone_page, long):
    page = phone_page
    page.goto("/list")
    assert page.locator(".list tbody tr[data-id]").bounding_box()["height"] < 130

    page.goto(f"/{long.reference}")
    cell = page.locator("td").first
    assert cell.bounding_box()["width"] > 70  # the longest word, not a letter
    assert page.locator(".table-wrap").evaluate("wrap => wrap.scrollWidth > wrap.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_on_a_phone_what_one_does_with_an_issue_stands_in_one_line(phone_page):
    phone_page.goto(f"/{make_issue(status='in_progress').reference}")

    assert phone_page.locator("#head").bounding_box()["height"] == 56


@pytest.mark.parametrize("path", ["/", "/list"])
def test_on_a_phone_the_filters_end_where_the_header_does(phone_page, path):
    phone_page.goto(path)

    ends = [
        box["x"] + box["width"]
        for box in (
            phone_page.get_by_role("button", name="Filters", exact=True).bounding_box(),
            phone_page.locator(".top .primary").bounding_box(),
        )
    ]
    assert ends[0] == ends[1]


def test_a_text_from_right_to_left_reads_so(page):
    title, text = "המתח יורד ל-22.3 V", "מתחת לגבול."
    english = {"type": "paragraph", "text": "Below the limit."}
    blocks = [english, {"type": "paragraph", "text": text}]
    issue = make_issue(title=title, description=json.dumps(blocks))
    # Where the first letter of a text stands in its box: left of the middle, or right of it.
    side = """element => {
        const range = document.createRange(), node = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
        range.setStart(node, 0); range.setEnd(node, 1);
        const letter = range.getBoundingClientRect(), box = element.getBoundingClientRect();
        return letter.left + letter.right < box.left + box.right ? "left" : "right"; }"""

    page.goto(f"/{issue.reference}")
    assert page.get_by_role("heading", name=title).evaluate(side) == "right"
    assert page.locator(".claim .prose p").evaluate_all(f"all => all.map({side})") == ["left", "right"]
    page.get_by_label("Comment", exact=True).fill(text)
    assert page.get_by_label("Comment", exact=True).evaluate("f => getComputedStyle(f).direction") == "rtl"
    page.goto("/")
    assert page.locator(".card h3").evaluate(side) == "right"


def test_on_a_phone_menus_and_the_filters_stay_on_the_screen(phone_page, long):
    page = phone_page
    page.goto("/")

    page.locator(".tabbar summary").tap()
    menu = page.locator(".tabbar details > .menu")
    entries = menu.get_by_role("link")
    expect(entries).to_have_text(
        ["Search or jump", "New issue", "Saved views", "Account", "Trash", "People", "API reference"]
    )
    expect(entries.last).to_be_in_viewport(ratio=1)
    assert {entry.bounding_box()["height"] for entry in entries.all()} == {40}
    box = menu.bounding_box()
    assert (box["x"], box["x"] + box["width"]) == (8, 382)

    entries.first.tap()
    search = page.get_by_role("combobox")
    expect(search).to_be_focused()
    middles = [
        box["y"] + box["height"] / 2
        for box in (search.bounding_box(), page.locator(".cmd .search .i").bounding_box())
    ]
    assert middles[0] == middles[1]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filters", exact=True).tap()
    page.locator("summary", has_text="Tag").tap()
    expect(page.get_by_role("checkbox", name=LONG_TAG)).to_be_visible()
    assert page.locator("#filters").evaluate("sheet => sheet.scrollWidth === sheet.clientWidth")


def test_what_is_hidden_from_sight_does_not_make_the_window_scroll(page):
    issue = make_issue(description=json.dumps([{"type": "paragraph", "text": "Below the limit."}] * 60))

    for path in (f"/{issue.reference}", "/people", "/new"):
        page.goto(path)
        if path == "/new":
            expect(page.locator("[contenteditable]").first).to_be_visible()  # the editor brings its icons
        assert page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0, path


def test_a_deleted_comment_is_one_line_and_a_menus_icons_stand_in_a_row(page):
    comment = make_comment(by=User.objects.local())
    page.goto(comment.issue.get_absolute_url())
    page.get_by_label("Comment actions").click()
    icons = page.locator(".comment .menu .i").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().left)"
    )
    assert len(icons) == 2
    assert len(set(icons)) == 1

    page.locator(".comment").get_by_role("button", name="Delete").click()

    gone = page.locator(".gone")
    expect(gone).to_have_text("Comment deleted by Local user. Restore")
    assert gone.bounding_box()["height"] == 24


@pytest.fixture
def large_text(new_page):
    """A browser set to letters of twice the size, which it would go on with in the next test."""
    session = new_page.context.new_cdp_session(new_page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    yield new_page
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})


def test_text_of_twice_the_size_does_not_run_into_itself(large_text, long):
    page = large_text
    # Lines stand apart where the height of a line is at least the size of its letters.
    tight = """() => [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && !one.closest("svg, .av"))
        .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .filter((one) => parseFloat(getComputedStyle(one).lineHeight) < parseFloat(getComputedStyle(one).fontSize))
        .map((one) => one.outerHTML.slice(0, 100))"""

    for path in ("/", "/list", f"/{long.reference}", "/new", "/views/", "/account", "/dashboard"):
        page.goto(path)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        assert page.evaluate(tight) == [], path

    page.goto("/")
    assert not page.evaluate(STICKS_OUT, [".card time", ".card"])

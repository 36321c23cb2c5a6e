"""Two browsers change the same thing: nobody's text is lost."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from issues.models import Issue
from tests.factories import make_issue, make_user

TEXT = [{"type": "paragraph", "text": text} for text in ("one", "two", "three")]


@pytest.fixture
def issue():
    return make_issue(make_user("mara@example.com"), title="Before", description=json.dumps(TEXT))


def test_a_description_written_by_two_is_chosen_block_by_block(page, another_page, issue):
    for browser in (page, another_page):
        browser.goto(f"/{issue.reference}")
        browser.keyboard.press("e")
    another_page.locator(".blocks .prose").fill("ONE\n\ntwo\n\nthree")
    another_page.get_by_role("button", name="Save description").click()
    expect(another_page.locator("#description form")).to_have_count(0)

    page.locator(".blocks .prose").fill("one\n\ntwo\n\nTHREE")
    expect(page.get_by_text("Local user changed this while you are editing.")).to_be_visible()
    page.get_by_role("button", name="Save description").click()
    expect(page.get_by_role("alert")).to_contain_text("changed the description while you were writing")
    page.locator(".hunk").first.get_by_label("Theirs").check()
    page.get_by_role("button", name="Save what is chosen").click()

    expect(page.locator("#description form")).to_have_count(0)
    saved = [block["text"] for block in json.loads(Issue.objects.get().description)]
    assert saved == ["ONE", "two", "THREE"]


def test_a_title_changed_by_two_is_shown_to_the_second_who_may_keep_theirs(page, another_page, issue):
    for browser in (page, another_page):
        browser.goto(f"/{issue.reference}")
        browser.get_by_role("heading", level=1).get_by_role("link").click()
    another_page.get_by_label("Title").fill("Theirs")
    another_page.keyboard.press("Enter")
    expect(another_page.get_by_role("heading", name="Theirs")).to_be_visible()

    page.get_by_label("Title").fill("Mine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Theirs")).to_contain_text("Theirs")
    expect(page.get_by_role("textbox", name="Yours")).to_have_value("Mine")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.response["violations"] == []
    page.get_by_role("link", name="Take theirs").click()

    expect(page.get_by_role("heading", name="Theirs")).to_be_visible()
    assert Issue.objects.get().title == "Theirs"


def test_a_decision_of_two_shows_both_reasons_and_leaves_the_header_as_it_is(page, another_page, issue):
    for browser in (page, another_page):
        browser.goto(f"/{issue.reference}")
        browser.keyboard.press("r")
    page.get_by_label("What was it?").fill("Mine")
    another_page.get_by_label("What was it?").fill("Theirs")
    another_page.keyboard.press("Enter")
    note = page.get_by_text("Local user changed this while you are editing.")
    expect(note).to_be_visible()
    expect(page.get_by_label("What was it?")).to_be_focused()
    assert page.locator("#head").bounding_box()["height"] == 56
    place = page.get_by_label("What was it?").bounding_box()
    issue.change(by=make_user(name="Tomás Ortega"), status="rejected")
    expect(page.get_by_text("Tomás Ortega changed this while you are editing.")).to_be_visible()
    expect(note).to_have_count(0)
    assert page.get_by_label("What was it?").bounding_box() == place

    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Theirs")).to_contain_text("Their reason")
    expect(page.get_by_role("region", name="Theirs")).to_contain_text("Theirs")
    expect(page.get_by_label("Your reason")).to_have_value("Mine")
    expect(page.get_by_label("What was it?")).to_be_hidden()
    page.get_by_role("button", name="Keep mine").click()

    expect(page.locator("#p-resolution")).to_have_text("Mine")
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    expect(note).to_have_count(0)
    page.get_by_role("button", name="Reopen").click()
    page.keyboard.press("r")
    expect(page.get_by_label("What was it?")).to_have_value("")


def test_a_comment_that_is_typed_outlives_the_issue_being_deleted_and_restored(page, issue):
    page.goto(f"/{issue.reference}")
    page.get_by_label("Comment", exact=True).fill("Not lost")

    issue.trash(by=make_user())
    expect(page.locator("#notice")).to_contain_text("Deleted")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Not lost")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_label("What you wrote")).to_have_value("Not lost")
    page.reload()
    expect(page.get_by_label("Comment", exact=True)).to_have_count(0)
    issue.restore(by=make_user())

    expect(page.get_by_label("Comment", exact=True)).to_have_value("Not lost")


def test_without_script_both_titles_are_shown(plain_page, issue):
    plain_page.goto(f"/{issue.reference}/title")
    issue.change(by=make_user(), title="Theirs")

    plain_page.get_by_label("Title").fill("Mine")
    plain_page.get_by_role("button", name="Save title").click()
    expect(plain_page.get_by_role("region", name="Theirs")).to_contain_text("Theirs")
    plain_page.get_by_role("button", name="Keep mine").click()

    expect(plain_page.get_by_role("heading", name="Mine")).to_be_visible()

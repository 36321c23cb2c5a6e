"""A session is edited in its place, and without script on a page of its own."""

from playwright.sync_api import expect

from issues.models import User
from tests.factories import make_issue, make_session, make_user


def test_is_edited_in_place_and_what_was_typed_survives(page):
    session = make_session(User.objects.local(), title="Old title", description="Old words")
    page.goto(session.get_absolute_url())

    page.keyboard.press("e")
    expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_role("textbox", name="What was said").fill("New **words**")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Edit")).to_be_focused()
    expect(page.locator("#about")).to_contain_text("Old words")

    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("textbox", name="What was said")).to_have_value("New **words**")
    page.get_by_label("Title").fill("New title")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("New title")
    expect(page.locator("#about strong")).to_have_text("words")

    star = page.get_by_role("button", name="Star")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    session.refresh_from_db()
    assert session.is_starred


def test_what_others_do_shows_while_one_looks_and_leaves_what_is_typed_alone(page):
    me, mara = User.objects.local(), make_user()
    session = make_session(me, title="Old title")
    issue = make_issue(me, title="Cold cell", sessions=[session.uuid])
    page.goto(session.get_absolute_url())
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("textbox", name="What was said").fill("Half a sen")

    session.change(by=mara, starred=True)
    issue.change(by=mara, status="in_progress")
    make_issue(mara, title="Warm cell", sessions=[session.uuid])

    expect(page.locator("#issues")).to_contain_text("In progress")
    expect(page.locator("#issues")).to_contain_text("Warm cell")
    expect(page.get_by_role("textbox", name="What was said")).to_have_value("Half a sen")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")


def test_works_without_script(plain_page):
    session = make_session(User.objects.local(), title="Old title")
    plain_page.goto(session.get_absolute_url())

    plain_page.get_by_role("link", name="Edit").click()
    plain_page.get_by_label("Title").fill("New title")
    plain_page.get_by_role("button", name="Save session").click()
    expect(plain_page.get_by_role("heading", level=1)).to_have_text("New title")
    plain_page.get_by_role("button", name="Star").click()
    expect(plain_page.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")

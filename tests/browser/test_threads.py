"""Comments in a browser: written, mentioned in, pasted into, edited, kept as drafts; and all of it by plain forms."""

import pytest
from playwright.sync_api import expect

from issues.models import Comment, User
from tests.factories import make_comment, make_issue, make_user

PASTE = """field => {
    const carrier = new DataTransfer();
    carrier.items.add(new File([Uint8Array.of(137, 80, 78, 71)], "image.png", {type: "image/png"}));
    field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carrier, bubbles: true, cancelable: true}));
}"""

DROP = """target => {
    const carrier = new DataTransfer();
    carrier.items.add(new File(["t,v\\n0,1\\n"], "soak.csv", {type: "text/csv"}));
    for (const kind of ["dragover", "drop"])
        target.dispatchEvent(new DragEvent(kind, {dataTransfer: carrier, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def mara():
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


@pytest.fixture
def issue(mara):
    return make_issue(mara)


def composer(page):
    return page.get_by_label("Comment", exact=True)


def test_a_comment_is_written_with_a_mention_and_a_pasted_picture(page, issue):
    page.goto(f"/{issue.reference}")

    page.keyboard.press("c")
    page.keyboard.type("Ask @lind")
    expect(page.get_by_role("listbox", name="People")).to_be_visible()
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value("Ask @mara.lindqvist@example.com ")
    composer(page).evaluate(PASTE)
    expect(page.locator("#composer .chosen")).to_contain_text("pasted-")
    page.keyboard.press("Control+Enter")

    said = page.locator("#thread .said")
    expect(said.get_by_role("link", name="@Mara Lindqvist")).to_be_visible()
    expect(said).to_contain_text("pasted-")
    expect(composer(page)).to_have_value("")
    expect(composer(page)).to_be_focused()


def test_files_dropped_on_the_composer_go_with_the_comment_and_elsewhere_become_evidence(page, issue):
    page.goto(f"/{issue.reference}")

    composer(page).evaluate(DROP)
    expect(page.locator("#composer .chosen")).to_contain_text("soak.csv")
    assert not issue.attachments.exists()
    composer(page).fill("As measured")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#thread .said").get_by_role("link", name="soak.csv")).to_be_visible()
    expect(page.locator("#composer .chosen")).to_be_hidden()
    page.locator("#thread").evaluate(DROP)

    expect(page.locator("#evidence")).to_contain_text("soak.csv")
    assert issue.attachments.count() == 1
    assert Comment.objects.get().attachments.count() == 1


def test_a_draft_survives_a_reload_and_goes_once_it_is_sent(page, issue):
    page.goto(f"/{issue.reference}")
    composer(page).fill("Half a thought")
    page.reload()
    expect(composer(page)).to_have_value("Half a thought")

    composer(page).press("Control+Enter")
    expect(page.locator("#thread .said")).to_contain_text("Half a thought")
    page.reload()

    expect(composer(page)).to_have_value("")


def test_a_comment_that_cannot_be_sent_stays_and_says_why(page, issue):
    page.goto(f"/{issue.reference}")
    page.route("**/comments", lambda route: route.abort())
    composer(page).fill("Not lost")

    page.get_by_role("button", name="Comment", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("The server did not answer. Your text is still here.")
    expect(composer(page)).to_have_value("Not lost")
    page.unroute("**/comments")
    page.route("**/comments", lambda route: route.fulfill(status=429, headers={"Retry-After": "90"}))
    page.get_by_role("button", name="Comment", exact=True).click()
    words = "This is too much at once. Wait 2 minutes, then try again. Your text is still here."
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(composer(page)).to_have_value("Not lost")
    page.unroute("**/comments")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#thread .said")).to_contain_text("Not lost")


def test_what_is_too_long_is_refused_and_not_cut(page, issue):
    page.goto(f"/{issue.reference}")
    composer(page).focus()
    page.keyboard.insert_text("x" * 10_001)

    page.get_by_role("button", name="Comment", exact=True).click()

    expect(page.get_by_role("alert")).to_have_text("The comment must have a length of at most 10,000.")
    expect(composer(page)).to_have_value("x" * 10_001)
    composer(page).fill("")
    page.get_by_role("link", name=issue.title).click()
    page.get_by_label("Title").fill("")
    page.keyboard.insert_text("T" * 501)
    page.keyboard.press("Enter")
    expect(page.locator("#title [role=alert]")).to_have_text("The title must have a length of at most 500.")
    expect(page.get_by_label("Title")).to_have_value("T" * 501)


def test_a_comment_is_edited_deleted_and_restored(page, issue):
    comment = make_comment(issue, User.objects.local(), "torque 0.9 Nm")
    page.goto(f"/{issue.reference}")
    said = page.locator(f"#c-{comment.uuid}")

    said.get_by_label("Comment actions").click()
    said.get_by_role("link", name="Edit").click()
    said.get_by_label("Comment", exact=True).fill("torque 1.4 Nm")
    page.keyboard.press("Control+Enter")
    expect(said.get_by_role("link", name="edited")).to_be_visible()
    expect(said).to_contain_text("torque 1.4 Nm")
    said.get_by_label("Comment actions").click()
    said.get_by_role("button", name="Delete").click()
    expect(said).to_contain_text("Comment deleted by Local user.")
    expect(said.get_by_role("button", name="Restore")).to_be_focused()
    page.keyboard.press("Enter")

    expect(said).to_contain_text("torque 1.4 Nm")


def test_a_reaction_is_put_and_taken_off(page, issue, mara):
    issue.change(by=mara, description='[{"type": "paragraph", "text": "Low."}]')
    comment = make_comment(issue, mara)
    page.goto(f"/{issue.reference}")
    said = page.locator(f"#c-{comment.uuid}")

    said.get_by_label("Add a reaction").click()
    said.get_by_role("button", name="On target").click()
    pressed = said.get_by_role("button", name="On target, 1, including you")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    pressed.click()

    expect(pressed).to_have_count(0)
    expect(said.get_by_label("Add a reaction")).to_be_focused()
    assert Comment.objects.get().reactions.count() == 0
    about = page.locator("#reactions")
    about.get_by_label("Add a reaction").click()
    about.get_by_role("button", name="Eyes").click()
    mine = about.get_by_role("button", name="Eyes, 1, including you")
    expect(mine).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("u")
    expect(mine).to_have_count(0)


def test_a_thread_is_led_by_plain_forms(plain_page, issue):
    plain_page.goto(f"/{issue.reference}")

    plain_page.get_by_label("Comment", exact=True).fill("**bold**")
    plain_page.get_by_role("button", name="Preview").click()
    expect(plain_page.locator("#preview strong")).to_have_text("bold")
    plain_page.locator("#composer").get_by_label("Attach files").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"t\n"}
    )
    plain_page.get_by_role("button", name="Comment", exact=True).click()
    said = plain_page.locator("#thread .said")
    expect(said).to_contain_text("a.csv")
    said.get_by_label("Comment actions").click()
    said.get_by_role("link", name="Edit").click()
    plain_page.get_by_label("Comment").fill("plain")
    plain_page.get_by_role("button", name="Save comment").click()
    expect(said).to_contain_text("plain")
    plain_page.get_by_role("link", name="edited").click()
    expect(plain_page.locator("del")).to_contain_text("bold")
    plain_page.get_by_label("Back to the comment").click()
    said.get_by_label("Add a reaction").click()
    said.get_by_role("button", name="Thumbs up").click()

    expect(said.get_by_role("button", name="Thumbs up, 1, including you")).to_be_visible()


def test_a_thread_works_with_a_thumb(phone_page, issue, mara):
    make_comment(issue, mara, "Cell 5")
    phone_page.goto(f"/{issue.reference}")

    composer(phone_page).fill("From the bench")
    phone_page.get_by_role("button", name="Comment", exact=True).tap()
    expect(phone_page.locator("#thread")).to_contain_text("From the bench")
    phone_page.locator("#decide-resolved summary").tap()
    phone_page.get_by_label("What was it?").fill("Strap")
    phone_page.locator("#decide-resolved").get_by_role("button", name="Resolve").tap()

    expect(phone_page.locator("#status-pill")).to_have_text("Resolved")
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390

"""The issue page in a browser: changed in place by key and menu, by plain form, on a phone, and by others meanwhile."""

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from tests.factories import make_comment, make_issue, make_user

DESCRIPTION = '[{"type": "paragraph", "text": "fell to 22.3 V"}, {"type": "spectrogram", "bins": [1, 2]}]'


@pytest.fixture
def mara():
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


def test_properties_are_changed_by_their_keys_and_taken_back(page, mara):
    issue = make_issue(mara, priority="low")
    page.goto(f"/{issue.reference}")

    page.keyboard.press("p")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")

    expect(page.locator("#p-priority")).to_contain_text("High")
    expect(page.locator("[data-menu=priority]")).to_be_focused()
    expect(page.locator("#thread")).to_contain_text("set priority to")
    page.keyboard.press("u")
    expect(page.locator("#p-priority")).to_contain_text("Low")
    assert Issue.objects.get().priority == "low"


def test_a_reason_is_given_with_r_and_enter(page, mara):
    issue = make_issue(mara)
    page.goto(f"/{issue.reference}")

    page.keyboard.press("r")
    page.keyboard.type("Strap was loose")
    page.keyboard.press("Enter")

    expect(page.locator("#status-pill")).to_have_text("Resolved")
    expect(page.locator("#p-resolution")).to_contain_text("Strap was loose")
    expect(page.get_by_role("button", name="Reopen")).to_be_focused()


def test_owner_and_tags_are_picked_from_menus(page, mara):
    issue = make_issue(mara, tags=["power"])
    page.goto(f"/{issue.reference}")

    page.keyboard.press("o")
    expect(page.get_by_role("listbox", name="Owner")).to_be_visible()
    page.keyboard.type("mara")
    page.keyboard.press("Enter")
    expect(page.locator("#p-owner")).to_contain_text("Mara Lindqvist")
    page.keyboard.press("t")
    expect(page.get_by_role("listbox", name="Tags")).to_be_visible()
    page.keyboard.type("tvac")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("#p-tags")).to_contain_text("tvac")
    assert Issue.objects.get().tags == ["power", "tvac"]


def test_title_and_description_are_edited_in_place(page, mara):
    issue = make_issue(mara, description=DESCRIPTION)
    page.goto(f"/{issue.reference}")

    page.get_by_role("heading", level=1).get_by_role("link").click()
    page.get_by_label("Title").fill("Cell 5 is cold")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cell 5 is cold")).to_be_visible()
    page.keyboard.press("e")
    page.locator(".blocks .prose").press("Control+Home")
    page.keyboard.type("It ")
    page.locator("#description").get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Preview")).to_contain_text("It fell to 22.3 V")
    page.locator(".blocks .prose").press("Control+Enter")

    expect(page.locator("#description form")).to_have_count(0)
    expect(page.locator("#description .prose")).to_contain_text("It fell to 22.3 V")
    assert '{"type": "spectrogram", "bins": [1, 2]}' in Issue.objects.get().description


def test_escape_leaves_a_text_and_its_draft_comes_back(page, mara):
    issue = make_issue(mara, description=DESCRIPTION)
    page.goto(f"/{issue.reference}")
    page.keyboard.press("e")
    page.locator(".blocks .prose").fill("Half a thought")

    page.keyboard.press("Escape")
    expect(page.locator("#description .prose")).to_contain_text("22.3 V")
    page.reload()
    page.keyboard.press("e")

    expect(page.locator(".blocks .prose")).to_have_text("Half a thought")


def test_files_are_attached_by_picking(page, mara):
    issue = make_issue(mara)
    page.goto(f"/{issue.reference}")

    page.locator("#attach input[type=file]").first.set_input_files(
        {"name": "telemetry.csv", "mimeType": "text/csv", "buffer": b"t,v\n0,28.1\n"}
    )

    expect(page.locator("#evidence .files")).to_contain_text("telemetry.csv")


def test_j_and_k_walk_through_the_view_one_came_from(page, mara):
    first, second = make_issue(mara, title="First"), make_issue(mara, title="Second")
    page.goto("/")
    page.get_by_role("link", name="Second").click()
    expect(page.locator("#place")).to_contain_text("1 of 2 open")
    page.wait_for_load_state()  # the keys are bound by then

    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="First")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("k")

    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    assert first.pk < second.pk


def test_what_others_change_shows_without_moving_what_is_typed(page, mara):
    issue = make_issue(mara, title="Before", description=DESCRIPTION)
    page.goto(f"/{issue.reference}")
    page.get_by_label("Comment", exact=True).fill("I was just writing")

    issue.change(by=mara, title="After", priority="high")
    make_comment(issue, mara, "Said meanwhile")

    expect(page.get_by_role("heading", name="After")).to_be_visible()
    expect(page.get_by_role("button", name="1 new comment")).to_be_visible()
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("I was just writing")
    expect(page.get_by_text("Said meanwhile")).to_be_hidden()
    page.get_by_role("button", name="1 new comment").click()
    expect(page.get_by_text("Said meanwhile")).to_be_visible()


def test_everything_works_by_plain_forms(plain_page, mara):
    issue = make_issue(mara, description=DESCRIPTION)
    plain_page.goto(f"/{issue.reference}")

    plain_page.get_by_role("link", name="change priority").click()
    plain_page.get_by_label("Priority").select_option("High")
    plain_page.get_by_role("button", name="Save priority").click()
    expect(plain_page.locator("#p-priority")).to_contain_text("High")
    plain_page.get_by_role("button", name="Take it").click()
    expect(plain_page.locator("#p-owner")).to_contain_text("Local user")
    plain_page.get_by_label("Files", exact=True).set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"t\n"}
    )
    plain_page.get_by_role("button", name="Attach", exact=True).click()
    expect(plain_page.locator("#evidence")).to_contain_text("a.csv")
    plain_page.locator("#decide-rejected summary").click()
    plain_page.get_by_label("Why not?").fill("Test set-up")
    plain_page.get_by_role("button", name="Reject").click()
    expect(plain_page.locator("#p-resolution")).to_contain_text("Test set-up")
    plain_page.locator("#more summary").click()
    plain_page.get_by_role("button", name="Delete").click()
    plain_page.get_by_role("button", name="Restore").click()

    expect(plain_page.locator("#status-pill")).to_have_text("Rejected")

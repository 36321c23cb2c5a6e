"""A new issue in a browser: similar ones offered, looked at first, kept as a draft, files added, created; and without script."""

import pytest
from playwright.sync_api import expect

from issues.models import Issue
from tests.factories import make_issue

SOAK = {"name": "soak.csv", "mimeType": "text/csv", "buffer": b"t,v\n0,28.1\n"}
DROP = """() => {
    const carrier = new DataTransfer();
    carrier.items.add(new File(["png"], "plot.png", {type: "image/png"}));
    for (const kind of ["dragover", "drop"])
        document.getElementById("main").dispatchEvent(new DragEvent(kind, {dataTransfer: carrier, bubbles: true, cancelable: true}));
}"""


def title(page):
    return page.get_by_role("textbox", name="Title")


def description(page):
    return page.get_by_role("textbox", name="Description")


def editor(page):
    """The block editor's field, which takes the place of the textarea."""
    return description(page).and_(page.locator("[contenteditable]"))


def test_is_written_looked_at_and_created_by_keyboard(page):
    known = make_issue(title="Inverter trips at 60 % load")
    page.goto("/")

    page.keyboard.press("n")
    expect(title(page)).to_be_focused()
    page.keyboard.type("Inverter trips at 62 % load")
    expect(page.get_by_role("link", name=known.title)).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("Heat sink at **71 °C**.")
    page.get_by_role("button", name="Preview").press("Enter")
    expect(page.get_by_role("region", name="Preview").locator("strong")).to_have_text("71 °C")
    page.get_by_role("button", name="Write").press("Enter")
    expect(description(page)).to_be_focused()
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("heading", name="Inverter trips at 62 % load")).to_be_visible()
    expect(page.locator("#description strong")).to_have_text("71 °C")
    page.goto("/new")
    expect(title(page)).to_have_value("")


def test_files_are_dropped_picked_taken_out_and_sent(page):
    page.goto("/new")
    page.evaluate(DROP)
    page.get_by_label("Attachments").set_input_files(SOAK)
    expect(page.locator("#chosen li")).to_have_count(2)

    page.get_by_role("button", name="Take out plot.png").click()
    title(page).fill("Inverter trips")
    page.get_by_role("button", name="Create issue").click()

    expect(page.get_by_role("heading", name="Inverter trips")).to_be_visible()
    assert [file.name for file in Issue.objects.get().attachments.all()] == ["soak.csv"]


def test_a_draft_survives_a_reload_until_it_is_discarded(page):
    page.goto("/new")
    title(page).fill("Inverter trips")
    page.get_by_label("Tags").fill("thermal")
    editor(page).click()
    page.keyboard.type("Heat sink at 71 °C")

    page.reload()
    expect(title(page)).to_have_value("Inverter trips")
    expect(description(page)).to_have_text("Heat sink at 71 °C")
    expect(page.get_by_label("Tags")).to_have_value("thermal")
    page.get_by_role("button", name="Discard").click()
    expect(description(page)).not_to_contain_text("Heat sink")
    page.reload()

    expect(title(page)).to_have_value("")


@pytest.mark.parametrize("path", ["/new", "/new?status=resolved"])
def test_back_from_what_was_created_is_an_empty_form_for_another(page, path):
    page.goto(path)
    title(page).fill("Inverter trips")
    page.get_by_label("Tags").fill("thermal")
    once = page.locator("[name=once]").input_value()
    page.get_by_role("button", name="Create issue").click()
    expect(page.get_by_role("heading", name="Inverter trips")).to_be_visible()

    page.go_back()
    expect(title(page)).to_have_value("")
    expect(page.get_by_label("Tags")).to_have_value("")
    assert page.locator("[name=once]").input_value() != once
    assert page.evaluate("history.state") is None  # it is replaced once, and not for ever
    title(page).fill("Fan stalls")
    page.goto("/")
    page.go_back()

    expect(title(page)).to_have_value("Fan stalls")


def test_what_the_browser_puts_in_again_is_a_draft_like_any_other(page):
    # After a reload Firefox gives fields what stood in them while the page is read, before its scripts run.
    page.add_init_script(
        """document.addEventListener("readystatechange", () => {
            if (document.readyState === "interactive") document.getElementById("title").value = "Inverter trips"; })"""
    )
    page.goto("/new")
    expect(title(page)).to_have_value("Inverter trips")

    page.get_by_role("button", name="Discard").click()

    expect(title(page)).to_have_value("")


def test_what_is_refused_is_said_at_the_field_and_nothing_is_lost(page):
    page.goto("/new")
    title(page).fill("Inverter trips")
    page.get_by_label("Tags").fill("x" * 70)
    page.get_by_label("Attachments").set_input_files(SOAK)

    page.get_by_role("button", name="Create issue").click()
    expect(page.get_by_text("A tag must have a length of at most 64.")).to_be_visible()
    expect(page.get_by_label("Tags")).to_be_focused()
    page.get_by_label("Tags").fill("thermal")
    page.route("**/new", lambda route: route.abort())
    page.get_by_role("button", name="Create issue").click()
    expect(page.get_by_text("The server did not answer. Your text is still here.")).to_be_visible()
    page.unroute("**/new")
    page.get_by_role("button", name="Create issue").click()

    expect(page.get_by_role("heading", name="Inverter trips")).to_be_visible()
    assert [file.name for file in Issue.objects.get().attachments.all()] == ["soak.csv"]


def test_what_is_wrong_with_a_long_description_is_in_sight(page):
    issue = make_issue()
    long = "\n\n".join(["Checked."] * 1_001)
    put = "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})); }"
    page.goto("/new")
    title(page).fill("Inverter trips")
    page.get_by_role("button", name="Markdown").click()  # the browser remembers it
    for button in ("Create issue", "Save description"):
        description(page).evaluate(put, long)  # typing it takes Chromium ten seconds, pasting none

        page.get_by_role("button", name=button).click()

        expect(page.get_by_text("The description must have at most 1,000 blocks.")).to_be_in_viewport()
        page.goto(f"/{issue.reference}")
        page.keyboard.press("e")


def test_without_script_it_is_complete(plain_page):
    plain_page.goto("/new")
    title(plain_page).fill("Inverter trips")
    description(plain_page).fill("## Checked")
    plain_page.get_by_role("button", name="Preview").click()
    expect(plain_page.get_by_role("heading", name="Checked")).to_be_visible()
    plain_page.get_by_label("Owner").fill("x" * 10)
    plain_page.get_by_label("Attachments").set_input_files(SOAK)

    plain_page.get_by_role("button", name="Create issue").click()

    expect(plain_page.get_by_role("heading", name="Inverter trips")).to_be_visible()
    expect(plain_page.get_by_role("heading", name="Checked")).to_be_visible()


def test_nothing_scrolls_sideways_on_a_phone(phone_page):
    make_issue(title="Inverter trips at 60 % load after a long cold soak in vacuum")
    phone_page.goto("/new?title=Inverter+trips+at+62+percent+load+after+a+long+cold+soak+in+vacuum")

    expect(phone_page.locator("#similar li")).to_have_count(1)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_draft_is_saved_every_five_seconds_and_outlives_a_crash(new_page):
    page = new_page
    page.clock.install()
    page.goto("/new")
    title(page).fill("Inverter trips")
    page.clock.run_for(6_000)
    expect(page.locator("#draft")).to_have_text("Draft saved just now")

    after_the_crash = page.context.new_page()  # the first page never got to say goodbye
    after_the_crash.goto("/new")

    expect(title(after_the_crash)).to_have_value("Inverter trips")
    expect(after_the_crash.locator("#draft")).to_have_text("Draft restored")

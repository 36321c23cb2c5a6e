"""Files that are too large: refused where they are chosen, and without script by the server, with what was typed."""

import pytest
from playwright.sync_api import Page, Route, expect

from issues.models import Attachment, Issue
from tests.factories import make_issue

BIG = {"name": "capture.bin", "mimeType": "application/octet-stream", "buffer": b"x" * 20_000}
SMALL = {"name": "run.csv", "mimeType": "text/csv", "buffer": b"t,v\n0,1\n"}


@pytest.fixture(autouse=True)
def limit(settings: object) -> None:
    settings.UPLOAD_LIMIT = 15_000  # type: ignore[attr-defined]


def test_a_file_that_is_too_large_is_refused_where_it_is_chosen(page: Page):
    page.goto("/new")
    page.get_by_label("Title").fill("Battery string B")
    field = page.get_by_label("Attachments")

    field.set_input_files(BIG)
    page.get_by_role("button", name="Create issue").click()

    words = "capture.bin has 20 kB. At most 15 kB can be sent at a time."
    assert field.evaluate("field => field.validationMessage") == words
    assert not Issue.objects.exists()

    page.get_by_role("button", name="Take out capture.bin").click()
    field.set_input_files(SMALL)
    page.get_by_role("button", name="Create issue").click()

    page.wait_for_url("**/FND-*")
    assert Attachment.objects.get().size == 8


@pytest.mark.parametrize("place", ["#attach", "#composer", "#new"])
def test_a_file_that_is_chosen_before_the_script_came_is_not_lost(page: Page, place: str):
    issue = make_issue()
    held: list[Route] = []
    is_slow = True
    page.route("**/*.js", lambda route: held.append(route) if is_slow else route.continue_())
    page.goto("/new" if place == "#new" else issue.get_absolute_url(), wait_until="commit")

    page.locator(f"{place} input[type=file]").first.set_input_files(SMALL)
    is_slow = False
    for route in held:
        route.continue_()

    if place == "#attach":
        expect(page.locator("#evidence .files")).to_contain_text("run.csv")
        assert Attachment.objects.get().size == 8
    else:
        expect(page.get_by_role("button", name="Take out run.csv")).to_be_visible()


def test_without_script_the_form_comes_back_with_the_reason_and_the_text(plain_page: Page):
    issue = make_issue()
    plain_page.goto(issue.get_absolute_url())
    plain_page.get_by_label("Comment", exact=True).fill("Cell 5 is cold")
    plain_page.locator("#composer input[type=file]").set_input_files(BIG)
    plain_page.get_by_role("button", name="Comment", exact=True).click()

    expect(plain_page.get_by_role("alert")).to_have_text(
        "At most 15 kB can be sent at a time. Nothing was saved."
    )
    expect(plain_page.get_by_label("Comment", exact=True)).to_have_value("Cell 5 is cold")
    assert not Attachment.objects.exists()

"""Saved views in a browser: saved, pinned with a count that lives, renamed, reordered, deleted and taken back."""

import pytest
from playwright.sync_api import expect

from issues.models import Issue, SavedView, User
from tests.factories import make_issue, make_user

SOON = 5_000  # milliseconds: news within two seconds, counted at most every two


@pytest.fixture(autouse=True)
def me():
    """The local user, without the views that everybody begins with."""
    user = User.objects.local()
    SavedView.objects.all().delete()
    return user


def pinned(page):
    return page.get_by_role("navigation", name="Saved views").locator("a[href*='?'] .cut")


def save(page, name: str) -> None:
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save view").click()


def test_a_view_is_saved_and_its_count_follows_what_others_do(page):
    issue = make_issue(priority="high")
    make_issue()
    page.goto("/list?priority=high")

    save(page, "High")
    expect(pinned(page)).to_have_text(["High"])
    count = page.locator("[data-view-count]")
    expect(count).to_have_text("1")
    make_issue(priority="high")

    expect(count).to_have_text("2", timeout=SOON)
    page.goto("/")
    page.get_by_role("link", name="High").click()
    expect(page.locator(".list tbody tr[data-id]")).to_have_count(2)
    expect(page.locator(f"tr#{issue.reference}")).to_be_visible()


def test_a_long_name_is_cut_and_leaves_the_counts_in_sight(page, me):
    make_issue()
    for name in ("Mine", "V" * 60):
        SavedView.create(by=me, name=name, query="q=V")

    page.goto("/views/")

    side = page.locator(".side").bounding_box()
    counts = page.locator(".side [data-view-count]")
    expect(counts).to_have_text(["1", "1"])
    for box in (counts.nth(0).bounding_box(), counts.nth(1).bounding_box()):
        assert box["x"] + box["width"] <= side["x"] + side["width"]


def test_u_takes_back_the_view_that_was_deleted_and_no_issue(page, me):
    make_issue(by=me)
    SavedView.create(by=me, name="Mine", query="q=V")
    page.goto("/views/")
    page.get_by_text("Rename Mine").click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()

    page.get_by_role("button", name="Delete Mine").click()
    expect(pinned(page)).to_have_count(0)
    page.keyboard.press("u")

    expect(pinned(page)).to_have_text(["Mine"])
    assert Issue.objects.alive().count() == 1


@pytest.mark.parametrize("kind", ["page", "plain_page"])
def test_views_are_named_ordered_and_deleted_with_undo(request, kind, me):
    page = request.getfixturevalue(kind)
    for name in ("Mine", "TVAC"):
        SavedView.create(by=me, name=name, query=f"q={name}")
    page.goto("/views/")
    expect(pinned(page)).to_have_text(["Mine", "TVAC"])

    page.get_by_role("button", name="Move up TVAC").click()
    expect(pinned(page)).to_have_text(["TVAC", "Mine"])
    page.locator("summary", has_text="Rename Mine").click()
    page.get_by_role("textbox", name="Name").locator("visible=true").fill("TVAC")
    page.get_by_role("button", name="Rename", exact=True).locator("visible=true").click()
    expect(page.get_by_role("alert")).to_have_text("You have a view of this name already.")
    page.get_by_role("textbox", name="Name").locator("visible=true").fill("Ours")
    page.get_by_role("button", name="Rename", exact=True).locator("visible=true").click()
    expect(pinned(page)).to_have_text(["TVAC", "Ours"])
    page.get_by_role("button", name="Delete TVAC").click()
    expect(pinned(page)).to_have_text(["Ours"])
    page.get_by_role("button", name="Undo").click()

    expect(pinned(page)).to_have_text(["TVAC", "Ours"])
    page.get_by_role("button", name="Unpin Ours").click()
    expect(pinned(page)).to_have_text(["TVAC"])


def test_a_shared_view_is_pinned_by_somebody_else(page):
    mara = make_user(name="Mara Lindqvist")
    SavedView.create(by=mara, name="TVAC", query="tag=tvac", is_shared=True)
    page.goto("/views/")
    expect(page.get_by_text("Shared by Mara Lindqvist")).to_be_visible()

    page.get_by_role("button", name="Pin TVAC").click()

    expect(pinned(page)).to_have_text(["TVAC"])

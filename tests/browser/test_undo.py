"""Undo in a browser: by key, by toast, after a reload, without script, and refused where somebody was faster."""

import re

from playwright.sync_api import expect

from issues.models import Issue, User
from tests.browser.accessibility import assert_accessible
from tests.factories import make_issue, make_user


def test_the_key_takes_back_the_last_change_after_a_reload_and_redo_does_it_again(page):
    issue = make_issue(User.objects.local())
    issue.change(by=User.objects.local(), status="rejected")
    page.goto("/list")
    page.reload()

    page.keyboard.press("u")

    expect(page.get_by_text(f"Undone: {issue.reference} rejected")).to_be_visible()
    expect(page.locator("tbody .st-open")).to_have_count(1)
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_text(f"Redone: {issue.reference} rejected")).to_be_visible()
    expect(page.locator("tbody .st-rejected")).to_have_count(1)


def test_a_key_that_is_held_down_takes_back_one_change(page):
    issue = make_issue(User.objects.local())
    issue.change(by=User.objects.local(), priority="high")
    issue.change(by=User.objects.local(), status="rejected")
    page.goto("/list")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/undo") else None)

    for _ in range(3):
        page.keyboard.down("u")
    page.keyboard.up("u")

    expect(page.get_by_text(f"Undone: {issue.reference} rejected")).to_be_visible()
    assert len(asked) == 1
    assert Issue.objects.get().priority == "high"


def test_what_somebody_changed_since_stays_and_is_named(page):
    issue = make_issue()
    issue.change(by=User.objects.local(), priority="high")
    issue.change(by=make_user("jonas.weber@example.com"), priority="medium")
    page.goto("/list")

    page.keyboard.press("u")

    expect(
        page.get_by_text("Jonas Weber changed its priority since. Nothing was overwritten.")
    ).to_be_visible()
    assert Issue.objects.get().priority == "medium"


def test_a_plain_form_says_what_it_did_and_undo_is_a_form(plain_page):
    issue = make_issue(User.objects.local())
    plain_page.goto(f"/?did={issue.last_event_id}")

    expect(plain_page.get_by_text(f"{issue.reference} created")).to_be_visible()
    plain_page.get_by_role("button", name="Undo").click()

    expect(plain_page.get_by_text(f"Undone: {issue.reference} created")).to_be_visible()
    plain_page.get_by_role("link", name="Dismiss").click()
    expect(plain_page.locator("#did")).to_have_count(0)


def test_the_address_forgets_what_was_done_once_a_toast_said_it(page):
    issue = make_issue(User.objects.local())

    page.goto(f"/list?sort=title&did={issue.last_event_id}")

    expect(page.get_by_text(f"{issue.reference} created")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/list\?sort=title$"))


def test_axe_finds_nothing_in_the_trash(page, phone_page):
    make_issue().trash(by=make_user())
    for one, themes in ((page, ("light", "dark")), (phone_page, ())):
        one.goto("/trash")
        expect(one.get_by_role("button", name="Restore")).to_be_visible()
        assert_accessible(one, themes)

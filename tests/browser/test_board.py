"""The board in a browser: looked at, filtered, paged, and cards moved by key, by menu, by drag and by plain form."""

import re

from playwright.sync_api import Page, expect

from issues.models import Event, Issue
from issues.pages.board import PAGE
from tests.factories import make_issue, make_user


def card(page: Page, issue: Issue):
    return page.locator(f"#{issue.reference}")


def column(page: Page, status: str):
    return page.locator(f"#col-{status}")


def test_a_new_finding_is_on_the_board(page):
    issue = make_issue(title="Battery string B drops to 22.3 V")

    page.goto("/")

    expect(column(page, "open").get_by_role("link", name=issue.title)).to_be_visible()
    expect(page.get_by_text("1 issue", exact=True)).to_be_visible()


def test_a_card_is_moved_by_key_and_taken_back(page):
    issue = make_issue()
    page.goto("/")

    page.get_by_role("link", name=issue.title).focus()
    page.keyboard.press("Shift+ArrowRight")

    expect(column(page, "in_progress").get_by_role("link", name=issue.title)).to_be_focused()
    expect(page.get_by_text(f"{issue.reference} is in progress")).to_be_visible()
    expect(column(page, "in_progress").locator("[data-count-of]")).to_have_text("1")
    assert Issue.objects.get().status == "in_progress"

    page.keyboard.press("u")

    expect(column(page, "open").get_by_role("link", name=issue.title)).to_be_focused()
    assert Issue.objects.get().status == "open"


def test_a_rejected_card_asks_why_in_its_place(page):
    issue = make_issue()
    page.goto("/")
    page.get_by_role("link", name=issue.title).focus()

    page.keyboard.press("s")
    page.get_by_role("option", name="Rejected").click()
    page.get_by_label("Why not?").fill("The probe was loose.")
    page.keyboard.press("Enter")

    expect(page.get_by_text(f"{issue.reference} rejected")).to_be_visible()
    expect(column(page, "rejected").get_by_role("link", name=issue.title)).to_be_focused()
    found = Issue.objects.get()
    assert (found.status, found.resolution_summary) == ("rejected", "The probe was loose.")


def test_esc_resolves_without_a_text(page):
    issue = make_issue(status="in_progress")
    page.goto("/")
    page.get_by_role("link", name=issue.title).focus()

    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_label("What was it?")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.get_by_text(f"{issue.reference} resolved")).to_be_visible()
    found = Issue.objects.get()
    assert (found.status, found.resolution_summary) == ("resolved", None)


def test_a_card_is_dragged_to_another_column(page):
    issue = make_issue()
    page.goto("/")

    card(page, issue).drag_to(column(page, "in_progress"))

    expect(column(page, "in_progress").locator(".card")).to_have_count(1)
    expect(page.get_by_text(f"{issue.reference} is in progress")).to_be_visible()


def test_what_the_server_refuses_goes_back_and_says_why(page):
    make_issue(title="Heater 1 duty cycle above 80 %")
    issue = make_issue(priority="high")
    page.goto("/")
    page.evaluate("navigator.onLine && document.body.removeAttribute('data-live')")
    page.route("**/live?*", lambda route: route.fulfill(status=204))
    page.get_by_role("link", name=issue.title).focus()
    issue.trash(by=make_user())

    page.keyboard.press("Shift+ArrowRight")

    expect(page.get_by_text(f"{issue.reference} was not changed.")).to_be_visible()
    expect(column(page, "open").locator(".card").first).to_have_id(issue.reference)
    expect(column(page, "open").get_by_role("link", name=issue.title)).to_be_focused()


def test_priority_owner_and_tags_change_from_the_card(page):
    issue = make_issue(tags=["power"])
    make_user("mara.lindqvist@example.com")
    page.goto("/")
    page.get_by_role("link", name=issue.title).focus()

    page.keyboard.press("p")
    page.keyboard.press("h")
    page.keyboard.press("Enter")
    expect(card(page, issue).get_by_text("High priority")).to_be_attached()
    page.keyboard.press("o")
    page.get_by_role("option", name="Mara Lindqvist").click()
    expect(card(page, issue).get_by_text("mara.lindqvist@example.com")).to_be_attached()
    page.keyboard.press("t")
    page.keyboard.type("tvac")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(card(page, issue).locator(".tag")).to_have_text(["power", "tvac"])
    expect(page.get_by_role("link", name=issue.title)).to_be_focused()
    found = Issue.objects.get()
    assert (found.priority, found.owner, found.tags) == (
        "high",
        "mara.lindqvist@example.com",
        ["power", "tvac"],
    )


def test_choices_that_do_not_come_are_said(page):
    issue = make_issue()
    page.goto("/")
    page.keyboard.press("j")
    page.route("**/menu/owner", lambda route: route.fulfill(status=500))

    page.keyboard.press("o")

    expect(page.get_by_text("The choices did not come. The server could not do it.")).to_be_visible()
    expect(page.get_by_role("link", name=issue.title)).to_be_focused()


def test_cards_are_selected_by_keys_and_changed_as_one_act(page):
    person = make_user()
    for letter in "dcba":
        make_issue(person, title=f"Finding {letter}", priority="high")
    page.goto("/")

    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#selected")).to_have_text("1 selected")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("#selected")).to_have_text("3 selected")
    page.keyboard.press("s")
    page.get_by_role("option", name="In progress").click()

    expect(page.get_by_text("3 issues are in progress")).to_be_visible()
    expect(page.locator("#col-in_progress .card[data-selected]")).to_have_count(3)
    expect(page.locator("#col-in_progress header [data-count-of]")).to_have_text("3")
    page.keyboard.press("u")
    expect(page.locator("#col-open .card[data-selected]")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator(".card[data-selected]")).to_have_count(0)
    expect(page.locator("#bulk")).to_be_hidden()
    assert set(Issue.objects.values_list("status", flat=True)) == {"open"}


def test_deleted_cards_are_selected_no_more_and_leave_the_focus_on_the_board(page):
    person = make_user()
    for letter in "ba":
        make_issue(person, title=f"Finding {letter}")
    make_issue(person, title="Alone", status="in_progress")
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#selected")).to_have_text("1 selected")
    page.keyboard.press("j")
    page.keyboard.press("x")

    page.get_by_role("button", name="Delete").press("Enter")

    expect(page.get_by_text("2 issues deleted")).to_be_visible()
    expect(page.locator("#bulk")).to_be_hidden()
    expect(page.get_by_role("link", name="Alone")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator("#col-open .card")).to_have_count(2)
    expect(page.locator("#selected")).to_have_text("0 selected")


def test_a_card_of_a_selection_takes_the_others_along_as_one_act(page):
    person = make_user()
    issues = [make_issue(person, title=f"Finding {letter}", priority="high") for letter in "dcba"]
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    page.evaluate(
        "addEventListener('dragstart', () => { document.title = document.querySelector('.card.drag').dataset.along; })"
    )

    card(page, issues[-1]).hover()
    page.mouse.down()
    column(page, "rejected").hover()
    expect(page.locator(".card.dragging")).to_have_count(2)
    expect(page).to_have_title("2 issues")
    column(page, "rejected").hover()
    page.mouse.up()

    expect(page.get_by_text("2 issues rejected")).to_be_visible()
    expect(column(page, "rejected").locator("h3")).to_have_text(["Finding a", "Finding b"])
    expect(page.get_by_label("Why not?")).to_have_count(0)
    card(page, issues[0]).drag_to(column(page, "in_progress"))
    expect(page.get_by_text(f"{issues[0].reference} is in progress")).to_be_visible()
    page.get_by_role("link", name="Finding a").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_text("2 issues resolved")).to_be_visible()
    page.keyboard.press("u")

    expect(column(page, "rejected").locator(".card[data-selected]")).to_have_count(2)
    assert Event.objects.filter(act__isnull=False).values("act").distinct().count() == 3


def test_cards_that_the_server_refuses_to_move_go_back(page):
    person = make_user()
    for letter in "cba":
        make_issue(person, title=f"Finding {letter}", priority="high")
    page.goto("/")
    for key in ("j", "x", "j", "Shift+X"):
        page.keyboard.press(key)
    page.route("**/list/change", lambda route: route.abort())

    page.keyboard.press("Shift+ArrowRight")

    expect(page.get_by_text("Nothing was changed. The server did not answer.")).to_be_visible()
    expect(column(page, "open").locator("h3")).to_have_text(["Finding a", "Finding b", "Finding c"])
    expect(column(page, "open").locator("header [data-count-of]")).to_have_text("3")
    expect(column(page, "in_progress").locator("header [data-count-of]")).to_have_text("0")


def test_a_selection_outlives_a_filter_and_its_bar_does_what_the_list_does(page):
    person = make_user()
    make_issue(person, title="Finding a", tags=["power"])
    make_issue(person, title="Finding b")
    page.goto("/")
    for title in ("Finding a", "Finding b"):
        page.get_by_role("link", name=title).focus()
        page.keyboard.press("x")
    expect(page.locator("#selected")).to_have_text("2 selected")

    page.get_by_label("Search issues").fill("tag:power")
    expect(page.locator("#selected")).to_have_text("2 selected, 1 not shown")
    page.locator("#bulk summary", has_text="Owner").click()
    page.locator("#bulk").get_by_label("Owner").fill("mara@example.com")
    page.get_by_role("button", name="Set owner").click()
    expect(page.get_by_text("2 issues assigned to")).to_be_visible()
    page.locator("#bulk").get_by_role("button", name="Delete").click()

    expect(page.locator(".card")).to_have_count(0)
    assert Issue.objects.alive().count() == 0
    assert set(Issue.objects.values_list("owner", flat=True)) == {"mara@example.com"}


def test_a_column_pages_in_as_one_scrolls(page):
    person = make_user()
    for n in range(PAGE + 3):
        make_issue(by=person, title=f"Finding {n}")
    page.goto("/")
    cards = column(page, "open").locator(".card")
    expect(column(page, "open").get_by_role("link", name="3 more")).to_be_visible()

    cards.last.scroll_into_view_if_needed()

    expect(cards).to_have_count(PAGE + 3)
    expect(column(page, "open").locator("[data-more]")).to_have_count(0)


def test_a_filter_is_in_the_address_and_back_leaves_it(page):
    make_issue(title="Battery string B drops to 22.3 V")
    make_issue(title="Heater 1 duty cycle above 80 %")
    page.goto("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "q=" in request.url else None)

    page.get_by_role("searchbox").fill("heater")

    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator("#total")).to_have_text("1 issue")
    expect(page).to_have_url(re.compile(r"q=heater"))
    page.get_by_role("searchbox").blur()
    page.go_back()
    expect(page).not_to_have_url(re.compile(r"q="))
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator("#total")).to_have_text("2 issues")
    assert len(asked) == 1  # not once more as the field was left


def test_the_board_is_one_tab_stop_with_letters_and_arrows_inside(page):
    first = make_issue(title="First", priority="high")
    second = make_issue(title="Second")
    third = make_issue(title="Third", status="resolved")
    page.goto("/")

    page.keyboard.press("j")
    expect(page.get_by_role("link", name=first.title)).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=second.title)).to_be_focused()
    page.keyboard.press("l")
    expect(page.get_by_role("link", name=third.title)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(column(page, "open").locator("a:focus")).to_have_count(1)
    assert page.locator(".card [tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/({first.reference}|{second.reference})\b"))


def test_a_card_is_moved_by_plain_form(plain_page):
    issue = make_issue()
    plain_page.goto("/")

    plain_page.get_by_label(f"Move {issue.reference}").click()
    plain_page.get_by_role("button", name="In progress").click()

    expect(column(plain_page, "in_progress").get_by_role("link", name=issue.title)).to_be_visible()


def test_a_column_pages_by_plain_links(plain_page):
    person = make_user()
    for n in range(PAGE + 1):
        make_issue(by=person, title=f"Finding {n}")
    plain_page.goto("/")

    plain_page.get_by_role("link", name="1 more").click()

    expect(plain_page.get_by_role("link", name="Finding 0")).to_be_visible()


def test_a_card_is_moved_with_a_thumb(phone_page):
    issue = make_issue()
    phone_page.goto("/")

    phone_page.get_by_label(f"Move {issue.reference}").tap()
    phone_page.get_by_role("option", name="In progress").tap()

    expect(phone_page.get_by_text(f"{issue.reference} is in progress")).to_be_visible()
    assert Issue.objects.get().status == "in_progress"
    assert phone_page.evaluate("document.documentElement.scrollWidth") == 390


def test_selected_cards_are_moved_with_a_thumb_as_one(phone_page):
    person = make_user()
    issues = [make_issue(person), make_issue(person)]
    phone_page.goto("/")
    for issue in issues:
        phone_page.get_by_label(f"Move {issue.reference}").tap()
        phone_page.get_by_role("option", name="Select").tap()
        expect(card(phone_page, issue)).to_have_attribute("data-selected", "")

    phone_page.get_by_label(f"Move {issue.reference}").tap()
    expect(phone_page.get_by_role("listbox", name="Change 2 issues")).to_be_visible()
    phone_page.get_by_role("option", name="Rejected").tap()

    expect(phone_page.get_by_text("2 issues rejected")).to_be_visible()
    assert set(Issue.objects.values_list("status", flat=True)) == {"rejected"}


def test_on_a_phone_the_column_in_sight_is_marked_and_a_pill_leads_to_another(phone_page):
    for status in ("open", "in_progress", "resolved", "rejected"):
        make_issue(status=status)
    phone_page.goto("/")
    marked = phone_page.locator(".col-tabs [aria-current=true]")
    expect(marked).to_contain_text("Open")
    assert marked.evaluate("pill => getComputedStyle(pill).boxShadow") != "none"

    phone_page.get_by_role("link", name="Resolved").first.tap()
    expect(marked).to_contain_text("Resolved")
    phone_page.locator(".board").evaluate("board => board.scrollTo(board.scrollWidth, 0)")
    expect(marked).to_contain_text("Rejected")
    expect(marked).to_be_in_viewport(ratio=1)
    phone_page.get_by_label("Search issues").fill("Nothing")
    expect(phone_page.locator(".card")).to_have_count(0)

    expect(marked).to_have_count(1)

"""Sign-in and account in a browser, as in production: nothing is seen before, nothing typed is lost, tokens are seen once."""

import re

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from issues.models import ApiToken
from issues.models.browser_session import BrowserSession
from tests.browser.accessibility import assert_accessible
from tests.factories import make_issue, make_user

PASSWORD = "torque-1.4-newton"

pytestmark = pytest.mark.usefixtures("production")


@pytest.fixture
def ada():
    return make_user("ada@example.com", name="Ada Byron", password=PASSWORD)


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def let_in(page: Page, base_url: str, person) -> None:
    """Sign in without the form."""
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": base_url}])


@pytest.mark.parametrize("kind", ["page", "plain_page"])
def test_a_wrong_password_is_said_at_the_field_and_the_right_one_leads_on(request, kind, ada):
    page = request.getfixturevalue(kind)
    make_issue(ada, title="Battery string B drops")
    page.goto("/list?status=open")
    expect(page).to_have_url(re.compile("/signin"))

    sign_in(page, "torque-1.4-newtons")
    expect(page.get_by_role("alert")).to_have_text("E-mail and password do not match.")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_value("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile(r"/list\?status=open"))
    expect(page.get_by_role("link", name="Battery string B drops")).to_be_visible()


def test_a_draft_outlives_signing_out(page, ada):
    issue = make_issue(ada)
    page.goto(f"/{issue.reference}")
    sign_in(page)
    page.get_by_label("Comment", exact=True).fill("Half a thought")
    page.locator(".side .account summary").click()

    page.locator(".side").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/signin"))
    page.go_back()
    expect(page).to_have_url(re.compile("/signin"))
    page.goto(f"/{issue.reference}")
    sign_in(page)

    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half a thought")


def test_what_is_sent_while_signed_out_elsewhere_is_kept_and_goes_through_after(page, base_url, ada):
    issue = make_issue(ada)
    let_in(page, base_url, ada)
    page.goto(f"/{issue.reference}")
    BrowserSession.objects.all().delete()
    page.get_by_label("Comment", exact=True).fill("Not lost")

    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Not lost")
    let_in(page, base_url, ada)
    page.get_by_role("button", name="Comment", exact=True).click()

    expect(page.locator("#thread .said")).to_contain_text("Not lost")


def test_an_open_page_says_that_one_is_signed_out_and_follows_again_after(page, base_url, ada):
    issue = make_issue(ada, title="Battery drops")
    let_in(page, base_url, ada)
    page.goto("/")
    BrowserSession.objects.all().delete()
    issue.change(by=ada, title="Changed meanwhile")
    expect(page.get_by_text("You are signed out. Sign in in another tab.")).to_be_visible()
    expect(page.locator(".card h3")).to_have_text("Battery drops")

    let_in(page, base_url, ada)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator(".card h3")).to_have_text("Changed meanwhile")
    expect(page.get_by_text("You are signed out.")).to_have_count(0)


def test_a_token_is_seen_once_and_fails_once_it_is_revoked(page, base_url, ada):
    let_in(page, base_url, ada)
    page.goto("/account")
    page.get_by_label("What it is for").fill("nightly")
    page.get_by_role("button", name="Make token").click()
    secret = page.get_by_label("The token", exact=True).input_value()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert page.request.get("/issues", headers=bearer).status == 200

    page.goto("/account")
    expect(page.get_by_text("nightly")).to_be_visible()
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke nightly").click()

    expect(page.get_by_text("Token revoked. It fails from now on.")).to_be_visible()
    assert page.request.get("/issues", headers=bearer).status == 401
    assert ApiToken.objects.get().is_valid is False


def test_axe_finds_nothing_on_the_sign_in_page(page, ada):
    page.goto("/signin")
    sign_in(page, "wrong")

    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page)

"""One's own account: name, password, tokens, sessions, and how pages look."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from issues.models import AccountEvent, ApiToken, BrowserSession, Scope, people
from tests.factories import make_token, make_user, make_viewer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production")]

PASSWORD, NEW = "amber lantern 4711", "copper compass 1984"


@pytest.fixture
def mara():
    return make_user("mara.lindqvist@example.com", password=PASSWORD)


def browser_of(person, password=PASSWORD, **headers):
    client = Client(**headers)
    client.post("/signin", {"username": person.email, "password": password})
    return client


def secret_in(response):
    return re.search(r'id="secret" readonly value="(fnd_[\w-]{43})"', response.content.decode())[1]


class TestName:
    def test_it_is_made_of_the_email_until_set(self, mara):
        client = browser_of(mara)
        assert "Mara Lindqvist" in client.get("/account").content.decode()

        assert (
            client.post("/account/name", {"name": " Mara L. "}).headers["Location"] == "/account?saved=name"
        )

        mara.refresh_from_db()
        assert (mara.name, mara.initials) == ("Mara L.", "ML")
        client.post("/account/name", {"name": ""})
        mara.refresh_from_db()
        assert mara.display_name == "Mara Lindqvist"

    @pytest.mark.parametrize("name", ["x" * 201, "a\0b"])
    def test_a_bad_one_is_said_at_the_field_and_stays_there(self, mara, name):
        response = browser_of(mara).post("/account/name", {"name": name})

        assert response.status_code == 422
        assert "At most 200 characters." in response.content.decode()
        mara.refresh_from_db()
        assert mara.name == ""


class TestPassword:
    def change(self, client, **typed):
        return client.post("/account/password", {"current": PASSWORD, "password": NEW, "again": NEW, **typed})

    def test_it_is_changed_and_all_other_browsers_are_out(self, mara):
        client, other = browser_of(mara), browser_of(mara)

        assert self.change(client).headers["Location"] == "/account?saved=password"

        assert client.get("/account").status_code == 200
        assert other.get("/account").status_code == 302
        assert browser_of(mara).get("/account").status_code == 302
        assert browser_of(mara, NEW).get("/account").status_code == 200
        assert AccountEvent.objects.get().kind == "password_set"

    @pytest.mark.parametrize(
        ("typed", "field", "words"),
        [
            ({"current": "wrong"}, "current", "This is not your password."),
            ({"current": ""}, "current", "This is not your password."),
            ({"current": "x" * 5000}, "current", "This is not your password."),
            ({"password": "short", "again": "short"}, "password", "at least 12"),
            ({"password": "mara.lindqvist@", "again": "mara.lindqvist@"}, "password", "too similar"),
            ({"again": "else"}, "again", "not the same"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_changes(self, mara, typed, field, words):
        client = browser_of(mara)

        response = self.change(client, **typed)

        assert response.status_code == 422
        assert re.search(rf'id="error-{field}">.*{words}', response.content.decode())
        mara.refresh_from_db()
        assert mara.check_password(PASSWORD)

    def test_a_stolen_session_may_not_guess_for_long(self, mara):
        client = browser_of(mara)

        codes = [self.change(client, current=f"guess {n}").status_code for n in range(6)]

        assert codes == [422] * 5 + [429]

    def test_in_local_mode_there_is_none(self, mara, settings):
        settings.LOCAL = True
        client = Client()

        assert "Current password" not in client.get("/account").content.decode()
        assert self.change(client).status_code == 404


class TestSessions:
    def test_each_browser_is_shown_by_its_name(self, mara):
        firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        browser_of(mara, HTTP_USER_AGENT=firefox)
        chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"

        page = browser_of(mara, HTTP_USER_AGENT=chrome).get("/account").content.decode()

        assert "Firefox on Linux" in page
        assert 'Chrome on Windows <span class="tag">this one</span>' in page

    def test_all_others_are_signed_out_at_once(self, mara):
        client, other, stranger = browser_of(mara), browser_of(mara), browser_of(make_user(password=PASSWORD))

        client.post("/account/sessions/end")

        assert client.get("/account").status_code == 200
        assert other.get("/account").status_code == 302
        assert stranger.get("/account").status_code == 200
        assert BrowserSession.objects.filter(user=mara).count() == 1
        assert AccountEvent.objects.filter(kind="signed_out").count() == 1
        client.post("/account/sessions/end")
        assert AccountEvent.objects.filter(kind="signed_out").count() == 1  # nothing to end: nothing recorded


class TestTokens:
    def make(self, client, **typed):
        return client.post("/account/tokens", {"label": "Nightly", "scope": "write", "days": "30", **typed})

    def test_one_is_made_shown_once_and_works(self, mara):
        client = browser_of(mara)

        made = self.make(client)
        secret = secret_in(made)

        assert "no-store" in made.headers["Cache-Control"]
        assert f"Authorization: Bearer {secret}" in made.content.decode()
        assert secret not in client.get("/account").content.decode()
        token = ApiToken.objects.get()
        assert (token.user, token.label, token.scopes) == (mara, "Nightly", ["read", "write"])
        assert 29 <= (token.expires_at - timezone.now()).days <= 30
        reply = Client().get("/issues", headers={"Authorization": f"Bearer {secret}"})
        assert reply.status_code == 200

    def test_read_only_and_for_ever_if_so_chosen(self, mara):
        self.make(browser_of(mara), scope="read", days="0")

        token = ApiToken.objects.get()
        assert (token.scopes, token.expires_at) == ([Scope.READ], None)

    @pytest.mark.parametrize(
        "typed",
        [
            {"label": ""},
            {"label": "x" * 201},
            {"label": "a\0"},
            {"scope": "all"},
            {"days": "-1"},
            {"days": "9" * 30},
            {"days": "x"},
        ],
    )
    def test_a_bad_form_makes_none(self, mara, typed):
        response = self.make(browser_of(mara), **typed)

        assert response.status_code == 422
        assert 'class="err"' in response.content.decode()
        assert not ApiToken.objects.exists()

    def test_revoked_it_fails_at_the_next_request(self, mara):
        client = browser_of(mara)
        secret = secret_in(self.make(client))
        token = ApiToken.objects.get()

        for _ in range(2):
            assert client.post(f"/account/tokens/{token.pk}/revoke").status_code == 303

        assert Client().get("/issues", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
        assert [act.kind for act in AccountEvent.objects.order_by("pk")] == ["token_made", "token_revoked"]

    def test_nobody_revokes_anothers(self, mara):
        make_token(make_user())
        token = ApiToken.objects.get()

        assert browser_of(mara).post(f"/account/tokens/{token.pk}/revoke").status_code == 404
        token.refresh_from_db()
        assert token.revoked_at is None
        with pytest.raises(people.NotAllowed):
            people.revoke_token(token, by=mara)

    def test_a_viewer_is_offered_no_write(self, mara):
        viewer = make_viewer()
        client = Client()
        client.force_login(viewer)

        page = client.get("/account").content.decode()

        assert "read and write" not in page

    def test_last_use_is_known_to_the_minute_and_costs_one_write_of_it(self, mara, django_assert_num_queries):
        headers = {"Authorization": f"Bearer {make_token(mara)}"}
        assert Client().get("/issues", headers=headers).status_code == 200
        first = ApiToken.objects.get().last_used_at
        assert (timezone.now() - first).total_seconds() < 60

        Client().get("/issues", headers=headers)
        assert ApiToken.objects.get().last_used_at == first

        ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
        Client().get("/issues", headers=headers)
        assert ApiToken.objects.get().last_used_at > first - timedelta(minutes=1)

    def test_an_unknown_token_is_used_by_nobody(self):
        make_token()

        Client().get("/issues", headers={"Authorization": "Bearer fnd_x"})

        assert ApiToken.objects.get().last_used_at is None


class TestLooks:
    @pytest.mark.parametrize(
        ("path", "name", "values"),
        [("/theme", "theme", ("dark", "light")), ("/account/keys", "keys", ("off",))],
    )
    def test_it_is_kept_in_a_cookie_of_this_browser(self, mara, path, name, values):
        client = browser_of(mara)
        for value in values:
            response = client.post(path, {name: value, "next": "/account#looks"})
            cookie = response.cookies[name]
            assert (cookie.value, cookie["secure"], cookie["samesite"]) == (value, True, "Lax")
            assert response.headers["Location"] == "/account#looks"

        assert (
            client.post(path, {name: "anything", "next": "//evil.example"}).headers["Location"] == "/account"
        )
        assert client.cookies[name].value == ""

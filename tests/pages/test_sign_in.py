"""Signing in: who comes in and who does not, how often one may be wrong, and where one ends up."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from issues.models import BrowserSession, RateCount, User, attempts, people
from tests.factories import make_administrator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production", "quick_hashes")]

PASSWORD = "amber lantern 4711"
WRONG = {"username": "mara@example.com", "password": "wrong"}
RIGHT = {"username": "mara@example.com", "password": PASSWORD}


@pytest.fixture
def quick_hashes(settings):
    """A hash that takes a millisecond; what is tested here is not the hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def mara(quick_hashes):
    return make_user("mara@example.com", password=PASSWORD)


def signed_in(client):
    return client.get("/account").status_code == 200


class TestSignIn:
    def test_the_right_password_comes_in_and_goes_where_one_was_going(self, client, mara):
        asked = client.get("/FND-12?x=1")
        assert asked.headers["Location"] == "/signin?next=%2FFND-12%3Fx%3D1"
        assert b'value="/FND-12?x=1"' in client.get(asked.headers["Location"]).content

        response = client.post("/signin", {**RIGHT, "next": "/FND-12?x=1"})

        assert (response.status_code, response.headers["Location"]) == (303, "/FND-12?x=1")
        assert signed_in(client)
        assert client.get("/signin?next=/new").headers["Location"] == "/new"

    @pytest.mark.parametrize("email", ["MARA@example.com", " mara@example.com "])
    def test_the_email_counts_in_any_case(self, client, mara, email):
        assert client.post("/signin", {**RIGHT, "username": email}).status_code == 303

    def test_nobody_learns_which_of_the_two_was_wrong(self, client, mara):
        known = client.post("/signin", WRONG)
        unknown = client.post("/signin", {**WRONG, "username": "nora@example.com"})

        def page(response, email):
            text = response.content.decode().replace(email, "")
            return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)

        assert known.status_code == unknown.status_code == 422
        assert "E-mail and password do not match." in known.content.decode()
        assert page(known, "mara@example.com") == page(unknown, "nora@example.com")
        assert 'value="mara@example.com"' in known.content.decode()  # what was typed stays, but the password
        assert "wrong" not in known.content.decode().replace("wrong passwords", "")

    @pytest.mark.parametrize(
        "typed",
        [
            {},
            {"username": "mara@example.com"},
            {"username": "a\0b", "password": PASSWORD},
            {"username": "mara@example.com", "password": "a\0b"},
            {"username": "x" * 300, "password": PASSWORD},
            {"username": "mara@example.com", "password": "x" * 5000},
            {"username": "atlas@agent.invalid", "password": "!"},
            {"username": "local@localhost", "password": "!"},
        ],
        ids=repr,
    )
    def test_anything_else_does_not_come_in(self, client, mara, typed):
        User.objects.agent(), User.objects.local()

        assert client.post("/signin", typed).status_code == 422
        assert not signed_in(client)

    def test_who_was_deactivated_does_not_come_in(self, client, mara):
        people.deactivate(mara, by=make_administrator())

        assert client.post("/signin", RIGHT).status_code == 422

    def test_the_form_needs_its_token(self, mara):
        strict = Client(enforce_csrf_checks=True)

        assert strict.post("/signin", RIGHT).status_code == 403

    def test_an_address_that_nobody_may_see_looks_the_same_whether_it_is_there_or_not(self, client):
        assert client.get("/FND-1").status_code == client.get("/FND-999999").status_code == 302

    def test_a_script_is_told_in_words(self, client):
        response = client.get("/", headers={"HX-Request": "true"})

        assert response.status_code == 401
        assert "signed out" in response.content.decode()

    def test_a_large_form_is_refused_before_it_is_read(self, client):
        response = client.post("/signin", {**WRONG, "files": "x" * 3_000_000})

        assert response.status_code == 413
        assert not RateCount.objects.exists()


class TestTime:
    def test_unknown_accounts_take_as_long_as_known_ones(self, client, settings, mara):
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
        mara.set_password(PASSWORD)
        mara.save()
        make_user("nopassword@example.com")

        def took(email):
            RateCount.objects.all().delete()
            began = time.thread_time()  # what this thread computes, whoever else uses the machine
            client.post("/signin", {"username": email, "password": "wrong"})
            return time.thread_time() - began

        emails = ("mara@example.com", "nobody@example.com", "nopassword@example.com")
        took(emails[0])
        times = [median(took(email) for _ in range(3)) for email in emails]

        assert max(times) < 1.5 * min(times)
        assert min(times) > 0.05  # a hash was computed each time


class TestHowOften:
    def test_five_wrong_passwords_for_an_account_then_it_waits(self, client, mara):
        for _ in range(5):
            assert client.post("/signin", WRONG).status_code == 422

        refused = client.post("/signin", RIGHT, REMOTE_ADDR="203.0.113.9")

        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 300
        assert re.search(r"Too many wrong passwords\. Wait (a minute|\d minutes)", refused.content.decode())
        assert not signed_in(client)

    def test_an_unknown_account_waits_just_the_same(self, client):
        codes = [client.post("/signin", WRONG).status_code for _ in range(6)]

        assert codes == [422] * 5 + [429]

    def test_ten_wrong_passwords_from_an_address_then_it_waits(self, client, mara):
        for number in range(10):
            client.post(
                "/signin", {**WRONG, "username": f"person{number}@example.com"}, REMOTE_ADDR="203.0.113.5"
            )

        assert client.post("/signin", RIGHT, REMOTE_ADDR="203.0.113.5").status_code == 429
        assert client.post("/signin", RIGHT, REMOTE_ADDR="203.0.113.6").status_code == 303

    def test_one_machine_has_one_address_of_its_ipv6_network(self, client):
        for number in range(10):
            where = f"2001:db8::{number:x}"
            client.post("/signin", {**WRONG, "username": f"{number}@example.com"}, REMOTE_ADDR=where)

        assert (
            client.post(
                "/signin", {**WRONG, "username": "x@example.com"}, REMOTE_ADDR="2001:db8::ffff"
            ).status_code
            == 429
        )
        assert (
            client.post(
                "/signin", {**WRONG, "username": "y@example.com"}, REMOTE_ADDR="2001:db8:0:1::1"
            ).status_code
            == 422
        )

    def test_who_is_right_is_never_counted(self, mara):
        for _ in range(12):
            assert Client().post("/signin", RIGHT).status_code == 303

    def test_the_wait_ends(self, client, mara):
        for _ in range(6):
            client.post("/signin", WRONG)
        assert client.post("/signin", RIGHT).status_code == 429

        RateCount.objects.update(window=0)  # the window is over

        assert client.post("/signin", RIGHT).status_code == 303

    def test_what_is_typed_as_an_email_is_not_kept(self, client):
        client.post("/signin", {"username": "my password by mistake", "password": "x"})

        assert not [row for row in RateCount.objects.all() if "mistake" in row.caller]

    def test_a_thousand_wrong_passwords_get_five_answers(self, client, mara):
        codes = [
            client.post("/signin", WRONG, REMOTE_ADDR=f"10.0.{n // 200}.{n % 200}").status_code
            for n in range(1000)
        ]

        assert (codes.count(422), codes.count(429)) == (5, 995)

    def test_a_made_up_address_is_not_believed(self, client, settings):
        def sent(n, **where):
            return client.post("/signin", {**WRONG, "username": f"{n}@example.com"}, **where).status_code

        for n in range(10):
            sent(n, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}")
        assert sent(10, HTTP_X_FORWARDED_FOR="198.51.100.77") == 429

        settings.PROXIES = 1  # the last part is what our own proxy saw, whatever stands before it
        for n in range(20, 30):
            assert sent(n, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}, 203.0.113.7") == 422
        assert sent(30, HTTP_X_FORWARDED_FOR="1.2.3.4, 203.0.113.7") == 429
        assert sent(31, HTTP_X_FORWARDED_FOR="203.0.113.7, 203.0.113.8") == 422


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_no_more_than_five_are_looked_at(production, quick_hashes):
    make_user("mara@example.com", password=PASSWORD)

    def attempt(number):
        try:
            return Client().post("/signin", WRONG, REMOTE_ADDR=f"10.1.0.{number}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(attempt, range(24)))

    assert (codes.count(422), codes.count(429)) == (5, 19)


# Where a browser could be sent: none of these is a path of ours, whichever way it is read.
ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "/\\/evil.example", "\\evil.example", "http://evil.example", "https://evil.example", "HTTP://evil.example",
    "http:evil.example", "http:/evil.example", "https:///evil.example", "http:\\\\evil.example", "ftp://evil.example",
    "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x",
    "vbscript:x", "mailto:a@evil.example", "evil.example", "www.evil.example", "@evil.example", ".evil.example",
    "//evil.example/%2e%2e", "//testserver@evil.example", "http://testserver@evil.example", "http://testserver.evil.example",
    "http://evil.example#testserver", "http://evil.example?testserver", "http://evil.example\\testserver", "//evil.example:80",
    "//[::1]", "//[::ffff:1.2.3.4]", "//1.2.3.4", "//0x01020304", "//16909060", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", "\t//evil.example", "\n//evil.example", "\r\n//evil.example", " //evil.example", "\u00a0//evil.example",
    "/\x00/evil.example", "\x00//evil.example", "/\x1f/evil.example", "\x01https://evil.example", "/a\r\nSet-Cookie: x=1",
    "/a\nLocation: //evil.example", "//evil\u3002example", "\uff0f\uff0fevil.example", "//ev\u0456l.example", "/\u2028/evil.example",
    "http://[evil.example", "//\\evil.example", "/\\\\evil.example/path", "?next=//evil.example", "#//evil.example", "",
]  # fmt: skip


class TestNext:
    def test_there_are_enough_vectors(self):
        assert len(set(ELSEWHERE)) >= 60

    @pytest.mark.parametrize("target", ELSEWHERE, ids=repr)
    def test_nobody_is_sent_elsewhere(self, client, mara, target):
        response = client.post("/signin", {**RIGHT, "next": target})

        assert (response.status_code, response.headers["Location"]) == (303, "/")
        again = client.get("/signin", {"next": target})
        assert again.headers["Location"] == "/"

    @pytest.mark.parametrize(
        "target", ["/", "/FND-12", "/?q=a%20b&status=open", "/list?q=%2F%2Fx", "/FND-1#c-2"]
    )
    def test_paths_of_ours_are_kept(self, client, mara, target):
        assert client.post("/signin", {**RIGHT, "next": target}).headers["Location"] == target


class TestSession:
    def test_a_key_that_was_there_before_is_worth_nothing(self, client, mara):
        client.get("/signin")
        session = client.session
        session["planted"] = "yes"
        session.save()
        planted = session.session_key
        client.cookies["sessionid"] = planted

        client.post("/signin", RIGHT)

        assert client.cookies["sessionid"].value != planted
        thief = Client()
        thief.cookies["sessionid"] = planted
        assert not signed_in(thief)

    def test_the_cookie_is_for_http_and_this_site_and_thirty_days(self, client, mara):
        cookie = client.post("/signin", RIGHT).cookies["sessionid"]

        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 30 * 24 * 3600)
        assert "domain" not in cookie or not cookie["domain"]

    def test_looking_at_pages_writes_no_session(self, client, mara, django_assert_num_queries):
        client.post("/signin", RIGHT)
        before = BrowserSession.objects.get().expire_date

        client.get("/account")

        assert BrowserSession.objects.get().expire_date == before

    def test_it_ends_after_its_time(self, client, mara):
        client.post("/signin", RIGHT)

        BrowserSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

        assert not signed_in(client)

    def test_sign_out_is_a_post_and_ends_it_on_the_server(self, client, mara):
        client.post("/signin", RIGHT)
        key = client.cookies["sessionid"].value
        assert client.get("/signout").status_code == 405

        response = client.post("/signout")

        assert response.headers["Location"] == "/signin"
        assert response.headers["Clear-Site-Data"] == '"cache"'
        thief = Client()
        thief.cookies["sessionid"] = key
        assert not signed_in(thief)
        assert not BrowserSession.objects.exists()

    def test_it_ends_when_its_person_is_deactivated(self, client, mara):
        client.post("/signin", RIGHT)

        people.deactivate(mara, by=make_administrator())

        assert not signed_in(client)


class TestLink:
    def test_an_invitation_sets_a_password_and_comes_in(self, client):
        nora = people.invite("nora@example.com", role="viewer", by=None)
        address = f"/link/{people.make_link(nora, by=None)}"
        assert b"nora@example.com" in client.get(address).content

        response = client.post(address, {"name": "Nora Weiß", "password": PASSWORD, "again": PASSWORD})

        assert (response.status_code, response.headers["Location"]) == (303, "/")
        assert signed_in(client)
        nora.refresh_from_db()
        assert nora.name == "Nora Weiß"
        assert nora.check_password(PASSWORD)

    def test_it_works_once(self, client, mara):
        address = f"/link/{people.make_link(mara, by=None)}"
        typed = {"password": "another lantern 99", "again": "another lantern 99"}
        client.post(address, typed)

        assert Client().get(address).status_code == 404
        assert Client().post(address, typed).status_code == 404

    def test_looking_at_it_does_not_use_it_up(self, client, mara):
        address = f"/link/{people.make_link(mara, by=None)}"

        assert [client.get(address).status_code for _ in range(3)] == [200] * 3

    def test_it_ends_after_three_days_and_by_a_newer_one(self, client, settings):
        nora = people.invite("nora@example.com", role="member", by=None)
        old = people.make_link(nora, by=None)
        new = people.make_link(nora, by=None)
        assert client.get(f"/link/{old}").status_code == 404
        assert client.get(f"/link/{new}").status_code == 200

        settings.PASSWORD_RESET_TIMEOUT = -1

        assert client.get(f"/link/{new}").status_code == 404

    def test_it_ends_by_a_sign_in_and_by_deactivation(self, client, mara):
        address = f"/link/{people.make_link(mara, by=None)}"
        people.deactivate(mara, by=make_administrator())
        assert client.get(address).status_code == 404
        people.reactivate(mara, by=None)
        assert client.get(address).status_code == 200

        Client().post("/signin", RIGHT)

        assert client.get(address).status_code == 404

    @pytest.mark.parametrize(
        "key", ["x", "1-", "-", "1-abc", "zzzzzzzzzzzzzzz-abc-def", "é-ü", "1-%00", "٣-abc"]
    )
    def test_anything_else_is_no_link(self, client, key):
        assert client.get(f"/link/{key}").status_code == 404

    def test_another_persons_link_is_not_made_of_ones_own(self, client, mara):
        other = make_user()
        token = people.make_link(mara, by=None).partition("-")[2]

        assert people.find_by_link(f"{other.pk}-{token}") is None

    @pytest.mark.parametrize(
        ("password", "again", "words"),
        [
            ("short", "short", "at least 12 characters"),
            ("password1234", "password1234", "too common"),
            ("mara@example", "mara@example", "too similar"),
            (PASSWORD, "else", "not the same"),
            ("", "", "at least 12 characters"),
            ("x" * 5000, "x" * 5000, "At most 4,096"),
        ],
    )
    def test_a_bad_password_is_said_at_its_field_and_the_link_stays_good(
        self, client, mara, password, again, words
    ):
        address = f"/link/{people.make_link(mara, by=None)}"

        refused = client.post(address, {"name": "Mara", "password": password, "again": again})

        assert refused.status_code == 422
        assert words in refused.content.decode()
        assert 'aria-invalid="true"' in refused.content.decode()
        assert client.get(address).status_code == 200

    def test_it_signs_out_whoever_was_in_with_the_old_password(self, client, mara):
        thief = Client()
        thief.post("/signin", RIGHT)
        address = f"/link/{people.make_link(mara, by=None)}"

        client.post(address, {"password": "another lantern 99", "again": "another lantern 99"})

        assert not signed_in(thief)


def test_production_settings_protect_the_cookies():
    """The settings as they are in production, from a process of their own."""
    lines = "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS"
    code = f"from django.conf import settings as s; print({lines}, s.LOCAL, s.SESSION_COOKIE_SAMESITE)"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ISSUETRACKER_")
    } | {
        "DJANGO_SETTINGS_MODULE": "issuetracker.settings",
        "ISSUETRACKER_SECRET_KEY": "only-for-this-test-" + "0123456789" * 4,
        "ISSUETRACKER_HOSTS": "findings.example",
        "DATABASE_URL": "postgresql://nobody@localhost/none",
        "ISSUETRACKER_DATA_DIR": os.environ["ISSUETRACKER_DATA_DIR"],
    }
    root = Path(__file__).resolve().parents[2]

    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=root, capture_output=True, text=True, check=True
    )

    assert said.stdout.split() == ["True", "True", "True", "True", str(365 * 24 * 3600), "False", "Lax"]


def test_limits_are_what_was_promised():
    assert (attempts.PER_ACCOUNT, attempts.ACCOUNT_WINDOW) == (5, 300)
    assert (attempts.PER_ADDRESS, attempts.ADDRESS_WINDOW) == (10, 60)

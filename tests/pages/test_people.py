"""Who may come in: invited, given a role, sent away, and never so that nobody can administer any more."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from issues.models import AccountEvent, AccountEventKind, ApiToken, Role, User, people
from tests.factories import make_administrator, make_token, make_user, make_viewer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production")]


@pytest.fixture
def admin():
    return make_administrator()


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin)
    return client


def acts():
    return list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True))


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


class TestInvite:
    def test_a_link_is_shown_once_and_brings_the_person_in(self, client, admin):
        response = client.post("/people/invite", {"email": " Nora@Example.com ", "role": "viewer"})

        link = re.search(
            r'id="link" readonly value="http://testserver(/link/[^"]+)"', response.content.decode()
        )[1]
        assert "no-store" in response.headers["Cache-Control"]
        assert link not in client.get("/people").content.decode()
        nora = User.objects.get(email="nora@example.com")
        assert nora.role == Role.VIEWER
        assert b"nora@example.com" in Client().get(link).content
        assert acts() == ["invited", "link_made"]
        assert f"{admin.email} added nora@example.com as viewer" in words(client.get("/people"))

    @pytest.mark.parametrize("typed", [{"email": "nora"}, {"email": ""}, {"email": "a\0@example.com"}, {"email": "x" * 250 + "@example.com"}, {"role": "owner"}, {"role": ""}])  # fmt: skip
    def test_a_bad_form_adds_nobody_and_keeps_what_was_typed(self, client, typed):
        before = User.objects.count()

        response = client.post("/people/invite", {"email": "nora@example.com", "role": "member", **typed})

        assert response.status_code == 422
        assert 'class="err"' in response.content.decode()
        if "\0" not in typed.get("email", ""):
            assert typed.get("email", "nora@example.com") in response.content.decode()
        assert User.objects.count() == before

    def test_who_is_there_already_is_not_added_twice(self, client):
        make_user("nora@example.com")

        response = client.post("/people/invite", {"email": "NORA@example.com", "role": "administrator"})

        assert response.status_code == 422
        assert "There is a person with this e-mail already." in words(response)
        assert User.objects.get(email="nora@example.com").role == Role.MEMBER

    def test_a_new_link_for_a_person_who_forgot_the_password(self, client):
        nora = make_user("nora@example.com", password="amber lantern 4711")

        response = client.post(f"/people/{nora.pk}/link")

        assert re.search(r"http://testserver/link/[\w-]+", response.content.decode())
        nora.refresh_from_db()
        assert nora.has_usable_password()  # the old one works until the link is used


class TestRole:
    def test_it_is_changed_and_recorded(self, client, admin):
        nora = make_user("nora@example.com")

        response = client.post(f"/people/{nora.pk}/role", {"role": "administrator"})
        client.post(f"/people/{nora.pk}/role", {"role": "administrator"})

        assert response.headers["Location"] == f"/people#person-{nora.pk}"
        nora.refresh_from_db()
        assert nora.role == Role.ADMINISTRATOR
        [act] = AccountEvent.objects.all()
        assert (act.by, act.person, act.data) == (admin, nora, {"from": "member", "to": "administrator"})

    def test_a_viewer_may_write_no_more_at_the_next_request(self, client):
        nora = make_user()
        theirs = Client()
        theirs.force_login(nora)
        assert theirs.get("/new").status_code == 200

        client.post(f"/people/{nora.pk}/role", {"role": "viewer"})

        assert theirs.post("/new", {"title": "x", "description": ""}).status_code == 403

    def test_nobody_changes_their_own(self, client, admin):
        make_administrator()

        response = client.post(f"/people/{admin.pk}/role", {"role": "viewer"})

        assert response.status_code == 409
        assert "Nobody changes their own role" in words(response)
        admin.refresh_from_db()
        assert admin.role == Role.ADMINISTRATOR
        assert acts() == []

    @pytest.mark.parametrize("role", ["owner", "", "\0"])
    def test_there_are_three(self, client, role):
        nora = make_user()

        assert client.post(f"/people/{nora.pk}/role", {"role": role}).status_code == 422
        nora.refresh_from_db()
        assert nora.role == Role.MEMBER


class TestDeactivate:
    def test_they_are_out_at_once_with_their_tokens_and_come_back_whole(self, client):
        nora = make_user("nora@example.com")
        theirs, secret = Client(), make_token(nora)
        theirs.force_login(nora)

        for _ in range(2):
            client.post(f"/people/{nora.pk}/deactivate")

        assert theirs.get("/").status_code == 302
        asked = {"Authorization": f"Bearer {secret}"}
        assert Client().get("/issues", headers=asked).status_code == 401
        assert "Member, deactivated" in words(client.get("/people"))
        for _ in range(2):
            client.post(f"/people/{nora.pk}/reactivate")
        assert Client().get("/issues", headers=asked).status_code == 200
        assert acts() == ["deactivated", "reactivated"]

    def test_nobody_does_it_to_themselves(self, client, admin):
        make_administrator()

        assert client.post(f"/people/{admin.pk}/deactivate").status_code == 409
        admin.refresh_from_db()
        assert admin.is_active

    def test_who_is_out_gets_no_link(self, client):
        nora = make_user()
        people.deactivate(nora, by=None)

        assert client.post(f"/people/{nora.pk}/link").status_code == 409

    @pytest.mark.parametrize(
        "path",
        ["/people/0/deactivate", "/people/999999999999999999/role", "/people/1e9/role", "/people/-1/link"],
    )
    def test_who_is_not_there_is_404(self, client, path):
        assert client.post(path, {"role": "viewer"}).status_code == 404

    def test_the_agent_is_no_person(self, client):
        agent = User.objects.agent()

        assert client.post(f"/people/{agent.pk}/deactivate").status_code == 404


class TestTheLastAdministrator:
    def test_the_console_neither_demotes_nor_deactivates_them(self, admin):
        with pytest.raises(people.LastAdministrator):
            people.change_role(admin, Role.MEMBER, by=None)
        with pytest.raises(people.LastAdministrator):
            people.deactivate(admin, by=None)

    def test_one_who_is_out_does_not_count(self, admin):
        other = make_administrator()
        people.deactivate(other, by=admin)

        with pytest.raises(people.LastAdministrator):
            people.change_role(admin, Role.MEMBER, by=None)

    def test_who_is_an_administrator_no_longer_does_nothing_any_more(self, admin):
        other, nora = make_administrator(), make_user()
        stale = User.objects.get(pk=other.pk)
        people.change_role(other, Role.MEMBER, by=admin)

        with pytest.raises(people.NotAllowed):
            people.deactivate(nora, by=stale)
        with pytest.raises(people.NotAllowed):
            people.make_link(nora, by=stale)
        with pytest.raises(people.NotAllowed):
            people.invite("new@example.com", role=Role.MEMBER, by=stale)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_demote_each_other_one_stays(production):
    one, other = make_administrator(), make_administrator()
    both = Barrier(2)

    def demote(by, whom):
        try:
            both.wait()
            people.change_role(User.objects.get(pk=whom.pk), Role.MEMBER, by=User.objects.get(pk=by.pk))
        except people.NotAllowed:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(demote, (one, other), (other, one)))

    assert sorted(outcomes) == ["done", "refused"]
    assert User.objects.filter(role=Role.ADMINISTRATOR).count() == 1


class TestAtlas:
    def test_it_is_connected_with_a_token_that_acts_as_atlas(self, client):
        response = client.post("/people/atlas/tokens", {"label": "Nightly", "scope": "write", "days": "365"})

        secret = re.search(r'id="secret" readonly value="([^"]+)"', response.content.decode())[1]
        assert (
            f"curl http://testserver/issues \\\n  -H &#x27;Authorization: Bearer {secret}&#x27;"
            in response.content.decode().replace("'", "&#x27;")
        )
        reply = Client().post("/issues", {"title": "Found", "description": []}, content_type="application/json", headers={"Authorization": f"Bearer {secret}"})  # fmt: skip
        assert reply.json()["created_by"] == "Atlas"

    def test_its_token_is_revoked_here_and_a_persons_is_not(self, client):
        make_token(User.objects.agent())
        agents = ApiToken.objects.get()
        make_token(make_user())
        persons = ApiToken.objects.latest("pk")

        assert client.post(f"/people/atlas/tokens/{agents.pk}/revoke").status_code == 303
        assert client.post(f"/people/atlas/tokens/{persons.pk}/revoke").status_code == 404

        agents.refresh_from_db(), persons.refresh_from_db()
        assert agents.revoked_at is not None
        assert persons.revoked_at is None

    def test_only_administrators_make_one(self):
        with pytest.raises(people.NotAllowed):
            people.make_token(User.objects.agent(), by=make_user(), label="x", scope="write", expires_at=None)


class TestWhoSees:
    @pytest.mark.parametrize("make", [make_user, make_viewer])
    def test_others_are_told_who_can_help(self, make):
        theirs = Client()
        theirs.force_login(make())

        response = theirs.get("/people")

        assert response.status_code == 403
        assert "Only an administrator" in words(response)
        assert "/people" not in theirs.get("/account").content.decode()

    def test_the_page_asks_the_same_number_of_questions_however_many_there_are(
        self, client, django_assert_max_num_queries
    ):
        for number in range(30):
            people.invite(f"p{number}@example.com", role=Role.MEMBER, by=None)

        with django_assert_max_num_queries(9):
            client.get("/people")

    def test_every_kind_of_act_has_its_words(self, client, admin):
        for kind in AccountEventKind:
            AccountEvent.objects.create(person=admin, kind=kind, by=admin, data={"role": "member", "from": "viewer", "to": "member", "label": "Nightly", "scope": "read"})  # fmt: skip

        page = client.get("/people").content.decode()

        log = re.findall(r"<li>(.*?)\s+<time", page, re.DOTALL)
        assert len(log) == len(AccountEventKind)
        assert all(admin.email in sentence for sentence in log)
        assert len(set(log)) == len(log)


class TestConsole:
    def test_the_first_administrator_comes_in_by_a_link(self, capsys, settings):
        settings.ALLOWED_HOSTS = ["findings.example"]

        call_command("create_user", "Ada@Example.com", "--administrator", "--link")

        link = capsys.readouterr().out.strip()
        assert link.startswith("https://findings.example/link/")
        person = people.find_by_link(link.rpartition("/")[2])
        assert (person.email, person.role) == ("ada@example.com", Role.ADMINISTRATOR)
        assert acts() == ["invited", "link_made"]

    def test_a_second_link_for_who_is_there_changes_nothing_else(self, capsys):
        make_user("ada@example.com", password="amber lantern 4711")

        call_command("create_user", "ada@example.com", "--link")

        assert "/link/" in capsys.readouterr().out
        assert User.objects.get(email="ada@example.com").role == Role.MEMBER

    @pytest.mark.parametrize(
        ("password", "refused"), [("amber lantern 4711", None), ("short", "at least 12")]
    )
    def test_a_password_from_standard_input_obeys_the_rules(
        self, capsys, monkeypatch, tmp_path, password, refused
    ):
        typed = tmp_path / "typed"
        typed.write_text(password + "\n")
        with typed.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            if refused:
                with pytest.raises(CommandError, match=refused):
                    call_command("create_user", "ada@example.com")
                assert not User.objects.filter(email="ada@example.com").exists()
            else:
                call_command("create_user", "ada@example.com")
                assert User.objects.get(email="ada@example.com").check_password(password)

    def test_the_same_person_is_not_added_twice(self):
        make_user("ada@example.com")

        with pytest.raises(CommandError, match="already"):
            call_command("create_user", "ADA@example.com", "--no-password")

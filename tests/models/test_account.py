from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from issues.models import ApiToken, Scope, User
from issues.models.account import initials, name_from_email
from tests.factories import make_user

pytestmark = pytest.mark.django_db


class TestToken:
    def test_is_found_by_its_secret_and_keeps_only_the_digest(self):
        ada = make_user()

        token, secret = ApiToken.issue_to(ada)

        assert ApiToken.find(secret) == token
        assert secret.encode() not in bytes(token.digest)
        assert len(secret) == 47

    def test_is_not_found_by_anything_else(self):
        _, secret = ApiToken.issue_to(make_user())

        assert ApiToken.find(secret[:-1]) is None
        assert ApiToken.find("") is None
        assert ApiToken.find("\ud800") is None

    def test_ends_when_it_expires(self):
        now = timezone.now()
        _, ended = ApiToken.issue_to(make_user(), expires_at=now - timedelta(seconds=1))
        _, good = ApiToken.issue_to(make_user(), expires_at=now + timedelta(hours=1))

        assert ApiToken.find(ended) is None
        assert ApiToken.find(good) is not None

    def test_ends_when_it_is_revoked_or_its_user_leaves(self):
        ada, bob = make_user(), make_user()
        token, revoked = ApiToken.issue_to(ada)
        _, left = ApiToken.issue_to(bob)

        token.revoke()
        token.revoke()
        User.objects.filter(pk=bob.pk).update(is_active=False)

        assert ApiToken.find(revoked) is None
        assert ApiToken.find(left) is None

    def test_allows_its_scopes_only(self):
        token, _ = ApiToken.issue_to(make_user(), scopes=[Scope.READ])

        assert token.allows("read")
        assert not token.allows("write")

    @pytest.mark.parametrize("scopes", [[], ["everything"]])
    def test_has_known_scopes(self, scopes):
        with pytest.raises(IntegrityError, match="token_scopes_are_known"), transaction.atomic():
            ApiToken.issue_to(make_user(), scopes=scopes)


class TestUser:
    def test_the_agent_is_one_and_has_a_name(self):
        agent = User.objects.agent()

        assert User.objects.agent() == agent
        assert (agent.public_name, agent.can_write) == ("Atlas", True)
        with pytest.raises(IntegrityError, match="there_is_one_agent"), transaction.atomic():
            User.objects.create(email="other@agent.invalid", is_agent=True)

    def test_the_email_is_the_name_in_any_case(self):
        ada = make_user("Ada@Example.com")

        assert ada.public_name == "ada@example.com"
        assert User.objects.get_by_natural_key(" ADA@example.com ") == ada
        with pytest.raises(IntegrityError), transaction.atomic():
            make_user("ADA@EXAMPLE.COM")

    def test_a_name_is_made_from_the_email_until_set(self):
        assert make_user("mara.lindqvist@example.com").display_name == "Mara Lindqvist"
        assert make_user("ml@example.com", name="Mara Lindqvist").initials == "ML"

    @pytest.mark.parametrize(
        ("name", "letters"), [("Mara Lindqvist", "ML"), ("ada", "A"), ("a.b.c@x.org", "AC"), ("", "")]
    )
    def test_initials(self, name, letters):
        assert initials(name) == letters

    def test_odd_emails_have_a_name_all_the_same(self):
        assert name_from_email("...@x") == "...@x"

"""What happens to accounts: invited, let in by a link, given a role, sent away. Every act is recorded.

Rows are locked in one order: the administrators by id, then the person. Whoever acts must still be an administrator
once the locks are held, so that of two who demote each other only the first does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import models, transaction
from django.utils import timezone
from django.utils.http import base36_to_int, int_to_base36

from .account import ApiToken, Role, Scope, User
from .browser_session import BrowserSession
from .errors import DomainError

NAME_MAX = 200
LABEL_MAX = 200
TOKEN_DAYS_MAX = 3650


class NotAllowed(DomainError):
    """Only an administrator may do this to accounts."""


class LastAdministrator(DomainError):
    """There would be nobody left who can administer people."""


class NotToYourself(DomainError):
    """Nobody takes away their own role or account: it would lock them out."""


class KnownAlready(DomainError):
    """There is a person with this e-mail already."""


class AccountEventKind(models.TextChoices):
    INVITED = "invited", "Invited"
    LINK_MADE = "link_made", "Made a sign-in link"
    PASSWORD_SET = "password_set", "Set a password"
    ROLE_CHANGED = "role_changed", "Changed the role"
    DEACTIVATED = "deactivated", "Deactivated"
    REACTIVATED = "reactivated", "Reactivated"
    TOKEN_MADE = "token_made", "Made a token"
    TOKEN_REVOKED = "token_revoked", "Revoked a token"
    SIGNED_OUT = "signed_out", "Signed out everywhere"


class AccountEvent(models.Model):
    """One thing that happened to an account. Never changed, never deleted."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="account_events")
    kind = models.CharField(max_length=20, choices=AccountEventKind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: the console
    data = models.JSONField(default=dict)  # role_changed: {"from", "to"}; token_*: {"label", "scope"}
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=AccountEventKind.values), name="account_event_kind_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.person}"


def _record(person: User, kind: AccountEventKind, by: User | None, **data: Any) -> None:
    AccountEvent.objects.create(person=person, kind=kind, by=by, data=data)


@contextmanager
def _administering(person: User, by: User | None) -> Iterator[User]:
    """Hold all administrators and `person`, fresh, for one transaction in which `by` is known to be one of them."""
    with transaction.atomic():
        administrators = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True)
        held = {user.pk: user for user in administrators.select_for_update().order_by("pk")}
        if by is not None and by.pk not in held:
            raise NotAllowed
        yield held.get(person.pk) or User.objects.select_for_update().get(pk=person.pk)


def _keep_an_administrator(person: User) -> None:
    others = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=person.pk)
    if person.is_administrator and person.is_active and not others.exists():
        raise LastAdministrator


# What administrators do


def invite(email: str, *, role: str, by: User | None, name: str = "") -> User:
    """Add a person, who comes in by a link (see `make_link`) and sets a password there. KnownAlready, NotAllowed."""
    email = email.strip().lower()
    with transaction.atomic():
        if (
            by is not None
            and not User.objects.filter(pk=by.pk, role=Role.ADMINISTRATOR, is_active=True).exists()
        ):
            raise NotAllowed
        person, is_new = User.objects.get_or_create(
            email=email,
            defaults={"name": name.strip(), "role": role, "password": make_password(None)},  # nobody's
        )
        if not is_new:
            raise KnownAlready
        _record(person, AccountEventKind.INVITED, by, role=role)
    return person


def change_role(person: User, role: str, *, by: User | None) -> None:
    """Make a person viewer, member or administrator. The same role again does nothing."""
    with _administering(person, by) as held:
        if held.role == role:
            return
        if by is not None and held.pk == by.pk:
            raise NotToYourself
        if role != Role.ADMINISTRATOR:
            _keep_an_administrator(held)
        before, held.role = held.role, role
        held.save(update_fields=["role"])
        _record(held, AccountEventKind.ROLE_CHANGED, by, **{"from": before, "to": role})
    person.role = role


def deactivate(person: User, *, by: User | None) -> None:
    """End a person's sessions and tokens from the next request on. What they wrote stays. Again does nothing."""
    with _administering(person, by) as held:
        if not held.is_active:
            return
        if by is not None and held.pk == by.pk:
            raise NotToYourself
        _keep_an_administrator(held)
        held.is_active = False
        held.save(update_fields=["is_active"])
        BrowserSession.objects.filter(user=held).delete()
        _record(held, AccountEventKind.DEACTIVATED, by)
    person.is_active = False


def reactivate(person: User, *, by: User | None) -> None:
    """Let a person in again, with the password and the tokens they had. Again does nothing."""
    with _administering(person, by) as held:
        if held.is_active:
            return
        held.is_active = True
        held.save(update_fields=["is_active"])
        _record(held, AccountEventKind.REACTIVATED, by)
    person.is_active = True


# Links: how a person without a (known) password comes in. No mail server is needed: who made the link hands it over.


class _Links(PasswordResetTokenGenerator):
    """Signed, for PASSWORD_RESET_TIMEOUT, and for one use: setting a password changes what is signed, and so does a sign-in."""

    key_salt = "issues.models.people.link"


_links = _Links()


def make_link(person: User, *, by: User | None) -> str:
    """The key of a new one-time link with which `person` sets a password; shown once, stored nowhere."""
    with _administering(person, by) as held:
        if not held.has_usable_password():
            held.set_unusable_password()  # ends the links made before
            held.save(update_fields=["password"])
        key = f"{int_to_base36(held.pk)}-{_links.make_token(held)}"
        _record(held, AccountEventKind.LINK_MADE, by)
    return key


def find_by_link(key: str) -> User | None:
    """Whose link it is; None when it is wrong, used, or too old, or when the person was deactivated."""
    number, _, token = key.partition("-")
    try:
        person = User.objects.filter(pk=base36_to_int(number), is_active=True, is_agent=False).first()
    except (ValueError, OverflowError):
        return None
    return person if person is not None and _links.check_token(person, token) else None


def set_password_by_link(key: str, password: str) -> User | None:
    """Use a link up. None when somebody (or the second of two clicks) was quicker."""
    with transaction.atomic():
        person = find_by_link(key)
        if person is None:
            return None
        held = User.objects.select_for_update().get(pk=person.pk)
        if not held.is_active or not _links.check_token(held, key.partition("-")[2]):
            return None
        _set_password(held, password)
        return held


# What people do with their own account


def rename(person: User, name: str) -> None:
    """How pages name them; empty: made from the e-mail."""
    User.objects.filter(pk=person.pk).update(name=name.strip())
    person.name = name.strip()


def change_password(person: User, password: str) -> None:
    """Set a password. Every session of the person ends by it, for Django signs sessions with the password's hash."""
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=person.pk)
        _set_password(held, password)
    person.password = held.password


def _set_password(held: User, password: str) -> None:
    held.set_password(password)
    held.save(update_fields=["password"])
    BrowserSession.objects.filter(user=held).delete()
    _record(held, AccountEventKind.PASSWORD_SET, held)


def sign_out_everywhere(person: User, *, but: str | None = None) -> int:
    """End the person's sessions, except the one with the key `but`; how many there were."""
    with transaction.atomic():
        ended, _ = BrowserSession.objects.filter(user=person).exclude(session_key=but or "").delete()
        if ended:
            _record(person, AccountEventKind.SIGNED_OUT, person)
    return ended


# Tokens


def make_token(
    owner: User, *, by: User | None, label: str, scope: str, expires_at: datetime | None
) -> tuple[ApiToken, str]:
    """A token for oneself, or for the agent by an administrator. Its secret is never to be had again. NotAllowed."""
    with transaction.atomic():
        if by is not None and by.pk != owner.pk and not (owner.is_agent and by.is_administrator):
            raise NotAllowed
        scopes = [Scope.READ] if scope == Scope.READ else [Scope.READ, Scope.WRITE]
        made = ApiToken.issue_to(owner, scopes=scopes, expires_at=expires_at, label=label.strip())
        _record(owner, AccountEventKind.TOKEN_MADE, by, label=label.strip(), scope=scope)
    return made


def revoke_token(token: ApiToken, *, by: User) -> None:
    """Stop a token: one's own, or any by an administrator. Again does nothing."""
    with transaction.atomic():
        if by.pk != token.user_id and not by.is_administrator:
            raise NotAllowed
        held = ApiToken.objects.select_for_update().get(pk=token.pk)
        if held.revoked_at is None:
            held.revoke()
            _record(held.user, AccountEventKind.TOKEN_REVOKED, by, label=held.label)

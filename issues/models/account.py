"""Who acts: people, the one agent, and the tokens that let programs act for them."""

import hashlib
import secrets
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

AGENT_NAME = "Atlas"
AGENT_EMAIL = "atlas@agent.invalid"
LOCAL_EMAIL = "local@localhost"


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    MEMBER = "member", "Member"
    ADMINISTRATOR = "administrator", "Administrator"


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Sign-in finds people by e-mail in any case."""
        return self.get(email=(username or "").strip().lower())

    def create_person(
        self, email: str, *, name: str = "", role: str = Role.MEMBER, password: str | None = None
    ) -> "User":
        """A new person, with their first views. Without a password nobody can sign in as them until one is set."""
        user = self.model(email=email.strip().lower(), name=name.strip(), role=role)
        user.set_password(password)
        with transaction.atomic():
            user.save(using=self._db)
            _give_views(user)
        return user

    def agent(self) -> "User":
        """The one account of the agent, made when first needed."""
        user, _ = self.get_or_create(
            email=AGENT_EMAIL, defaults={"name": AGENT_NAME, "is_agent": True, "password": "!"}
        )
        return user

    def local(self) -> "User":
        """Whom local mode signs in: an administrator of this machine's own copy."""
        user, is_new = self.get_or_create(
            email=LOCAL_EMAIL,
            defaults={"name": "Local user", "role": Role.ADMINISTRATOR, "password": "!"},
        )
        if is_new:
            _give_views(user)
        return user


def _give_views(user: "User") -> None:
    from .saved_view import give_defaults

    give_defaults(user)


class User(AbstractBaseUser):
    """A person, or the agent. The e-mail is the name that others and the API know them by."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)
    is_active = models.BooleanField(default=True)
    is_agent = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    objects = UserManager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_is_known"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.UniqueConstraint(
                fields=("is_agent",), condition=Q(is_agent=True), name="there_is_one_agent"
            ),
        )

    def __str__(self) -> str:
        return self.public_name

    @property
    def public_name(self) -> str:
        """How the API names them: the agent by its name, people by their e-mail."""
        return AGENT_NAME if self.is_agent else self.email

    @property
    def display_name(self) -> str:
        """How pages name them: the name they set, or one made from the e-mail."""
        return self.name or name_from_email(self.email)

    @property
    def initials(self) -> str:
        return initials(self.display_name)

    @property
    def hue(self) -> int:
        return hue(self.email)

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR

    @property
    def can_write(self) -> bool:
        return self.is_agent or self.role in (Role.MEMBER, Role.ADMINISTRATOR)


def name_from_email(email: str) -> str:
    """`mara.lindqvist@example.com` → `Mara Lindqvist`."""
    words = email.partition("@")[0].replace("_", ".").replace("-", ".").split(".")
    return " ".join(word.capitalize() for word in words if word) or email


def initials(name: str) -> str:
    """At most two letters for an avatar: `Mara Lindqvist` or `mara.lindqvist@example.com` → `ML`."""
    words = (name_from_email(name) if "@" in name else name).split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def hue(email: str) -> int:
    """Which of the six avatar colours (1 to 6) belongs to an e-mail; the same everywhere and for ever."""
    return zlib.crc32(email.strip().lower().encode()) % 6 + 1


class Scope(models.TextChoices):
    READ = "read", "Read"
    WRITE = "write", "Write"


class ApiToken(models.Model):
    """Lets a program act as a user. Only the digest is stored; the secret is shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)  # SHA-256 of the secret
    label = models.CharField(max_length=200, blank=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope))
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # to the minute

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & ~Q(scopes=[]), name="token_scopes_are_known"
            ),
        )

    def __str__(self) -> str:
        return f"token of {self.user}"

    @classmethod
    def issue_to(
        cls,
        user: User,
        *,
        scopes: Iterable[str] = (Scope.READ, Scope.WRITE),
        expires_at: datetime | None = None,
        label: str = "",
    ) -> tuple[Self, str]:
        """Make a token for `user`; return it with its secret, which is never to be had again."""
        secret = f"fnd_{secrets.token_urlsafe(32)}"
        token = cls.objects.create(
            user=user, digest=digest(secret), scopes=sorted(set(scopes)), expires_at=expires_at, label=label
        )
        return token, secret

    @classmethod
    def find(cls, secret: str) -> Self | None:
        """The token with this secret and its user, unless it is unknown, expired, revoked, or the user left."""
        token = cls.objects.select_related("user").filter(digest=digest(secret)).first()
        return token if token is not None and token.is_valid else None

    @property
    def is_valid(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired and self.user.is_active

    @property
    def may_write(self) -> bool:
        return self.allows(Scope.WRITE)

    def allows(self, scope: str) -> bool:
        return scope in self.scopes

    def revoke(self) -> None:
        """Stop the token from the next request on. Again does nothing."""
        ApiToken.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now())
        self.refresh_from_db(fields=["revoked_at"])


def digest(secret: str) -> bytes:
    """What is stored of a token's secret. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()

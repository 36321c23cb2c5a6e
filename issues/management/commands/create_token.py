"""Makes a token for a person or the agent and prints it, once and alone."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from issues.models import ApiToken, Scope, User


class Command(BaseCommand):
    help = "Print a new token for EMAIL (or, with --agent, for Atlas). It is shown this once and stored only as a hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", help="whom the token stands for; not with --agent")
        parser.add_argument("--scope", choices=Scope.values, default=Scope.WRITE, help="write includes read")
        parser.add_argument("--agent", action="store_true", help="a token for the agent account")
        parser.add_argument("--days", type=int, help="until it expires; never without this")
        parser.add_argument("--label", default="", help="what it is for")

    def handle(
        self, *_: Any, email: str | None, scope: str, agent: bool, days: int | None, label: str, **__: Any
    ) -> None:
        if agent == bool(email):
            raise CommandError("Say whom the token is for: an e-mail, or --agent.")
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("--days from 1 to 3650.")
        user = User.objects.agent() if agent else User.objects.filter(email=(email or "").lower()).first()
        if user is None:
            raise CommandError(f"There is nobody with the e-mail {email}. See create_user.")
        scopes = [Scope.READ] if scope == Scope.READ else [Scope.READ, Scope.WRITE]
        expires_at = timezone.now() + timedelta(days=days) if days else None
        made = ApiToken.issue_to(user, scopes=scopes, expires_at=expires_at, label=label[:200])
        self.stdout.write(made[1])

"""Adds a person; the way to the first administrator, and back in for whoever forgot their password."""

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from issues.models import Role, User, people


class Command(BaseCommand):
    help = (
        "Add a person. The password is asked for, or read from standard input; --link prints a one-time link instead, with "
        "which the person sets it. For a person who is there already, --link prints a new link and changes nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--administrator", action="store_const", const=Role.ADMINISTRATOR, dest="role")
        parser.add_argument("--viewer", action="store_const", const=Role.VIEWER, dest="role")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--link", action="store_true", help="print a link that sets the password, once")
        how.add_argument("--no-password", action="store_true", help="for somebody who only uses tokens")

    def handle(
        self, *_: Any, email: str, name: str, role: str | None, link: bool, no_password: bool, **__: Any
    ) -> None:
        email = email.strip().lower()
        known = User.objects.filter(email=email, is_agent=False).first()
        if known is not None and link:
            self._say_link(known)
            return
        try:
            validate_email(email)
            if known is not None:
                raise CommandError(
                    f"There is a person with the e-mail {email} already. --link lets them in again."
                )
            password = None if link or no_password else _password()
            if password is not None:
                validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():
            person = people.invite(email, role=role or Role.MEMBER, by=None, name=name[: people.NAME_MAX])
            if password is not None:
                people.change_password(person, password)
        if link:
            self._say_link(person)
        else:
            self.stdout.write(
                f"{email} can sign in." if password else f"{email} was added, without a password."
            )

    def _say_link(self, person: User) -> None:
        if not person.is_active:
            raise CommandError(f"{person.email} is deactivated; an administrator can reactivate them.")
        host = settings.ALLOWED_HOSTS[0]
        local = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        origin = local if settings.LOCAL else f"https://{host.removeprefix('.')}"
        self.stdout.write(f"{origin}/link/{people.make_link(person, by=None)}")
        self.stderr.write(f"The link lets {person.email} set a password. It works once, for three days.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise CommandError("The two are not the same.")
    return password

"""Adds a person; the way to the first administrator."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from issues.models import Role, User


class Command(BaseCommand):
    help = "Add a person. The password is asked for, or read from standard input; --no-password makes none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--administrator", action="store_const", const=Role.ADMINISTRATOR, dest="role")
        parser.add_argument("--viewer", action="store_const", const=Role.VIEWER, dest="role")
        parser.add_argument("--no-password", action="store_true", help="for somebody who only uses tokens")

    def handle(self, *_: Any, email: str, name: str, role: str | None, no_password: bool, **__: Any) -> None:
        email = email.strip().lower()
        try:
            validate_email(email)
            if User.objects.filter(email=email).exists():
                raise CommandError(f"There is a person with the e-mail {email} already.")
            password = None if no_password else _password()
            if password is not None:
                validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        User.objects.create_person(email, name=name[:200], role=role or Role.MEMBER, password=password)
        self.stdout.write(f"{email} can sign in." if password else f"{email} was added, without a password.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise CommandError("The two are not the same.")
    return password

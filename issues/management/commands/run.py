"""What `make run` starts: everything, from an empty folder to a page in the browser."""

import os
import socket
import sys
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from issues.models import Issue, User


class Command(BaseCommand):
    help = (
        "Bring the database up to date, load the demo data once, and serve on 127.0.0.1:$PORT until Ctrl-C. "
        "Whatever of it dies meanwhile, the server or the embedded PostgreSQL, is started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="start with an empty database")

    def handle(self, *_: Any, no_demo: bool, **__: Any) -> None:
        if not settings.LOCAL:
            raise CommandError(
                "This is for local mode: set ISSUETRACKER_LOCAL=1. In production, start gunicorn."
            )
        port = free_port_of(os.environ.get("PORT") or "8000")
        self._say("Database: bringing the tables up to date")
        call_command("migrate", verbosity=0, interactive=False)
        self._say("Static files: collecting")
        call_command("collectstatic", verbosity=0, interactive=False)
        if not no_demo and _is_new():
            self._say("Demo data: loading a small team's month, once")
            call_command("seed_demo", stdout=self.stdout)
        # From here on nothing of Django is needed: another program takes over this process, its terminal and its number.
        os.environ["ISSUETRACKER_DATA_DIR"] = str(settings.DATA_DIR)
        os.chdir(settings.BASE_DIR)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "issuetracker.serve", str(port)])  # noqa: S606 - our own module

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _is_new() -> bool:
    """Whether nobody has used this database yet. Who deletes every issue does not want the demo back."""
    return not Issue.objects.exists() and not User.objects.exists()


def free_port_of(text: str) -> int:
    """Where to listen, free at this moment: asked before the long work begins. CommandError where it is no port, or taken."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise CommandError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"{_whose(port, error)} Another port: PORT={port % 65535 + 1} make run   (the same data)\n"
                f"Data of its own, too: PORT={port % 65535 + 1} ISSUETRACKER_DATA_DIR=var/second make run"
            ) from None
    return port


def _whose(port: int, error: OSError) -> str:
    address = f"http://127.0.0.1:{port}"
    try:
        with urllib.request.urlopen(f"{address}/openapi.json", timeout=1) as answer:
            if b'"Findings' in answer.read(1000):
                return f"Findings runs already: {address}."
    except (OSError, ValueError):
        pass
    return f"Port {port} cannot be had ({error.strerror})."

"""What `make run` starts: everything, from an empty folder to a page in the browser."""

import os
import signal
import socket
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from issues.models import Issue

STOP_AFTER = 4.5  # seconds for gunicorn to finish running requests


class Command(BaseCommand):
    help = (
        "Bring the database up to date, load the demo data once, and serve on 127.0.0.1:$PORT until Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="start with an empty database")

    def handle(self, *_: Any, no_demo: bool, **__: Any) -> None:
        if not settings.LOCAL:
            raise CommandError(
                "This is for local mode: set ISSUETRACKER_LOCAL=1. In production, start gunicorn."
            )
        port = os.environ.get("PORT", "8000")
        _ask_for(port)
        self._say("Database: bringing the tables up to date")
        call_command("migrate", verbosity=0, interactive=False)
        self._say("Static files: collecting")
        call_command("collectstatic", verbosity=0, interactive=False)
        if not no_demo and not Issue.objects.exists():
            self._say("Demo data: loading a small team's month, once")
            call_command("seed_demo", stdout=self.stdout)
        self._serve(port)

    def _serve(self, port: str) -> None:
        from django.db import connection

        connection.close()  # gunicorn's workers make their own
        # In a process group of its own: Ctrl-C reaches only us, and we stop things in their order.
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:issuetracker.gunicorn", "issuetracker.wsgi"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"PORT": port},
            start_new_session=True,
        )
        try:
            for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(name, _interrupt)
            self._say(_GREETING.format(address=f"http://127.0.0.1:{port}"))
            code = server.wait()
        except KeyboardInterrupt:
            self._say("\nStopping")
            code = 0
        finally:
            _stop(server)
        if code:
            raise CommandError("The server stopped by itself; what it said stands above.")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


_GREETING = """
Findings is at {address}    (the API's reference: {address}/api/docs)

File an issue from another terminal:

  curl {address}/issues -H 'Content-Type: application/json' \\
    -d '{{"title": "Battery string B drops to 22.3 V", "description": [], "priority": "high"}}'

Local mode: this machine only, nobody has to sign in. Ctrl-C stops everything.
"""


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _stop(server: "subprocess.Popen[bytes]") -> None:
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_AFTER)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _ask_for(port: str) -> None:
    """Whether the port is free, said before the long work begins."""
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise CommandError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be had ({error.strerror}). Perhaps Findings runs already: see "
                f"http://127.0.0.1:{port}. To run a second one: PORT=8001 ISSUETRACKER_DATA_DIR=var/second make run"
            ) from None

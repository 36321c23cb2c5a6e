"""What `make run` starts: everything, from an empty folder to a page in the browser."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from issues.models import Issue, User
from issuetracker import database

FINISH = 3  # seconds that running requests have when everything stops
LOOK = 0.25  # seconds between two looks at the server and at PostgreSQL
PATIENCE = 5  # seconds before PostgreSQL is tried again when it would not start

Server = subprocess.Popen[bytes]


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
        port = _port()
        self._say("Database: bringing the tables up to date")
        call_command("migrate", verbosity=0, interactive=False)
        self._say("Static files: collecting")
        call_command("collectstatic", verbosity=0, interactive=False)
        if not no_demo and _is_new():
            self._say("Demo data: loading a small team's month, once")
            call_command("seed_demo", stdout=self.stdout)
        self._serve(port)

    def _serve(self, port: int) -> None:
        from django.db import connection

        connection.close()  # gunicorn's workers make their own
        server = _start(port)
        worker = Worker()
        try:
            _wait_until_bound(server, port)
            if server.poll() is None:
                self._say(_GREETING.format(address=f"http://127.0.0.1:{port}"))
            while (code := self._watch(server, worker)) < 0:
                self._say(f"The server was killed (signal {-code}): starting it again")
                _stop(server)  # its workers, which would hold the port for a second
                server = _start(port)
        except KeyboardInterrupt:
            self._say("\nStopping")
            code = 0
        finally:
            for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(name, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
            _stop(worker.process, server)
        if code:
            raise CommandError("The server stopped by itself; what it said stands above.")

    def _watch(self, server: Server, worker: "Worker") -> int:
        """See to PostgreSQL and the worker until the server ends; with what code it did."""
        while True:
            try:
                return server.wait(LOOK)
            except subprocess.TimeoutExpired:
                pass
            worker.revive()
            try:
                if database.revive():
                    self._say("PostgreSQL was killed: started again, nothing that was saved is lost")
            except database.DatabaseError as error:
                self._say(f"{error}\nTrying again in {PATIENCE} s")
                time.sleep(PATIENCE)

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


def _is_new() -> bool:
    """Whether nobody has used this database yet. Who deletes every issue does not want the demo back."""
    return not Issue.objects.exists() and not User.objects.exists()


class Worker:
    """The process that reads evidence in the background, started again whenever it ends."""

    def __init__(self) -> None:
        self.process = self._start()

    def revive(self) -> None:
        if self.process.poll() is not None and time.monotonic() > self._rested:
            self.process = self._start()

    def _start(self) -> Server:
        self._rested = time.monotonic() + PATIENCE  # one that cannot live is not tried all the time
        return subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"ISSUETRACKER_RUN_PID": str(os.getpid())},
            start_new_session=True,
        )


def _start(port: int) -> Server:
    # In a process group of its own: Ctrl-C reaches only us, and we stop things in their order.
    command = [sys.executable, "-m", "gunicorn", "-c", "python:issuetracker.gunicorn"]
    return subprocess.Popen(
        [*command, "--graceful-timeout", str(FINISH), "issuetracker.wsgi"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PORT": str(port), "ISSUETRACKER_RUN_PID": str(os.getpid())},
        start_new_session=True,
    )


def _stop(*groups: Server) -> None:
    """End these with all their children, at the same time: in peace, and after FINISH seconds without."""
    for name in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group.pid, name)
        deadline = time.monotonic() + FINISH + 0.5
        while any(map(_any_of, groups)) and time.monotonic() < deadline:
            time.sleep(0.02)


def _any_of(server: Server) -> bool:
    server.poll()
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _port() -> int:
    """Where to listen, free at this moment: said before the long work begins."""
    text = os.environ.get("PORT") or "8000"
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


def _wait_until_bound(server: Server, port: int) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return

"""The whole service as it is shipped: gunicorn with two workers on a database of its own."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

PROJECT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 60  # seconds


class Server:
    """A running service: its address, and the tokens of the people in it."""

    def __init__(self, port: int, environment: dict[str, str]) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self.data = Path(environment["ISSUETRACKER_DATA_DIR"])
        self._environment = environment

    def manage(self, *arguments: str) -> str:
        """What a management command says."""
        return manage(self._environment, *arguments)

    def token(self, email: str, *options: str) -> str:
        """A new token of this person."""
        return self.manage("create_token", email, *options).strip()

    def exchange(self, request: bytes, *, timeout: float = 20) -> bytes:
        """What the server says to these very bytes until it closes (send `Connection: close`)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(request)
            parts = []
            while part := connection.recv(1 << 16):
                parts.append(part)
        return b"".join(parts)


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    told = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout


@contextmanager
def database(settings: dict[str, Any], template: str = "template1") -> Iterator[str]:
    """A database beside the tests' own, on the same PostgreSQL, empty or like `template`; its URL."""
    name = f"live_{secrets.token_hex(4)}"
    common = {"host": settings["HOST"], "port": settings["PORT"] or None, "user": settings["USER"]}
    common |= {"password": settings["PASSWORD"]} if settings["PASSWORD"] else {}
    with psycopg.connect(dbname="postgres", autocommit=True, **common) as connection:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            query = "&".join(f"{key}={value}" for key, value in common.items() if value)
            yield f"postgresql:///{name}?{query}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def database_to_migrate(settings: dict[str, Any], data: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An empty database, to be migrated step by step: its URL, and the environment that `manage` takes for it."""
    with database(settings) as url:
        local = {"DATABASE_URL": url, "ISSUETRACKER_LOCAL": "1", "ISSUETRACKER_DATA_DIR": str(data)}
        yield url, os.environ | local | {"DJANGO_SETTINGS_MODULE": "issuetracker.settings"}


@contextmanager
def server(url: str, data: Path, **environment: str) -> Iterator[Server]:
    """The service on the database at `url`, with its files in `data`, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("ISSUETRACKER_", "DJANGO_"))
    }
    own |= {"DATABASE_URL": url, "ISSUETRACKER_DATA_DIR": str(data), "PORT": str(port)}
    own |= {"ISSUETRACKER_TLS_REDIRECT": "0", "WEB_CONCURRENCY": "2", **environment}
    if own.get("ISSUETRACKER_LOCAL") != "1":
        own |= {"ISSUETRACKER_SECRET_KEY": "live-tests-" + "k" * 50, "ISSUETRACKER_HOSTS": "127.0.0.1"}
    data.mkdir(parents=True, exist_ok=True)
    if not (data / "static").exists():  # collected once, by tests/conftest.py
        (data / "static").symlink_to(PROJECT / "var" / "test" / "static")
    manage(own, "migrate", "--verbosity", "0")
    log = (data / "server.log").open("wb")
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:issuetracker.gunicorn", "issuetracker.wsgi"]
    process = subprocess.Popen(gunicorn, cwd=PROJECT, env=own, stdout=log, stderr=log)
    try:
        _wait(port, process, data / "server.log")
        yield Server(port, own)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")

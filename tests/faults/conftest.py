"""What the drills stand on: one migrated data folder of their own, and real processes that use it.

Every test here is marked `fault`, and they share one xdist process: they start, kill and measure things.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from issuetracker.database import PROJECT, EmbeddedPostgres

START = 60  # seconds; a loaded machine takes its time, and nobody is waiting


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.fault)
            item.add_marker(pytest.mark.xdist_group("faults"))


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would point a child at the tests' own data."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ISSUETRACKER_") and name not in ("DATABASE_URL", "PORT", "DJANGO_SETTINGS_MODULE")
    }  # fmt: skip
    return ours | {"ISSUETRACKER_LOCAL": "1", "PYTHONUNBUFFERED": "1"} | more


def copy_data(made: Path, to: Path) -> Path:
    """A copy of a data folder whose server is stopped, belonging to the same user."""
    shutil.copytree(made, to, ignore=shutil.ignore_patterns(".s.PGSQL*"))
    for copied in [to, *to.rglob("*")]:
        owner = (made / copied.relative_to(to)).stat()
        os.chown(copied, owner.st_uid, owner.st_gid)
    return to


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def figure(seconds: float) -> float:
    """A figure of the bar, which is meant for a machine with a core to spare; a busier one takes that much longer."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def until(true: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait for it; how long that took."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > figure(seconds):
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(0.01)
    return time.monotonic() - began


@dataclass
class Answer:
    status: int  # 0: refused, or broken off before an answer
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    port: int, path: str = "/issues?limit=1", method: str = "GET", body: Any = None, timeout: float = 10, **headers: str
) -> Answer:  # fmt: skip
    """One request on a connection of its own."""
    began = time.monotonic()
    payload = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
    headers = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    with closing(HTTPConnection("127.0.0.1", port, timeout=timeout)) as connection:
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            status, content = response.status, response.read()
            told = {name.lower(): value for name, value in response.getheaders()}
        except (OSError, HTTPException):
            status, content, told = 0, b"", {}
    return Answer(status, told, content, time.monotonic() - began)


def file_issue(port: int, title: str) -> Answer:
    return ask(port, "/issues", "POST", {"title": title, "description": []})


class Service:
    """A started program that serves HTTP: `manage.py run`, or gunicorn as production starts it."""

    def __init__(self, arguments: list[str], log: Path, *, port: int = 0, **environment: str) -> None:
        self.port = port or free_port()
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                arguments,
                cwd=PROJECT,
                env=clean_environment(PORT=str(self.port), **environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @classmethod
    def run(cls, folder: Path, *arguments: str, **more: Any) -> "Service":
        """`make run` on this data folder."""
        command = [sys.executable, "manage.py", "run", *(arguments or ("--no-demo",))]
        return cls(command, folder / "run.log", ISSUETRACKER_DATA_DIR=str(folder), **more)

    @classmethod
    def production(cls, folder: Path, url: str, *, before: tuple[str, ...] = (), **more: Any) -> "Service":
        """gunicorn alone, with the database somewhere else."""
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "python:issuetracker.gunicorn",
            "issuetracker.wsgi",
        ]
        environment = {"ISSUETRACKER_DATA_DIR": str(folder), "DATABASE_URL": url}
        return cls([*before, *command], folder.parent / f"{folder.name}.log", **environment, **more)

    def ready(self) -> "Service":
        def answers() -> bool:
            if self.process.poll() is not None:
                pytest.fail(f"ended with {self.process.returncode}:\n{self.said()}")
            return ask(self.port).status == 200

        until(answers, START, f"an answer on {self.port}")
        return self

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def children(self, pid: int | None = None) -> list[int]:
        pid = pid or self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def gunicorn_pid(self) -> int:
        """The parent of the workers, started by `manage.py run`."""
        [pid] = [pid for pid in self.children() if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return pid

    def stop(self, sign: int = signal.SIGTERM, seconds: float = 15) -> float:
        """Signal the whole foreground group, as a terminal does; how long it then took to end."""
        began = time.monotonic()
        os.killpg(self.process.pid, sign)
        self.process.wait(seconds)
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a migrated, empty database that nobody uses: to be copied, not to be used."""
    folder = tmp_path_factory.mktemp("pristine")
    shutil.copytree(settings.STATIC_ROOT, folder / "static")
    environment = clean_environment(ISSUETRACKER_DATA_DIR=str(folder))
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=PROJECT, env=environment, check=True)
    return folder


@pytest.fixture(scope="session")
def house(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that the drills share."""
    return copy_data(pristine, tmp_path_factory.mktemp("house") / "data")


@pytest.fixture
def postgres(house: Path) -> Iterator[EmbeddedPostgres]:
    """The house's PostgreSQL, used by this test alone, so that stop() really stops it."""
    with EmbeddedPostgres(house) as server:
        yield server


@pytest.fixture(scope="module")
def running(house: Path) -> Iterator[Service]:
    """`make run` on the house."""
    service = Service.run(house)
    yield service.ready()
    service.close()


@pytest.fixture
def serving(postgres: EmbeddedPostgres, house: Path) -> Iterator[Service]:
    """gunicorn on the house's PostgreSQL by DATABASE_URL, which does not look after it."""
    service = Service.production(house, postgres.url)
    yield service.ready()
    service.close()

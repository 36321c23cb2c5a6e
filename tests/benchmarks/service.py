"""A service as in production, in a folder of its own: what it holds, its servers, and the processor time they use."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from issues.models import User

PROJECT = Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class Servers(NamedTuple):
    """Processes that answer alike, over which load is spread evenly."""

    ports: list[int]
    pids: list[int]


def in_a_folder_of_its_own(folder: str, **more: str) -> None:
    """Set the environment for a service as in production, with its data in a folder that goes when this program ends."""
    for name in ("DATABASE_URL", "ISSUETRACKER_LOCAL"):
        os.environ.pop(name, None)
    os.environ |= {
        "ISSUETRACKER_DATA_DIR": folder,
        "ISSUETRACKER_SECRET_KEY": "benchmark-" + "k" * 50,
        "ISSUETRACKER_HOSTS": "127.0.0.1",
        "ISSUETRACKER_TLS_REDIRECT": "0",
        "ISSUETRACKER_RATE_LIMIT": "100000000",
        "ISSUETRACKER_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "issuetracker.settings",
        **more,
    }
    # Registered before the database is started, and so called after it was stopped.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def set_up() -> tuple["User", str, str]:
    """Make the tables and the static files, and one person: they, their token, the value of their session's cookie."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from issues.models import ApiToken, User

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    person = User.objects.create_person("bench@example.com")
    _, token = ApiToken.issue_to(person)
    browser = Client()
    browser.force_login(person)
    return person, token, browser.cookies["sessionid"].value


def postmaster() -> int:
    """The pid of the PostgreSQL that this process is connected to."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    # In a user namespace the ids are the same; with pid namespaces this would not find it.
    return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def servers(application: str, environment: dict[str, str]) -> Iterator[Servers]:
    """Two gunicorn processes of one worker each."""
    ports, processes = [free_port(), free_port()], []
    for port in ports:
        # As it is shipped, but for one worker a port.
        command = [sys.executable, "-m", "gunicorn", "-c", "python:issuetracker.gunicorn", application]
        command += ["--bind", f"127.0.0.1:{port}", "--workers", "1"]
        processes.append(subprocess.Popen(command, env=os.environ | environment, cwd=PROJECT))
    try:
        for port in ports:
            wait_for(port)
        yield Servers(ports, [process.pid for process in processes])
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(20)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing answers on port {port}")


def cpu_seconds(root_pids: list[int]) -> float:
    """CPU time used so far by these processes and all their descendants, dead children included."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        used[pid] = sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICKS
    total, queue = 0.0, list(root_pids)
    while queue:
        pid = queue.pop()
        total += used.get(pid, 0.0)
        queue += children.get(pid, [])
    return total

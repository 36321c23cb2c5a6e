"""What open boards cost while nothing happens: 50 of them, each asking once a second, on what we ship.

    python -m tests.benchmarks.live [--boards 50] [--seconds 30]

The bar is 5 % of one core for the server's processes and PostgreSQL together. What they use with nobody asking is
measured first, and printed.
"""

import argparse
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from . import service

BAR = 5.0  # per cent of one core


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--boards", type=int, default=50)
    options.add_argument("--seconds", type=int, default=30)
    asked = options.parse_args()
    service.in_a_folder_of_its_own(tempfile.mkdtemp(prefix="findings-live-"), PORT=str(service.free_port()))
    measure(asked.boards, asked.seconds)


def measure(boards: int, seconds: int) -> None:
    person, _, session = service.set_up()
    from issues.models import Issue

    Issue.create(by=person, title="Battery string B drops to 22.3 V")
    cookie = f"sessionid={session}"
    postgres = service.postmaster()
    port = int(os.environ["PORT"])
    command = ["-m", "gunicorn", "-c", "python:issuetracker.gunicorn", "issuetracker.wsgi"]
    server = subprocess.Popen([sys.executable, *command], cwd=service.PROJECT)
    try:
        service.wait_for(port)
        connections = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(boards)]
        cursors = [open_board(one, cookie) for one in connections]
        quiet = share([server.pid, postgres], seconds, lambda: None)
        asking = share([server.pid, postgres], seconds, lambda: ask_all(connections, cursors))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    print(f"Nobody asks: {quiet:.1f} % of one core")
    print(
        f"{boards} boards ask once a second, and nothing happens: {asking:.1f} % of one core (bar: {BAR} %)"
    )
    raise SystemExit(asking >= BAR)


def open_board(connection: http.client.HTTPConnection, cookie: str) -> str:
    """Load the board; the cursor that it asks from."""
    connection.request("GET", "/", headers={"Cookie": cookie})
    found = re.search(rb'data-live="([^"]+)"', connection.getresponse().read())
    if found is None:
        raise SystemExit("the board has no cursor")
    return found[1].decode()


def ask_all(connections: list[http.client.HTTPConnection], cursors: list[str]) -> None:
    for connection, cursor in zip(connections, cursors, strict=True):
        connection.request("GET", f"/live?after={cursor}")
        response = connection.getresponse()
        response.read()
        if response.status != 204:
            raise SystemExit(f"not idle: {response.status}")


def share(pids: list[int], seconds: int, every_second: Callable[[], None]) -> float:
    """Per cent of one core that these processes used, with something done every second."""
    every_second()
    used, begun = service.cpu_seconds(pids), time.monotonic()
    for n in range(1, seconds + 1):
        every_second()
        time.sleep(max(0.0, begun + n - time.monotonic()))
    return (service.cpu_seconds(pids) - used) / (time.monotonic() - begun) * 100


if __name__ == "__main__":
    main()

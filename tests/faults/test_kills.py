"""kill -9 of each process while people write: nothing acknowledged is lost, and nobody has to do anything."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from issuetracker.database import EmbeddedPostgres

from .conftest import Service, ask, figure, file_issue, until

WRITES = 340  # acknowledged, for each of the three victims
WRITERS = 4


class Writers:
    """Threads that file issues until enough are acknowledged, and remember every answer."""

    def __init__(self, port: int, name: str) -> None:
        self.port, self.name = port, name
        self.acknowledged: dict[str, float] = {}  # title: when
        self.statuses: set[int] = set()
        self._threads = [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def _write(self, writer: int) -> None:
        n = 0
        while len(self.acknowledged) < WRITES:
            n += 1
            title = f"{self.name} {writer}-{n}"
            answer = file_issue(self.port, title)
            self.statuses.add(answer.status)
            if answer.status == 201:
                self.acknowledged[title] = time.monotonic()
            else:
                time.sleep(0.02)

    def wait_for(self, n: int) -> None:
        until(lambda: len(self.acknowledged) >= n, 60, f"{n} writes")

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)


def titles(port: int) -> set[str]:
    found: list[str] = []
    while items := ask(port, f"/issues?limit=1000&offset={len(found)}").json["items"]:
        found += [item["title"] for item in items]
    return set(found)


@pytest.mark.parametrize("victim", ["worker", "parent", "postgres"])
def test_kill_9_among_acknowledged_writes_loses_none_of_them(running: Service, house: Path, victim: str):
    writers = Writers(running.port, f"kill {victim}")
    writers.wait_for(WRITES // 3)
    gunicorn = running.gunicorn_pid()
    server = EmbeddedPostgres(house)
    pid = {
        "worker": running.children(gunicorn)[0],
        "parent": gunicorn,
        "postgres": server.postmaster_pid(),
    }[victim]

    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    writers.join()

    gap = min(at for at in writers.acknowledged.values() if at > killed) - killed
    assert len(writers.acknowledged) >= WRITES
    assert writers.acknowledged.keys() <= titles(running.port)
    assert writers.statuses <= {201, 503, 0}
    assert gap < figure(4), f"{gap:.1f} s without a success"  # recovery of PostgreSQL and 2 s
    assert ("was killed" in running.said()) == (victim != "worker")  # gunicorn replaces a worker by itself

"""The place of one size: a process that holds a database with so many issues and the servers that ask it.

Django knows one database a process, so each size that is measured beside others has a process of its own:

    python -m tests.benchmarks.place ISSUES [--comments 5] [--words]

Once all of it runs, the process says on its standard output, as a line of JSON, what has to be known to ask and to measure.
Each line on its standard input then has it fold, which it answers with a line, too. SIGTERM ends it, and so does the end of
its parent, however that comes; its servers, its database and its folder go with it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from issuetracker.parent import follow_parent

from .service import PROJECT, Servers, in_a_folder_of_its_own, postmaster, servers, set_up

FLOOR, OURS = "tests.benchmarks.floor:application", "issuetracker.wsgi:application"


@dataclass(frozen=True)
class Place:
    """What its process told, for whoever asks and measures."""

    process: "subprocess.Popen[str]"
    issues: int
    token: str
    session: str  # the value of the cookie
    postmaster: int  # pid
    uuids: list[str]  # of the newest issues, as the numbers
    numbers: list[int]
    deep: int  # an offset behind nine tenths of the issues
    servers: dict[str, Servers]  # floor, ours, and cold: ours without kept fragments

    def fold(self) -> None:
        """See `fold_all`; returns when it is done."""
        assert self.process.stdin is not None
        self.process.stdin.write("fold\n")
        self.process.stdin.flush()
        _told(self.process)


@contextmanager
def held(issues: int, comments: int, *, words: bool) -> Iterator[Place]:
    """A place with so many issues, for as long as the context lasts; minutes go by before a large one is filled."""
    command = [sys.executable, "-m", __name__, str(issues), "--comments", str(comments)]
    process = subprocess.Popen(
        [*command, *(["--words"] if words else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=os.environ | {"ISSUETRACKER_RUN_PID": str(os.getpid())},
        start_new_session=True,  # Ctrl-C is for the parent, which then ends all in their order
    )
    try:
        told = _told(process)
        told["servers"] = {name: Servers(*both) for name, both in told["servers"].items()}
        yield Place(process, **told)
    finally:
        process.terminate()
        process.wait()


def _told(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("The process of one size has ended; what it said stands above.")
    told: dict[str, Any] = json.loads(line)
    return told


# ---------------------------------------------------------------- in the process itself


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("issues", type=int)
    options.add_argument("--comments", type=int, default=5)
    options.add_argument("--words", action="store_true", help="with those of words.py")
    asked = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    follow_parent()
    os.environ["ISSUETRACKER_RUN_PID"] = str(os.getpid())  # whom the servers follow
    in_a_folder_of_its_own(tempfile.mkdtemp(prefix="findings-bench-"))
    with redirect_stdout(sys.stderr):  # progress is for people
        _, token, session = set_up()
        fill(asked.issues, asked.comments, words=asked.words)
    known = {"token": token, "session": session, **look(asked.issues)}
    with running() as all_servers:
        check_fair(all_servers, f"/issues/{known['uuids'][0]}", token)
        _tell({**known, "servers": all_servers})
        for _ in sys.stdin:
            fold_all()
            _tell({})


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def fill(issues: int, comments: int, *, words: bool) -> None:
    """Make the issues, and leave PostgreSQL nothing to tidy up or write down of it while it is measured."""
    from django.core.management import call_command
    from django.db import connection

    from .words import spread

    call_command("seed_scale", issues=issues, comments=comments)
    if words:
        spread()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def look(issues: int) -> dict[str, Any]:
    """What there is to ask for, and whose processor time is PostgreSQL's."""
    from issues.models import Issue

    newest = Issue.objects.alive().newest_first()
    return {
        "issues": issues,
        "uuids": [str(uuid) for uuid in newest.values_list("uuid", flat=True)[:200]],
        "numbers": list(newest.values_list("id", flat=True)[:50]),
        "deep": int(issues * 0.9) - 200,
        "postmaster": postmaster(),
    }


@contextmanager
def running() -> Iterator[dict[str, Servers]]:
    """The servers that are compared, all at once."""
    from django.db import connection

    from issues.api.representations import ISSUE

    of_floor = {"FLOOR_CONNINFO": connection.connection.info.dsn, "FLOOR_ISSUE": ISSUE}
    with (
        servers(FLOOR, of_floor) as floor,
        servers(OURS, {}) as ours,
        servers(OURS, {"ISSUETRACKER_FRAGMENT_BYTES": "0"}) as cold,
    ):
        yield {"floor": floor, "ours": ours, "cold": cold}


def check_fair(all_servers: dict[str, Servers], one: str, token: str) -> None:
    """Floor and ours must answer the same objects, or the ratio means nothing."""

    def answer(name: str, path: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        address = f"http://127.0.0.1:{all_servers[name].ports[0]}{path}"
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as reply:
            return json.load(reply)

    if answer("floor", one) != answer("ours", one):
        raise SystemExit("The floor answers another issue than ours.")
    if answer("floor", "/issues")["items"] != answer("ours", "/issues")["items"]:
        raise SystemExit("The floor answers another list than ours.")


def fold_all() -> None:
    """What was created is summed and kept, so that no case beside reads more of what is not than another, by chance."""
    from issues.api.representations import keep_issues
    from issues.models import counts, flow, search_index

    for module in (counts, flow, search_index):
        module.fold()
    keep_issues()


if __name__ == "__main__":
    main()

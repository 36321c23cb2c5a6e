"""Measure ours beside the floor in one run, at ten thousand and at a million issues.

    python -m tests.benchmarks [--sizes 10000,1000000] [--seconds 4] [--only list,one,…] [--profile]

Every server is one gunicorn worker as it is shipped; two of each, on ports of their own, so that the load is spread evenly. CPU is what those processes and PostgreSQL used, from /proc, so the load generator's own share does not count.
"""

import argparse
import atexit
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import load

PROJECT = Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
DESCRIPTION = [
    {
        "type": "paragraph",
        "text": "During eclipse 3 of the cold soak, string B fell to **22.3 V** for 148 s. " * 4,
    },
    {
        "type": "table",
        "header": ["Quantity", "String A", "String B"],
        "rows": [["Minimum", "25.9 V", "22.3 V"]] * 4,
    },
]
NEW = json.dumps(
    {"title": "Battery string B drops to 22.3 V", "description": DESCRIPTION, "tags": ["power", "tvac"]}
)


@dataclass(frozen=True)
class Case:
    """One thing that is measured, on ours and, where the floor has it, on the floor."""

    name: str
    requests: Callable[[list[str]], Iterator[bytes]]
    check: load.Check
    floor: bool = True
    cold: bool = False  # without kept fragments


def get(path: str, accept: str = "application/json", *, zone: str = "UTC") -> bytes:
    who = (
        f"Cookie: sessionid=SESSION; zone={zone}" if accept == "text/html" else "Authorization: Bearer TOKEN"
    )
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{who}\r\nAccept: {accept}\r\n\r\n".encode()


def post(path: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer TOKEN\r\n"
    return (
        f"{head}Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}".encode()
    )


def is_list(status: int, body: bytes) -> bool:
    return status == 200 and body.startswith(b'{"items"') and body.count(b'"uuid"') >= 100


def issue_pages() -> list[bytes]:
    return [get(f"/FND-{number}", "text/html") for number in NUMBERS]


def is_issue_page(status: int, body: bytes) -> bool:
    return status == 200 and b'id="thread"' in body


WORDS = {  # `words.py` says what is hard about some of them
    "common word": "q=limit",
    "rare word": "q=%224711%22",
    "old word": "q=bygone",
    "two words": "q=wheel+overshoots",
    "two common": "q=limit+voltage",
    "never met": "q=evenly+oddly",
    "without": "q=limit+-wheel",
    "beginning": "q=over",
    "phrase": "q=%22limit+crossed%22",
    "rare phrase": "q=%22reaction+wheel%22",
    "and filter": "q=limit&tag=power&status=open",
    "old and filter": "q=bygone&tag=power&priority=high",
}
ANY_ISSUE = b'id="FND-'


def page(name: str, path: str, shows: bytes, *, cold: bool = False) -> Case:
    """A page that a person opens, which is right if it has these bytes."""
    return Case(
        name,
        lambda _: itertools.repeat(get(path, "text/html")),
        lambda status, body: status == 200 and shows in body,
        floor=False,
        cold=cold,
    )


CASES = [
    Case("list of 100, cold", lambda _: itertools.repeat(get("/issues")), is_list, cold=True),
    Case("list of 100, warm", lambda _: itertools.repeat(get("/issues")), is_list),
    *(
        Case(
            f"one issue, {name}",
            lambda uuids: itertools.cycle([get(f"/issues/{uuid}") for uuid in uuids[:200]]),
            lambda status, body: status == 200 and b'"title"' in body,
            cold=name == "cold",
        )
        for name in ("cold", "warm")
    ),
    Case(
        "create",
        lambda _: itertools.repeat(post("/issues", NEW)),
        lambda status, body: status == 201 and b'"uuid"' in body,
    ),
    *(
        Case(
            f"dashboard{name}",
            lambda _, path=path, zone=zone: itertools.repeat(
                get(f"/dashboard{path}", "text/html", zone=zone)
            ),
            lambda status, body: status == 200 and b'id="created-and-closed"' in body,
            floor=False,
            cold=name.endswith("cold"),
        )
        for name, path, zone in (
            ("", "", "UTC"),
            (", cold", "", "UTC"),
            (", tag", "?tag=power", "UTC"),
            (", year", "?period=1y", "UTC"),
            (", year, cold", "?period=1y", "UTC"),
            (", year, west", "?period=1y", "America%2FLos_Angeles"),
            (", year, west, cold", "?period=1y", "America%2FLos_Angeles"),
        )
    ),
    Case(
        "board page",
        lambda _: itertools.repeat(get("/", "text/html")),
        lambda status, body: status == 200 and b"FND-" in body,
        floor=False,
    ),
    *(
        Case(
            name,
            lambda _, path=path: itertools.repeat(get(path, "text/html")),
            lambda status, body: status == 200 and body.count(b'<tr id="FND-') == 50,
            floor=False,
        )
        for name, path in (
            ("list page", "/list"),
            ("list by title", "/list?sort=title"),
            ("list by owner, down", "/list?sort=-owner"),
            ("list by priority, open", "/list?sort=priority&status=open"),
            ("list, some way down", "/list?sort=updated&after=1777000000000000~1"),
        )
    ),
    # What is typed into the search field, or chosen in the filter bar. (A board's cards stand in no row.)
    page("list by a tag", "/list?tag=power", ANY_ISSUE),
    page("board by a tag", "/?tag=power", ANY_ISSUE),
    # (Whatever is found, a page shows the field it was typed into.)
    *(
        page(f"{where}, {name}", f"{path}?{query}", b'name="q"')
        for where, path in (("search", "/list"), ("board", "/"))
        for name, query in WORDS.items()
    ),
    page("search, old, by status", "/list?q=bygone&sort=status", ANY_ISSUE),
    page("search, old, by change", "/list?q=bygone&sort=-updated", ANY_ISSUE),
    page("board page, cold", "/", b"FND-", cold=True),
    page("list page, cold", "/list", b"FND-", cold=True),
    Case("issue page", lambda _: itertools.cycle(issue_pages()), is_issue_page, floor=False),
    Case("issue page, cold", lambda _: itertools.cycle(issue_pages()), is_issue_page, floor=False, cold=True),
    Case(
        "metrics",
        lambda _: itertools.repeat(get("/issues/metrics")),
        lambda status, body: status == 200 and b"pie_chart" in body,
        floor=False,
    ),
    Case(
        "list, offset 90 %",
        lambda uuids: itertools.repeat(get(f"/issues?offset={DEEP[0]}")),
        is_list,
        floor=False,
    ),
]
DEEP = [0]
NUMBERS: list[int] = []  # of the issues whose pages are asked for


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def servers(application: str, environment: dict[str, str]) -> Iterator[tuple[list[int], list[int]]]:
    """Two gunicorn processes of one worker each; yields their ports and process ids."""
    ports, processes = [free_port(), free_port()], []
    for port in ports:
        # As it is shipped, but for one worker a port.
        command = [sys.executable, "-m", "gunicorn", "-c", "python:issuetracker.gunicorn", application]
        command += ["--bind", f"127.0.0.1:{port}", "--workers", "1"]
        processes.append(subprocess.Popen(command, env=os.environ | environment, cwd=PROJECT))
    try:
        for port in ports:
            wait_for(port)
        yield ports, [process.pid for process in processes]
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


def measure(
    case: Case,
    ports: list[int],
    pids: list[int],
    postgres: int,
    uuids: list[str],
    connections: int,
    seconds: float,
    secrets: dict[str, bytes],
) -> tuple[load.Result, float, float]:
    """One run of load; its result, and the CPU milliseconds a request of the program and of PostgreSQL."""
    requests = (
        request.replace(b"TOKEN", secrets["TOKEN"]).replace(b"SESSION", secrets["SESSION"])
        for request in case.requests(uuids)
    )
    load.run(
        ports, connections, requests, case.check, 0.5
    )  # warm: connections, prepared statements, fragments
    program, database = cpu_seconds(pids), cpu_seconds([postgres])
    result = load.run(ports, connections, requests, case.check, seconds)
    n = len(result.latencies)
    return result, (cpu_seconds(pids) - program) / n * 1000, (cpu_seconds([postgres]) - database) / n * 1000


def fold_all() -> None:
    """What was created is summed and kept, so that no case beside reads more of what is not than another, by chance."""
    from issues.api.representations import keep_issues
    from issues.models import counts, flow, search_index

    for module in (counts, flow, search_index):
        module.fold()
    keep_issues()


def check_fair(floor: int, ours: int, one: str, token: str) -> None:
    """Both must answer the same objects, or the ratio means nothing."""

    def answer(port: int, path: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    if answer(floor, one) != answer(ours, one):
        raise SystemExit("The floor answers another issue than ours.")
    if answer(floor, "/issues")["items"] != answer(ours, "/issues")["items"]:
        raise SystemExit("The floor answers another list than ours.")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--sizes", default="10000,1000000")
    options.add_argument("--seconds", type=float, default=4)
    options.add_argument(
        "--only", default="", help="names of cases, by their beginning, with commas between; or evidence"
    )
    options.add_argument("--connections", default="1,16")
    options.add_argument("--comments", default="5")
    asked = options.parse_args()
    in_a_folder_of_its_own(tempfile.mkdtemp(prefix="findings-bench-"))
    if asked.only != "evidence":
        bench(asked)
    if asked.only in ("", "evidence"):
        subprocess.run([sys.executable, "-m", "tests.benchmarks.evidence"], cwd=PROJECT, check=True)


def bench(asked: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from issues.api.representations import ISSUE
    from issues.models import ApiToken, Issue, User

    from . import words

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    person = User.objects.create_person("bench@example.com")
    _, token = ApiToken.issue_to(person)
    browser = Client()
    browser.force_login(person)
    secrets = {"TOKEN": token.encode(), "SESSION": browser.cookies["sessionid"].value.encode()}
    connection.ensure_connection()
    conninfo = connection.connection.info.dsn
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    stat = Path(f"/proc/{backend}/stat")
    # In a user namespace the ids are the same; with pid namespaces this would not find it.
    postgres = int(stat.read_text().rpartition(")")[2].split()[1])
    cases = [case for case in CASES if not asked.only or case.name.startswith(tuple(asked.only.split(",")))]
    figures: dict[tuple[str, int, int], tuple[float, float]] = {}
    sizes = [int(size) for size in asked.sizes.split(",")]
    for size in sizes:
        missing = size - Issue.objects.count()
        if missing > 0:
            call_command("seed_scale", issues=missing, comments=int(asked.comments))
            if any(case.name.startswith(("search", "board, ")) for case in cases):
                words.spread()
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        DEEP[0] = int(size * 0.9) - 200
        NUMBERS[:] = Issue.objects.alive().newest_first().values_list("id", flat=True)[:50]
        uuids = [
            str(uuid) for uuid in Issue.objects.alive().newest_first().values_list("uuid", flat=True)[:1000]
        ]
        print(f"\n{size:,} issues\n")
        heads = {
            "conn.": 6,
            "req/s": 9,
            "p50 ms": 9,
            "p99 ms": 9,
            "CPU ms: ours + database": 30,
            "of floor": 10,
            "by CPU": 9,
        }
        print(" " * 24 + "".join(head.rjust(width) for head, width in heads.items()))
        with (
            servers(
                "tests.benchmarks.floor:application", {"FLOOR_CONNINFO": conninfo, "FLOOR_ISSUE": ISSUE}
            ) as floor,
            servers("issuetracker.wsgi:application", {}) as ours,
            servers("issuetracker.wsgi:application", {"ISSUETRACKER_FRAGMENT_BYTES": "0"}) as cold,
        ):
            check_fair(floor[0][0], ours[0][0], f"/issues/{uuids[0]}", secrets["TOKEN"].decode())
            for case, connections in itertools.product(cases, map(int, asked.connections.split(","))):
                rates, costs = {}, {}
                for name, (ports, pids) in {"floor": floor, "ours": cold if case.cold else ours}.items():
                    if name == "floor" and not case.floor:
                        continue
                    result, program, database = measure(
                        case, ports, pids, postgres, uuids, connections, asked.seconds, secrets
                    )
                    if result.wrong:
                        raise SystemExit(
                            f"{case.name}, {name}: {result.wrong} wrong answers: {result.example!r}"
                        )
                    rates[name], costs[name] = result.rate, program + database
                    # (On a machine that others use, CPU a request tells more than requests a second.)
                    ratio = cheaper = ""
                    if len(rates) == 2:
                        ratio = f"{rates['ours'] / rates['floor']:.2f}"
                        cheaper = f"{costs['floor'] / costs['ours']:.2f}"
                    label = case.name if name == "ours" else f"{case.name} (floor)"
                    print(
                        f"{label:24}{connections:>6}{result.rate:>9,.0f}{result.percentile(0.5):>9.2f}"
                        f"{result.percentile(0.99):>9.2f}{f'{program:.2f} + {database:.2f}':>30}{ratio:>10}{cheaper:>9}",
                        flush=True,
                    )
                    if case.name == "create":
                        fold_all()
                    if name == "ours":
                        figures[case.name, connections, size] = (result.rate, program + database)
    if len(sizes) > 1:
        print("\nCPU a request at the largest size over the smallest (1.2 is the bar)\n")
        for case, connections in itertools.product(cases, map(int, asked.connections.split(","))):
            small, large = (figures[case.name, connections, size][1] for size in (sizes[0], sizes[-1]))
            print(f"{case.name:24}{connections:>6}{large / small:>9.2f}")


if __name__ == "__main__":
    main()

"""Ours beside Fossil's tracker, a C program on SQLite, in one run: what a team would get that picks it instead.

    python -m tests.benchmarks.fossil [--issues 10000] [--seconds 4]

Needs `fossil` (`apt-get install fossil`). Both are as they are shipped. Fossil closes a connection after one answer, so ours
has to take every request on a new one, too; what keeping them is worth is shown beside it. Ours is asked over 16 at once,
Fossil over 4, where it is fastest: with 16 some wait for a second outside its door.
"""

import argparse
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from . import load, service
from .cases import DESCRIPTION, get, signed

OURS, THEIRS = 16, 4  # connections at once
LIST, HUNDRED = 50, 51  # numbers of reports
TEXT = " ".join(block["text"] for block in DESCRIPTION if "text" in block)
TICKETS = """
WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < :tickets)
INSERT INTO ticket (tkt_uuid, tkt_mtime, tkt_ctime, type, status, subsystem, priority, severity, resolution, title, comment)
SELECT lower(hex(randomblob(20))), julianday('now') - n / 200.0, julianday('now') - n / 100.0, 'Code_Defect',
    CASE n % 4 WHEN 0 THEN 'Open' WHEN 1 THEN 'Review' WHEN 2 THEN 'Fixed' ELSE 'Closed' END, 'power', 'High', 'Severe',
    'Open', 'Battery string B drops to 22.3 V, run ' || n, :text
FROM one
"""
REPORT = """
SELECT {id}, datetime(tkt_mtime) AS changed, type, status, subsystem, title, priority{more} FROM ticket
ORDER BY tkt_mtime DESC LIMIT {rows}
"""


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--issues", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=4)
    asked = options.parse_args()
    if shutil.which("fossil") is None:
        raise SystemExit("fossil is not installed: apt-get install fossil")
    folder = tempfile.mkdtemp(prefix="findings-fossil-")
    service.in_a_folder_of_its_own(folder, PORT=str(service.free_port()))
    compare(Path(folder), asked.issues, asked.seconds)


def compare(folder: Path, issues: int, seconds: float) -> None:
    ticket = fill_fossil(folder / "tracker.fossil", issues)
    number, token, session = fill_ours(issues)
    theirs_port, ours_port = service.free_port(), int(os.environ["PORT"])
    theirs = ["fossil", "server", "--localhost", "--port", str(theirs_port), str(folder / "tracker.fossil")]
    ours = [sys.executable, "-m", "gunicorn", "-c", "python:issuetracker.gunicorn", "issuetracker.wsgi"]
    cases = (
        ("list, 50 rows", f"/rptview/{LIST}", get("/list", "text/html")),
        ("board (theirs: list)", f"/rptview/{LIST}", get("/", "text/html")),
        ("issue", f"/tktview/{ticket}", get(f"/FND-{number}", "text/html")),
        ("JSON list of 100", f"/json/report/run/{HUNDRED}", get("/issues")),
    )
    programs = [
        subprocess.Popen(command, cwd=service.PROJECT, stdout=subprocess.DEVNULL)
        for command in (theirs, ours)
    ]
    print(f"\n{issues:,} issues, requests/s\n")
    print(f"{'':24}{'Fossil':>9}{'ours':>9}{'ratio':>8}{'kept connections':>20}")
    try:
        for port in (theirs_port, ours_port):
            service.wait_for(port)
        for name, path, request in cases:
            request = signed(request, token, session)
            rates = [
                rate(theirs_port, THEIRS, get(path, "text/html"), seconds),
                rate(ours_port, OURS, request, seconds),
                rate(ours_port, OURS, request, seconds, anew=False),
            ]
            print(
                f"{name:24}{rates[0]:>9,.0f}{rates[1]:>9,.0f}{rates[1] / rates[0]:>8.2f}{rates[2]:>20,.0f}",
                flush=True,
            )
    finally:
        for program in programs:
            program.send_signal(signal.SIGTERM)
        for program in programs:
            program.wait(20)


def rate(port: int, connections: int, request: bytes, seconds: float, *, anew: bool = True) -> float:
    """Right answers a second."""

    def run(seconds: float) -> load.Result:
        return load.run([port], connections, itertools.repeat(request), is_right, seconds, anew=anew)

    run(0.5)  # connections, prepared statements, kept answers
    result = run(seconds)
    if result.wrong:
        raise SystemExit(f"{result.wrong} wrong answers, such as {result.example!r}")
    return result.rate


def is_right(status: int, body: bytes) -> bool:
    return status == 200 and b"Battery string B" in body


def fill_fossil(path: Path, tickets: int) -> str:
    """A repository whose tickets anybody may read; the id of one of them."""
    os.environ |= {"HOME": str(path.parent), "USER": "bench"}  # where it keeps what it knows of its user
    for command in (["init", str(path)], ["user", "capabilities", "nobody", "gjorz", "-R", str(path)]):
        subprocess.run(["fossil", *command], check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(path) as database:
        database.execute(TICKETS, {"tickets": tickets, "text": TEXT})
        database.execute("CREATE INDEX ticket_by_change ON ticket (tkt_mtime)")  # it has none of its own
        for report, columns in (
            (LIST, {"id": "substr(tkt_uuid, 1, 10) AS '#'", "more": "", "rows": 50}),
            (HUNDRED, {"id": "tkt_uuid", "more": ", comment", "rows": 100}),
        ):
            database.execute(
                "INSERT INTO reportfmt (rn, owner, title, mtime, cols, sqlcode) VALUES (?, 'bench', ?, 0, '', ?)",
                [report, f"Report {report}", REPORT.format(**columns)],
            )
        [uuid] = database.execute("SELECT tkt_uuid FROM ticket ORDER BY tkt_mtime DESC LIMIT 1").fetchone()
    return str(uuid)


def fill_ours(issues: int) -> tuple[int, str, str]:
    """As many issues; the number of one, and the token and session of somebody who may read them."""
    _, token, session = service.set_up()
    from django.core.management import call_command

    from issues.models import Issue

    call_command("seed_scale", issues=issues)
    newest = Issue.objects.alive().newest_first().filter(title__contains="Battery string B").first()
    assert newest is not None
    return newest.pk, token, session


if __name__ == "__main__":
    main()

"""`make run` as a person has it: what it says, how it ends, what a second one says, and that the demo comes once."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from issues.management.commands.run import free_port_of
from issuetracker.database import PROJECT, EmbeddedPostgres

from .conftest import Service, ask, clean_environment, copy_data, figure, file_issue, until


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A data folder that is migrated, empty and nobody's."""
    return copy_data(pristine, tmp_path / "data")


def make_run(folder: Path) -> Service:
    # -o: the packages are there; a test does not install any.
    command = ["make", "-o", ".venv/installed", "run"]
    return Service(command, folder / "make.log", ISSUETRACKER_DATA_DIR=str(folder))


def manage(folder: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=clean_environment(ISSUETRACKER_DATA_DIR=str(folder), **more),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_from_make_run_to_a_pasted_curl_to_ctrl_c_and_again(folder: Path):
    stopped = make_run(folder)
    try:
        until(lambda: "Demo data: loading" in stopped.said(), 60, "it loads the demo")
        until(lambda: any((folder / "files").glob("[0-9a-f][0-9a-f]/*")), 60, "evidence is being stored")
        assert stopped.stop(signal.SIGINT) < figure(5)
    finally:
        stopped.close()
    assert "Traceback" not in stopped.said()
    assert not EmbeddedPostgres(folder).lives()
    assert not any(path.is_file() for path in (folder / "files").rglob("*"))  # nothing half loaded

    service = make_run(folder)
    try:
        service.ready()
        until(lambda: "Ctrl-C" in service.said(), 10, "it says how to stop")
        said = service.said()
        assert said.count("Demo data: loading") == 2  # the log goes on where the first one ended
        assert f"http://127.0.0.1:{service.port}" in said
        count = ask(service.port).json["count"]
        assert 150 < count < 250

        [curl] = re.findall(r"^ *(curl .*\\\n.*)$", said, re.MULTILINE)
        pasted = subprocess.run(["sh", "-c", curl], capture_output=True, text=True)
        assert json.loads(pasted.stdout)["title"] == "Battery string B drops to 22.3 V"
        board = ask(service.port, "/", Accept="text/html")
        assert b"Battery string B drops to 22.3 V" in board.body

        assert service.stop(signal.SIGINT) < figure(5)
    finally:
        service.close()
    assert "Traceback" not in service.said()
    assert not EmbeddedPostgres(folder).lives()
    assert ask(service.port).status == 0

    again = make_run(folder)
    try:
        assert ask(again.ready().port).json["count"] == count + 1
        assert again.said().count("Demo data: loading") == 2
        for item in ask(again.port, "/issues?limit=1000").json["items"]:
            assert ask(again.port, f"/issues/{item['uuid']}", "DELETE").status == 204
        assert again.stop(signal.SIGTERM) < figure(5)
    finally:
        again.close()
    assert not EmbeddedPostgres(folder).lives()

    assert "Deleted" in manage(folder, "purge_trash", "--days", "0").stdout
    emptied = make_run(folder)
    try:
        assert (
            ask(emptied.ready().port).json["count"] == 0
        )  # who deletes everything does not want the demo back
    finally:
        emptied.close()


def test_a_second_one_on_the_same_port_says_that_it_runs_already(running: Service, folder: Path):
    told = manage(folder, "run", PORT=str(running.port))
    assert told.returncode != 0
    assert f"Findings runs already: http://127.0.0.1:{running.port}" in told.stderr
    assert "PORT=" in told.stderr
    assert "Traceback" not in told.stderr
    assert ask(running.port).status == 200


def test_a_port_that_another_program_has_is_named(folder: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = manage(folder, "run", PORT=str(port))
    assert told.returncode != 0
    assert f"Port {port} cannot be had" in told.stderr
    assert not EmbeddedPostgres(folder).lives()


def test_a_second_one_on_the_same_data_works_and_outlives_the_first(folder: Path):
    first = Service.run(folder).ready()
    second = Service.run(folder).ready()
    try:
        assert file_issue(first.port, "Seen by both").status == 201
        assert ask(second.port).json["items"][0]["title"] == "Seen by both"
        first.stop()
        assert ask(second.port).json["items"][0]["title"] == "Seen by both"
    finally:
        first.close()
        second.close()
    assert not EmbeddedPostgres(folder).lives()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000 ", "٨٠"])
def test_an_odd_port_is_none(port: str):
    with pytest.raises(CommandError, match="PORT must be a number from 1 to 65535"):
        free_port_of(port)


def test_an_odd_port_is_refused_in_words(folder: Path):
    told = manage(folder, "run", PORT="http")
    assert told.returncode != 0
    assert "PORT must be a number from 1 to 65535" in told.stderr
    assert "Traceback" not in told.stderr


def test_what_it_starts_listens_on_this_machine_only(running: Service):
    listening = f":{running.port:04X} 00000000:0000 0A"
    lines = [line for line in Path("/proc/net/tcp").read_text().splitlines() if listening in line]
    assert lines
    assert all("0100007F:" in line for line in lines)
    assert os.environ.get("ISSUETRACKER_HOSTS") is None
    assert ask(running.port, Host="findings.example").status == 400


def test_the_whole_service_takes_less_than_300_mb(running: Service, house: Path):
    for path in ("/", "/list", "/dashboard", "/new", "/issues", "/api/docs") * 4:
        assert ask(running.port, path).status == 200

    def ours(pid: int) -> bool:
        return running.process.pid in _ancestors(pid) or str(house).encode() in _read(pid, "cmdline")

    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    processes = {pid for pid in pids if ours(pid)}
    processes |= {
        pid for pid in pids if processes & set(_ancestors(pid))
    }  # PostgreSQL's children do not name the folder
    shares = [re.search(rb"^Pss:\s+(\d+)", _read(pid, "smaps_rollup"), re.M) for pid in processes]

    assert len(processes) >= 10
    assert sum(int(share[1]) for share in shares if share) / 1024 < 300


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it has gone meanwhile
        return b""


def _ancestors(pid: int) -> list[int]:
    found = [pid]
    while stat := _read(found[-1], "stat"):
        parent = int(stat.rpartition(b")")[2].split()[1])
        if parent <= 1:
            break
        found.append(parent)
    return found

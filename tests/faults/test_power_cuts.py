"""make run killed as a whole, as by a power cut: the next start finds everything, and needs no hand."""

import os
import signal
from pathlib import Path

from issuetracker.database import EmbeddedPostgres

from .conftest import Service, ask, file_issue, until
from .test_kills import titles


def test_kill_9_of_make_run_itself_takes_everything_down_and_the_next_start_has_it_all(house: Path):
    first = Service.run(house).ready()
    assert file_issue(first.port, "Before the kill").status == 201

    first.process.kill()
    first.process.wait()

    server = EmbeddedPostgres(house)
    until(lambda: ask(first.port).status == 0, 10, "the port is free")
    until(lambda: not server.lives(), 10, "PostgreSQL has stopped with its last user")
    again = Service.run(house, port=first.port).ready()
    try:
        assert "Before the kill" in titles(again.port)
    finally:
        again.close()


def test_kill_9_of_everything_at_once_needs_no_hand_either(house: Path):
    first = Service.run(house).ready()
    assert file_issue(first.port, "Before the power cut").status == 201
    gunicorn = first.gunicorn_pid()
    server = EmbeddedPostgres(house)
    postmaster = server.postmaster_pid()
    assert postmaster

    for pid in (first.process.pid, postmaster, gunicorn, *first.children(gunicorn)):
        os.kill(pid, signal.SIGKILL)
    first.process.wait()
    assert (server.cluster / "postmaster.pid").exists()  # as after a power cut

    again = Service.run(house).ready()
    try:
        assert "Before the power cut" in titles(again.port)
    finally:
        again.close()
    until(lambda: not server.lives(), 10, "PostgreSQL has stopped with its last user")

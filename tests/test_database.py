"""What can be said of issuetracker/database.py without a server: addresses, binaries, folders, pid files."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from issuetracker import database
from issuetracker.database import (
    SOCKET_PATH_LIMIT,
    Binaries,
    DatabaseError,
    EmbeddedPostgres,
    choose_binaries,
    django_settings,
    find_binaries,
)


class TestDatabaseUrl:
    def test_each_part_goes_where_django_expects_it(self):
        entry = django_settings("postgresql://mara:s%40cret@db.example:6543/findings?sslmode=require")

        assert entry["NAME"] == "findings"
        assert (entry["USER"], entry["PASSWORD"]) == ("mara", "s@cret")
        assert (entry["HOST"], entry["PORT"]) == ("db.example", "6543")
        assert entry["OPTIONS"]["sslmode"] == "require"

    def test_a_socket_folder_may_hold_any_sign(self):
        entry = django_settings("postgresql://findings@/findings?host=%2Ftmp%2Fa%20b%25%2Fsocket")
        assert entry["HOST"] == "/tmp/a b%/socket"

    def test_what_the_address_says_of_timeouts_wins(self):
        assert django_settings("postgres://h/d?connect_timeout=9")["OPTIONS"]["connect_timeout"] == "9"

    @pytest.mark.parametrize(
        "url",
        [
            "mysql://host/name",
            "sqlite:///file",
            "name",
            "postgresql://host",
            "postgresql://host/name?nonsense=1",
            "postgresql://u:secret%zz@host/name",
            "postgresql://u:secret@[::1/name",
        ],
    )
    def test_what_cannot_be_understood_is_refused_without_telling_the_password(self, url):
        with pytest.raises(ImproperlyConfigured) as refusal:
            django_settings(url)
        assert "DATABASE_URL" in str(refusal.value)
        assert "secret" not in str(refusal.value)


class TestDataDir:
    def test_is_var_of_the_project_or_what_the_environment_says(self, monkeypatch, tmp_path):
        monkeypatch.delenv("ISSUETRACKER_DATA_DIR", raising=False)
        assert database.data_dir() == database.PROJECT / "var"
        monkeypatch.setenv("ISSUETRACKER_DATA_DIR", "")
        assert database.data_dir() == database.PROJECT / "var"
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("ISSUETRACKER_DATA_DIR", "here")
        assert database.data_dir() == tmp_path / "here"


class TestBinaries:
    def test_there_are_some_here_and_new_enough(self):
        found = find_binaries()
        assert found
        assert all(binaries.major >= database.OLDEST for binaries in found)

    def test_new_data_takes_the_first(self, tmp_path):
        found = [Binaries(Path("/a"), 18), Binaries(Path("/b"), 15)]
        assert choose_binaries(tmp_path, found) is found[0]

    def test_data_that_is_there_takes_those_that_made_it(self, tmp_path):
        (tmp_path / "PG_VERSION").write_text("15\n")
        found = [Binaries(Path("/a"), 18), Binaries(Path("/b"), 15)]
        assert choose_binaries(tmp_path, found) is found[1]

    def test_data_of_a_version_that_is_not_here_says_which_to_install(self, tmp_path):
        (tmp_path / "PG_VERSION").write_text("16\n")
        with pytest.raises(DatabaseError, match="postgresql-16"):
            choose_binaries(tmp_path, [Binaries(Path("/a"), 18)])

    def test_none_at_all_says_what_helps(self, tmp_path):
        with pytest.raises(DatabaseError, match="DATABASE_URL"):
            choose_binaries(tmp_path, [])


class TestSocketFolder:
    def test_is_beside_the_data(self):
        assert EmbeddedPostgres(Path("/srv/findings"))._socket_choice() == Path(
            "/srv/findings/postgres/socket"
        )

    @pytest.mark.parametrize("odd", ["x" * 90, "a,b", 'say "hello"', "two\nlines", "é" * 45])
    def test_is_elsewhere_when_a_socket_cannot_be_there(self, tmp_path, odd):
        chosen = EmbeddedPostgres(tmp_path / odd)._socket_choice()

        assert tmp_path not in chosen.parents
        assert len(os.fsencode(chosen / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT
        assert chosen == EmbeddedPostgres(tmp_path / odd)._socket_choice()

    def test_two_checkouts_never_share_one(self, tmp_path):
        one, other = (EmbeddedPostgres(tmp_path / ("x" * 100) / name)._socket_choice() for name in "ab")
        assert one != other

    def test_is_entered_by_nobody_else(self, tmp_path):
        (tmp_path / "postgres").mkdir()
        folder = EmbeddedPostgres(tmp_path)._own_socket_folder()
        assert folder.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("trap", ["open", "link", "file"])
    def test_that_somebody_else_may_have_put_there_is_not_used(self, tmp_path, trap):
        folder = tmp_path / "postgres" / "socket"
        folder.parent.mkdir()
        match trap:
            case "open":
                folder.mkdir(mode=0o755)
                folder.chmod(0o755)
            case "link":
                folder.symlink_to(tmp_path)
            case "file":
                folder.touch()

        with pytest.raises(DatabaseError, match="only you can enter"):
            EmbeddedPostgres(tmp_path)._own_socket_folder()


class TestPidFile:
    @pytest.fixture
    def server(self, tmp_path) -> EmbeddedPostgres:
        server = EmbeddedPostgres(tmp_path)
        server.cluster.mkdir(parents=True)
        return server

    @pytest.fixture
    def somebody(self, server) -> Iterator["subprocess.Popen[bytes]"]:
        """A living process that has nothing to do with us."""
        process = subprocess.Popen(["sleep", "60"])
        yield process
        process.kill()
        process.wait()

    def write(self, server: EmbeddedPostgres, pid: object) -> Path:
        file = server.cluster / "postmaster.pid"
        file.write_text(f"{pid}\n{server.cluster}\n")
        return file

    def test_of_a_dead_process_is_dropped(self, server):
        dead = subprocess.Popen(["true"])
        dead.wait()
        file = self.write(server, dead.pid)
        server._clear_pid_file()
        assert not file.exists()

    def test_whose_pid_another_program_has_now_is_dropped_and_the_program_lives_on(self, server, somebody):
        file = self.write(server, somebody.pid)
        server._clear_pid_file()
        assert not file.exists()
        assert somebody.poll() is None
        assert not server.lives()

    @pytest.mark.parametrize("text", ["", "no number", "-", "99999999999999999999"])
    def test_that_is_broken_is_dropped(self, server, text):
        file = self.write(server, text)
        server._clear_pid_file()
        assert not file.exists()

    def test_of_a_server_that_somebody_started_by_hand_is_respected(self, server):
        by_hand = subprocess.Popen(["sleep", "60"], cwd=server.cluster)
        try:
            file = self.write(server, by_hand.pid)
            with pytest.raises(DatabaseError, match=f"process {by_hand.pid}"):
                server._clear_pid_file()
            assert file.exists()
        finally:
            by_hand.kill()
            by_hand.wait()

    def test_nothing_that_is_not_ours_is_ever_killed(self, server, somebody):
        self.write(server, somebody.pid)
        server._shut_down(timeout=0.1)
        assert somebody.poll() is None

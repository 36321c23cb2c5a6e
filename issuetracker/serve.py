"""What `manage.py run` leaves running: it starts the server and the worker, and starts again whatever of it dies.

`python -m issuetracker.serve PORT`, without Django: it lives as long as the service, and this way in 15 MB instead of 100.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from issuetracker import database

FINISH = 3  # seconds that running requests have when everything stops
LOOK = 0.25  # seconds between two looks at the server and at PostgreSQL
PATIENCE = 5  # seconds before PostgreSQL is tried again when it would not start

Server = subprocess.Popen[bytes]


def main() -> int:
    """Being told to stop is Ctrl-C by another way."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) == signal.SIG_DFL:
            signal.signal(name, signal.default_int_handler)
    try:
        database.database_url()  # holds the embedded server for as long as we live
        return serve(int(sys.argv[1]))
    except database.DatabaseError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def serve(port: int) -> int:
    """Serve until Ctrl-C; the exit code. Whatever dies meanwhile is started again."""
    server = _start(port)
    worker = Worker()
    try:
        _wait_until_bound(server, port)
        if server.poll() is None:
            _say(_GREETING.format(address=f"http://127.0.0.1:{port}"))
        while (code := _watch(server, worker)) < 0:
            _say(f"The server was killed (signal {-code}): starting it again")
            _stop(server)  # its workers, which would hold the port for a second
            server = _start(port)
    except KeyboardInterrupt:
        _say("\nStopping")
        code = 0
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
        _stop(worker.process, server)
    if code:
        print("The server stopped by itself; what it said stands above.", file=sys.stderr)
    return int(bool(code))


def _watch(server: Server, worker: "Worker") -> int:
    """See to PostgreSQL and the worker until the server ends; with what code it did."""
    while True:
        try:
            return server.wait(LOOK)
        except subprocess.TimeoutExpired:
            pass
        worker.revive()
        try:
            if database.revive():
                _say("PostgreSQL was killed: started again, nothing that was saved is lost")
        except database.DatabaseError as error:
            _say(f"{error}\nTrying again in {PATIENCE} s")
            time.sleep(PATIENCE)


def _say(words: str) -> None:
    print(words, flush=True)


_GREETING = """
Findings is at {address}    (the API's reference: {address}/api/docs)

File an issue from another terminal:

  curl {address}/issues -H 'Content-Type: application/json' \\
    -d '{{"title": "Battery string B drops to 22.3 V", "description": [], "priority": "high"}}'

Local mode: this machine only, nobody has to sign in. Ctrl-C stops everything.
"""


class Worker:
    """The process that reads evidence in the background, started again whenever it ends."""

    def __init__(self) -> None:
        self.process = self._start()

    def revive(self) -> None:
        if self.process.poll() is not None and time.monotonic() > self._rested:
            self.process = self._start()

    def _start(self) -> Server:
        self._rested = time.monotonic() + PATIENCE  # one that cannot live is not tried all the time
        return subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=database.PROJECT,
            env=os.environ | {"ISSUETRACKER_RUN_PID": str(os.getpid())},
            start_new_session=True,
        )


def _start(port: int) -> Server:
    # In a process group of its own: Ctrl-C reaches only us, and we stop things in their order.
    command = [sys.executable, "-m", "gunicorn", "-c", "python:issuetracker.gunicorn"]
    return subprocess.Popen(
        [*command, "--graceful-timeout", str(FINISH), "issuetracker.wsgi"],
        cwd=database.PROJECT,
        env=os.environ | {"PORT": str(port), "ISSUETRACKER_RUN_PID": str(os.getpid())},
        start_new_session=True,
    )


def _stop(*groups: Server) -> None:
    """End these with all their children, at the same time: in peace, and after FINISH seconds without."""
    for name in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group.pid, name)
        deadline = time.monotonic() + FINISH + 0.5
        while any(map(_any_of, groups)) and time.monotonic() < deadline:
            time.sleep(0.02)


def _any_of(server: Server) -> bool:
    server.poll()
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until_bound(server: Server, port: int) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


if __name__ == "__main__":
    sys.exit(main())

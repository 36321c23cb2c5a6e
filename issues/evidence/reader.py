"""Files are read in a process of their own: `python -m issues.evidence.reader`.

They come from anywhere, and the libraries that read them are large and partly C++. That process has no database, no
secret in its environment and no more memory or time than one file may take, so a file that breaks it breaks nothing
else. It ends when nothing was asked of it for a while, and with it the memory of those libraries.

It is asked by lines of JSON on its standard input, {"path", "extension", "folder"}, and answers by lines on its standard
output: {} when it begins, {"done": bytes} as it goes, and at last {"seen": …}, what `look` found. Samples and pictures
are left in the folder.
"""

import json
import logging
import os
import queue
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from signal import SIGXCPU
from typing import Any

IDLE = 10.0  # seconds without a file after which it ends
MEMORY = 768 << 20  # bytes of data
SECONDS = 300  # of processor time for one file
SPILL = 8 << 30  # bytes of one file that it writes
PROJECT = Path(__file__).resolve().parents[2]

logger = logging.getLogger(__name__)


class Reader:
    """The way to that process, which is started when it is needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def look(
        self, path: Path, extension: str, folder: Path, progress: Callable[[int], None]
    ) -> dict[str, Any]:
        """What is in the file, as `Look.as_json` gives it; `prepared`, `preview` and `display` lie in the folder."""
        asked = json.dumps({"path": str(path), "extension": extension, "folder": str(folder)}) + "\n"
        with self._one_at_a_time:
            process = self._begin(asked)
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            for line in process.stdout:
                if not line.endswith("\n"):
                    break
                message = json.loads(line)
                if "seen" in message:
                    seen: dict[str, Any] = message["seen"]
                    return seen
                progress(message["done"])
            return {"kind": "other", "facts": {}, "problem": _why(process.wait())}

    def _begin(self, asked: str) -> "subprocess.Popen[str]":
        """The process, with this question begun; one that was about to end of idleness is replaced."""
        for _ in range(3):
            if self._process is None:
                self._process = _start()
            process = self._process
            assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 - pipes were asked for
            try:
                process.stdin.write(asked)
                process.stdin.flush()
                if process.stdout.readline():
                    return process
            except BrokenPipeError:
                pass
            self.close()
        raise RuntimeError("The process that reads files does not start.")

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _start() -> "subprocess.Popen[str]":
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        # Arrow's own allocators take address space in large steps, which the limit would count.
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system",
             "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    threading.Thread(target=process.wait, daemon=True).start()  # so that it is gone when it has ended
    return process


def _why(code: int) -> str:
    if code == -SIGXCPU:
        return "Reading it takes more time than a file may take."
    logger.warning("the process that reads files ended", extra={"code": code})
    return "Reading it failed: it is damaged, or needs more memory than a file may take."


# In that process


def main() -> None:
    """Read one file after another until nothing is asked for a while, or whoever asks is gone."""
    for what, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_FSIZE, SPILL), (resource.RLIMIT_CORE, 0)):  # fmt: skip
        resource.setrlimit(what, (most, most))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer

    def say(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    questions: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=[questions], daemon=True).start()
    while True:
        try:
            asked = json.loads(questions.get(timeout=IDLE))
        except queue.Empty:
            return
        say({})
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        say({"seen": _look(Path(asked["path"]), asked["extension"], Path(asked["folder"]), say)})


def _listen(questions: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        questions.put(line)
    os._exit(0)  # whoever asked is gone: what is being read interests nobody


def _look(path: Path, extension: str, folder: Path, say: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    from .look import look

    try:
        seen = look(path, extension, folder / "prepared", lambda done: say({"done": done}))
        for name, picture in (("preview", seen.preview), ("display", seen.display)):
            if picture:
                (folder / name).write_bytes(picture)
        seen.problem = seen.problem.replace(str(path), extension)  # where it lies concerns nobody
        return seen.as_json()
    except MemoryError:
        return {"kind": "other", "facts": {}, "problem": "Reading it needs more memory than a file may take."}
    except Exception as error:  # whatever a damaged file brings a library to
        logging.exception("could not read a file of type %r", extension)
        return {"kind": "other", "facts": {}, "problem": f"Reading it failed: {type(error).__name__}."}


if __name__ == "__main__":
    main()

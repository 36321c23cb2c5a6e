"""The pages of a PDF as pictures: each is drawn when it is looked at, by a program of its own (`pdf.py`).

The service draws one page at a time in each of its processes, and keeps none: browsers do.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore
from typing import Any

PAGE = (1240, 1754)  # pixels; as much of a page as A4 has
SECONDS = 20  # for one page, by the clock
PATIENCE = 5.0  # seconds that a page waits for another one

_turn = Semaphore(1)


class Undrawable(Exception):
    """The page cannot be drawn: the file is damaged, or asks for more than a page may take."""


class Busy(Exception):
    """Other pages are being drawn."""


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait for the page that is being drawn in this process. Busy, if that takes too long."""
    if not _turn.acquire(timeout=PATIENCE):
        raise Busy
    try:
        yield
    finally:
        _turn.release()


def draw(path: Path, number: int) -> tuple[dict[str, Any], bytes]:
    """Page `number`, from 1: {pages, width, height}, and the picture (WEBP). Undrawable.

    The program has neither the database nor a secret: a PDF that breaks the library breaks only that.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "issues.evidence.pdf", str(path), str(number), *map(str, PAGE)],
            capture_output=True, timeout=SECONDS, check=True, cwd=Path(__file__).parents[2],
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        )  # fmt: skip
        head, _, picture = done.stdout.partition(b"\n")
        return json.loads(head), picture
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise Undrawable from error

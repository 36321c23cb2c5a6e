"""Windows of a text that may be large: lines found by an index, each cut to what a page can show."""

from collections.abc import Iterator
from itertools import islice
from typing import IO

LINES_STEP = 1_000  # a text's index holds where every thousandth line begins
CHUNK = 512  # bytes of the head of a file of no known kind
LINE_MAX = 2_000  # characters of a line; a file without line breaks is one line


def lines_from(file: IO[bytes], first: int, count: int, index: list[int], encoding: str) -> Iterator[str]:
    """`count` lines from the `first` (counted from 1); `index` says where every LINES_STEP-th begins."""
    step = min((first - 1) // LINES_STEP, len(index) - 1)
    file.seek(index[step])
    for _ in range(first - 1 - step * LINES_STEP):
        _line(file)
    for raw in islice(iter(lambda: _line(file), b""), count):
        text = raw.decode(encoding, "replace").rstrip("\r\n")
        yield text if len(text) <= LINE_MAX else text[:LINE_MAX] + "…"


def _line(file: IO[bytes]) -> bytes:
    """The next line, of which only the head is kept."""
    head = part = file.readline(LINE_MAX * 4)
    while part and not part.endswith(b"\n"):
        part = file.readline(1 << 16)
    return head

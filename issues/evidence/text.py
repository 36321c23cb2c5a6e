"""Windows of a text that may be large: lines found by an index, each cut to what a page can show."""

from collections.abc import Iterator
from itertools import islice
from typing import IO

LINES_STEP = 1_000  # a text's index holds where every thousandth line begins
CHUNK = 512  # bytes of the head of a file of no known kind
LINE_MAX = 2_000  # characters of a line; a file without line breaks is one line

# What is no character of a text, or turns the direction of what stands beside it, is seen as such.
_SHOWN = dict.fromkeys([*range(9), *range(14, 32), *range(127, 160), *range(0xD800, 0xE000)], "�")
_SHOWN |= dict.fromkeys([*range(10, 14), 0x2028, 0x2029], " ")
_SHOWN |= dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "�")


def shown(text: str) -> str:
    """Text out of a file as one line of a page or a database can have it."""
    return text.translate(_SHOWN)


def lines_from(file: IO[bytes], first: int, count: int, index: list[int], encoding: str) -> Iterator[str]:
    """`count` lines from the `first` (counted from 1); `index` says where every LINES_STEP-th begins."""
    step = min((first - 1) // LINES_STEP, len(index) - 1)
    file.seek(index[step])
    for _ in range(first - 1 - step * LINES_STEP):
        _line(file)
    for raw in islice(iter(lambda: _line(file), b""), count):
        text = shown(raw.decode(encoding, "replace").rstrip("\r\n"))
        yield text if len(text) <= LINE_MAX else text[:LINE_MAX] + "…"


def _line(file: IO[bytes]) -> bytes:
    """The next line, of which only the head is kept."""
    head = part = file.readline(LINE_MAX * 4)
    while part and not part.endswith(b"\n"):
        part = file.readline(1 << 16)
    return head

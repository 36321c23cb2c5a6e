"""What changed between two texts, by lines and, inside a changed line, by words; in bounded time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

LINES_MAX = 1_000  # of the part that differs; beyond this the texts are shown one after the other
WORDS_MAX = 400  # of a changed line
AROUND = 2  # unchanged lines shown beside a change
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the comparison. `kind` is "same", "old", "new" or "gap" (`parts` then says how many lines)."""

    kind: str
    parts: tuple[tuple[bool, str], ...]  # (whether it changed, text)


def compare(old: str, new: str) -> list[Line]:
    """The lines of both texts; long unchanged stretches are one "gap"."""
    a, b = old.split("\n"), new.split("\n")
    lines: list[Line] = []
    for kind, i, j, k, m in opcodes(a, b, LINES_MAX):
        if kind == "equal":
            lines += [Line("same", ((False, line),)) for line in a[i:j]]
        else:
            lines += _changed(a[i:j], b[k:m])
    return _folded(lines)


def opcodes(a: Sequence[str], b: Sequence[str], limit: int) -> Iterator[tuple[str, int, int, int, int]]:
    """difflib's opcodes; what differs counts as one replacement where it is longer than `limit`."""
    begin = 0
    while begin < min(len(a), len(b)) and a[begin] == b[begin]:
        begin += 1
    end = 0
    while end < min(len(a), len(b)) - begin and a[-1 - end] == b[-1 - end]:
        end += 1
    if begin:
        yield "equal", 0, begin, 0, begin
    middle_a, middle_b = a[begin : len(a) - end], b[begin : len(b) - end]
    if len(middle_a) > limit or len(middle_b) > limit:
        yield "replace", begin, len(a) - end, begin, len(b) - end
    else:
        for kind, i, j, k, m in SequenceMatcher(None, middle_a, middle_b).get_opcodes():
            yield kind, i + begin, j + begin, k + begin, m + begin
    if end:
        yield "equal", len(a) - end, len(a), len(b) - end, len(b)


def _changed(old: list[str], new: list[str]) -> Iterator[Line]:
    """Lines that were replaced, line by line where there are as many."""
    if len(old) != len(new):
        yield from (Line("old", ((True, line),)) for line in old)
        yield from (Line("new", ((True, line),)) for line in new)
        return
    for before, after in zip(old, new, strict=True):
        a, b = _WORDS.findall(before), _WORDS.findall(after)
        left: list[tuple[bool, str]] = []
        right: list[tuple[bool, str]] = []
        for kind, i, j, k, m in opcodes(a, b, WORDS_MAX):
            left += [(kind != "equal", "".join(a[i:j]))] if j > i else []
            right += [(kind != "equal", "".join(b[k:m]))] if m > k else []
        yield Line("old", tuple(left))
        yield Line("new", tuple(right))


def _folded(lines: list[Line]) -> list[Line]:
    near = [False] * len(lines)
    for n, line in enumerate(lines):
        if line.kind != "same":
            for at in range(max(0, n - AROUND), min(len(lines), n + AROUND + 1)):
                near[at] = True
    out: list[Line] = []
    hidden = 0
    for n, line in enumerate(lines):
        if near[n]:
            if hidden:
                out.append(_gap(hidden))
            hidden = 0
            out.append(line)
        else:
            hidden += 1
    return [*out, _gap(hidden)] if hidden else out


def _gap(hidden: int) -> Line:
    return Line("gap", ((False, f"{hidden:,} unchanged line{'' if hidden == 1 else 's'}"),))

"""Whether a description may be stored. The text itself is stored as it came; here it is only looked at."""

import json
from typing import Any

BLOCKS_MAX = 1_000  # blocks in a description
BLOCKS_BYTES = 512 * 1024  # of its JSON text in UTF-8
BLOCKS_DEPTH = 32  # levels of arrays and objects, the array of blocks being the first

Problem = tuple[str, str]  # (JSON Pointer from the array on, what is wrong)


def check_blocks(text: str, blocks: Any = None) -> list[Problem]:
    """Everything that is wrong with this JSON text as a description; empty when it may be stored.

    `blocks` is the text already parsed, if the caller has it. Broken JSON and JSON too deep to parse are problems too.
    """
    if len(text.encode("utf-8", "surrogatepass")) > BLOCKS_BYTES:
        return [("", f"must be at most {BLOCKS_BYTES // 1024} KiB")]
    if blocks is None:
        try:
            blocks = json.loads(text, parse_int=_nothing, parse_float=_nothing)
        except (ValueError, RecursionError):
            return [("", "must be JSON, and not nested too deeply")]
    if not isinstance(blocks, list):
        return [("", "must be an array of blocks")]
    if len(blocks) > BLOCKS_MAX:
        return [("", f"must have at most {BLOCKS_MAX:,} blocks")]
    return _problems_within(blocks)


def has_bad_characters(text: str) -> bool:
    """Whether PostgreSQL cannot keep the text: U+0000, or a surrogate without its other half."""
    return "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text))


def _problems_within(blocks: list[Any]) -> list[Problem]:
    problems: list[Problem] = []
    for n, block in enumerate(blocks):
        if not isinstance(block, dict):
            problems.append((f"/{n}", "must be an object"))
            continue
        problem = _problem_of(block)
        if problem:
            problems.append((f"/{n}", problem))
    return problems


def _problem_of(block: dict[str, Any]) -> str | None:
    """The first thing wrong inside a block. Walks without recursion: depth is what it measures."""
    level: list[Any] = [block]
    depth = 2
    while level:
        if depth > BLOCKS_DEPTH:
            return f"must be at most {BLOCKS_DEPTH} levels deep"
        deeper: list[Any] = []
        for thing in level:
            if isinstance(thing, dict):
                if any(has_bad_characters(key) for key in thing):
                    return "must not contain U+0000 or half of a surrogate pair"
                thing = thing.values()
            for value in thing:
                if isinstance(value, str):
                    if has_bad_characters(value):
                        return "must not contain U+0000 or half of a surrogate pair"
                elif isinstance(value, dict | list):
                    deeper.append(value)
        level, depth = deeper, depth + 1
    return None


def _nothing(_: str) -> int:
    # Numbers are kept as text; what they amount to does not matter here.
    return 0

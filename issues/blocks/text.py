"""A description as plain text: for search, previews and feeds. Works for every dialect by reading what is text."""

from typing import Any

TEXT_MAX = 200_000  # characters
_SKIP = {
    "type", "id", "kind", "level", "style", "styles", "props", "attrs", "marks", "url", "href", "src", "language", "lang",
    "file", "annotations", "version",
}  # fmt: skip


def plain_text(blocks: Any) -> str:
    """All words in reading order, a line for each piece of text; at most 200,000 characters.

    Walks with its own stack, so that no nesting is too deep for it.
    """
    lines: list[str] = []
    size = 0
    stack: list[Any] = [blocks]
    while stack and size < TEXT_MAX:
        thing = stack.pop()
        if isinstance(thing, str):
            if thing.strip():
                lines.append(thing.strip())
                size += len(lines[-1]) + 1
        elif isinstance(thing, dict):
            stack.extend(value for name, value in reversed(thing.items()) if name not in _SKIP)
        elif isinstance(thing, list):
            stack.extend(reversed(thing))
    return "\n".join(lines)[:TEXT_MAX]

"""A description as plain text: for search, previews and feeds. Works for every dialect by reading what is text."""

from typing import Any

from .runs import html, words_of

TEXT_MAX = 200_000  # characters
_SKIP = {
    "type", "id", "kind", "level", "style", "styles", "marks", "url", "href", "src", "language", "lang", "file", "external",
    "annotations", "version", "object", "action_id", "block_id", "image_url", "color",
    "alignment", "counterType",
}  # fmt: skip
# Where editors keep how a block looks, and among it these words.
_LOOKS = {"props", "attrs"}
_WORDS = ("alt", "caption", "name", "title", "text", "label")


def plain_text(blocks: Any) -> str:
    """All words in reading order, a line for each piece of text; at most 200,000 characters.

    Walks with its own stack, so that no nesting is too deep for it.
    """
    lines: list[str] = []
    size = 0
    stack: list[tuple[Any, bool]] = [
        (blocks, False)
    ]  # what is still to be read, and whether its texts are HTML
    while stack and size < TEXT_MAX:
        thing, is_html = stack.pop()
        if isinstance(thing, str):
            text = (words_of(html(thing)) if is_html and ("<" in thing or "&" in thing) else thing).strip()
            if text:
                lines.append(text)
                size += len(text) + 1
        elif isinstance(thing, dict):
            named = isinstance(thing.get("type"), str)
            stack.extend(
                (_words_in(value) if name in _LOOKS else value, is_html or (named and name == "data"))
                for name, value in reversed(thing.items())
                if name not in _SKIP and not (name == "text" and "plain_text" in thing)
            )
        elif isinstance(thing, list):
            stack.extend((one, is_html) for one in reversed(thing))
    return "\n".join(lines)[:TEXT_MAX]


def _words_in(looks: Any) -> list[Any]:
    return [looks[name] for name in _WORDS if name in looks] if isinstance(looks, dict) else []

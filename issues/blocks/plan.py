"""A troubleshooting plan in Markdown: its steps, and the whole as HTML with room for a box before each step.

The rule of what is a step: where a plan has task items (`- [ ] Check the strap`, `1. [x] …`, at any depth), these are its
steps; else the items of its numbered lists; else those of its bulleted lists. Of lists inside each other only the
outermost count, except for task items.
"""

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mistune
from django.utils.safestring import SafeString, mark_safe

from .markdown import MARKDOWN_MAX, clean, is_too_much
from .words import with_links

STEPS_MAX = 500  # of one plan that can be ticked
_PLUGINS = ["strikethrough", "table", "url", "task_lists"]
_MARK = secrets.token_hex(16)  # of this process: no plan can contain it
_SPLIT = re.compile(rf"\s?{_MARK}\s?")
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\])?", re.MULTILINE)  # how a step may begin
_read = mistune.create_markdown(renderer=None, plugins=_PLUGINS)
_html = mistune.create_markdown(escape=True, plugins=_PLUGINS)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `key` stays the same as long as its words do, wherever it stands in the plan."""

    key: str
    text: str
    is_done: bool  # as it is written: `[x]`


@dataclass(frozen=True, slots=True)
class Part:
    """HTML up to a step, the step, and its words as HTML. The last part of a plan has no step."""

    html: SafeString
    step: Step | None = None
    words: SafeString = mark_safe("")  # noqa: RUF009 - it never changes


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan that was read; `problem` says why it cannot be ticked."""

    parts: tuple[Part, ...] = ()
    problem: str = ""

    @property
    def steps(self) -> list[Step]:
        return [part.step for part in self.parts if part.step]


def read_plan(text: str) -> Outline:
    """The steps of a plan and how it is shown. Nothing in its text becomes markup of its own."""
    if len(text) > MARKDOWN_MAX:
        return Outline(problem=f"A plan of more than {MARKDOWN_MAX:,} characters has no steps to tick.")
    if is_too_much(_ITEM.sub("", text)):
        return Outline(
            problem="This plan is nested too deeply, or has too many signs, to have steps to tick."
        )
    tokens: Any
    tokens, state = _read.parse(text)
    items = _steps(tokens)
    steps = []
    seen: Counter[str] = Counter()
    for item in items[:STEPS_MAX]:
        first = item["children"][0]
        words = " ".join(_words(first["children"]).split())
        seen[words] += 1
        steps.append(Step(_key(words, seen[words]), words, bool(item.get("attrs", {}).get("checked"))))
        mark = {"type": "text", "raw": f" {_MARK} "}
        first["children"] = [mark, *first["children"], mark]
    for item in items:
        item["type"] = "list_item"  # without the box of Markdown's own
        item.pop("attrs", None)
    assert _html.renderer is not None  # noqa: S101 - it was made with one
    pieces = _SPLIT.split(with_links(clean(str(_html.renderer(tokens, state)))))
    parts = [
        Part(mark_safe(pieces[2 * n]), step, mark_safe(pieces[2 * n + 1]))  # noqa: S308 - cleaned by nh3
        for n, step in enumerate(steps)
    ]
    problem = "" if steps else "There are no steps in this plan: a line that begins with “- [ ]” is one."
    return Outline((*parts, Part(mark_safe(pieces[-1]))), problem)  # noqa: S308 - cleaned by nh3


def _steps(tokens: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items that are steps, in the order of the plan; the rule stands above."""
    tasks = list(_items(tokens, lambda _: "task_list_item", deep=True))
    return (
        tasks
        or list(_items(tokens, lambda ordered: "list_item" if ordered else "", deep=False))
        or list(_items(tokens, lambda ordered: "" if ordered else "list_item", deep=False))
    )


def _items(tokens: list[dict[str, Any]], wanted: Any, *, deep: bool) -> Iterator[dict[str, Any]]:
    """Items with words of the type that `wanted(is the list ordered)` names; inside each other only if `deep`."""
    for token in tokens:
        children = token.get("children", [])
        if token["type"] != "list":
            yield from _items(children, wanted, deep=deep)
            continue
        kind = wanted(token["attrs"]["ordered"])
        for item in children:
            found = item["type"] == kind and _has_words(item)
            if found:
                yield item
            if deep or not found:
                yield from _items(item["children"], wanted, deep=deep)


def _has_words(item: dict[str, Any]) -> bool:
    first: dict[str, Any] = item["children"][0] if item["children"] else {"type": ""}
    return first["type"] in ("paragraph", "block_text") and bool(_words(first["children"]).strip())


def _words(tokens: list[dict[str, Any]]) -> str:
    """What the tokens say, without how; a line break is a space."""
    return "".join(_word(token) for token in tokens)


def _word(token: dict[str, Any]) -> str:
    if "children" in token:
        return _words(token["children"])
    return str(token.get("raw", " " if token["type"].endswith("break") else ""))


def _key(words: str, nth: int) -> str:
    digest = hashlib.sha256(words.encode()).hexdigest()[:16]
    return digest if nth == 1 else f"{digest}-{nth}"

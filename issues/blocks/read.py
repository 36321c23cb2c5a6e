"""Blocks of any dialect as one neutral form, which one renderer draws.

Agents and editors send different shapes for the same things. Ours is `{"type": "paragraph", "text": "…"}` and its kin,
with inline Markdown in the text; BlockNote, Editor.js, ProseMirror/TipTap, Slack and Notion keep text in runs. A block
that nothing here knows becomes Unknown and is shown with its words and its JSON.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .text import plain_text

DEPTH_MAX = 8  # nested lists and quotes; deeper ones are flattened
RUNS_MAX = 5_000  # pieces of text in one block


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text with one look."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    href: str = ""


Runs = list[Run]


@dataclass(slots=True)
class Heading:
    level: int
    runs: Runs


@dataclass(slots=True)
class Paragraph:
    runs: Runs


@dataclass(slots=True)
class Item:
    runs: Runs
    checked: bool | None = None
    children: "list[Node]" = field(default_factory=list)


@dataclass(slots=True)
class Items:
    ordered: bool
    items: list[Item]


@dataclass(slots=True)
class Quote:
    children: "list[Node]"


@dataclass(slots=True)
class Code:
    text: str
    language: str = ""


@dataclass(slots=True)
class Table:
    header: list[Runs]
    rows: list[list[Runs]]


@dataclass(slots=True)
class Callout:
    kind: str  # note, warning, danger or quiet
    title: Runs
    runs: Runs


@dataclass(slots=True)
class Image:
    url: str
    alt: str


@dataclass(slots=True)
class Plot:
    """A stretch of columns of an attached file: drawn by those who have the file."""

    file: str
    columns: tuple[str, ...]
    label: str = ""
    limits: tuple[tuple[float, str], ...] = ()
    range: tuple[float, float] | None = None


@dataclass(slots=True)
class Divider:
    pass


@dataclass(slots=True)
class Unknown:
    kind: str
    text: str
    block: Any


Node = Heading | Paragraph | Items | Quote | Code | Table | Callout | Image | Plot | Divider | Unknown


def read_blocks(blocks: Any, depth: int = 0) -> list[Node]:
    """The neutral form of these blocks. Neighbouring single list items become one list."""
    nodes: list[Node] = []
    for block in blocks if isinstance(blocks, list) else []:
        node = _read(block, depth)
        last = nodes[-1] if nodes else None
        if (
            isinstance(node, Items)
            and isinstance(last, Items)
            and _is_single(block)
            and last.ordered == node.ordered
        ):
            last.items += node.items
        else:
            nodes.append(node)
    return nodes


def _is_single(block: Any) -> bool:
    """Whether a block is one item of a list rather than a whole list."""
    return isinstance(block, dict) and "items" not in block and "content" not in _children_lists(block)


def _children_lists(block: dict[str, Any]) -> tuple[str, ...]:
    kind = str(block.get("type", ""))
    return (
        ("content",)
        if kind in ("bulletList", "orderedList", "taskList", "bullet_list", "ordered_list")
        else ()
    )


def _read(block: Any, depth: int) -> Node:
    if not isinstance(block, dict):
        return Paragraph(runs_of(block))
    kind = block.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or depth > DEPTH_MAX:
        return Unknown(kind if isinstance(kind, str) else "", plain_text(block), block)
    return reader(_flat(block), depth)


def _flat(block: dict[str, Any]) -> dict[str, Any]:
    """Fields where our dialect has them: Editor.js keeps them in `data`, editors in `attrs` or `props`, Notion under the type."""
    flat = dict(block)
    kind = block["type"]
    for inner in (block.get("data"), block.get("attrs"), block.get("props"), block.get(kind)):
        if isinstance(inner, dict):
            flat = {**inner, **{name: value for name, value in flat.items() if name != kind}}
    return flat


def _text(block: dict[str, Any]) -> Any:
    for name in ("text", "rich_text", "content", "title"):
        if block.get(name):
            return block[name]
    return ""


def _heading(block: dict[str, Any], depth: int) -> Node:
    kind = str(block["type"])
    level = int(kind[-1]) if kind[-1].isdigit() else block.get("level", 2)
    return Heading(min(4, max(2, level)) if isinstance(level, int) else 2, runs_of(_text(block)))


def _paragraph(block: dict[str, Any], depth: int) -> Node:
    return Paragraph(runs_of(_text(block)))


def _list(ordered: bool | None = None, task: bool = False) -> Callable[[dict[str, Any], int], Node]:
    def read(block: dict[str, Any], depth: int) -> Node:
        is_ordered = (
            block.get("ordered") is True or block.get("style") == "ordered" if ordered is None else ordered
        )
        given = block.get("items")
        if not isinstance(given, list):
            whole = _children_lists(block)
            given = block.get("content") if whole else [block]
        items = [_item(item, depth, task or block.get("style") == "checklist") for item in _as_list(given)]
        return Items(is_ordered, items)

    return read


def _item(item: Any, depth: int, task: bool) -> Item:
    if not isinstance(item, dict):
        return Item(runs_of(item), False if task else None)
    flat = _flat(item) if isinstance(item.get("type"), str) else item
    checked = flat.get("checked", flat.get("done"))
    if checked is None and isinstance(flat.get("meta"), dict):
        checked = flat["meta"].get("checked")
    content = flat.get("content")
    children = _as_list(flat.get("children")) or _as_list(flat.get("items"))
    if (
        isinstance(content, list)
        and content
        and isinstance(content[0], dict)
        and content[0].get("type") == "paragraph"
    ):
        runs = runs_of(content[0].get("content"))
        children = content[1:]
    else:
        runs = runs_of(flat.get("text") or flat.get("rich_text") or content)
    if children and not all(
        isinstance(child, dict) and isinstance(child.get("type"), str) for child in children
    ):
        children = [{"type": "list", "items": children}]
    return Item(
        runs,
        bool(checked) if task or isinstance(checked, bool) else None,
        read_blocks(children, depth + 1) if depth < DEPTH_MAX else [],
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _quote(block: dict[str, Any], depth: int) -> Node:
    content = block.get("content")
    if (
        isinstance(content, list)
        and content
        and isinstance(content[0], dict)
        and content[0].get("type") in _READERS
    ):
        return Quote(read_blocks(content, depth + 1))
    return Quote([Paragraph(runs_of(_text(block)))])


def _code(block: dict[str, Any], depth: int) -> Node:
    text = block.get("code", _text(block))
    language = block.get("language", block.get("lang", ""))
    words = text if isinstance(text, str) else "".join(run.text for run in runs_of(text))
    return Code(words, language if isinstance(language, str) else "")


def _table(block: dict[str, Any], depth: int) -> Node:
    content = block.get("content")
    rows = block.get("rows") or (content.get("rows") if isinstance(content, dict) else content)
    cells = [_cells(row) for row in _as_list(rows) if isinstance(row, dict | list)]
    header = block.get("header")
    if isinstance(header, list):
        return Table([runs_of(cell) for cell in header], cells)
    heads = (
        block.get("withHeadings") is True
        or block.get("headerRows") == 1
        or block.get("has_column_header") is True
    )
    return Table(cells[0], cells[1:]) if heads and cells else Table([], cells)


def _cells(row: Any) -> list[Runs]:
    cells = row.get("cells", row.get("content")) if isinstance(row, dict) else row
    return [runs_of(cell) for cell in cells] if isinstance(cells, list) else []


def _callout(block: dict[str, Any], depth: int) -> Node:
    kind = block.get("kind", block.get("variant", "note"))
    kind = {"info": "note", "error": "danger", "caution": "warning"}.get(str(kind), str(kind))
    known = kind if kind in ("note", "warning", "danger", "quiet") else "note"
    title = block.get("title") if block.get("text") or block.get("content") or block.get("message") else ""
    body = block.get("text") or block.get("message") or block.get("content") or block.get("title") or ""
    return Callout(known, runs_of(title or ""), runs_of(body))


def _image(block: dict[str, Any], depth: int) -> Node:
    file = block.get("file") if isinstance(block.get("file"), dict) else {}
    url = block.get("url") or block.get("src") or block.get("image_url") or (file or {}).get("url") or ""
    alt = block.get("alt") or block.get("alt_text") or block.get("caption") or ""
    return Image(url if isinstance(url, str) else "", alt if isinstance(alt, str) else plain_text(alt))


def _plot(block: dict[str, Any], depth: int) -> Node:
    file, label = block.get("file"), block.get("label", block.get("title", ""))
    if not isinstance(file, str):
        return Unknown("plot", plain_text(block), block)
    columns = [block.get("column"), *_as_list(block.get("columns"))]
    limits: list[tuple[float, str]] = []
    for limit in [block.get("limit"), *_as_list(block.get("limits"))]:
        value: Any = limit.get("value") if isinstance(limit, dict) else limit
        words = limit.get("label") if isinstance(limit, dict) else ""
        if _is_finite(value):
            limits.append((float(value), words if isinstance(words, str) else ""))
    ends = _as_list(block.get("range"))
    stretch = (float(ends[0]), float(ends[1])) if len(ends) == 2 and all(map(_is_finite, ends)) else None
    return Plot(
        file,
        tuple(column for column in columns if isinstance(column, str)),
        label if isinstance(label, str) else "",
        tuple(limits[:8]),
        stretch if stretch and stretch[0] < stretch[1] else None,
    )


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _divider(block: dict[str, Any], depth: int) -> Node:
    return Divider()


_READERS: dict[str, Callable[[dict[str, Any], int], Node]] = {
    **dict.fromkeys(("heading", "header", "heading_1", "heading_2", "heading_3", "h1", "h2", "h3"), _heading),
    **dict.fromkeys(("paragraph", "text", "section", "p"), _paragraph),
    "list": _list(),
    **dict.fromkeys(
        ("bullet_list", "bulletList", "bulletListItem", "bulleted_list_item", "unordered_list"),
        _list(ordered=False),
    ),
    **dict.fromkeys(
        ("numbered_list", "orderedList", "ordered_list", "numberedListItem", "numbered_list_item"),
        _list(ordered=True),
    ),
    **dict.fromkeys(("checklist", "taskList", "checkListItem", "to_do"), _list(ordered=False, task=True)),
    **dict.fromkeys(("quote", "blockquote"), _quote),
    **dict.fromkeys(("code", "codeBlock", "code_block"), _code),
    "table": _table,
    **dict.fromkeys(("callout", "warning", "alert", "panel"), _callout),
    "image": _image,
    "plot": _plot,
    **dict.fromkeys(("divider", "delimiter", "horizontalRule", "hr"), _divider),
}

# Text

_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<bold>[^*\n]+)\*\*"
    r"|(?<![\w*])\*(?P<italic>[^*\s][^*\n]*)\*(?![\w*])"
    r"|~~(?P<strike>[^~\n]+)~~"
    r"|\[(?P<label>[^\[\]\n]+)\]\((?P<href>[^()\s]+)\)"
)


def runs_of(value: Any) -> Runs:
    """The text in a value of any dialect: a string with inline Markdown, a run, or a list of runs."""
    runs: Runs = []
    stack = [value]
    while stack and len(runs) < RUNS_MAX:
        thing = stack.pop()
        if isinstance(thing, str):
            runs += inline(thing)
        elif isinstance(thing, int | float) and not isinstance(thing, bool):
            runs.append(Run(str(thing)))
        elif isinstance(thing, list):
            stack.extend(reversed(thing))
        elif isinstance(thing, dict):
            run = _run(thing)
            if run is not None:
                runs.append(run)
            else:
                stack.extend(
                    thing[name] for name in ("children", "elements", "content", "text") if name in thing
                )
    return runs


def _run(thing: dict[str, Any]) -> Run | None:
    """A run of BlockNote (`styles`), ProseMirror (`marks`), Slack (`style`) or Notion (`annotations`)."""
    text = thing.get("plain_text", thing.get("text"))
    if isinstance(text, dict):
        text = text.get("content")
    if not isinstance(text, str):
        return Run("\n") if thing.get("type") == "hardBreak" else None
    looks: set[str] = set()
    for name in ("styles", "style", "annotations"):
        if isinstance(thing.get(name), dict):
            looks |= {str(look) for look, on in thing[name].items() if on is True}
    href = thing.get("href") or thing.get("url")
    marks = thing.get("marks")
    for mark in marks if isinstance(marks, list) else []:
        if isinstance(mark, dict):
            looks.add(str(mark.get("type")))
            attrs = mark.get("attrs")
            if isinstance(attrs, dict) and mark.get("type") == "link":
                href = attrs.get("href")
    return Run(
        text,
        bold=bool(looks & {"bold", "strong"}),
        italic=bool(looks & {"italic", "em"}),
        code="code" in looks,
        strike=bool(looks & {"strike", "strikethrough"}),
        href=href if isinstance(href, str) else "",
    )


def inline(text: str) -> Runs:
    """Text with `code`, **bold**, *italic*, ~~strike~~ and [links](…), one level deep, in linear time."""
    runs: Runs = []
    at = 0
    for match in _INLINE.finditer(text):
        if match.start() > at:
            runs.append(Run(text[at : match.start()]))
        at = match.end()
        if match["label"] is not None:
            runs.append(Run(match["label"], href=match["href"]))
        else:
            look = str(match.lastgroup)
            looks: dict[str, Any] = {look: True}
            runs.append(Run(match[look], **looks))
    if at < len(text):
        runs.append(Run(text[at:]))
    return runs

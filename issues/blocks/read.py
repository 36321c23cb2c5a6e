"""Blocks of any dialect as one neutral form, which one renderer draws.

Agents and editors send different shapes for the same things. Ours is `{"type": "paragraph", "text": "…"}` and its kin,
with inline Markdown in the text; BlockNote, Editor.js, ProseMirror/TipTap, Slack and Notion keep text in runs. A block
that nothing here knows becomes Unknown and is shown with its words and its JSON.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from .runs import Html, Run, Runs, mrkdwn, runs_of, words_of
from .text import plain_text

DEPTH_MAX = 8  # blocks inside each other; what is deeper is shown as its words


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
    caption: Runs = field(default_factory=list)  # if it says more than `alt`


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
class Nested:
    """Blocks that belong to the one before: indented under a paragraph, folded under a heading."""

    children: "list[Node]"


@dataclass(slots=True)
class Unknown:
    kind: str
    text: str
    block: Any


Node = (
    Heading | Paragraph | Items | Quote | Code | Table | Callout | Image | Plot | Divider | Nested | Unknown
)


def read_blocks(blocks: Any, depth: int = 0) -> list[Node]:
    """The neutral form of these blocks. Neighbouring single list items become one list."""
    nodes: list[Node] = []
    for block in _as_list(blocks):
        for node in _read(block, depth):
            last = nodes[-1] if nodes else None
            if (
                isinstance(node, Items)
                and isinstance(last, Items)
                and last.ordered == node.ordered
                and _is_single(block)
            ):
                last.items += node.items
            else:
                nodes.append(node)
    return nodes


_FILE = re.compile(r"/file/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def pictures_in(blocks: Any) -> list[str]:
    """The ids of the files of this site that these blocks show as images, each once."""
    found = (_FILE.fullmatch(image.url) for image in _images(read_blocks(blocks)))
    return list(dict.fromkeys(match[1] for match in found if match))


def _images(nodes: list[Node]) -> Iterator[Image]:
    for node in nodes:
        if isinstance(node, Image):
            yield node
        elif isinstance(node, Quote | Nested):
            yield from _images(node.children)
        elif isinstance(node, Items):
            for item in node.items:
                yield from _images(item.children)


_WHOLE_LISTS = ("bulletList", "orderedList", "taskList", "bullet_list", "ordered_list")
# Types that stand inside a line as well; a list of these is text.
_INLINE = {"text", "link", "hardBreak", "hard_break", "mention", "emoji", "mrkdwn", "plain_text"}


def _is_single(block: Any) -> bool:
    """Whether a block is one item of a list rather than a whole list."""
    return isinstance(block, dict) and "items" not in block and block.get("type") not in _WHOLE_LISTS


def _read(block: Any, depth: int) -> list[Node]:
    if not isinstance(block, dict):
        return [Paragraph(runs_of(block))]
    kind = block.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or depth > DEPTH_MAX:
        return [Unknown(kind if isinstance(kind, str) else "", plain_text(block), block)]
    flat = _flat(block)
    found = reader(flat, depth)
    nodes = found if isinstance(found, list) else [found]
    children = _as_list(flat.get("children"))
    if children and isinstance(nodes[-1], _CHILDLESS) and all(map(_is_block, children)):
        nodes.append(Nested(read_blocks(children, depth + 1)))
    return nodes


_CHILDLESS = (Heading, Paragraph, Code, Callout, Image, Plot, Divider)


def _flat(block: dict[str, Any]) -> dict[str, Any]:
    """Fields where our dialect has them: Editor.js keeps them in `data`, editors in `attrs` or `props`, Notion under the type."""
    flat = dict(block)
    kind = block["type"]
    data = block.get("data")
    for inner in (_as_html(data), block.get("attrs"), block.get("props"), block.get(kind)):
        if isinstance(inner, dict):
            look = {"variant": inner["type"]} if isinstance(inner.get("type"), str) else {}
            flat = {**look, **inner, **{name: value for name, value in flat.items() if name != kind}}
    return flat


def _as_html(value: Any, depth: int = 0) -> Any:
    """What Editor.js keeps in `data`: its texts are HTML."""
    if isinstance(value, str):
        return Html(value)
    if depth < 4 * DEPTH_MAX and isinstance(value, dict):
        return {name: _as_html(one, depth + 1) for name, one in value.items()}
    if depth < 4 * DEPTH_MAX and isinstance(value, list):
        return [_as_html(one, depth + 1) for one in value]
    return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_block(thing: Any) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("type"), str) and thing["type"] not in _INLINE


def _holds_blocks(content: Any) -> TypeGuard[list[Any]]:
    """Whether this is a list of blocks, rather than of pieces of a line."""
    return bool(_as_list(content)) and _is_block(content[0]) and content[0]["type"] in _READERS


def _text(block: dict[str, Any]) -> Any:
    for name in ("text", "rich_text", "content", "title", "elements"):
        if block.get(name):
            return block[name]
    children = _as_list(block.get("children"))
    return "" if any(map(_is_block, children)) else children


def _string(value: Any) -> str:
    return str(value) if isinstance(value, str) else ""


def _heading(block: dict[str, Any], depth: int) -> Node:
    kind = str(block["type"])
    level = int(kind[-1]) if kind[-1].isdigit() else block.get("level", 2)
    return Heading(min(4, max(2, level)) if isinstance(level, int) else 2, runs_of(_text(block)))


def _paragraph(block: dict[str, Any], depth: int) -> Node:
    content = _as_list(block.get("content"))
    if len(content) == 1 and isinstance(content[0], dict) and content[0].get("type") == "image":
        return _image(_flat(content[0]), depth)
    return Paragraph(runs_of(_text(block)))


def _list(ordered: bool | None = None, task: bool = False) -> Callable[[dict[str, Any], int], Node]:
    def read(block: dict[str, Any], depth: int) -> Node:
        style = block.get("style")
        is_ordered = block.get("ordered") is True or style == "ordered" if ordered is None else ordered
        given = block.get("items")
        if not isinstance(given, list):
            given = block.get("content") if block["type"] in _WHOLE_LISTS else [block]
        items = [_item(item, depth, task or style == "checklist", is_ordered) for item in _as_list(given)]
        return Items(is_ordered, items)

    return read


def _item(item: Any, depth: int, task: bool, ordered: bool) -> Item:
    if not isinstance(item, dict):
        return Item(runs_of(item), False if task else None)
    flat = _flat(item) if isinstance(item.get("type"), str) else item
    checked = flat.get("checked", flat.get("done"))
    if checked is None and isinstance(flat.get("meta"), dict):
        checked = flat["meta"].get("checked")
    content = flat.get("content")
    children = _as_list(flat.get("children")) or _as_list(flat.get("items"))
    if _holds_blocks(content):
        is_text = content[0]["type"] == "paragraph"
        runs = runs_of(content[0].get("content")) if is_text else []
        children = content[1:] if is_text else content
    else:
        runs = runs_of(flat.get("text") or flat.get("rich_text") or content)
    if children and not all(map(_is_block, children)):
        style = "checklist" if task else "ordered" if ordered else "unordered"
        children = [{"type": "list", "style": style, "items": children}]
    is_box = task or isinstance(checked, bool)
    return Item(runs, bool(checked) if is_box else None, read_blocks(children, depth + 1))


def _quote(block: dict[str, Any], depth: int) -> Node:
    content = block.get("content")
    if _holds_blocks(content):
        return Quote(read_blocks(content, depth + 1))
    text, caption = runs_of(_text(block)), runs_of(block.get("caption") or "")
    nodes: list[Node] = [Paragraph(runs) for runs in (text, caption) if words_of(runs)]
    children = _as_list(block.get("children"))
    return Quote([*nodes, *read_blocks(children, depth + 1)] or [Paragraph([])])


def _code(block: dict[str, Any], depth: int) -> Node:
    text = block.get("code", block.get("expression", _text(block)))
    language = block.get("language") or block.get("lang") or block.get("params") or ""
    return Code(str(text) if isinstance(text, str) else words_of(runs_of(text)), _string(language))


def _table(block: dict[str, Any], depth: int) -> Node:
    content = block.get("content")
    inner = content if isinstance(content, dict) else {}
    rows = block.get("rows") or inner.get("rows") or content or block.get("children")
    given = [row for row in _as_list(rows) if isinstance(row, dict | list)]
    cells = [_cells(row) for row in given]
    header = block.get("header")
    if isinstance(header, list):
        return Table([runs_of(cell) for cell in header], cells)
    heads = (
        block.get("withHeadings") is True
        or 1 in (block.get("headerRows"), inner.get("headerRows"))
        or block.get("has_column_header") is True
        or (bool(given) and _is_head(given[0]))
    )
    return Table(cells[0], cells[1:]) if heads and cells else Table([], cells)


def _given_cells(row: Any) -> list[Any]:
    if isinstance(row, dict):
        row = _flat(row) if isinstance(row.get("type"), str) else row
        row = row.get("cells", row.get("content"))
    return _as_list(row)


def _cells(row: Any) -> list[Runs]:
    return [_cell(cell) for cell in _given_cells(row)]


def _cell(cell: Any) -> Runs:
    """A cell's text; several paragraphs in it go on below each other."""
    content = cell.get("content") if isinstance(cell, dict) else None
    if not _holds_blocks(content):
        return runs_of(cell)
    runs: Runs = []
    for n, block in enumerate(_as_list(content)):
        runs += ([Run("\n")] if n else []) + runs_of(block)
    return runs


def _is_head(row: Any) -> bool:
    cells = _given_cells(row)
    heads = ("tableHeader", "table_header")
    return bool(cells) and all(isinstance(cell, dict) and cell.get("type") in heads for cell in cells)


def _callout(block: dict[str, Any], depth: int) -> Node:
    fallback = "warning" if block["type"] == "warning" else "note"
    kind = str(block.get("kind", block.get("variant", fallback)))
    kind = {"info": "note", "error": "danger", "caution": "warning"}.get(kind, kind)
    known = kind if kind in ("note", "warning", "danger", "quiet") else fallback
    body = block.get("text") or block.get("message") or block.get("content") or block.get("rich_text")
    title = block.get("title") if body else ""
    return Callout(known, runs_of(title or ""), runs_of(body or block.get("title") or ""))


def _image(block: dict[str, Any], depth: int) -> Node:
    url = block.get("url") or block.get("src") or block.get("image_url") or _inner_url(block)
    alt, caption = block.get("alt") or block.get("alt_text"), block.get("caption") or block.get("title")
    alt, caption = (alt or caption), (caption if alt else None)
    words = alt if type(alt) is str else words_of(runs_of(alt or ""))
    below = runs_of(caption or "")
    return Image(_string(url), words, below if words_of(below) != words else [])


def _inner_url(block: dict[str, Any]) -> Any:
    """Where Editor.js (`file`), Notion (`external`, `file`) and Slack (`slack_file`) keep an address."""
    for name in ("file", "external", "slack_file"):
        inner = block.get(name)
        if isinstance(inner, dict) and inner.get("url"):
            return str(inner["url"])
    return ""


def _file(block: dict[str, Any], depth: int) -> Node:
    """A file, a video, a bookmark: a line that leads to it."""
    url = _string(block.get("url") or block.get("src") or _inner_url(block))
    name = words_of(runs_of(block.get("name") or block.get("title") or "")) or url
    caption = runs_of(block.get("caption") or block.get("description") or "")
    return Paragraph([Run(name, href=url), *([Run(" ")] if caption else []), *caption])


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


def _container(block: dict[str, Any], depth: int) -> list[Node]:
    """A whole document, columns, what is synchronised elsewhere: only what is inside matters."""
    inside = block.get("content") or block.get("children") or block.get("elements")
    return read_blocks(inside, depth + 1) or [Paragraph([])]


# Slack


def _section(block: dict[str, Any], depth: int) -> list[Node]:
    nodes = _mrkdwn_nodes(block["text"]) if block.get("text") else []
    fields = [runs_of(one) for one in _as_list(block.get("fields"))]
    if fields:
        nodes.append(Table([], [fields[n : n + 2] for n in range(0, len(fields), 2)]))
    accessory = block.get("accessory")
    if isinstance(accessory, dict):
        nodes.append(_image(accessory, depth) if accessory.get("type") == "image" else _control(accessory))
    if not nodes:
        nodes.append(Paragraph(runs_of(_text(block))))
    return nodes


def _mrkdwn_nodes(text: Any) -> list[Node]:
    """A text of Slack's, with its fences, quotes and bullets."""
    if not (isinstance(text, dict) and text.get("type") == "mrkdwn" and isinstance(text.get("text"), str)):
        return [Paragraph(runs_of(text))]
    nodes: list[Node] = []
    for n, part in enumerate(text["text"].split("```")):
        if n % 2:
            nodes.append(Code(part.strip("\n")))
            continue
        for line in part.split("\n"):
            _add_line(nodes, line, fresh=n > 0)
    return [node for node in nodes if not isinstance(node, Paragraph) or words_of(node.runs).strip()]


def _add_line(nodes: list[Node], line: str, *, fresh: bool) -> None:
    """One line more: it goes on with what is there if it is of the same kind."""
    last = nodes[-1] if nodes else None
    if line.startswith((">", "&gt;")):
        runs = mrkdwn(line.removeprefix("&gt;").removeprefix(">").strip())
        if isinstance(last, Quote):
            last.children.append(Paragraph(runs))
        else:
            nodes.append(Quote([Paragraph(runs)]))
    elif line.startswith(("• ", "- ")):
        item = Item(mrkdwn(line[2:]))
        if isinstance(last, Items):
            last.items.append(item)
        else:
            nodes.append(Items(False, [item]))
    elif isinstance(last, Paragraph):
        last.runs += [Run("\n"), *mrkdwn(line)]
    else:
        nodes.append(Paragraph(mrkdwn(line)))


def _rich_list(block: dict[str, Any], depth: int) -> Node:
    return Items(
        block.get("style") == "ordered", [Item(runs_of(one)) for one in _as_list(block.get("elements"))]
    )


def _control(element: dict[str, Any]) -> Node:
    """A button or a menu of Slack's does nothing here; what it says, and where it leads, stays."""
    words = [words_of(runs_of(element.get(name))) for name in ("text", "placeholder")]
    options = [
        words_of(runs_of(one.get("text")))
        for one in _as_list(element.get("options"))
        if isinstance(one, dict)
    ]
    label = ": ".join(filter(None, [*words, ", ".join(filter(None, options))]))
    return Paragraph([Run(label, href=_string(element.get("url")))] if label else [])


def _controls(block: dict[str, Any], depth: int) -> list[Node]:
    elements = [one for one in _as_list(block.get("elements")) if isinstance(one, dict)]
    return [_control(one) for one in elements] or [Paragraph([])]


def _context(block: dict[str, Any], depth: int) -> Node:
    runs: Runs = []
    for element in _as_list(block.get("elements")):
        runs += ([Run(" ")] if runs else []) + runs_of(element)
    return Paragraph(runs)


_READERS: dict[str, Callable[[dict[str, Any], int], Node | list[Node]]] = {
    **dict.fromkeys(("heading", "header", "heading_1", "heading_2", "heading_3", "h1", "h2", "h3"), _heading),
    **dict.fromkeys(("paragraph", "text", "p", "rich_text_section", "title", "toggle"), _paragraph),
    "list": _list(),
    **dict.fromkeys(
        (
            "bullet_list",
            "bulletList",
            "bulletListItem",
            "bulleted_list_item",
            "unordered_list",
            "toggleListItem",
        ),
        _list(ordered=False),
    ),
    **dict.fromkeys(
        ("numbered_list", "orderedList", "ordered_list", "numberedListItem", "numbered_list_item"),
        _list(ordered=True),
    ),
    **dict.fromkeys(("checklist", "taskList", "checkListItem", "to_do"), _list(ordered=False, task=True)),
    **dict.fromkeys(("quote", "blockquote", "rich_text_quote"), _quote),
    **dict.fromkeys(("code", "codeBlock", "code_block", "rich_text_preformatted", "equation"), _code),
    "table": _table,
    **dict.fromkeys(("callout", "warning", "alert", "panel"), _callout),
    "image": _image,
    **dict.fromkeys(
        ("file", "video", "audio", "pdf", "bookmark", "embed", "link_preview", "linkTool", "attaches"), _file
    ),
    "plot": _plot,
    **dict.fromkeys(("divider", "delimiter", "horizontalRule", "horizontal_rule", "hr"), _divider),
    **dict.fromkeys(("doc", "column_list", "column", "columnList", "synced_block", "rich_text"), _container),
    "section": _section,
    "rich_text_list": _rich_list,
    "context": _context,
    "actions": _controls,
}

"""A description as Markdown, and back without loss.

People edit Markdown; what is stored is the JSON text of blocks, often sent by a program in a dialect of its own. The way
there and back keeps every block that was not touched, to the letter: a piece of Markdown that is the same as what a
block was written as becomes that very block again, its unknown fields, spelling of numbers and all, wherever it was
moved to. A block that Markdown cannot say stands as JSON in a fence named `block`.
"""

import json
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from .read import (
    Callout,
    Code,
    Divider,
    Heading,
    Image,
    Items,
    Node,
    Paragraph,
    Quote,
    Table,
    read_blocks,
)
from .runs import Runs, as_letters, settle
from .text import plain_text

Block = dict[str, Any]

_FENCE = re.compile(r"(`{3,})([\w+#.-]*)[ \t]*$")
_LIST = re.compile(r"([ \t]*)(?:([-*])|\d{1,9}[.)]) (?:\[([ xX])\] )?(.*)$")
_BAR = re.compile(r"(?<!\\)\|")  # between two cells; one inside a cell stands behind a backslash
LEVELS_MAX = 6  # of lists inside each other; what is indented further stands on the last
_CALLOUT = re.compile(r"> ?\[!(note|warning|danger|quiet)\](?: +(.*\S))?\s*$")
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\(([^()\s]+)\)\s*$")
# The fields that Markdown says; others of the same block are carried along when its text is edited.
_SAID = {
    "paragraph": {"text"}, "heading": {"level", "text"}, "quote": {"text"}, "code": {"text", "language"}, "divider": set(),
    "list": {"items"}, "numbered_list": {"items"}, "checklist": {"items"}, "table": {"header", "rows"},
    "callout": {"kind", "title", "text"}, "image": {"url", "alt"},
}  # fmt: skip


class Unreadable(ValueError):
    """A fence named `block` holds no JSON object."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"The block in line {line:,} is not a JSON object: {why}.")
        self.line = line


class Number(str):
    """A number as it was spelled: JSON allows more than a float holds."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two empty lines: a block, rarely several."""

    text: str
    line: int  # counts from 1


def description_to_markdown(description: str) -> str:
    """The Markdown of a stored description."""
    return "\n\n".join(written for written, _, _ in _written(description))


def markdown_to_description(markdown: str, was: str = "[]") -> str:
    """The description that this Markdown says, as JSON text. `was` is the one it was made from.

    Unreadable for a block that is not JSON.
    """
    originals = list(_written(was))
    same: dict[str, deque[int]] = defaultdict(deque)
    for n, (written, _, _) in enumerate(originals):
        same[written].append(n)
    pieces = split_markdown(markdown)
    kept = [same[piece.text].popleft() if same.get(piece.text) else None for piece in pieces]
    texts: list[str] = []
    for n, piece in enumerate(pieces):
        original = kept[n]
        if original is not None:
            texts.append(originals[original][1])
            continue
        blocks = [*_blocks_of(piece, strict=True)]
        if len(blocks) == 1:
            blocks = [_carry_over(blocks[0], _edited(n, kept, originals))]
        texts += [_compact(block) for block in blocks]
    return f"[{', '.join(texts)}]"


def markdown_to_blocks(text: str) -> list[Block]:
    """Markdown as new blocks of our dialect. What is no JSON in a fence named `block` becomes code."""
    found = (block for piece in split_markdown(text) for block in _blocks_of(piece, strict=False))
    return [_DECODER.decode(_compact(block)) for block in found]


def blocks_to_markdown(blocks: list[Any]) -> str:
    """The Markdown of blocks that are not stored."""
    return description_to_markdown(json.dumps(blocks, ensure_ascii=False))


def split_markdown(text: str) -> list[Piece]:
    """The pieces of a text: cut at empty lines, and round fences."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    pieces: list[Piece] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        fence = _FENCE.match(lines[at])
        end = at + 1
        if fence:
            end = next((n + 1 for n in range(end, len(lines)) if lines[n].rstrip() == fence[1]), len(lines))
        else:
            while end < len(lines) and lines[end].strip() and not _FENCE.match(lines[end]):
                end += 1
        pieces.append(Piece("\n".join(lines[at:end]), at + 1))
        at = end
    return pieces


# From blocks


def _written(description: str) -> Iterator[tuple[str, str, Block]]:
    """Each block as Markdown, its own JSON text, and the block. A block's Markdown is always one piece."""
    for block, text in _verbatim(description):
        plain = _plain(block)
        said = _in_markdown(block)
        if said is None or not _is_one_piece(said) or not _means(said, plain):
            # Another dialect: shown in our words, and kept as it is unless these words are edited.
            # (Words that Markdown would take for signs get their backslash in other dialects; ours are JSON then.)
            translated = (_translated(block, letters) for letters in (False, said is None))
            said = next((one for one in translated if one is not None and _is_one_piece(one)), None)
            if said is None:
                said = _fence(_pretty(json.loads(text, parse_int=Number, parse_float=Number)), "block")
        yield said, text, block


def _verbatim(description: str) -> Iterator[tuple[Block, str]]:
    """The blocks of the stored text, each with the very text of it."""
    at = description.index("[") + 1
    while True:
        at = _SPACE.match(description, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if description[at] in ",]":
            if description[at] == "]":
                return
            at += 1
            continue
        block, end = _DECODER.raw_decode(description, at)
        yield block, description[at:end]
        at = end


_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) < 300 else float(digits))


def _plain(block: Block) -> Block:
    """The block without the fields that Markdown does not say."""
    said = _SAID.get(str(block.get("type")), set())
    return {name: value for name, value in block.items() if name == "type" or name in said}


def _means(text: str, block: Block) -> bool:
    found = markdown_to_blocks(text)
    # As text: in Python True equals 1.
    return len(found) == 1 and json.dumps(found[0], sort_keys=True) == json.dumps(block, sort_keys=True)


def _is_one_piece(text: str) -> bool:
    # Whatever follows must not be swallowed: an open fence is no piece.
    return [piece.text for piece in split_markdown(f"{text}\n\nx")] == [text, "x"]


def _fence(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _in_markdown(block: Block) -> str | None:
    text, items = block.get("text"), block.get("items")
    match block.get("type"):
        case "paragraph" if isinstance(text, str):
            return text
        case "heading" if isinstance(text, str) and block.get("level") in (1, 2, 3, 4):
            return f"{'#' * int(block['level'])} {text}"
        case "quote" if isinstance(text, str):
            return _quoted(text)
        case "callout" if isinstance(text, str):
            title = f" {block['title']}" if block.get("title") else ""
            return f"> [!{block.get('kind')}]{title}" + (f"\n{_quoted(text)}" if text else "")
        case "code" if isinstance(text, str):
            return _fence(text, str(block.get("language", "")))
        case "image":
            return f"![{block.get('alt', '')}]({block.get('url')})"
        case "divider":
            return "---"
        case "list" | "numbered_list" | "checklist" if isinstance(items, list):
            lines = _lines_of(block)
            return None if lines is None else "\n".join(lines)
        case "table" if isinstance(block.get("header"), list) and isinstance(block.get("rows"), list):
            rows = [block["header"], ["---"] * len(block["header"]), *block["rows"]]
            if all(isinstance(row, list) for row in rows):
                return "\n".join(map(_row_line, rows))
    return None


def _row_line(cells: list[Any]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _lines_of(block: Any, indent: str = "") -> list[str] | None:
    """A list's lines, with the lists inside it indented; None if there is more in it than Markdown can say."""
    if not isinstance(block, dict) or not isinstance(block.get("items"), list):
        return None
    lines: list[str] = []
    for n, item in enumerate(block["items"], 1):
        fields = item if isinstance(item, dict) else {"text": item}
        mark = f"{n}. " if block.get("type") == "numbered_list" else "- "
        box = _box(bool(fields.get("checked"))) if block.get("type") == "checklist" else ""
        lines.append(f"{indent}{mark}{box}{fields.get('text')}")
        children = fields.get("children")
        for inner in children if isinstance(children, list) else ():
            inside = _lines_of(inner, indent + " " * len(mark))
            if inside is None:
                return None
            lines += inside
    return lines


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _translated(block: Block, letters: bool) -> str | None:
    """A block of another dialect in our Markdown; None if that would change what it looks like, or leave out a word.

    With `letters`, whatever could be a sign is written with a backslash.
    """
    nodes = read_blocks([block])
    said = _of_node(nodes[0], letters) if len(nodes) == 1 else None
    if not said:
        return None
    back = markdown_to_blocks(said)
    return said if read_blocks(back) == nodes and _words(back) == _words([block]) else None


def _words(blocks: list[Block]) -> str:
    """What is said, without where links lead: that is compared as nodes."""
    return re.sub(r"\]\([^()\s]+\)|\W+", "", plain_text(blocks))


def _of_node(node: Node, letters: bool) -> str | None:
    """Our Markdown for what the reader made of a block; the caller sees whether it says the same."""
    match node:
        case Heading(level, runs):
            return f"{'#' * level} {_of_runs(runs, letters)}"
        case Paragraph(runs):
            return _of_runs(runs, letters)
        case Quote([Paragraph(runs)]):
            return _quoted(_of_runs(runs, letters))
        case Callout(kind, title, runs):
            head = f"> [!{kind}] {_of_runs(title, letters)}".rstrip()
            return f"{head}\n{_quoted(_of_runs(runs, letters))}" if runs else head
        case Code(text, language):
            return _fence(text, language)
        case Image(url, alt):
            return f"![{alt}]({url})"
        case Divider():
            return "---"
        case Items():
            lines = _lines_of(_as_list_block(node, letters))
            return None if lines is None else "\n".join(lines)
        case Table(header, rows):
            cells = [[_of_runs(cell, letters) for cell in row] for row in [header, *rows]]
            cells.insert(1, ["---"] * len(header))
            return "\n".join(map(_row_line, cells))
    return None


def _as_list_block(node: Node, letters: bool) -> Block | None:
    """A list of any dialect as one of ours; None for what is no list of one kind with nothing but lists inside."""
    if not isinstance(node, Items):
        return None
    boxes = {item.checked is not None for item in node.items}
    if len(boxes) != 1 or (node.ordered and True in boxes):
        return None
    kind = "numbered_list" if node.ordered else "checklist" if True in boxes else "list"
    items = [
        {
            "text": _of_runs(item.runs, letters),
            "checked": item.checked,
            "children": [_as_list_block(child, letters) for child in item.children],
        }
        for item in node.items
    ]
    return {"type": kind, "items": items}


def _box(checked: bool | None) -> str:
    return "" if checked is None else "[x] " if checked else "[ ] "


def _of_runs(runs: Runs, letters: bool) -> str:
    out = []
    for run in runs:
        looks = ((run.strike, "~~"), (run.bold, "**"), (run.italic, "*"), (run.code, "`"))
        marks = [mark for on, mark in looks if on]
        words = as_letters(run.text) if letters and not run.code else run.text
        text = "".join(marks) + words + "".join(reversed(marks))
        out.append(f"[{text}]({run.href})" if run.href else text)
    return settle("".join(out)) if letters else "".join(out)


def _pretty(value: Any, indent: str = "") -> str:
    """JSON for people to read and edit: short things on one line, numbers as they were spelled."""
    line = _compact(value)
    if len(line) <= 88 - len(indent) or not isinstance(value, dict | list) or not value:
        return line
    deeper = indent + "  "
    if isinstance(value, list):
        inner = [_pretty(item, deeper) for item in value]
    else:
        inner = [
            f"{json.dumps(name, ensure_ascii=False)}: {_pretty(item, deeper)}" for name, item in value.items()
        ]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(inner) + f"\n{indent}{closing}"


def _compact(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_compact, value))}]"
    if isinstance(value, dict):
        inner = (f"{json.dumps(name, ensure_ascii=False)}: {_compact(item)}" for name, item in value.items())
        return "{" + ", ".join(inner) + "}"
    return json.dumps(value, ensure_ascii=False)


# To blocks


def _edited(n: int, kept: list[int | None], originals: list[tuple[str, str, Block]]) -> str | None:
    """The JSON text of the block that the changed piece `n` was before: the only one between the same neighbours."""
    before, after = (kept[n - 1] if n else -1), (kept[n + 1] if n + 1 < len(kept) else len(originals))
    if before is None or after is None or after - before != 2:
        return None
    return originals[before + 1][1]


def _carry_over(block: Block, original: str | None) -> Block:
    """The edited block with the fields of the original that Markdown does not say."""
    if original is None:
        return block
    read: Block = _DECODER.decode(original)
    if read.get("type") != block["type"] or not _means(_in_markdown(read) or "", _plain(read)):
        return block
    old: Block = json.loads(original, parse_int=Number, parse_float=Number)
    said = _SAID[block["type"]]
    return block | {name: value for name, value in old.items() if name != "type" and name not in said}


def _blocks_of(piece: Piece, *, strict: bool) -> Iterator[Block]:
    lines = piece.text.split("\n")
    fence = _FENCE.match(lines[0])
    if fence is None:
        yield from _piece(lines)
        return
    inside = lines[1:-1] if len(lines) > 1 and lines[-1].rstrip() == fence[1] else lines[1:]
    text = "\n".join(inside)
    if fence[2] == "block":
        try:
            yield _json_object(text)
        except ValueError as error:
            if strict:
                raise Unreadable(piece.line, str(error)) from None
        else:
            return
    yield {"type": "code", "text": text} | ({"language": fence[2]} if fence[2] else {})


def _json_object(text: str) -> Block:
    try:
        found = json.loads(
            text,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno:,} of it") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it must begin with {")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Block:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("it names a member twice")
    return members


def _piece(lines: list[str]) -> Iterator[Block]:
    """The lines between two empty ones: one block, or several where a heading or a rule stands without an empty line."""
    while lines:
        heading = re.match(r"(#{1,4}) +(.*\S)\s*$", lines[0])
        if heading:
            yield {"type": "heading", "level": len(heading[1]), "text": heading[2]}
        elif re.fullmatch(r"(?:---+|\*\*\*+)\s*", lines[0]):
            yield {"type": "divider"}
        else:
            break
        lines = lines[1:]
    if lines:
        yield from _body(lines)


def _body(lines: list[str]) -> list[Block]:
    first = lines[0]
    if all(line.startswith(">") for line in lines):
        callout = _CALLOUT.match(first)
        quoted = "\n".join(re.sub(r"^> ?", "", line) for line in lines[1 if callout else 0 :])
        if callout is None:
            return [{"type": "quote", "text": quoted}]
        title = {"title": callout[2]} if callout[2] else {}
        return [{"type": "callout", "kind": callout[1], **title, "text": quoted}]
    if len(lines) > 1 and first.startswith("|") and re.fullmatch(r"\|(?:\s*:?-{3,}:?\s*\|)+\s*", lines[1]):
        if all(line.startswith("|") for line in lines):
            return [{"type": "table", "header": _row(first), "rows": [_row(line) for line in lines[2:]]}]
    elif _LIST.match(first):
        return _list(lines)
    elif len(lines) == 1 and (image := _IMAGE.match(first)):
        return [{"type": "image", "url": image[2], "alt": image[1]}]
    return [{"type": "paragraph", "text": "\n".join(lines)}]


def _list(lines: list[str]) -> list[Block]:
    """One list or several, as the markers change, and the lists inside their items by how far they are indented.

    A line without a marker goes on with the item above.
    """
    lists: list[Block] = []
    levels: list[tuple[int, list[Block]]] = []  # how far each level is indented, and its lists
    item: dict[str, Any] = {}
    for line in lines:
        match = _LIST.match(line)
        if match is None:
            item["text"] += "\n" + line.strip()
            continue
        space, bullet, box, text = match.groups()
        indent = len(space.expandtabs(4))
        levels = levels or [(indent, lists)]
        while len(levels) > 1 and indent < levels[-1][0]:
            levels.pop()
        if item and indent >= levels[-1][0] + 2 and len(levels) < LEVELS_MAX:
            parent = levels[-1][1][-1]["items"][-1]
            levels.append((indent, parent.setdefault("children", [])))
        kind = "checklist" if box is not None else "list" if bullet else "numbered_list"
        here = levels[-1][1]
        if not here or here[-1]["type"] != kind:
            here.append({"type": kind, "items": []})
        item = {"text": text} if box is None else {"text": text, "checked": box in "xX"}
        here[-1]["items"].append(item)
    _simplify(lists)
    return lists


def _simplify(lists: list[Block]) -> None:
    """An item that is nothing but its text is stored as that."""
    for block in lists:
        for item in block["items"]:
            _simplify(item.get("children", ()))
        block["items"] = [item["text"] if item.keys() == {"text"} else item for item in block["items"]]


def _row(line: str) -> list[str]:
    cells = _BAR.split(line.strip().removeprefix("|").removesuffix("|"))
    return [cell.strip().replace("\\|", "|") for cell in cells]

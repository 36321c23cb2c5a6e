"""Markdown: comments to HTML, and descriptions to and from blocks for the plain form."""

import json
import re
from typing import Any

import mistune
import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .html import is_safe_url

MARKDOWN_MAX = 20_000  # characters; a comment has at most 10,000
_NESTING_MAX = 12  # quotes and lists inside each other: the parser's time grows with the square of it
_TAGS = {
    "p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "h1", "h2", "h3", "h4", "hr",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_DEEP = re.compile(rf"^(?:[ \t]*(?:>|[-*+]|\d{{1,9}}[.)])){{{_NESTING_MAX},}}", re.MULTILINE)
_REFERENCE = re.compile(r"(?<![\w/-])FND-([1-9]\d{0,17})(?![\w-])", re.ASCII)
_parse = mistune.create_markdown(escape=True, hard_wrap=True, plugins=["strikethrough", "table", "url"])


def markdown_to_html(text: str) -> SafeString:
    """A comment as HTML: line breaks as typed, `FND-12` a link, no raw HTML, links only to http, https and mailto.

    Text beyond what the parser takes in reasonable time is shown as it was typed.
    """
    if len(text) > MARKDOWN_MAX or _DEEP.search(text) or _is_tangled(text):
        return mark_safe(f"<p>{str(escape(text)).replace(chr(10), '<br>')}</p>")  # noqa: S308 - escaped
    html = nh3.clean(
        str(_parse(text)),
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        attribute_filter=lambda _, name, value: None if name == "href" and not is_safe_url(value) else value,
        link_rel="noopener nofollow ugc",
    )
    return mark_safe(_with_references(html))  # noqa: S308 - cleaned by nh3, references are digits


def _is_tangled(text: str) -> bool:
    # Unclosed openings make the parser look for an end again and again, in time that grows with their square.
    return any(text.count(opening) > 400 for opening in ("[", "*", "_", "`", "<", "~", "|"))


def _with_references(html: str) -> str:
    """Link FND-12 in text, not inside code or another link."""
    out, inside = [], 0
    for part in re.split(r"(<[^>]*>)", html):
        if part.startswith("<"):
            if part.startswith(("<code", "<a ", "<pre")):
                inside += 1
            elif part.startswith(("</code", "</a", "</pre")):
                inside -= 1
        elif not inside:
            part = _REFERENCE.sub(r'<a class="link" href="/FND-\1">FND-\1</a>', part)
        out.append(part)
    return "".join(out)


# Descriptions

Block = dict[str, Any]
_FENCE = re.compile(r"(`{3,})([\w+#.-]*)[ \t]*$")
_LIST = re.compile(r"(?:([-*])|\d{1,9}[.)]) (?:\[([ xX])\] )?(.*)$")


def markdown_to_blocks(text: str) -> list[Block]:
    """Markdown as blocks of our dialect. An empty line ends a block; a fence named `block` holds one as JSON."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        fence = _FENCE.match(lines[at])
        if fence:
            end = next((n for n in range(at + 1, len(lines)) if lines[n].rstrip() == fence[1]), len(lines))
            blocks.append(_fenced(fence[2], "\n".join(lines[at + 1 : end])))
            at = end + 1
            continue
        end = at
        while end < len(lines) and lines[end].strip() and (end == at or not _FENCE.match(lines[end])):
            end += 1
        blocks += _piece(lines[at:end])
        at = end
    return blocks


def blocks_to_markdown(blocks: list[Any]) -> str:
    """The Markdown that `markdown_to_blocks` reads back as these very blocks.

    What Markdown cannot say, or would say differently, stands as JSON in a fence named `block`, untouched.
    """
    return "\n\n".join(_written(block) for block in blocks)


def _written(block: Any) -> str:
    text = _in_markdown(block) if isinstance(block, dict) else None
    if text is not None and markdown_to_blocks(text) == [block]:
        return text
    source = json.dumps(block, ensure_ascii=False)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", source)), default=0))
    return f"{fence}block\n{source}\n{fence}"


def _in_markdown(block: Block) -> str | None:
    text, items = block.get("text"), block.get("items")
    match block.get("type"):
        case "paragraph" if isinstance(text, str):
            return text
        case "heading" if isinstance(text, str) and block.get("level") in (1, 2, 3, 4):
            return f"{'#' * block['level']} {text}"
        case "quote" if isinstance(text, str):
            return "\n".join(f"> {line}" for line in text.split("\n"))
        case "code" if isinstance(text, str):
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
            return f"{fence}{block.get('language', '')}\n{text}\n{fence}"
        case "divider":
            return "---"
        case "list" if isinstance(items, list):
            return "\n".join(f"- {item}" for item in items)
        case "numbered_list" if isinstance(items, list):
            return "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))
        case "checklist" if isinstance(items, list) and all(isinstance(item, dict) for item in items):
            return "\n".join(
                f"- [{'x' if item.get('checked') else ' '}] {item.get('text')}" for item in items
            )
        case "table" if isinstance(block.get("header"), list) and isinstance(block.get("rows"), list):
            rows = [block["header"], ["---"] * len(block["header"]), *block["rows"]]
            if all(isinstance(row, list) for row in rows):
                return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
    return None


def _fenced(language: str, text: str) -> Block:
    if language == "block":
        try:
            block = json.loads(text)
        except (ValueError, RecursionError):
            block = None
        if isinstance(block, dict):
            return block
    return {"type": "code", "text": text} | ({"language": language} if language else {})


def _piece(lines: list[str]) -> list[Block]:
    """The lines between two empty ones: one block, or several where a heading or list begins without an empty line."""
    first = lines[0]
    heading = re.match(r"(#{1,4}) +(.*\S)\s*$", first)
    if heading:
        block: Block = {"type": "heading", "level": len(heading[1]), "text": heading[2]}
        return [block, *(_piece(lines[1:]) if len(lines) > 1 else [])]
    if re.fullmatch(r"(?:---+|\*\*\*+)\s*", first):
        return [{"type": "divider"}, *(_piece(lines[1:]) if len(lines) > 1 else [])]
    if all(line.startswith(">") for line in lines):
        return [{"type": "quote", "text": "\n".join(re.sub(r"^> ?", "", line) for line in lines)}]
    if len(lines) > 1 and first.startswith("|") and re.fullmatch(r"\|(?:\s*:?-{3,}:?\s*\|)+\s*", lines[1]):
        if all(line.startswith("|") for line in lines):
            return [{"type": "table", "header": _row(first), "rows": [_row(line) for line in lines[2:]]}]
    elif _LIST.match(first):
        return _list(lines)
    return [{"type": "paragraph", "text": "\n".join(lines)}]


def _list(lines: list[str]) -> list[Block]:
    """One list or several, as the markers change; a line without a marker goes on with the item above."""
    blocks: list[Block] = []
    for line in lines:
        match = _LIST.match(line)
        if match is None:
            items = blocks[-1]["items"]
            if isinstance(items[-1], dict):
                items[-1]["text"] += "\n" + line.strip()
            else:
                items[-1] += "\n" + line.strip()
            continue
        bullet, box, text = match.groups()
        kind = "checklist" if box is not None else "list" if bullet else "numbered_list"
        if not blocks or blocks[-1]["type"] != kind:
            blocks.append({"type": kind, "items": []})
        blocks[-1]["items"].append(text if box is None else {"text": text, "checked": box in "xX"})
    return blocks


def _row(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]

"""Pieces of text with one look each, from every dialect's way of writing them.

Ours is inline Markdown in a string; BlockNote, ProseMirror, Slack and Notion keep lists of runs; Editor.js writes HTML,
and Slack's older fields a Markdown of its own.
"""

import re
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

RUNS_MAX = 5_000  # pieces of text in one block
INLINE_MAX = 4  # looks inside each other


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


class Html(str):
    """Text in which Editor.js wrote looks as tags."""


# A backslash before one of these signs makes it a letter. Before anything else it is itself, and two of them are two:
# paths (`\\tvac-pc\runs`) stay what they are. Directly before a sign a pair is one backslash, as in CommonMark.
SIGNS = r"`*~\[\]#>|!-"
_LETTER = rf"(?:\\\\)*\\[{SIGNS}]"
_PAIRS = rf"(?:\\\\)+(?=[{SIGNS}])"


def _within(ends: str) -> str:
    """What may stand between two marks: anything but these signs, unless they are letters. It reads in one way only."""
    return rf"(?:{_LETTER}|{_PAIRS}|\\+(?![\\{SIGNS}])|[^{re.escape(ends)}\n\\])"


_INLINE = re.compile(
    rf"(?<!\\)(?:(?P<letter>{_LETTER})|(?P<pairs>{_PAIRS}))"
    r"|`(?P<code>[^`\n]+)`"
    rf"|\*\*\*(?P<both>{_within('*')}+)\*\*\*"
    rf"|\*\*(?P<bold>{_within('*')}+)\*\*"
    rf"|(?<![\w*])\*(?P<italic>(?!\s){_within('*')}+)\*(?![\w*])"
    rf"|~~(?P<strike>{_within('~')}+)~~"
    rf"|\[(?P<label>{_within('[]')}+)\]\((?P<href>[^()\s]+)\)"
)
_HTML = re.compile(
    r"<(?P<end>/?)(?P<tag>b|strong|i|em|code|s|del|strike|a|br|mark|u|span|font|small|sub|sup)\b(?P<attributes>[^<>]*)>",
    re.IGNORECASE,
)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HTML_LOOKS = {"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "code": "code",
               "s": "strike", "del": "strike", "strike": "strike"}  # fmt: skip
_SLACK = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|(?<![\w*])\*(?P<bold>[^*\s][^*\n]*)\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^_\s][^_\n]*)_(?!\w)"
    r"|(?<![\w~])~(?P<strike>[^~\s][^~\n]*)~(?![\w~])"
    r"|<(?P<href>(?:https?|mailto):[^<>|\s]+)(?:\|(?P<label>[^<>\n]*))?>"
    r"|<(?P<other>[@#!][^<>\n]*)>"
)


def runs_of(value: Any) -> Runs:
    """The text in a value of any dialect: a string with inline Markdown, a run, or a list of runs."""
    runs: Runs = []
    stack: list[tuple[Any, str]] = [(value, "")]  # what is still to be read, and the link it stands in
    while stack and len(runs) < RUNS_MAX:
        thing, href = stack.pop()
        found: Runs = []
        if isinstance(thing, Html):
            found = html(thing)
        elif isinstance(thing, str):
            found = inline(thing)
        elif isinstance(thing, int | float) and not isinstance(thing, bool):
            found = [Run(str(thing))]
        elif isinstance(thing, list):
            stack.extend((one, href) for one in reversed(thing))
        elif isinstance(thing, dict) and thing.get("type") == "mrkdwn" and isinstance(thing.get("text"), str):
            found = mrkdwn(thing["text"])
        elif isinstance(thing, dict):
            run = _of_object(thing)
            if run is not None:
                found = [run]
            else:
                href = str(thing["href"]) if thing.get("type") == "link" and "href" in thing else href
                inside = ("children", "elements", "content", "text")
                stack.extend((thing[name], href) for name in inside if name in thing)
        runs += [replace(run, href=href) if href and not run.href else run for run in found]
    return _joined(runs[:RUNS_MAX])


def _joined(runs: Runs) -> Runs:
    """Neighbours of one look as one."""
    joined: list[list[Run]] = []
    for run in runs:
        if joined and replace(joined[-1][0], text="") == replace(run, text=""):
            joined[-1].append(run)
        else:
            joined.append([run])
    return [replace(group[0], text=words_of(group)) for group in joined]


def words_of(runs: Runs) -> str:
    return "".join(run.text for run in runs)


def inline(text: str, deep: int = 0) -> Runs:
    """Text with `code`, **bold**, *italic*, ***both***, ~~strike~~ and [links](…), also inside each other; \\* is a star."""
    runs: Runs = []
    at = 0
    plain = ""
    # Inside a look the mark that ends it follows, which is a sign.
    ended = len(text) - len(text.rstrip("\\")) if deep else 0
    text = text[: len(text) - ended]
    for match in _INLINE.finditer(text):
        plain += text[at : match.start()]
        at = match.end()
        kind = str(match.lastgroup)
        if kind in ("letter", "pairs"):
            slashes, sign = (match[0][:-1], match[0][-1]) if kind == "letter" else (match[0], "")
            plain += "\\" * (len(slashes) // 2) + sign
            continue
        if plain:
            runs.append(Run(plain))
            plain = ""
        if kind == "code":
            runs.append(Run(match["code"], code=True))
            continue
        inner = match["label"] if kind == "href" else match[kind]
        looks: dict[str, Any] = {kind: True}
        if kind in ("both", "href"):
            looks = {"href": match["href"]} if kind == "href" else {"bold": True, "italic": True}
        within = inline(inner, deep + 1) if deep + 1 < INLINE_MAX else [Run(inner)]
        # A link inside a link keeps its own address.
        runs += [replace(run, **(looks if not run.href else looks | {"href": run.href})) for run in within]
    plain += text[at:] + "\\" * (ended // 2)
    if plain:
        runs.append(Run(plain))
    return runs


def as_letters(text: str) -> str:
    """Text that `inline` and Markdown read as it stands, signs and all. It ends with a NUL where `settle` must look."""
    text = re.sub(r"(\\+)(?=[#>|!-])", r"\1\1", text)
    text = re.sub(r"(\\*)([`*~\[\]])", r"\1\1\\\2", text)
    text = re.sub(r"^([ \t]*)(?=[#>|!-])", r"\1\\", text, flags=re.MULTILINE)
    return re.sub(r"\\\Z", "\\\\\0", text)


def settle(written: str) -> str:
    """Double the backslashes at the end of a piece that a sign follows, and take the NULs away."""
    return re.sub(rf"(\\+)\0(?=[{SIGNS}])", r"\1\1", written).replace("\0", "")


def html(text: str) -> Runs:
    """Text with Editor.js's tags; any other tag is text."""
    runs: Runs = []
    on: dict[str, int] = {}
    href = ""
    at = 0

    def say(piece: str) -> None:
        if piece:
            runs.append(Run(unescape(piece), **{look: True for look, n in on.items() if n > 0}, href=href))

    for match in _HTML.finditer(text):
        say(text[at : match.start()])
        at = match.end()
        tag = match["tag"].lower()
        if tag == "br":
            runs.append(Run("\n"))
        elif tag == "a":
            found = None if match["end"] else _HREF.search(match["attributes"])
            href = unescape(found[1] or found[2] or found[3] or "") if found else ""
        elif tag in _HTML_LOOKS:
            look = _HTML_LOOKS[tag]
            on[look] = max(0, on.get(look, 0) + (-1 if match["end"] else 1))
    say(text[at:])
    return runs


def mrkdwn(text: str) -> Runs:
    """One line of Slack's Markdown: *bold*, _italic_, ~strike~, `code`, <address|words>."""
    runs: Runs = []
    at = 0
    for match in _SLACK.finditer(text):
        if match.start() > at:
            runs.append(Run(_unescaped(text[at : match.start()])))
        at = match.end()
        kind = str(match.lastgroup)
        if match["href"] is not None:
            href = _unescaped(match["href"])
            runs.append(Run(_unescaped(match["label"] or href), href=href))
        else:
            looks: dict[str, Any] = {} if kind == "other" else {kind: True}
            runs.append(Run(_unescaped(match[kind].lstrip("!") if kind == "other" else match[kind]), **looks))
    if at < len(text):
        runs.append(Run(_unescaped(text[at:])))
    return runs


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _of_object(thing: dict[str, Any]) -> Run | None:
    """A run of BlockNote (`styles`), ProseMirror (`marks`), Slack (`style`) or Notion (`annotations`)."""
    kind = thing.get("type")
    if kind in ("hardBreak", "hard_break"):
        return Run("\n")
    if kind == "image":
        return _picture(thing)
    text = thing.get("plain_text", thing.get("text"))
    href = thing.get("href") or thing.get("url")
    if isinstance(text, dict):
        link = text.get("link")
        href = href or (link.get("url") if isinstance(link, dict) else None)
        text = text.get("content")
    if text is None and kind == "link" and "content" not in thing:
        text = href
    if text is None and kind == "emoji" and isinstance(thing.get("name"), str):
        text = f":{thing['name']}:"
    if not isinstance(text, str):
        return None
    looks, marked = _looks(thing)
    href = marked or href
    return Run(
        text,
        bold=bool(looks & {"bold", "strong"}),
        italic=bool(looks & {"italic", "em"}),
        code="code" in looks,
        strike=bool(looks & {"strike", "strikethrough"}),
        href=href if isinstance(href, str) else "",
    )


def _looks(thing: dict[str, Any]) -> tuple[set[str], Any]:
    looks: set[str] = set()
    for name in ("styles", "style", "annotations"):
        if isinstance(thing.get(name), dict):
            looks |= {str(look) for look, on in thing[name].items() if on is True}
    href = None
    marks = thing.get("marks")
    for mark in marks if isinstance(marks, list) else []:
        if isinstance(mark, dict):
            looks.add(str(mark.get("type")))
            attrs = mark.get("attrs")
            if isinstance(attrs, dict) and mark.get("type") == "link":
                href = attrs.get("href")
    return looks, href


def _picture(thing: dict[str, Any]) -> Run:
    """An image inside a line, in words that lead to it."""
    attrs = thing["attrs"] if isinstance(thing.get("attrs"), dict) else thing
    url = attrs.get("src") or attrs.get("image_url") or ""
    words = attrs.get("alt") or attrs.get("alt_text") or attrs.get("title") or url
    return Run(words if isinstance(words, str) else "", href=url if isinstance(url, str) else "")

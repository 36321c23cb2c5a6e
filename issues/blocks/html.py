"""A description as HTML: the neutral form drawn with the page's own prose styles. Nothing of the input becomes markup."""

import json
import re
from collections.abc import Callable
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .read import (
    Callout,
    Code,
    Divider,
    Heading,
    Image,
    Item,
    Items,
    Nested,
    Node,
    Paragraph,
    Plot,
    Quote,
    Table,
    read_blocks,
)
from .runs import Run, Runs
from .words import link_words

HTML_MAX = 2_000_000  # characters; what is beyond is left out, with a line that says so
_SAFE_URL = re.compile(
    r"(?:https?://|mailto:)[^\s<>\"'`\\]+|/(?![/\\])[^\s<>\"'`\\]*", re.ASCII | re.IGNORECASE
)
_SAME_SITE_FILE = re.compile(r"/file/[0-9a-f-]{36}")
_ICONS = {"note": "i-info", "warning": "i-triangle-alert", "danger": "i-circle-alert", "quiet": "i-info"}
_COLORS = {"note": "st-in_progress", "warning": "st-open", "danger": "danger-c", "quiet": "st-none"}


def render_html(blocks: Any, draw: Callable[[Plot], SafeString | None] | None = None) -> SafeString:
    """The blocks as HTML for a `.prose` element. Every piece of text is escaped; links go only where links may go.

    `draw` makes the picture of a plot, or None where it cannot; without it plots are said in words.
    """
    out: list[str] = []
    size = 0
    for node in read_blocks(blocks):
        html = _plot(node, draw) if isinstance(node, Plot) else _render(node)
        size += len(html)
        if size > HTML_MAX:
            out.append('<p class="muted">The rest of this description is too long to be shown.</p>')
            break
        out.append(html)
    return mark_safe("".join(out))  # noqa: S308 - made of escaped text and our own tags


def is_safe_url(url: str) -> bool:
    """Whether a link may go there: http, https, mailto, or a path of this site."""
    return len(url) <= 2_000 and _SAFE_URL.fullmatch(url) is not None


def _render(node: Node) -> str:
    match node:
        case Heading(level, runs):
            return f"<h{level}>{_runs(runs)}</h{level}>"
        case Paragraph(runs):
            return f"<p>{_runs(runs)}</p>" if runs else ""
        case Items(ordered, items):
            tag = "ol" if ordered else "ul"
            return f"<{tag}>{''.join(map(_item, items))}</{tag}>"
        case Quote(children):
            return f"<blockquote>{''.join(map(_render, children))}</blockquote>"
        case Code(text, _):
            return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'
        case Table():
            return _table(node)
        case Callout(kind, title, runs):
            icon = f'<svg class="i" aria-hidden="true"><use href="#{_ICONS[kind]}"/></svg>'
            head = f"<b>{_runs(title)}</b> " if title else ""
            return f'<div class="callout {_COLORS[kind]}">{icon}<p>{head}{_runs(runs)}</p></div>'
        case Image(url, alt, caption):
            below = f'<figcaption class="xs muted">{_runs(caption)}</figcaption>' if caption else ""
            if _SAME_SITE_FILE.fullmatch(url):
                # By script it opens over the page (static/js/lightbox.js), else on its own.
                large = f'href="{escape(url)}/view" data-image="{escape(url)}/preview?large"'
                picture = f'<img src="{escape(url)}" alt="{escape(alt or "Picture")}" loading="lazy">'
                return f'<figure><a {large} title="{escape(alt or "Picture")}">{picture}</a>{below}</figure>'
            picture = f"<p>{_link(url, escape(alt or url))}</p>"
            return f"<figure>{picture}{below}</figure>" if below else picture
        case Nested(children):
            return f'<div class="nested">{"".join(map(_render, children))}</div>'
        case Plot():
            return _plot(node, None)
        case Divider():
            return "<hr>"
    try:
        source = json.dumps(node.block, ensure_ascii=False, indent=2, default=str)[:20_000]
    except RecursionError:
        source = "Nested too deeply to be shown."
    return (
        f'<div class="unknown-block"><p>{escape(node.text)}</p><details><summary>Show as JSON</summary>'
        f'<pre tabindex="0"><code>{escape(source)}</code></pre></details></div>'
    )


def _plot(node: Plot, draw: Callable[[Plot], SafeString | None] | None) -> str:
    words = ", ".join(filter(None, (node.label, node.file, *node.columns)))
    picture = draw(node) if draw else None
    if picture is None:
        return f'<p class="muted">Plot: {escape(words)}</p>'
    return f'<figure class="plot">{picture}<figcaption class="xs muted">{escape(words)}</figcaption></figure>'


def _item(item: Item) -> str:
    box = ""
    if item.checked is not None:
        box = f'<span class="tick" data-on="{int(item.checked)}">{"☑" if item.checked else "☐"}</span> '
    return f"<li>{box}{_runs(item.runs)}{''.join(map(_render, item.children))}</li>"


def _table(table: Table) -> str:
    width = min(64, max([len(table.header), *(len(row) for row in table.rows)], default=0))
    head = ""
    if table.header:
        cells = "".join(f'<th scope="col">{_runs(cell)}</th>' for cell in table.header)
        missing = '<th scope="col"></th>' * (width - len(table.header))
        head = f"<thead><tr>{cells}{missing}</tr></thead>"
    rows = "".join(
        f"<tr>{''.join(f'<td>{_runs(cell)}</td>' for cell in row)}{'<td></td>' * (width - len(row))}</tr>"
        for row in table.rows
    )
    return f'<div class="table-wrap" tabindex="0"><table>{head}<tbody>{rows}</tbody></table></div>'


def _runs(runs: Runs) -> str:
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    html = str(escape(run.text)).replace("\n", "<br>")
    if not (run.code or run.href):
        html = link_words(html)
    for on, tag in ((run.code, "code"), (run.bold, "strong"), (run.italic, "em"), (run.strike, "s")):
        if on:
            html = f"<{tag}>{html}</{tag}>"
    return _link(run.href, html) if run.href else html


def _link(url: str, html: str) -> str:
    if not is_safe_url(url):
        return html
    return f'<a class="link" href="{escape(url)}" rel="noopener nofollow ugc">{html}</a>'

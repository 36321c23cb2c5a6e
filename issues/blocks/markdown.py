"""Markdown of comments, as HTML. (Descriptions to and from Markdown are in description.py.)"""

import re

import mistune
import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .html import is_safe_url
from .words import with_links

MARKDOWN_MAX = 20_000  # characters; a comment has at most 10,000
_NESTING_MAX = 12  # quotes and lists inside each other: the parser's time grows with the square of it
_TAGS = {
    "p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "h1", "h2", "h3", "h4", "hr",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_DEEP = re.compile(rf"^(?:[ \t]*(?:>|[-*+]|\d{{1,9}}[.)])){{{_NESTING_MAX},}}", re.MULTILINE)
_parse = mistune.create_markdown(escape=True, hard_wrap=True, plugins=["strikethrough", "table", "url"])


def markdown_to_html(text: str) -> SafeString:
    """A comment as HTML: line breaks as typed, `FND-12` and
    `@mara@example.com` links, no raw HTML, links only to http, https and mailto.

    Text beyond what the parser takes in reasonable time is shown as it was typed.
    """
    if len(text) > MARKDOWN_MAX or is_too_much(text):
        return mark_safe(f"<p>{str(escape(text)).replace(chr(10), '<br>')}</p>")  # noqa: S308 - escaped
    return mark_safe(with_links(clean(str(_parse(text)))))  # noqa: S308 - cleaned by nh3, and our own links


def clean(html: str) -> str:
    """What a Markdown parser made, without anything that is not text and its form."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        attribute_filter=lambda _, name, value: None if name == "href" and not is_safe_url(value) else value,
        link_rel="noopener nofollow ugc",
    )


def is_too_much(text: str) -> bool:
    """Whether the parser would take long: lists and quotes deep inside each other, or very many openings.

    Unclosed openings make it look for an end again and again, in time that grows with their square.
    """
    return _DEEP.search(text) is not None or any(
        text.count(opening) > 400 for opening in ("[", "*", "_", "`", "<", "~", "|")
    )

"""Tags that leave a place for what differs from viewer to viewer; `pages/viewer.py` fills them."""

from typing import Any
from urllib.parse import quote

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from issues.models import User
from issues.pages import viewer
from issues.pages.kept import pieces

register = template.Library()


@register.simple_tag
def token() -> SafeString:
    """The hidden fields of a form: the form token, and where to go back to."""
    return mark_safe(f"{viewer.MARK}t;")  # noqa: S308 - our own mark


@register.simple_tag
def name(user: User) -> SafeString:
    """Somebody's name, as it is when the page is looked at."""
    return mark_safe(f"{viewer.MARK}n{user.pk};")  # noqa: S308 - our own mark


@register.simple_tag
def owner_name(owner: str) -> SafeString:
    """The name of whoever has this e-mail, as it is when the page is looked at; any other text stays."""
    return mark_safe(f"{viewer.MARK}o{quote(owner, safe='@')};")  # noqa: S308 - quoted, between our own marks


@register.simple_tag
def avatar(user: User, size: str = "") -> SafeString:
    """Somebody's picture; `size` is "" (20 px) or "md" (32 px)."""
    return viewer.avatar(user, size)


@register.simple_tag
def gap(word: str) -> SafeString:
    """What the request says under this word."""
    return mark_safe(f"{viewer.MARK}g{word};")  # noqa: S308 - our own mark


class Trimmed(Node):
    """`{% trimmed %}…{% endtrimmed %}`: without the white space round it, so that a comma can follow."""

    def __init__(self, inside: NodeList) -> None:
        self.inside = inside

    def render(self, context: Any) -> SafeString:
        return mark_safe(self.inside.render(context).strip())  # noqa: S308 - it was rendered safely


@register.tag
def trimmed(parser: Parser, token: Token) -> Trimmed:
    inside = parser.parse(("endtrimmed",))
    parser.delete_first_token()
    return Trimmed(inside)


class KeptPiece(Node):
    """`{% kept "side" here user.pk … %}…{% endkept %}`: rendered once for these values, whoever looks.

    Everything that the inside depends on is named; what cannot be kept (a mark that is None) is rendered each time.
    Two things may differ from request to request: the form token, and `address`, the page's own address.
    """

    def __init__(self, key: list[FilterExpression], inside: NodeList) -> None:
        self.key = key
        self.inside = inside

    def render(self, context: Any) -> SafeString:
        key = tuple(expression.resolve(context) for expression in self.key)
        if None in key:
            return self.inside.render(context)
        html = pieces.get(key, lambda: self._made(context))
        for mark, value in ((_TOKEN, "csrf_token"), (_ADDRESS, "address")):
            if mark in html:
                html = html.replace(mark, conditional_escape(context.get(value, "")))
        return mark_safe(html)  # noqa: S308 - it was rendered safely

    def _made(self, context: Any) -> str:
        with context.push(csrf_token=_TOKEN, address=_ADDRESS):
            return str(self.inside.render(context))


_TOKEN, _ADDRESS = f"{viewer.MARK}T", f"{viewer.MARK}A"


@register.tag
def kept(parser: Parser, token: Token) -> KeptPiece:
    key = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    inside = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptPiece(key, inside)


class ForViewer(Node):
    """`{% forviewer 12 "mara@example.com" %}…{% else %}…{% endforviewer %}`: for these people, and for the others.

    An argument is an id, an e-mail, a list of either, or "administrators".
    """

    def __init__(self, keys: list[FilterExpression], theirs: NodeList, others: NodeList) -> None:
        self.keys, self.theirs, self.others = keys, theirs, others

    def render(self, context: Any) -> SafeString:
        keys: list[str] = []
        for expression in self.keys:
            value = expression.resolve(context)
            keys += map(str, value if isinstance(value, list) else [value])
        mark = viewer.MARK
        return mark_safe(  # noqa: S308 - rendered nodes between our own marks
            f"{mark}?{','.join(quote(key, safe='@') for key in keys)};{self.theirs.render(context)}"
            f"{mark}:;{self.others.render(context)}{mark}.;"
        )


@register.tag
def forviewer(parser: Parser, token: Token) -> ForViewer:
    keys = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    theirs = parser.parse(("else", "endforviewer"))
    others = NodeList()
    if parser.next_token().contents == "else":
        others = parser.parse(("endforviewer",))
        parser.delete_first_token()
    return ForViewer(keys, theirs, others)

"""Words that mean something: `FND-12` is an issue, `@mara.lindqvist@example.com` a person.

Both become links of a fixed shape, which `RESOLVED` finds again: whoever knows issues and people puts in titles and
names, and takes away a link to nobody. Here nothing is looked up.
"""

import re

from django.utils.html import escape

_WORD = re.compile(
    r"(?<![\w/@.-])FND-(?P<number>[1-9]\d{0,17})(?![\w-])"
    r"|(?<![\w@.+-])@(?P<email>[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8})(?![\w@-])",
    re.ASCII,
)
_TAG = re.compile(r"(<[^>]*>)")
# What `link_words` writes, and nothing else: other links carry `rel`.
RESOLVED = re.compile(
    r'<a class="link" href="/FND-(?P<number>\d+)">FND-\d+</a>'
    r'|<a class="mention" href="/list\?owner=(?P<owner>[^"]*)">@(?P<email>[^<]*)</a>'
)


def link_words(text: str) -> str:
    """Link the issues and people in escaped text."""
    return _WORD.sub(_link, text) if "FND-" in text or "@" in text else text


def with_links(html: str) -> str:
    """Link the issues and people in the text of HTML that is already safe, but not inside code or another link."""
    if "FND-" not in html and "@" not in html:
        return html
    out, inside = [], 0
    for part in _TAG.split(html):
        if part.startswith("<"):
            if part.startswith(("<code", "<a ", "<pre")):
                inside += 1
            elif part.startswith(("</code", "</a", "</pre")):
                inside -= 1
        elif not inside:
            part = link_words(part)
        out.append(part)
    return "".join(out)


def _link(word: re.Match[str]) -> str:
    if word["number"]:
        return f'<a class="link" href="/FND-{word["number"]}">FND-{word["number"]}</a>'
    email = word["email"].lower()
    return f'<a class="mention" href="/list?owner={email.replace("+", "%2B")}">@{escape(email)}</a>'

"""Pages that are ready-made but for what each viewer sees differently.

A template marks the places with the tags of `templatetags/viewer.py`; the result is the same for everybody and can be
kept. `fill` puts in what belongs to one request: the form token, names of people as they are now, what only some may
see, and the titles of the issues that are mentioned. The mark is a random word of this process: no text can contain it.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from re import Match
from urllib.parse import unquote

from django.db import connection
from django.middleware.csrf import get_token
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from issues.blocks.words import RESOLVED
from issues.models import CLOSED, User
from issues.models.account import AGENT_NAME, hue, initials, name_from_email

from .htmx import PageRequest

MARK = secrets.token_hex(16)
ADMINISTRATORS = "administrators"


@dataclass(frozen=True, slots=True)
class Words:
    """What is put in at the marks that are words: `{% gap "back" %}` and its like."""

    here: str  # where a plain form goes back to
    gaps: Mapping[str, str] = field(default_factory=dict)


def fill(html: str, request: PageRequest, words: Words) -> SafeString:
    """The page for this viewer. One query if it names people or issues, none otherwise."""
    parts = html.split(MARK)
    people, owners, titles = _looked_up(parts, html)
    token = (
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
        f'<input type="hidden" name="next" value="{escape(words.here)}">'
    )
    viewer = {str(request.user.pk), request.user.email}
    if request.user.is_administrator:
        viewer.add(ADMINISTRATORS)
    out, shown, matched = [parts[0]], True, False
    for part in parts[1:]:
        code, _, text = part.partition(";")
        kind, value = code[0], code[1:]
        match kind:
            case "?":
                shown = matched = any(unquote(key) in viewer for key in value.split(","))
            case ":":
                shown = not matched
            case ".":
                shown = True
            case _ if not shown:
                pass
            case "t":
                out.append(token)
            case "n":
                out.append(str(escape(people.get(int(value), ""))))
            case "i":
                out.append(str(escape(initials(people.get(int(value), "")))))
            case "o":
                out.append(str(escape(owners.get(unquote(value), unquote(value)))))
            case "g":
                out.append(words.gaps.get(value, ""))
        if shown:
            out.append(text)
    filled = "".join(out)
    if titles is not None:
        filled = RESOLVED.sub(titles, filled)
    return mark_safe(filled)  # noqa: S308 - made by our templates


def _looked_up(parts: list[str], html: str) -> tuple[dict[int, str], dict[str, str], "_Titles | None"]:
    """Names by id and by e-mail of the people in the gaps, and what the links of the text are called."""
    ids = {int(part[1 : part.index(";")]) for part in parts[1:] if part[0] in "ni"}
    emails = {unquote(part[1 : part.index(";")]) for part in parts[1:] if part[0] == "o"}
    issues: dict[int, tuple[str, str | None]] = {}
    has_links = '<a class="link" href="/FND-' in html or '<a class="mention"' in html
    if has_links:
        found = list(RESOLVED.finditer(html))
        emails |= {_email(link) for link in found if link["owner"]}
        issues = _issues({int(link["number"]) for link in found if link["number"]})
    rows = _people(ids, emails)
    names = {email: name for _, email, name in rows}
    return {pk: name for pk, _, name in rows}, names, _Titles(issues, names) if has_links else None


def _email(link: Match[str]) -> str:
    return link["owner"].replace("%2B", "+")


@dataclass(frozen=True, slots=True)
class _Titles:
    """What becomes of a link that `blocks/words.py` made."""

    issues: dict[int, tuple[str, str | None]]
    people: dict[str, str]

    def __call__(self, link: Match[str]) -> str:
        if link["number"]:
            number = int(link["number"])
            if number not in self.issues:
                return f"FND-{number}"
            title, status = self.issues[number]
            struck = f"<s>FND-{number}</s>" if status in CLOSED else f"FND-{number}"
            return f'<a class="link" href="/FND-{number}" title="{escape(title)}">{struck}</a>'
        email = _email(link)
        name = self.people.get(email)
        if name is None:
            return f"@{link['email']}"
        return f'<a class="mention" href="/list?owner={link["owner"]}" title="{escape(email)}">@{escape(name)}</a>'


def _people(ids: Iterable[int], emails: Iterable[str]) -> list[tuple[int, str, str]]:
    """(id, e-mail, name to show) of these people."""
    if not (ids or emails):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, email, name, is_agent FROM issues_user WHERE id = ANY(%s) OR (email = ANY(%s) AND is_active)",
            [list(ids), list(emails)],
        )
        return [
            (pk, email, AGENT_NAME if is_agent else name or name_from_email(email))
            for pk, email, name, is_agent in cursor.fetchall()
        ]


def _issues(numbers: Iterable[int]) -> dict[int, tuple[str, str | None]]:
    wanted = [number for number in numbers if number < 2**63]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, title, status FROM issues_issue WHERE id = ANY(%s) AND deleted_at IS NULL", [wanted]
        )
        return {pk: (title, status) for pk, title, status in cursor.fetchall()}


def avatar(user: User, size: str = "") -> SafeString:
    """The picture of somebody, for a template: round and tinted, or Atlas's square. The name is beside it."""
    return _avatar(user, size, f"{MARK}i{user.pk};")


def own_avatar(user: User) -> SafeString:
    """The viewer's own picture, ready to be put in."""
    return _avatar(user, "md", str(escape(user.initials)))


def _avatar(user: User, size: str, letters: str) -> SafeString:
    if user.is_agent:
        look, letters = "atlas", '<svg class="i"><use href="#i-atlas"/></svg>'
    else:
        look = f"a{hue(user.email)}"
    return mark_safe(f'<span class="av {size} {look}" aria-hidden="true">{letters}</span>')  # noqa: S308

"""What the command palette finds: issues first, then people and tags. With script off, a page with a search field."""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_vary_headers
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from issues import queries
from issues.models import Issue, User
from issues.queries import IssueFilter

from .htmx import PageRequest, wants_fragment

ISSUES = 7
PEOPLE = 3
TAGS = 3


@require_safe
def palette(request: PageRequest) -> HttpResponse:
    """`q`: words, or a reference. The lines of a list box for the palette, or the page."""
    words = " ".join(request.GET.get("q", "").replace("\0", "").split())[:200]
    context = {"here": "palette", "q": words, **(_found(words, request.user) if words else {})}
    response = render(request, "palette.html#lines" if wants_fragment(request) else "palette.html", context)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _found(words: str, viewer: User) -> dict[str, Any]:
    people = User.objects.filter(is_active=True, is_agent=False).filter(
        Q(name__icontains=words) | Q(email__icontains=words)
    )
    tags = [tag for tag in queries.tags_in_use(200) if words.lower() in tag.lower()]
    return {
        "issues": [{"issue": issue, "title": marked(issue.title, words)} for issue in _issues(words, viewer)],
        "people": [
            {"person": person, "name": marked(person.display_name, words), "href": _view(owner=person.email)}
            for person in people.order_by("name", "email")[:PEOPLE]
        ],
        "tags": [{"tag": marked(tag, words), "href": _view(tag=tag)} for tag in tags[:TAGS]],
    }


def _issues(words: str, viewer: User) -> Sequence[Issue]:
    """What the query language finds if it is spoken; else what somebody may mean who types so far."""
    wanted = IssueFilter.parse(QueryDict(urlencode({"q": words})), me=viewer.email)
    if wanted.mistakes or not wanted.query.narrows:
        return queries.suggest(words, ISSUES)
    ids = queries.newest(wanted, ISSUES)
    return list(Issue.objects.alive().filter(id__in=ids).newest_first().only("title", "status", "priority"))


def marked(text: str, words: str) -> SafeString:
    """The text with the words that were looked for marked, wherever a word of it begins with one of them."""
    return mark_safe("".join(_pieces(text, words.split())))  # noqa: S308 - every piece is escaped


def _pieces(text: str, words: Iterable[str]) -> Iterable[str]:
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    at = 0
    for match in re.finditer(rf"(?<!\w)(?:{pattern})", text, re.IGNORECASE):
        yield escape(text[at : match.start()])
        yield f"<mark>{escape(match[0])}</mark>"
        at = match.end()
    yield escape(text[at:])


def _view(**chosen: str) -> str:
    try:
        base = reverse("pages:list")
    except NoReverseMatch:
        base = reverse("pages:board")
    return f"{base}?{urlencode(chosen)}"

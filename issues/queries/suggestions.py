"""What is offered while somebody types or chooses: issues, tags, owners."""

from collections.abc import Sequence

from django.db import connection

from ..models import Issue, search_text
from ..models.ids import as_array
from ..search import QUOTES
from .filter import IssueFilter
from .newest_first import newest

MET = 300  # newest issues with the words, of which those with them in the title are suggested first


def suggest(text: str, limit: int = 8) -> list[Issue]:
    """The issues that somebody may mean who types this: the one of that number, then those with the words in the
    title, then in anything else; the newest first, of the `MET` newest with the words. What is not text finds nothing;
    there are no mistakes here.
    """
    words = "".join(c for c in text if c.isprintable() and c not in QUOTES)[:200]
    found: dict[int, None] = {}
    reference = words.strip().lower().removeprefix("fnd-")
    if reference.isascii() and reference.isdigit() and 0 < int(reference[:18]) == int(reference):
        found |= dict.fromkeys(Issue.objects.alive().filter(pk=int(reference)).values_list("id", flat=True))
    parts = [part for part in words.split()[:10] if search_text.tokens(part)]
    if parts:
        met = newest(IssueFilter.of_words(parts), MET)
        in_title = _with_words(met, " & ".join(f"({_in_title(search_text.lookup(part))})" for part in parts))
        found |= dict.fromkeys(sorted(met, key=lambda id_: id_ not in in_title))
    issues = Issue.objects.alive().defer("description", "resolution_summary").in_bulk(list(found)[:limit])
    return [issues[id_] for id_ in list(found)[:limit] if id_ in issues]


def _in_title(lookup: str) -> str:
    return " <-> ".join(f"{part}{'' if part.endswith('*') else ':'}A" for part in lookup.split(" <-> "))


def _with_words(ids: Sequence[int], tsquery: str) -> set[int]:
    """Which of these issues have the words."""
    with connection.cursor() as cursor:
        cursor.execute(
            search_text.HAVING_WORDS,
            [as_array(ids), tsquery],
        )
        return {id_ for (id_,) in cursor.fetchall()}


def tags_in_use(limit: int = 50) -> Sequence[str]:
    """The tags of the newest thousand issues, most used first: what a filter offers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tag FROM (
                SELECT tags FROM issues_issue WHERE deleted_at IS NULL ORDER BY created_at DESC, uuid DESC LIMIT 1000
            ) recent, unnest(tags) AS tag GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s
            """,
            [limit],
        )
        return [tag for (tag,) in cursor.fetchall()]


def owners_in_use(limit: int = 50) -> Sequence[str]:
    """The owners of the newest thousand issues, most used first: what a filter offers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT owner FROM (
                SELECT owner FROM issues_issue WHERE deleted_at IS NULL ORDER BY created_at DESC, uuid DESC LIMIT 1000
            ) recent GROUP BY owner ORDER BY count(*) DESC, owner LIMIT %s
            """,
            [limit],
        )
        return [owner for (owner,) in cursor.fetchall()]

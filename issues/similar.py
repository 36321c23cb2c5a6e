"""Issues that a new one may repeat: found by the rare words of its title, at a cost that the number of issues does not change."""

from itertools import accumulate

from django.db import connection
from django.db.backends.utils import CursorWrapper

from issues.models import Issue
from issues.models.search_text import tokens

WORDS_MAX = 16  # of a title that are looked at
RARE = 1_000  # issues, by PostgreSQL's estimate, that the rarest words together may be in: candidates are looked up by these
LOOKED_AT = 60  # candidates, the newest, whose titles are compared
ALIKE = 0.34  # of the shorter title's words; below that two titles only happen to share some


def similar_issues(title: str, limit: int = 3) -> list[Issue]:
    """Living issues with a title like this one, the most alike first; empty for a title that says nothing yet."""
    words = list(dict.fromkeys(word for word in tokens(title) if len(word) > 1))[:WORDS_MAX]
    if len(words) < 2:
        return []
    with connection.cursor() as cursor:
        candidates = _candidates(cursor, words)
    issues = Issue.objects.alive().filter(pk__in=candidates).only("title", "status")
    alike = sorted(
        ((_likeness(set(words), set(tokens(issue.title))), issue.pk, issue) for issue in issues), reverse=True
    )
    return [issue for likeness, _, issue in alike[:limit] if likeness >= ALIKE]


def _likeness(one: set[str], other: set[str]) -> float:
    """0 to 1: how much of the shorter is in the longer; nothing if that is a single word."""
    shared = len(one & other)
    return shared / min(len(one), len(other)) if shared > 1 else 0


def _candidates(cursor: CursorWrapper, words: list[str]) -> list[int]:
    """The newest issues with a rare word of these in the title, and another of them."""
    seen = {word: _estimate(cursor, word) for word in words}
    rarest = sorted(words, key=lambda word: seen[word])
    together = accumulate(seen[word] for word in rarest)
    rare = [word for word, n in zip(rarest, together, strict=True) if n <= RARE]
    if not rare:
        return []
    pairs = [(word, " | ".join(f"'{other}':A" for other in words if other != word)) for word in rare]
    # The subquery keeps PostgreSQL from guessing that many match and walking the whole table backwards.
    cursor.execute(
        """
        SELECT issue_id FROM (
            SELECT issue_id FROM issues_searchtext WHERE words @@ (SELECT %s::tsquery) OFFSET 0
        ) found ORDER BY issue_id DESC LIMIT %s
        """,
        [" | ".join(f"'{word}':A & ({others})" for word, others in pairs), LOOKED_AT],
    )
    return [issue_id for (issue_id,) in cursor.fetchall()]


def _estimate(cursor: CursorWrapper, word: str) -> float:
    """In how many issues PostgreSQL expects a word: what it knows of common ones, without reading any."""
    cursor.execute(
        "EXPLAIN (FORMAT JSON) SELECT FROM issues_searchtext WHERE words @@ %s::tsquery", [f"'{word}'"]
    )
    [[plan]] = cursor.fetchall()
    return float(plan[0]["Plan"]["Plan Rows"])

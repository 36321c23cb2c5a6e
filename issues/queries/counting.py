"""How many issues match: exactly, or as far as pages count."""

import time
from dataclasses import dataclass
from math import inf

from django.db import connection
from django.db.models import Count

from ..hits import Hits, Rest
from ..models import Issue, counts
from .filter import IssueFilter, find

COUNT_SECONDS = 3  # how long a count may take for which issues with the words must be looked at
CAP = 1_000  # where pages stop counting


class TooManyToCount(Exception):
    """So many issues have these words that counting them exactly would take longer than anybody should wait."""


def count(wanted: IssueFilter, found: Hits | None = None) -> int:
    """How many living issues match, exactly; `found` is what `find` gave, if it was asked before.

    Where many issues have to be looked at for it, a count that takes over `COUNT_SECONDS` is given up: TooManyToCount.
    """
    if wanted.is_by_state_only:
        return sum(n for state, n in counts.by_state().items() if wanted.matches_state(*state))
    if not wanted.by_terms:
        return wanted.apply(Issue.objects.alive()).count()
    found = found or find(wanted)
    if found.is_exact:
        return found.n
    return _look(wanted, found, inf, until=time.monotonic() + COUNT_SECONDS)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, or at least how many: pages do not count on for ever."""

    n: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self.n:,}{'+' if self.is_more else ''}"

    def __bool__(self) -> bool:
        return self.n > 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.n + other.n, self.is_more or other.is_more)


def count_up_to(wanted: IssueFilter, most: int = CAP, found: Hits | None = None) -> Tally:
    """How many living issues match: exactly where the counts know, otherwise as far as `most`."""
    if wanted.is_by_state_only:
        return Tally(count(wanted))
    if wanted.by_terms:
        return tally(wanted, found or find(wanted), most)
    n = wanted.apply(Issue.objects.alive())[: most + 1].count()
    return Tally(min(n, most), n > most)


def tally(wanted: IssueFilter, found: Hits, most: int = CAP) -> Tally:
    """How many of these match: they are counted, or looked at until it is enough."""
    n = found.n_up_to(most) if found.is_exact else _look(wanted, found, most)
    return Tally(min(n, most), n > most)


def _look(wanted: IssueFilter, found: Hits, most: float, *, until: float = inf) -> int:
    """How many of these match, or more than `most`, by looking at them; TooManyToCount where the clock ends it before."""
    if found.rest is Rest.WORDS:
        n = found.look(most, until=until)
        if n <= most and not found.is_exact:
            raise TooManyToCount
        return n
    n = 0
    for piece in found.in_pieces():
        n += wanted.apply(Issue.objects.alive(), found=piece).count()
        if n > most:
            break
        if time.monotonic() > until:
            raise TooManyToCount
    return n


def count_by_status(wanted: IssueFilter) -> dict[str | None, int]:
    """How many living issues match in each status; statuses of none are left out."""
    if wanted.is_by_state_only:
        found: dict[str | None, int] = {}
        for (status, priority), n in counts.by_state().items():
            if wanted.matches_state(status, priority):
                found[status] = found.get(status, 0) + n
        return found
    matching = wanted.apply(Issue.objects.alive()).values_list("status")
    return dict(matching.annotate(n=Count("id")))


def count_untriaged(*, up_to: int) -> int:
    """How many living issues wait for a person's decision; counts no further than `up_to`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM issues_issue WHERE deleted_at IS NULL AND triaged_at IS NULL LIMIT %s) waiting",
            [up_to],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0

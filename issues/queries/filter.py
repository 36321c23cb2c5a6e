"""Which issues somebody wants to see: parsed, applied, written back as a query string; and what words find of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from .. import terms
from ..bits import Bits
from ..hits import Hits, Rest
from ..looked_up import Numbered, OfRuns, OfSessions
from ..models import Issue, Priority, Status, search_index, search_text
from ..models.account import AGENT_EMAIL
from ..models.issue import IssueQuerySet
from ..models.limits import UNASSIGNED
from ..models.spans import NAMES as TIMES
from ..models.spans import Time
from ..models.spans import parse as parse_times
from ..search import ME, NONE, Mistake, Property, Query, Reference, Term, Words
from ..search import When as Period
from ..search import parse as parse_query
from ..terms import Clause, Told
from .conditions import (
    CLAUSES_OF_STATE,
    TERMS_OF_NOTHING,
    among_hits,
    any_of,
    any_term,
    clause_between,
    clauses_of_time,
    has,
    looked_at,
    with_null,
)


class Parameters(Protocol):
    """What a filter reads from: Django's QueryDict is one."""

    def getlist(self, key: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """Which issues somebody wants to see. Empty fields do not filter; values of one field are alternatives."""

    q: str = ""  # the query language of search.py, as it was typed
    statuses: tuple[str, ...] = ()  # values of Status, or NONE
    priorities: tuple[str, ...] = ()  # values of Priority, or NONE
    tags: tuple[str, ...] = ()  # issues with any of them
    owners: tuple[str, ...] = ()
    mine: bool = False  # whoever asks, as one more owner: `owner=me`
    by: str = ""  # "people" or "atlas"
    untriaged: bool = False
    times: tuple[Time, ...] = ()  # when things happened and how long they took; all of them hold
    reopened: str = ""  # "1": closed once and taken up again; "0": never
    runs: tuple[str, ...] = ()  # ids of job runs
    me: str = ""  # the e-mail of who asks; kept only where the filter says `me`
    today: date | None = None  # kept only where the query counts days from it
    query: Query = field(init=False, compare=False, default=Query())
    by_terms: bool = field(init=False, compare=False, default=False)  # read from what `search_index` says
    mistakes: tuple[Mistake, ...] = field(init=False, compare=False, default=())  # with any, nothing matches

    BY = ("people", "atlas")

    def __post_init__(self) -> None:
        query, mistakes = parse_query(self.q) if self.q else (Query(), ())
        names_me = query.names_me or self.mine
        if names_me and not self.me:
            mistakes += (Mistake(0, len(self.q), "“me” is nobody here: nobody is signed in."),)
        for name, value in (
            ("query", query),
            ("mistakes", mistakes),
            ("me", self.me if names_me else ""),
            ("today", (self.today or timezone.now().date()) if query.is_relative else None),
        ):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "by_terms", self._goes_by_terms())

    @classmethod
    def parse(cls, parameters: Parameters, *, me: str = "") -> "IssueFilter":
        """Read what `query_string` writes; `me` is the e-mail of who asks.

        A mistake in the query is kept in `mistakes`. Of the other parameters, what means nothing filters nothing
        (old bookmarks work).
        """

        def values(name: str, allowed: Iterable[str] | None = None) -> tuple[str, ...]:
            found = (value.replace("\0", "").strip() for value in parameters.getlist(name))
            return tuple(
                dict.fromkeys(value for value in found if value and (allowed is None or value in allowed))
            )

        by = values("by", cls.BY)
        reopened = values("reopened", ("0", "1"))
        spoken = ((name, value) for name in TIMES for value in values(name)[:5])
        return cls(
            q=" ".join(parameters.getlist("q")).strip(),
            statuses=values("status", (*Status.values, NONE)),
            priorities=values("priority", (*Priority.values, NONE)),
            tags=values("tag")[:50],
            owners=tuple(owner for owner in values("owner")[:50] if owner != ME),
            mine=bool(values("owner", (ME,))),
            by=by[0] if len(by) == 1 else "",
            untriaged=bool(values("untriaged", ("1",))),
            times=parse_times(spoken),
            reopened=reopened[0] if len(reopened) == 1 else "",
            runs=tuple(filter(_is_uuid, values("run")))[:50],
            me=me,
        )

    @classmethod
    def of_words(cls, words: Iterable[str]) -> "IssueFilter":
        """What has these words from their beginning, whatever they would mean in a query."""
        wanted = cls()
        object.__setattr__(wanted, "query", Query(tuple(map(Words, words))))
        object.__setattr__(wanted, "by_terms", wanted._goes_by_terms())
        return wanted

    def query_string(self) -> str:
        """The same filter as an address: `status=open&tag=power`; empty when it filters nothing."""
        pairs: list[tuple[str, str]] = [("q", self.q)] if self.q else []
        pairs += [("status", value) for value in self.statuses]
        pairs += [("priority", value) for value in self.priorities]
        pairs += [("tag", value) for value in self.tags]
        pairs += [("owner", value) for value in self.owners]
        pairs += [("owner", ME)] if self.mine else []
        pairs += [("by", self.by)] if self.by else []
        pairs += [("untriaged", "1")] if self.untriaged else []
        pairs += [(name, value) for name, value, _ in self.from_charts]
        return urlencode(pairs)

    @property
    def from_charts(self) -> list[tuple[str, str, str]]:
        """What links from the charts filter by, as (name, value, words); the filter bar carries it along."""
        found = [(span.name, span.value, span.label) for span in self.times]
        if self.reopened:
            found.append(
                ("reopened", self.reopened, "Reopened" if self.reopened == "1" else "Never reopened")
            )
        return found + [("run", run, f"Job run {run[:8]}") for run in self.runs]

    @property
    def holds_still(self) -> bool:
        """Whether the same issues match for as long as none is changed: not where words, accounts or the clock have a say."""
        return not (self.q or self.times)

    @property
    def is_by_state_only(self) -> bool:
        """Whether the counts know how many match: nothing but status and priority filters."""
        narrow = self.q or self.tags or self.owners or self.mine or self.by or self.untriaged
        return not (narrow or self.from_charts)

    def _goes_by_terms(self) -> bool:
        """Whether the terms say all of it, or it has words. By status and priority alone, the counts know."""
        if self.mistakes:
            return False
        return bool(self.tsquery) or (not self.is_by_state_only and self.clauses()[1] is Rest.NOTHING)

    @property
    def columns_by_terms(self) -> bool:
        """Whether the board is read from what the terms say: also by priority, of which the counts know too little for it."""
        return self.by_terms or (self.is_by_state_only and bool(self.priorities))

    def without_status(self) -> "IssueFilter":
        return replace(self, statuses=())

    def apply(
        self, issues: IssueQuerySet, *, found: Bits | None = None, one_by_one: bool = False
    ) -> IssueQuerySet:
        """Narrow `issues` to those that match; by words, to those of `found` (of what `find` gave, or it is asked).

        `one_by_one` looks at the words of each issue instead: for a few issues.
        """
        if self.mistakes:
            return issues.none()
        if self.tsquery and not one_by_one:
            found = found or find(self).all
        if found:
            issues = issues.filter(among_hits(found))
            if found.is_exact:
                return issues
        if self.statuses:
            issues = issues.filter(any_of("status", self.statuses))
        if self.priorities:
            issues = issues.filter(any_of("priority", self.priorities))
        if self.tags:
            issues = issues.filter(tags__overlap=list(self.tags))
        if self.owners or self.mine:
            issues = issues.filter(owner__in=[*self.owners, *([self.me] if self.mine else [])])
        if self.by:
            by_agent = Q(created_by__email=AGENT_EMAIL)
            issues = issues.filter(by_agent if self.by == "atlas" else ~by_agent)
        if self.untriaged:
            issues = issues.untriaged()
        for span in self.times:
            issues = issues.filter(span.condition())
        if self.reopened:
            issues = issues.filter(reopened_at__isnull=self.reopened == "0")
        if self.runs:
            issues = issues.filter(job_run_id__in=self.runs)
        for term in self.query.terms:
            if not isinstance(term, Words):
                condition = self._condition(term)
                issues = issues.exclude(condition) if term.negated else issues.filter(condition)
        return issues.filter(looked_at(self.tsquery)) if self.tsquery else issues

    @property
    def tsquery(self) -> str:
        """All words of the query for PostgreSQL; empty without any."""
        return " & ".join(self._lookups())

    @property
    def phrases(self) -> str:
        """Of these, what the terms of `search_index` cannot tell: words that stand side by side."""
        return " & ".join(found for found in self._lookups() if " " in found)

    def _lookups(self) -> Iterator[str]:
        for words in () if self.mistakes else self.query.words:
            if found := search_text.lookup(words.text, quoted=words.quoted):
                yield f"!({found})" if words.negated else f"({found})" if " " in found else found

    def clauses(self) -> tuple[list[Clause], Rest]:
        """What the terms of `search_index` say of the filter, and what that leaves to be looked at."""
        clauses = [
            any_term(map(search_index.of_status, with_null(self.statuses))),
            any_term(map(search_index.of_priority, with_null(self.priorities))),
            any_term(map(search_index.of_tag, self.tags)),
            any_term(map(search_index.of_owner, (*self.owners, *([self.me] if self.mine else [])))),
            any_term([search_index.of_finder(is_agent=self.by == "atlas")] if self.by else []),
            any_term([search_index.of_untriaged()] if self.untriaged else []),
        ]
        clauses += [Clause((OfRuns(self.runs),))] if self.runs else []
        if self.reopened:
            reopened = any_term([search_index.of_having("reopened")])
            clauses.append(replace(reopened, negated=self.reopened == "0"))
        is_all, is_alone = True, True
        for time in self.times:
            told, is_exact = clauses_of_time(time)
            clauses += told
            is_all &= is_exact
        for term in self.query.terms:
            match term:
                case Words(text, quoted, negated):
                    spans = [
                        search_index.span_of(word, by_its_beginning=by_its_beginning)
                        for word, by_its_beginning in search_text.parts(text, quoted=quoted)
                    ]
                    if len(spans) < 2 or not negated:
                        clauses += [Clause((span,), negated) for span in spans]
                    is_alone &= len(spans) < 2  # the terms do not know whether two words stand side by side
                case Period(name, negated=negated):
                    since, until = term.moments(self.today or timezone.now().date())
                    clauses.append(replace(clause_between(name, since, until), negated=negated))
                case Reference(number, negated=negated):
                    clauses.append(Clause((Numbered(number),), negated))
                case Property(name, values, negated) if (clause := self._clause_of(name, values)) is not None:
                    clauses.append(replace(clause, negated=clause.negated != negated))
                case _:
                    is_all = False
        clauses = [clause for clause in clauses if clause.any_of]
        if all(words.negated for words in self.query.words if words.tokens):
            clauses.append(any_term([search_index.EVERY]))
        return clauses, Rest.ANYTHING if not is_all else Rest.NOTHING if is_alone else Rest.WORDS

    def _clause_of(self, name: str, values: Sequence[str]) -> Clause | None:
        """The terms of issues with any of these values; None where there are none for them."""
        match name:
            case "status":
                return any_term(map(search_index.of_status, with_null(values)))
            case "priority":
                return any_term(map(search_index.of_priority, with_null(values)))
            case "tag":
                return any_term(map(search_index.of_tag, values))
            case "owner":
                owners = (UNASSIGNED if value == NONE else value for value in self._who(values))
                return any_term(map(search_index.of_owner, owners))
            case "by":
                return any_term(
                    search_index.of_finder(is_agent=value == "atlas")
                    if value in self.BY
                    else search_index.of_creator(value)
                    for value in self._who(values)
                )
            case "run":
                return Clause((OfRuns(tuple(values)),))
            case "session":
                return Clause((OfSessions(tuple(values)),))
            case "is" if len(values) == 1:
                return CLAUSES_OF_STATE[values[0]]
            case "has" if set(values) <= set(search_index.HAVING):
                return any_term(map(search_index.of_having, values))
            case "no" if len(values) == 1 and values[0] in search_index.HAVING:
                return replace(any_term(map(search_index.of_having, values)), negated=True)
            case "no" if set(values) <= set(TERMS_OF_NOTHING):
                return any_term(TERMS_OF_NOTHING[value] for value in values)
        return None

    def _condition(self, term: Term) -> Q:
        match term:
            case Reference(number):
                return Q(id=number)
            case Period(name):
                since, until = term.moments(self.today or timezone.now().date())
                moment = {"created": "created_at", "updated": "changed_at", "closed": "closed_at"}[name]
                condition = Q(**{f"{moment}__gte": since}) if since else Q()
                # (What happened to an issue before a moment says that it was filed before, which is where a list begins.)
                before = Q(**{f"{moment}__lt": until, "created_at__lt": until}) if until else Q()
                return condition & before
            case Property(name, values):
                if name in ("status", "priority"):
                    return any_of(name, values)
                condition = Q()
                for value in self._who(values) if name in ("owner", "by") else values:
                    condition |= has(name, value)
                return condition
        raise AssertionError(term)

    def _who(self, values: Sequence[str]) -> list[str]:
        return [self.me if value == ME else value for value in values]

    def matches_state(self, status: str | None, priority: str | None) -> bool:
        return (not self.statuses or (status or NONE) in self.statuses) and (
            not self.priorities or (priority or NONE) in self.priorities
        )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def find(wanted: IssueFilter) -> Hits:
    """The issues that match, in one statement; for filters that go by terms."""
    clauses, rest = wanted.clauses()
    told = read(wanted, clauses)
    return hits_of(wanted, told, clauses, rest)


def hits_of(wanted: IssueFilter, told: Told, clauses: Iterable[Clause], rest: Rest) -> Hits:
    """What was told of these clauses, which with the rest are what the filter says."""
    return Hits(told.blocks, told.matching(clauses), told.stale, told.noted, rest, wanted.phrases)


def read(wanted: IssueFilter, clauses: Iterable[Clause]) -> Told:
    issues = wanted.apply(Issue.objects.alive(), one_by_one=True)
    issues = issues.filter(id=RawSQL("note.issue_id", []))
    sql, parameters = issues.order_by().values_list("id").query.sql_with_params()
    return terms.read((span for clause in clauses for span in clause.spans), sql, parameters)

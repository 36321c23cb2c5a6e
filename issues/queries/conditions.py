"""What a filter asks of an issue, as conditions and clauses: values of its properties, its words, its bit among hits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Exists, F, Func, OuterRef, Q, Value, When

from ..bits import Bits
from ..looked_up import Changed, Filed
from ..models import CLOSED, IssueAttachment, IssueSession, search_index
from ..models.account import AGENT_EMAIL
from ..models.limits import UNASSIGNED
from ..models.spans import NotClosed, Span, Time
from ..search import NONE
from ..terms import Clause


def any_of(name: str, values: Sequence[str]) -> Q:
    known = [value for value in values if value != NONE]
    # `status = x` plans better than `status IN (x)` for one value.
    condition = Q(**{name: known[0]}) if len(known) == 1 else Q(**{f"{name}__in": known})
    return condition | Q(**{name: None}) if NONE in values else condition


def has(name: str, value: str) -> Q:
    """Whether an issue has this one value of a property."""
    match name, value:
        case (("status" | "priority"), _):
            return any_of(name, [value])
        case "tag", _:
            return Q(tags__overlap=[value])
        case "owner", _:
            return Q(owner=UNASSIGNED if value == NONE else value)
        case "by", "atlas":
            return Q(created_by__email=AGENT_EMAIL)
        case "by", "people":
            return ~Q(created_by__email=AGENT_EMAIL)
        case "by", _:
            return Q(created_by__email=value)
        case "run", _:
            return Q(job_run_id=value)
        case "session", _:
            return _linked(IssueSession, session__uuid=value)
        case "is", "untriaged":
            return Q(triaged_at=None)
        case "is", "closed":
            return Q(closed_at__isnull=False)
        case "is", "open":
            return Q(closed_at=None)
        case "no", ("status" | "priority"):
            return Q(**{value: None})
        case "no", "owner":
            return Q(owner=UNASSIGNED)
        case "no", "tag":
            return Q(tags=[])
        case "no", _:
            return ~has("has", value)
        case "has", "attachment":
            return Q(file_count__gt=0)
        case "has", "comment":
            return Q(comment_count__gt=0)
        case "has", "plan":
            return Q(plan_count__gt=0)
        case "has", "session":
            return _linked(IssueSession)
        case "has", _:
            return _linked(IssueAttachment, attachment__extension__in=search_index.KINDS[value])
    raise AssertionError(name)


def _linked(link: type[IssueAttachment | IssueSession], **conditions: Any) -> Q:
    return Q(Exists(link._default_manager.filter(issue=OuterRef("pk"), **conditions)))


def looked_at(tsquery: str) -> Func:
    """Whether an issue has the words, by looking at them."""
    return Func(
        Value(tsquery),
        F("id"),
        template="(SELECT words @@ %(expressions)s)",
        arg_joiner="::tsquery FROM issues_searchtext WHERE issue_id = ",
        output_field=BooleanField(),
    )


def among_hits(found: Bits) -> Any:
    """Whether an issue is one of these: by its id, or by its bit."""
    if found.by_id:
        return Func(
            F("id"),
            Value(found.as_array()),
            template="%(expressions)s::bigint[])",
            arg_joiner=" = ANY(",
            output_field=BooleanField(),
        )
    first, line = found.as_bytes()
    bit = Func(
        Value(line),
        F("id") - first,
        template="(get_bit(%(expressions)s) = 1)",
        output_field=BooleanField(),
    )
    # An issue that was filed since has a number beyond the last bit.
    return Case(When(id__gte=first, id__lt=first + 8 * len(line), then=bit), default=Value(False))


def any_term(terms: Iterable[str]) -> Clause:
    return Clause(tuple((term, term) for term in terms))


def clause_between(name: str, since: datetime | None, until: datetime | None) -> Clause:
    """What was `created`, `updated` or `closed` from one moment (UTC) on and before another.

    Of what was not created, whole days: those that have any moment of it.
    """
    if name == "created":
        return Clause((Filed(since, until),))
    if name == "updated":
        return Clause((Changed(since, until),))
    first = since.date() if since else date.min
    last = date.max
    if until:
        last = max(until, _EARLIEST).date() - timedelta(days=_is_midnight(until))
    return Clause(
        tuple(
            (search_index.of_closing(status, first), search_index.of_closing(status, last))
            for status in CLOSED
        )
    )


def clauses_of_time(time: Time) -> tuple[list[Clause], bool]:
    """What the terms say of a question about time, and whether that is all of it."""
    match time:
        case Span("created", since, until):
            return [clause_between("created", since, until)], True
        case Span("closed", since, until):
            return [clause_between("closed", since, until)], _is_midnight(since) and _is_midnight(until)
        case NotClosed(at) if _is_midnight(at):
            closed = clause_between("closed", None, at)
            return [clause_between("created", None, at), replace(closed, negated=True)], True
        case NotClosed(at):
            return [clause_between("created", None, at)], False
    return [], False


# (The first of all days has none before it; nothing was ever closed on it.)
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)


def _is_midnight(moment: datetime | None) -> bool:
    return moment is None or moment.time() == moment.time().min


_CLOSED = any_term(map(search_index.of_status, CLOSED))
CLAUSES_OF_STATE = {  # of `is:`
    "untriaged": any_term([search_index.of_untriaged()]),
    "closed": _CLOSED,
    "open": replace(_CLOSED, negated=True),
}
TERMS_OF_NOTHING = {  # of `no:`
    "status": search_index.of_status(None),
    "priority": search_index.of_priority(None),
    "owner": search_index.of_owner(UNASSIGNED),
    "tag": search_index.of_tag(None),
}


def with_null(values: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(None if value == NONE else value for value in values)

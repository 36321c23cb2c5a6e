"""Histories of any kind, for property tests: steps that a strategy draws, done by the verbs."""

import contextlib
from collections.abc import Sequence
from datetime import datetime

from issues.models import DomainError, FlowSum, Issue, User, flow, undo
from tests.factories import make_issue

Step = tuple[
    str, int, str | None, str | None, list[str], bool
]  # verb, which, status, priority, tags, by the agent


def take(step: Step, made: list[Issue], *, ada: User, atlas: User, at: datetime) -> None:
    """Do one step to one of the issues that were `made`; what it makes is added. A verb that is refused changes nothing."""
    verb, which, status, priority, tags, by_agent = step
    by = atlas if by_agent else ada
    issue = made[which % len(made)] if made else None
    if verb == "create" or issue is None:
        made.append(make_issue(by, status=status, priority=priority, tags=tags, at=at))
    elif verb == "fold":
        flow.fold()
    elif verb == "undo":
        with contextlib.suppress(DomainError):
            undo.undo(issue.events.latest("id").pk, by=by, at=at)
        issue.refresh_from_db()
    elif verb == "trash":
        issue.trash(by=by, at=at)
    elif verb == "restore":
        issue.restore(by=by, at=at)
    elif issue.deleted_at is None:
        values = {
            "status": status,
            "priority": priority,
            "tags": tags,
            "owner": ada.email,
            "title": str(which),
        }
        issue.change(by=by, at=at, **{verb: values[verb]})


def forget(models: Sequence[type]) -> None:
    """Empty these tables: hypothesis runs many examples in one test."""
    for model in models:
        model.objects.all().delete()
    if FlowSum in models:
        flow.rebuild()  # sums that were emptied behind its back are another edition

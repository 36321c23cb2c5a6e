"""One change to many issues: short transactions one after another, an event on each issue, all of one act.

Every issue is held, checked and changed as its own verb would do it: those that are so already (or are deleted) are
passed over, and nothing is overwritten that the caller did not name. A batch holds its issues in the order of their
ids and for as long as four statements take, so nobody waits long and nobody waits in a ring. If the way is cut short,
what was done is done, and the act takes back exactly that.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from . import counts, search_index
from .account import User
from .event import Event, EventKind, record_each
from .ids import uuid7
from .issue import Issue, IssueFields
from .limits import TAGS_MAX

BATCH = 500  # issues that one transaction holds
# What a change of many may set: no text that somebody wrote.
FIELDS = frozenset({"status", "priority", "owner", "tags"})


@dataclass(slots=True)
class Act:
    """What became of it: how many issues were changed, passed over, or refused."""

    id: UUID
    changed: int = 0
    passed: int = 0  # were so already, or are deleted
    refused: list[int] = field(default_factory=list)  # ids: the tags would have been too many

    @property
    def first_event(self) -> Event | None:
        return Event.objects.filter(act=self.id).order_by("issue_id").first()


@dataclass(frozen=True, slots=True)
class Step:
    """What a plan did to one issue in memory, to be written."""

    kind: EventKind
    data: dict[str, Any]
    kept: dict[str, Any] | None = None
    undoes: int | None = None


# What to do to an issue that is held: change it in memory and say what; None passes it over.
Plan = Callable[[Issue, datetime], Step | None]


def change(
    ids: Iterable[int],
    *,
    by: User,
    fields: IssueFields | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    at: datetime | None = None,
) -> Act:
    """Set these fields (of FIELDS) on many issues, and add and remove these tags."""
    fields = fields or IssueFields()
    assert FIELDS.issuperset(fields)  # noqa: S101 - a caller's mistake
    act = Act(uuid7(at or timezone.now()))

    def plan(issue: Issue, moment: datetime) -> Step | None:
        if issue.deleted_at is not None:
            return None
        wanted = fields.copy()
        if add_tags or remove_tags:
            tags = list(dict.fromkeys([*issue.tags, *add_tags]))
            wanted["tags"] = [tag for tag in tags if tag not in remove_tags]
            if len(wanted["tags"]) > TAGS_MAX:
                act.refused.append(issue.pk)
                return None
        return assign(issue, wanted, by, moment)

    _carry_out(act, ids, plan, by=by, at=at)
    act.passed -= len(act.refused)
    return act


def trash(ids: Iterable[int], *, by: User, at: datetime | None = None) -> Act:
    """Delete many issues; they can be restored for 30 days."""
    act = Act(uuid7(at or timezone.now()))
    _carry_out(act, ids, lambda issue, moment: throw_away(issue, by, moment), by=by, at=at)
    return act


# What plans are made of; undo makes its own of them, too.


def assign(
    issue: Issue, fields: IssueFields, by: User, moment: datetime, kept: dict[str, Any] | None = None
) -> Step | None:
    """As `Issue.change` does it."""
    dates = issue._dates()
    changes = issue._assign(fields)
    if not changes:
        return None
    if "status" not in changes:
        return Step(EventKind.CHANGED, changes)
    issue._follow_status(by, moment, kept)
    return Step(EventKind.CHANGED, changes, dates)


def throw_away(issue: Issue, by: User, moment: datetime) -> Step | None:
    """As `Issue.trash` does it."""
    if issue.deleted_at is not None:
        return None
    issue.deleted_at, issue.deleted_by = moment, by
    return Step(EventKind.DELETED, {})


def take_out(issue: Issue) -> Step | None:
    """As `Issue.restore` does it."""
    if issue.deleted_at is None:
        return None
    issue.deleted_at = issue.deleted_by = None
    return Step(EventKind.RESTORED, {})


def carry_out(
    ids: Iterable[int], plan: Plan, *, by: User, act: UUID, at: datetime
) -> Iterator[tuple[int, int]]:
    """Do a plan to these issues, batch by batch; after each, how many it changed and how many it passed over."""
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        changed = _batch(batch, plan, by=by, act=act, at=at)
        yield changed, len(batch) - changed


def _carry_out(act: Act, ids: Iterable[int], plan: Plan, *, by: User, at: datetime | None) -> None:
    for changed, passed in carry_out(ids, plan, by=by, act=act.id, at=at or timezone.now()):
        act.changed += changed
        act.passed += passed


def _batch(ids: Sequence[int], plan: Plan, *, by: User, act: UUID, at: datetime) -> int:
    with transaction.atomic():
        held = Issue.objects.filter(id__in=ids).order_by("id").select_for_update(no_key=True)
        moved, changed, steps = [], [], []
        for issue in held.defer("description", "resolution_summary"):
            before = issue._facts()
            step = plan(issue, at)
            if step is None:
                continue
            issue.version += 1
            issue.changed_at = at
            moved.append((before, issue._facts()))
            changed.append(issue)
            steps.append((issue.pk, step.kind, step.data, step.kept, step.undoes))
        if changed:
            _write(changed)
            counts.record_many(moved)
            search_index.note(
                (issue.pk, before, after) for issue, (before, after) in zip(changed, moved, strict=True)
            )
            record_each(steps, by=by, at=at, act=act)
        return len(changed)


# Every column that a plan may change, and its type.
_COLUMNS = {
    "id": "bigint",
    "status": "text",
    "priority": "text",
    "owner": "text",
    "tags": "text[]",
    "closed_at": "timestamptz",
    "first_closed_at": "timestamptz",
    "reopened_at": "timestamptz",
    "triaged_at": "timestamptz",
    "deleted_at": "timestamptz",
    "deleted_by_id": "bigint",
    "version": "bigint",
    "changed_at": "timestamptz",
}
_UPDATE = f"""
    UPDATE issues_issue SET {", ".join(f"{name} = new.{name}" for name in _COLUMNS if name != "id")}
    FROM jsonb_to_recordset(%s::jsonb) AS new ({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
    WHERE issues_issue.id = new.id
"""  # noqa: S608 - constants


def _write(issues: Iterable[Issue]) -> None:
    rows = [{name: getattr(issue, name) for name in _COLUMNS} for issue in issues]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [json.dumps(rows, default=_written)])


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

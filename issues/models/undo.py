"""Taking back what was done: one event, or a whole bulk act, through the same verbs that did it.

Whoever did something may take it back, and an administrator may for anybody; a comment's words and an emoji stay
their author's. Nothing is overwritten: a field goes back only while it has the value that the event left, and a thing
comes back only while it is gone because of that event. Otherwise the caller learns who changed what since. What undo
records are ordinary events that point at what they undo, so an undo can be undone.

Three kinds cannot be taken back: `session_changed`, `session_deleted` and `attachment_changed`. They happened to a
session or a file that any number of issues share; taken back in one issue, they would change in all the others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from . import bulk
from .account import User
from .bulk import Step
from .comment import Comment
from .errors import ChangedSince, DomainError, Gone, NotThere, NotYours
from .event import Event, EventKind, stamped
from .ids import uuid7
from .issue import Issue, IssueFields
from .issue_file import IssueFile

NAMED = 5  # refusals of an act that say who was in the way
LAST_HOURS = 24  # how far back "my last change" reaches; older ones are taken back by name


class CannotUndo(DomainError):
    """This event stays as it is; nothing was changed."""

    def __init__(self, event: Event) -> None:
        super().__init__(f"Event {event.pk} ({event.kind} of issue {event.issue_id}) cannot be undone.")
        self.event = event


class NotUndoable(CannotUndo):
    """Events of this kind are not taken back."""


class AlreadyUndone(CannotUndo):
    """Somebody took it back before."""


class Overtaken(CannotUndo):
    """Somebody changed the same things since: `by` maps each field to who it was."""

    def __init__(self, event: Event, by: dict[str, User]) -> None:
        super().__init__(event)
        self.by = by


class PartsAreGone(CannotUndo):
    """A file or session that would have to come back was deleted for good."""


@dataclass(slots=True)
class Undone:
    """What the undo of an act did: how many issues it took back, and which it could not."""

    act: UUID
    changed: int = 0
    refused: list[CannotUndo] = field(default_factory=list)

    @property
    def first_event(self) -> Event | None:
        return Event.objects.filter(act=self.act).order_by("issue_id").first()


def undo(event_id: int, *, by: User, at: datetime | None = None) -> Event:
    """Take back one event; the event that records it. Gone, NotYours or CannotUndo when it stays."""
    event = Event.objects.select_related("actor").filter(pk=event_id).first()
    if event is None:
        raise Gone
    _take_back(event, by=by, at=at or timezone.now())
    return event.undone_by.select_related("actor").latest("id")


def undo_act(act: UUID, *, by: User, at: datetime | None = None) -> Undone:
    """Take back every event of a bulk act that can be, as an act of its own; the others are named with their reason.

    Gone if there is no such act. It goes batch by batch, as the act did: no lock is held for the whole.
    """
    events = {event.issue_id: event for event in Event.objects.filter(act=act).select_related("actor")}
    if not events:
        raise Gone
    if not by.is_administrator and any(event.actor_id != by.pk for event in events.values()):
        raise NotYours
    moment = at or timezone.now()
    done = Undone(act=uuid7(moment))
    undone_once = set(Event.objects.filter(undoes__act=act).values_list("undoes", flat=True))

    def plan(issue: Issue, moment: datetime) -> Step | None:
        event = events[issue.pk]
        if event.pk in undone_once and is_undone(event):
            done.refused.append(AlreadyUndone(event))
            return None
        step, changed = _step_back(event, issue, by, moment)
        if step is None:
            # Whoever reads the answer reads the first few names.
            who = _who_since(event, changed) if len(done.refused) < NAMED else {}
            done.refused.append(Overtaken(event, who))
            return None
        return replace(step, undoes=event.pk)

    for changed, _ in bulk.carry_out(events, plan, by=by, act=done.act, at=moment):
        done.changed += changed
    return done


def _step_back(event: Event, issue: Issue, by: User, moment: datetime) -> tuple[Step | None, list[str]]:
    """An event of an act taken back in memory, or the fields that somebody changed since."""
    if event.kind == EventKind.DELETED:
        return (bulk.take_out(issue) if issue.deleted_at == event.created_at else None), []
    if event.kind == EventKind.RESTORED:
        return bulk.throw_away(issue, by, moment), []
    changed = [name for name, change in event.data.items() if getattr(issue, name) != change["to"]]
    if changed or issue.deleted_at is not None:
        return None, changed
    return bulk.assign(issue, _values(event.data, "from"), by, moment, event.as_kept()), []


def last_undoable(by: User) -> Event | None:
    """This person's newest change of the last day that is not taken back and is no undo itself."""
    mine = (
        Event.objects.filter(
            actor=by, undoes=None, created_at__gte=timezone.now() - timedelta(hours=LAST_HOURS)
        )
        .exclude(kind__in=NOT_UNDOABLE)
        .exclude(Q(undone_by__isnull=False) & Q(undone_by__undone_by=None))
        .order_by("-id")
    )
    before: int | None = None
    while (event := mine.filter(id__lt=before).first() if before else mine.first()) is not None:
        if event.act is None:
            if not is_undone(event):
                return event
            before = event.pk
        else:
            # An act that was taken back as far as it goes is behind us, whatever stayed of it.
            if not Event.objects.filter(undoes__act=event.act).exists():
                return event
            before = Event.objects.filter(act=event.act).aggregate(first=Min("id"))["first"]
    return None


def is_undone(event: Event) -> bool:
    """Whether the event is taken back at the moment; an undo that was itself undone does not count."""
    undone, event_id = False, event.pk
    while (
        latest := Event.objects.filter(undoes=event_id).order_by("-id").values_list("id", flat=True).first()
    ) is not None:
        undone, event_id = not undone, latest
    return undone


def _take_back(event: Event, *, by: User, at: datetime) -> None:
    """One event, through the verb that puts things back as they were before it."""
    if event.kind in NOT_UNDOABLE:
        raise NotUndoable(event)
    if event.actor_id != by.pk and not by.is_administrator:
        raise NotYours
    if is_undone(event):
        raise AlreadyUndone(event)
    try:
        with transaction.atomic(), stamped(undoes=event.pk):
            if not _HOW[EventKind(event.kind)](event, by, at):
                raise Overtaken(event, _who_since(event, ()))
    except ChangedSince as changed:
        raise Overtaken(event, _who_since(event, changed.fields)) from None
    except Gone:
        raise Overtaken(event, _who_since(event, ())) from None
    except NotThere:
        raise PartsAreGone(event) from None


def _who_since(event: Event, fields: Iterable[str]) -> dict[str, User]:
    """Who changed these fields after the event (none: whoever did something last); the newest for each."""
    later = (
        Event.objects.filter(issue=event.issue_id, id__gt=event.pk).select_related("actor").order_by("-id")
    )
    found: dict[str, User] = {}
    for name in fields:
        one = later.filter(data__has_key="to" if name == "content" else name).first()
        if one is not None:
            found[name] = one.actor
    if not fields and (last := later.exclude(kind__startswith="reacted").first()) is not None:
        found[last.kind] = last.actor
    return found


# Each kind, and how it is taken back. False or ChangedSince: things are no longer as the event left them.


def _back_to_trash(event: Event, by: User, at: datetime) -> bool:
    return _issue(event).trash(by=by, at=at)


def _back_from_trash(event: Event, by: User, at: datetime) -> bool:
    issue = _issue(event, hold=True)
    return issue.deleted_at == event.created_at and issue.restore(by=by, at=at)


def _change_back(event: Event, by: User, at: datetime) -> bool:
    before, after = _values(event.data, "from"), _values(event.data, "to")
    return _issue(event).change(by=by, at=at, expected=after, kept=event.as_kept(), **before)


def _delete_comment(event: Event, by: User, at: datetime) -> bool:
    _comment(event).trash(by=by, at=at)
    return True


def _restore_comment(event: Event, by: User, at: datetime) -> bool:
    _issue(event, hold=True)
    comment = _comment(event)
    return comment.deleted_at == event.created_at and comment.restore(by=by, at=at)


def _edit_back(event: Event, by: User, at: datetime) -> bool:
    words = event.data
    return _comment(event).edit(words["from"], expected=words["to"], by=by, kept=event.as_kept(), at=at)


def _unreact(event: Event, by: User, at: datetime) -> bool:
    if event.actor_id != by.pk:
        raise NotYours
    return _reacted_to(event).unreact(event.data["emoji"], by=by, at=at)


def _react(event: Event, by: User, at: datetime) -> bool:
    if event.actor_id != by.pk:
        raise NotYours
    return _reacted_to(event).react(event.data["emoji"], by=by, kept=event.as_kept(), at=at)


def _remove_file(event: Event, by: User, at: datetime) -> bool:
    file = IssueFile.objects.filter(issue=event.issue_id, uuid=event.data["file"]).first()
    return file is not None and file.remove(by=by, at=at)


def _return_file(event: Event, by: User, at: datetime) -> bool:
    kept = event.as_kept()
    if kept is None or IssueFile.objects.filter(uuid=event.data["file"]).exists():
        return False
    attachment = UUID(kept.pop("attachment"))
    data = event.data
    _issue(event).add_file(
        by=by, attachment=attachment, file_type=data["type"], file_name=data["name"], kept=kept, at=at
    )
    return True


def _replace_back(event: Event, by: User, at: datetime) -> bool:
    kept = event.kept or {}
    new, old = UUID(event.data["attachment"]), UUID(kept["attachment"])
    return _role(event).replace(old, by=by, expected=new, at=at)


def _untick(event: Event, by: User, at: datetime) -> bool:
    return _role(event).untick(event.data["step"], by=by, at=at)


def _tick(event: Event, by: User, at: datetime) -> bool:
    return _role(event).tick(event.data["step"], by=by, kept=event.as_kept(), at=at)


_HOW: dict[EventKind, Callable[[Event, User, datetime], bool]] = {
    EventKind.CREATED: _back_to_trash,
    EventKind.CHANGED: _change_back,
    EventKind.DELETED: _back_from_trash,
    EventKind.RESTORED: _back_to_trash,
    EventKind.COMMENTED: _delete_comment,
    EventKind.COMMENT_EDITED: _edit_back,
    EventKind.COMMENT_DELETED: _restore_comment,
    EventKind.COMMENT_RESTORED: _delete_comment,
    EventKind.REACTED: _unreact,
    EventKind.UNREACTED: _react,
    EventKind.FILE_ADDED: _remove_file,
    EventKind.FILE_REMOVED: _return_file,
    EventKind.FILE_REPLACED: _replace_back,
    EventKind.STEP_TICKED: _untick,
    EventKind.STEP_UNTICKED: _tick,
}
NOT_UNDOABLE = frozenset(EventKind) - frozenset(_HOW)


def _issue(event: Event, *, hold: bool = False) -> Issue:
    issues = Issue.objects.filter(pk=event.issue_id)
    issue = (issues.select_for_update(no_key=True) if hold else issues).first()
    if issue is None:
        raise Gone
    return issue


def _comment(event: Event) -> Comment:
    comment = Comment.objects.filter(issue=event.issue_id, uuid=event.data["comment"]).first()
    if comment is None:
        raise Gone
    return comment


def _reacted_to(event: Event) -> Comment | Issue:
    return _comment(event) if "comment" in event.data else _issue(event)


def _role(event: Event) -> IssueFile:
    file = IssueFile.objects.filter(issue=event.issue_id, uuid=event.data["file"]).first()
    if file is None:
        raise Gone
    return file


def _values(data: dict[str, Any], side: str) -> IssueFields:
    """One side of a change, as `Issue.change` takes it: links by their ids."""

    def value(name: str, change: dict[str, Any]) -> Any:
        if name in ("attachments", "sessions"):
            return [UUID(thing["id"]) for thing in change[side]]
        return change[side]

    return cast(IssueFields, {name: value(name, change) for name, change in data.items()})

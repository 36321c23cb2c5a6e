"""What was done, in the words of a toast: "FND-224 rejected", "12 issues deleted", "Undone: FND-224 rejected"."""

from collections.abc import Sequence
from typing import Any

from django.template.defaultfilters import truncatechars

from issues.models import (
    AlreadyUndone,
    CannotUndo,
    DomainError,
    Event,
    EventKind,
    IssueFields,
    NotYours,
    Overtaken,
    PartsAreGone,
    Priority,
    Status,
    User,
)
from issues.models.limits import UNASSIGNED

_NAMED = 5  # how many references a sentence lists


def said(event: Event) -> str:
    """One event in words; of a bulk act, the whole act. An undo repeats what it took back."""
    origin, times = event, 0
    while origin.undoes is not None:
        origin, times = origin.undoes, times + 1
    n = _issues_of(event)
    subject = _reference(event) if event.act is None else f"{n:,} issue{'' if n == 1 else 's'}"
    words = _done(origin, origin.data, subject, many=n > 1)
    return words if not times else f"{'Undone' if times % 2 else 'Redone'}: {words}"


def refused(error: DomainError) -> str:
    """Why something was not taken back, and that nothing was overwritten."""
    match error:
        case Overtaken(event=event, by=by) if by:
            what = " and ".join(
                f"{person.display_name} {_SINCE.get(name) or f'changed its {_label(name)}'}"
                for name, person in by.items()
            )
            return f"{_reference(event)}: {what} since. Nothing was overwritten."
        case AlreadyUndone(event=event):
            return f"{_reference(event)}: this was undone already."
        case PartsAreGone(event=event):
            return f"{_reference(event)}: a file or session that would come back was deleted for good."
        case CannotUndo(event=event):
            return f"{_reference(event)}: this cannot be undone."
        case NotYours():
            return "Only who did this may undo it. An administrator may, too, except for a comment's words."
    return "There is nothing left to undo there."


def refused_of_many(errors: Sequence[CannotUndo]) -> str:
    """The same for an act, most of which was taken back."""
    references = [_reference(error.event) for error in errors]
    listed = ", ".join(references[:_NAMED]) + (
        f" and {len(references) - _NAMED:,} more" if len(references) > _NAMED else ""
    )
    one = len(references) == 1
    return f"{listed} {'was' if one else 'were'} changed since and {'stays' if one else 'stay'} as {'it is' if one else 'they are'}."


_SINCE = {
    EventKind.DELETED: "deleted it",
    EventKind.RESTORED: "restored it",
    EventKind.COMMENT_DELETED: "deleted the comment",
    EventKind.COMMENT_RESTORED: "restored the comment",
    EventKind.FILE_REMOVED: "took the file away",
    EventKind.FILE_REPLACED: "replaced the file",
    EventKind.STEP_TICKED: "ticked a step",
    EventKind.STEP_UNTICKED: "took a tick off",
    "content": "edited the comment",
}  # fmt: skip


def _done(event: Event, data: dict[str, Any], subject: str, *, many: bool) -> str:
    match EventKind(event.kind):
        case EventKind.CREATED:
            return f"{subject} created"
        case EventKind.DELETED:
            return f"{subject} deleted"
        case EventKind.RESTORED:
            return f"{subject} restored"
        case EventKind.COMMENTED:
            return f"Comment on {subject} added"
        case EventKind.COMMENT_EDITED:
            return f"Comment on {subject} edited"
        case EventKind.COMMENT_DELETED:
            return f"Comment on {subject} deleted"
        case EventKind.COMMENT_RESTORED:
            return f"Comment on {subject} restored"
        case EventKind.REACTED:
            return f"{data['emoji']} on {subject} added"
        case EventKind.UNREACTED:
            return f"{data['emoji']} on {subject} taken back"
        case EventKind.FILE_ADDED:
            return f"{data['name']} added to {subject}"
        case EventKind.FILE_REMOVED:
            return f"{data['name']} taken away from {subject}"
        case EventKind.FILE_REPLACED:
            return f"{data['name']} of {subject} replaced"
        case EventKind.STEP_TICKED:
            return f"{_step(data)} of {subject} ticked"
        case EventKind.STEP_UNTICKED:
            return f"Tick taken off {_step(data)} of {subject}"
        case EventKind.CHANGED:
            return _changed(data, subject, many=many)
    return f"{subject} changed"


def _step(data: dict[str, Any]) -> str:
    return f"“{truncatechars(data['text'], 60)}”"


def _changed(data: dict[str, Any], subject: str, *, many: bool) -> str:
    if "status" in data:
        status = data["status"]["to"]
        if status in (Status.RESOLVED, Status.REJECTED):
            return f"{subject} {status}"
        be, have = ("are", "have") if many else ("is", "has")
        return f"{subject} {be} {Status(status).label.lower()}" if status else f"{subject} {have} no status"
    if set(data) == {"owner"}:
        owner = data["owner"]["to"]
        return f"{subject} unassigned" if owner == UNASSIGNED else f"{subject} assigned to {_name(owner)}"
    if set(data) == {"priority"}:
        priority = data["priority"]["to"]
        return (
            f"Priority of {subject} {f'set to {Priority(priority).label.lower()}' if priority else 'cleared'}"
        )
    named = [_label(name) for name in IssueFields.__annotations__ if name in data]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{listed[0].upper()}{listed[1:]} of {subject} changed"


def _name(owner: str) -> str:
    person = User.objects.filter(email=owner).first()
    return person.display_name if person else owner


def _label(name: str) -> str:
    return {"resolution_summary": "resolution", "attachments": "files"}.get(name, name)


def _issues_of(event: Event) -> int:
    """How many issues the act was about."""
    return 1 if event.act is None else Event.objects.filter(act=event.act).count()


def _reference(event: Event) -> str:
    return f"FND-{event.issue_id}"

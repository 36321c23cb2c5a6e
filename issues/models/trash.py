"""The end of the trash: what was deleted long enough ago goes for good, files included."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from .attachment import Attachment
from .comment import Comment, CommentAttachment
from .event import Event, EventKind
from .issue import Issue, IssueAttachment
from .issue_file import IssueFile
from .session import Session, SessionAttachment


@dataclass(frozen=True, slots=True)
class Purged:
    """How many of each went (or would go)."""

    issues: int
    comments: int
    sessions: int
    attachments: int


def purge(*, before: datetime, dry_run: bool = False) -> Purged:
    """Delete for good what was trashed before that moment, and every file whose last reference goes with it.

    A file that nothing ever referred to stays: somebody may be about to attach it. Issues take their comments,
    events and links along. A comment's tombstone goes too, and with it its place in the thread.
    The rows go in one transaction; the bytes on disk follow once it is committed.
    """
    issues = Issue.objects.filter(deleted_at__lt=before)
    sessions = Session.objects.filter(deleted_at__lt=before)
    comments = Comment.objects.filter(deleted_at__lt=before).exclude(issue__in=issues)
    with transaction.atomic():
        all_comments = Comment.objects.filter(issue__in=issues) | Comment.objects.filter(
            deleted_at__lt=before
        )
        referred = set(
            Attachment.objects.filter(issue_links__issue__in=issues).values_list("id", flat=True)
        ) | set(
            Attachment.objects.filter(comment_links__comment__in=all_comments).values_list("id", flat=True)
        )
        referred |= set(Attachment.objects.filter(issue_files__issue__in=issues).values_list("id", flat=True))
        referred |= set(
            Attachment.objects.filter(session_links__session__in=sessions).values_list("id", flat=True)
        )
        referred |= set(Attachment.objects.filter(uuid__in=_once_in(issues)).values_list("id", flat=True))
        gone = Purged(
            issues=issues.count(), comments=comments.count(), sessions=sessions.count(), attachments=0
        )
        comments.delete()
        sessions.delete()
        issues.delete()
        orphans = Attachment.objects.filter(id__in=referred).exclude(
            Exists(IssueAttachment.objects.filter(attachment=OuterRef("pk")))
            | Exists(CommentAttachment.objects.filter(attachment=OuterRef("pk")))
            | Exists(SessionAttachment.objects.filter(attachment=OuterRef("pk")))
            | Exists(IssueFile.objects.filter(attachment=OuterRef("pk")))
        )
        doomed = list(orphans.select_related("reading").select_for_update(of=("self",)))
        files = [
            (row.file.storage, key)
            for row in doomed
            for key in (str(row.file.name), *(row.reading.derived if hasattr(row, "reading") else ()))
        ]
        orphans.filter(id__in=referred).delete()
        if dry_run:
            transaction.set_rollback(True)
        else:
            transaction.on_commit(partial(_delete_files, files))
    return Purged(gone.issues, gone.comments, gone.sessions, len(doomed))


def _once_in(issues: QuerySet[Issue]) -> set[str]:
    """The ids of files that were taken out of these issues, or replaced: only their events still know of them."""
    events = Event.objects.filter(issue__in=issues)
    kept = events.filter(kept__has_key="attachment").values_list("kept__attachment", flat=True)
    changes = events.filter(kind=EventKind.CHANGED, data__has_key="attachments").values_list(
        "data__attachments__from", flat=True
    )
    return {*kept, *(file["id"] for files in changes for file in files)}


def _delete_files(files: Iterable[tuple[Storage, str]]) -> None:
    for storage, name in files:
        storage.delete(name)

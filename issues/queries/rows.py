"""What an issue is known by, (id, version): of one, and of a few of which each is looked at."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from ..models import Issue
from ..models.issue import IssueQuerySet
from ..models.kept_json import KEPT
from .filter import IssueFilter

Row = tuple[int, int]  # (id, version): what a fragment is known by
Read = tuple[str, Sequence[Any]]  # a SELECT of one row at most, and its parameters


def version_read(uuid: UUID, *, text: bool = False) -> Read:
    """What `version_of` asks for; with `text`, the JSON that is kept of it, too, or null."""
    if not text:
        return "SELECT id, version FROM issues_issue WHERE uuid = %s AND deleted_at IS NULL", [uuid]
    return (
        f"SELECT i.id, i.version, k.text FROM issues_issue i {KEPT} WHERE i.uuid = %s AND i.deleted_at IS NULL",  # noqa: S608 - constants
        [uuid],
    )


def version_of(uuid: UUID) -> Row | None:
    """The (id, version) of a living issue."""
    with connection.cursor() as cursor:
        cursor.execute(*version_read(uuid))
        row: Row | None = cursor.fetchone()
    return row


def matching(wanted: IssueFilter, ids: Sequence[int]) -> set[int]:
    """Which of these issues match."""
    return set(among(wanted, ids).values_list("id", flat=True))


def among(wanted: IssueFilter, ids: Sequence[int]) -> IssueQuerySet:
    """The matching ones of a few issues: each is looked at, however many others have the words."""
    return wanted.apply(Issue.objects.alive(), one_by_one=True).filter(id__in=ids)

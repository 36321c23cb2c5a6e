"""The issue: a finding in hardware test data, from the moment somebody files it to its resolution."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models, transaction
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Left, Length, Lower
from django.db.models.lookups import Exact
from django.utils import timezone

from . import counts, flow, search_index, search_text
from .account import User
from .attachment import Attachment
from .errors import ChangedSince, Conflict, Gone
from .event import EventKind, record
from .fields import JSONTextField
from .ids import uuid7
from .limits import EMOJI_MAX, OWNER_MAX, RESOLUTION_MAX, TAGS_MAX, TITLE_MAX, TITLE_ORDER, UNASSIGNED
from .session import Session

if TYPE_CHECKING:
    from .comment import Comment
    from .issue_file import IssueFile

models.TextField.register_lookup(Length)


class Status(models.TextChoices):
    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    RESOLVED = "resolved", "Resolved"
    REJECTED = "rejected", "Rejected"


CLOSED = (Status.RESOLVED, Status.REJECTED)


class Priority(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class IssueFields(TypedDict, total=False):
    """What `Issue.change` can change. The values have passed the rules in limits.py."""

    title: str
    description: str  # JSON text of an array of blocks
    status: str | None
    priority: str | None
    tags: Sequence[str]
    owner: str
    resolution_summary: str | None
    attachments: Sequence[UUID]
    sessions: Sequence[UUID]


class IssueQuerySet(models.QuerySet["Issue"]):
    """The questions one can ask about issues. All but `hold` chain."""

    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def trashed(self) -> Self:
        return self.exclude(deleted_at=None)

    def hold(self, pk: int) -> None:
        """Keep others from changing this living issue until the transaction ends. Gone if it is not there."""
        if not list(self.alive().select_for_update(no_key=True).filter(pk=pk).values_list("pk")):
            raise Gone

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-uuid")

    def untriaged(self) -> Self:
        """Filed by the agent and not yet decided on by a person, or with its status cleared."""
        return self.alive().filter(triaged_at=None)


class Issue(models.Model):
    """
    One finding.

    Fields change only through the verbs below. Each takes the actor, holds the row while it works, does nothing
    when there is nothing to do, raises the version and records one event. `at` is when it happened, for imports.
    """

    uuid = models.UUIDField(unique=True, editable=False)
    title = models.CharField(max_length=TITLE_MAX)
    description = JSONTextField(default="[]")  # the array of blocks, as it was sent
    status = models.CharField(max_length=20, choices=Status, null=True, default=Status.OPEN)  # noqa: DJ001
    priority = models.CharField(max_length=10, choices=Priority, null=True, default=Priority.LOW)  # noqa: DJ001
    tags = ArrayField(models.TextField(), default=list)
    owner = models.CharField(max_length=OWNER_MAX, default=UNASSIGNED)
    resolution_summary = models.TextField(null=True)  # noqa: DJ001 - the API tells null from ""
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    job_run_id = models.UUIDField(null=True)
    version = models.BigIntegerField(default=1)
    triaged_at = models.DateTimeField(null=True)  # when a person decided on it
    closed_at = models.DateTimeField(null=True)  # when it became resolved or rejected
    first_closed_at = models.DateTimeField(null=True)  # when it became so for the first time
    reopened_at = models.DateTimeField(null=True)  # when it was last taken up again after that
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    comment_count = models.IntegerField(default=0)  # comments that are not deleted
    file_count = models.IntegerField(default=0)  # attachments of its own
    plan_count = models.IntegerField(default=0)  # issue files: plans and the like
    priority_rank = models.GeneratedField(
        expression=Case(
            When(priority=Priority.HIGH, then=Value(0)),
            When(priority=Priority.MEDIUM, then=Value(1)),
            When(priority=Priority.LOW, then=Value(2)),
            default=Value(3),
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )

    attachments = models.ManyToManyField(Attachment, through="IssueAttachment", related_name="issues")
    sessions = models.ManyToManyField(Session, through="IssueSession", related_name="issues")

    objects = IssueQuerySet.as_manager()

    last_event_id: int | None = None  # the event that the last verb on this object recorded

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=Status.values) | Q(status=None), name="issue_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(priority__in=Priority.values) | Q(priority=None), name="issue_priority_is_known"
            ),
            models.CheckConstraint(condition=~Q(title=""), name="issue_has_a_title"),
            models.CheckConstraint(condition=~Q(owner=""), name="issue_owner_is_not_empty"),
            models.CheckConstraint(condition=Q(tags__len__lte=TAGS_MAX), name="issue_has_not_too_many_tags"),
            models.CheckConstraint(
                condition=Exact(Func(F("description"), function="json_typeof"), Value("array")),
                name="issue_description_is_an_array",
            ),
            models.CheckConstraint(
                condition=Q(resolution_summary__length__lte=RESOLUTION_MAX) | Q(resolution_summary=None),
                name="issue_resolution_is_not_too_long",
            ),
            models.CheckConstraint(
                condition=Q(status__isnull=False, status__in=CLOSED, closed_at__isnull=False)
                | (Q(closed_at=None) & (~Q(status__in=CLOSED) | Q(status=None))),
                name="issue_has_closed_at_exactly_when_closed",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None, deleted_by=None)
                | Q(deleted_at__isnull=False, deleted_by__isnull=False),
                name="issue_has_who_deleted_it_exactly_when_deleted",
            ),
            models.CheckConstraint(
                condition=Q(status__isnull=False) | Q(triaged_at=None),
                name="issue_without_status_is_untriaged",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="issue_version_counts_from_one"),
            models.CheckConstraint(
                condition=Q(comment_count__gte=0, file_count__gte=0, plan_count__gte=0),
                name="issue_counts_are_not_negative",
            ),
        )
        indexes = (
            # Newest first, and only what lives: the API's list, and deep pages by an index-only scan.
            models.Index(
                F("created_at").desc(),
                F("uuid").desc(),
                condition=Q(deleted_at=None),
                include=("id",),
                name="issue_newest",
            ),
            models.Index(
                F("status"),
                F("created_at").desc(),
                F("uuid").desc(),
                condition=Q(deleted_at=None),
                include=("id",),
                name="issue_newest_by_status",
            ),
            # A board column: priority, then last change.
            models.Index(
                F("status"),
                F("priority_rank"),
                F("changed_at").desc(),
                F("id").desc(),
                condition=Q(deleted_at=None),
                name="issue_board_column",
            ),
            models.Index(
                F("created_at").desc(),
                condition=Q(deleted_at=None, triaged_at=None),
                name="issue_untriaged",
            ),
            # The list's other orders; what is deleted is in none of them.
            models.Index(
                F("owner"),
                F("created_at").desc(),
                F("uuid").desc(),
                condition=Q(deleted_at=None),
                name="issue_newest_by_owner",
            ),
            models.Index(
                F("created_by"),
                F("created_at").desc(),
                F("uuid").desc(),
                condition=Q(deleted_at=None),
                name="issue_newest_by_creator",
            ),
            models.Index(F("changed_at"), F("id"), condition=Q(deleted_at=None), name="issue_last_changed"),
            models.Index(F("comment_count"), F("id"), condition=Q(deleted_at=None), name="issue_most_talked"),
            # (With the title itself, or PostgreSQL does not see that the index has all that it is asked for.)
            models.Index(
                Lower(Left("title", TITLE_ORDER)),
                F("id"),
                condition=Q(deleted_at=None),
                include=("title",),
                name="issue_in_title_order",
            ),
            GinIndex(fields=("tags",), name="issue_by_tag"),
            models.Index(
                fields=("job_run_id",), condition=Q(job_run_id__isnull=False), name="issue_by_job_run"
            ),
            models.Index(fields=("deleted_at",), condition=Q(deleted_at__isnull=False), name="issue_trash"),
            # What happened between two moments. A new issue is in neither index unless it is born closed or triaged.
            models.Index(
                fields=("closed_at",),
                condition=Q(deleted_at=None, closed_at__isnull=False),
                name="issue_by_closing",
            ),
            models.Index(
                fields=("triaged_at",),
                condition=Q(deleted_at=None, triaged_at__isnull=False),
                name="issue_by_triage",
            ),
        )

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return f"/{self.reference}"

    @property
    def reference(self) -> str:
        """What people call it: `FND-231`. The number is the primary key."""
        return f"FND-{self.pk}"

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The description, parsed for reading. (Numbers pass through a float here; the text itself is kept.)"""
        blocks: list[dict[str, Any]] = json.loads(self.description, parse_int=_integer)
        return blocks

    @property
    def is_untriaged(self) -> bool:
        return self.triaged_at is None

    @property
    def is_closed(self) -> bool:
        return self.status in CLOSED

    # Verbs

    @classmethod
    def create(
        cls,
        *,
        by: User,
        title: str,
        description: str = "[]",
        status: str | None = Status.OPEN,
        priority: str | None = Priority.LOW,
        tags: Sequence[str] = (),
        owner: str = UNASSIGNED,
        resolution_summary: str | None = None,
        attachments: Sequence[UUID] = (),
        sessions: Sequence[UUID] = (),
        job_run_id: UUID | None = None,
        at: datetime | None = None,
    ) -> Self:
        """File a new issue. NotThere if an attachment or session does not exist.

        A person's issue counts as triaged: they looked at it. The agent's waits for a person.
        """
        moment = at or timezone.now()
        issue = cls(
            uuid=uuid7(moment),
            title=title,
            description=description,
            status=status,
            priority=priority,
            tags=list(tags),
            owner=owner,
            resolution_summary=resolution_summary,
            created_by=by,
            created_at=moment,
            changed_at=moment,
            job_run_id=job_run_id,
            triaged_at=None if by.is_agent or status is None else moment,
            closed_at=moment if status in CLOSED else None,
            first_closed_at=moment if status in CLOSED else None,
        )
        if not (attachments or sessions):
            issue._insert()
            return issue
        with transaction.atomic():
            linked_sessions = Session.objects.locked(sessions)
            files = Attachment.objects.locked(attachments)
            issue.file_count = len(files)
            issue._insert()
            issue._link(files, linked_sessions)
            if files:
                search_text.refresh([issue.pk])
        return issue

    def change(
        self,
        *,
        by: User,
        expected_version: int | None = None,
        expected: IssueFields | None = None,
        kept: dict[str, Any] | None = None,
        at: datetime | None = None,
        **fields: Unpack[IssueFields],
    ) -> bool:
        """Set these fields; whether anything really changed. One event says what, from what, to what.

        NotThere for links to what does not exist, Conflict when the issue is not at `expected_version`, ChangedSince
        when a field is no longer as `expected`. `kept` is what an undone event kept: when it was triaged and closed.
        """
        with transaction.atomic():
            sessions = Session.objects.locked(fields["sessions"]) if "sessions" in fields else None
            files = Attachment.objects.locked(fields["attachments"]) if "attachments" in fields else None
            with self._locked(expected_version):
                self._check(expected or {})
                before, was_kept = self._facts(), self._dates()
                changes = self._assign(fields)
                if files is not None:
                    changes |= self._relink("attachments", files)
                    self.file_count = len(files)
                if sessions is not None:
                    changes |= self._relink("sessions", sessions)
                if not changes:
                    return False
                moment = at or timezone.now()
                if "status" in changes:
                    self._follow_status(by, moment, kept)
                self._raise_version(moment)
                after = self._facts()
                counts.record(before, after)
                search_index.note([(self.pk, before, after)])
                keep = was_kept if "status" in changes else None
                self._record(EventKind.CHANGED, by, moment, changes, kept=keep)
                return True

    def trash(self, *, by: User, expected_version: int | None = None, at: datetime | None = None) -> bool:
        """Delete the issue; it can be restored for 30 days. False if it was deleted already."""
        with self._locked(expected_version, trashed_too=True):
            if self.deleted_at is not None:
                return False
            before = self._facts()
            moment = at or timezone.now()
            self.deleted_at, self.deleted_by = moment, by
            self._raise_version(moment)
            counts.record(before, None)
            self._record(EventKind.DELETED, by, moment)
            return True

    def restore(self, *, by: User, at: datetime | None = None) -> bool:
        """Take the issue back out of the trash. False if it was not there."""
        with self._locked(trashed_too=True):
            if self.deleted_at is None:
                return False
            moment = at or timezone.now()
            self.deleted_at = self.deleted_by = None
            self._raise_version(moment)
            counts.record(None, self._facts())
            self._record(EventKind.RESTORED, by, moment)
            return True

    def comment(
        self, *, by: User, content: str, attachments: Sequence[UUID] = (), at: datetime | None = None
    ) -> "Comment":
        """Say something about the issue. NotThere if an attachment does not exist."""
        from .comment import Comment, CommentAttachment

        moment = at or timezone.now()
        with transaction.atomic():
            files = Attachment.objects.locked(attachments)
            with self._locked():
                comment = Comment.objects.create(
                    uuid=uuid7(moment),
                    issue=self,
                    content=content,
                    created_by=by,
                    created_at=moment,
                    updated_at=moment,
                )
                CommentAttachment.objects.bulk_create(
                    CommentAttachment(comment=comment, attachment=file) for file in files
                )
                self.comment_count += 1
                self._raise_version(moment)
                self._record(EventKind.COMMENTED, by, moment, {"comment": str(comment.uuid)})
        return comment

    def add_file(
        self,
        *,
        by: User,
        attachment: UUID,
        file_type: str,
        file_name: str | None = None,
        kept: dict[str, Any] | None = None,
        at: datetime | None = None,
    ) -> "IssueFile":
        """Give an attachment a role in the issue, such as `troubleshooting_plan`.

        `kept` is what an undone removal kept: the file comes back as the one it was.
        """
        from .issue_file import IssueFile

        moment = at or timezone.now()
        with transaction.atomic():
            [file] = Attachment.objects.locked([attachment], "attachment")
            with self._locked():
                origin = kept or {"uuid": uuid7(moment), "created_by_id": by.pk, "created_at": moment}
                issue_file = IssueFile.objects.create(
                    issue=self,
                    attachment=file,
                    file_name=file_name or file.name,
                    file_type=file_type,
                    **origin,
                )
                self.plan_count += 1
                self._raise_version(moment)
                self._record(EventKind.FILE_ADDED, by, moment, issue_file.event_data())
        return issue_file

    def react(
        self, emoji: str, *, by: User, kept: dict[str, Any] | None = None, at: datetime | None = None
    ) -> bool:
        """Put this person's emoji on the description. Again does nothing.

        `kept` is what an undone removal kept: the reaction comes back in its old place.
        """
        moment = at or timezone.now()
        with self._locked():
            _, created = self.reactions.get_or_create(
                user=by, emoji=emoji, defaults=kept or {"created_at": moment}
            )
            if created:
                self._raise_version(moment)
                self._record(EventKind.REACTED, by, moment, {"emoji": emoji})
            return created

    def unreact(self, emoji: str, *, by: User, at: datetime | None = None) -> bool:
        """Take this person's emoji off the description. Again does nothing."""
        moment = at or timezone.now()
        with self._locked():
            reaction = self.reactions.filter(user=by, emoji=emoji).first()
            if reaction is None:
                return False
            kept = {"id": reaction.pk, "created_at": reaction.created_at}
            reaction.delete()
            self._raise_version(moment)
            self._record(EventKind.UNREACTED, by, moment, {"emoji": emoji}, kept=kept)
            return True

    # How the verbs work

    @contextmanager
    def _locked(self, expected_version: int | None = None, *, trashed_too: bool = False) -> Iterator[None]:
        """Hold this row for one transaction, refreshed to its latest committed state. Gone if it is deleted."""
        with transaction.atomic():
            try:
                self.refresh_from_db(from_queryset=Issue.objects.select_for_update(no_key=True))
            except Issue.DoesNotExist:  # purged from the trash meanwhile
                raise Gone from None
            if self.deleted_at is not None and not trashed_too:
                raise Gone
            if expected_version is not None and expected_version != self.version:
                raise Conflict(self.version)
            yield

    def _check(self, expected: IssueFields) -> None:
        """ChangedSince if any of these fields has another value by now."""
        changed = []
        for field, value in expected.items():
            if field in ("attachments", "sessions"):
                links = self._links(field)
                current: Any = list(links.values_list(f"{links.model.THING}__uuid", flat=True))
            else:
                current = getattr(self, field)
            if current != value:
                changed.append(field)
        if changed:
            raise ChangedSince(changed)

    def _assign(self, fields: IssueFields) -> dict[str, dict[str, Any]]:
        changes: dict[str, dict[str, Any]] = {}
        for field, value in fields.items():
            if field in ("attachments", "sessions"):
                continue
            new: Any = list(value) if field == "tags" else value  # type: ignore[call-overload]
            old = getattr(self, field)
            if new != old:
                changes[field] = {"from": old, "to": new}
                setattr(self, field, new)
        return changes

    def _relink(
        self, field: str, things: Sequence[Attachment] | Sequence[Session]
    ) -> dict[str, dict[str, Any]]:
        """Make these the linked ones, in this order; what changed, by id and name."""
        linked: list[Any] = [
            getattr(link, link.THING)
            for link in self._links(field).select_related(self._links(field).model.THING)
        ]
        if [thing.pk for thing in linked] == [thing.pk for thing in things]:
            return {}
        self._links(field).delete()
        self._link(*((things, ()) if field == "attachments" else ((), things)))
        return {field: {"from": _named(linked), "to": _named(things)}}

    def _links(self, field: str) -> Any:
        links: Any = self.attachment_links if field == "attachments" else self.session_links
        return links.order_by("id")

    def _link(self, files: Sequence[Attachment], sessions: Sequence[Session]) -> None:
        IssueAttachment.objects.bulk_create(IssueAttachment(issue=self, attachment=file) for file in files)
        IssueSession.objects.bulk_create(IssueSession(issue=self, session=session) for session in sessions)

    def _dates(self) -> dict[str, datetime | None]:
        """When it was closed and triaged: what a change of status overwrites, and undo puts back."""
        fields = ("closed_at", "first_closed_at", "reopened_at", "triaged_at")
        return {field: getattr(self, field) for field in fields}

    def _follow_status(self, by: User, moment: datetime, kept: dict[str, Any] | None = None) -> None:
        if kept is not None:
            for field, value in kept.items():
                setattr(self, field, value)
            return
        if self.is_closed:
            self.closed_at = moment
            self.first_closed_at = self.first_closed_at or moment
        elif self.closed_at is not None:
            self.closed_at, self.reopened_at = None, moment
        if self.status is None:
            self.triaged_at = None
        elif not by.is_agent:
            self.triaged_at = self.triaged_at or moment

    def _raise_version(self, moment: datetime) -> None:
        self.version += 1
        self.changed_at = moment
        self.save()

    def _record(
        self,
        kind: EventKind,
        by: User,
        moment: datetime,
        data: dict[str, Any] | None = None,
        *,
        kept: dict[str, Any] | None = None,
    ) -> None:
        [event] = record([self.pk], kind, by=by, at=moment, data=data, kept=kept)
        self.last_event_id = event.pk

    def _facts(self) -> counts.Facts | None:
        if self.deleted_at is not None:
            return None
        return counts.Facts(
            status=self.status,
            priority=self.priority,
            owner=self.owner,
            tags=tuple(self.tags),
            created_by_id=self.created_by_id,
            created_at=self.created_at,
            triaged_at=self.triaged_at,
            closed_at=self.closed_at,
            first_closed_at=self.first_closed_at,
            reopened_at=self.reopened_at,
        )

    def _insert(self) -> None:
        """The new row, its event, its counts and its words in one statement: the agent files by the hundred.

        Through the ORM these are five statements and a transaction round them, at twice the time.
        """
        facts = self._facts()
        assert facts is not None  # noqa: S101 - it is not deleted
        groups = counts.deltas(None, facts)
        deltas = ", ".join(["(%s, %s::date, %s, %s, %s)"] * len(groups))
        inserted = connection.row(  # type: ignore[attr-defined]  # ours
            f"""
            WITH issue AS (
                INSERT INTO issues_issue (uuid, title, description, status, priority, tags, owner,
                    resolution_summary, created_by_id, created_at, changed_at, job_run_id, version,
                    triaged_at, closed_at, first_closed_at, comment_count, file_count, plan_count)
                VALUES (%s, %s, %s, %s, %s, %s::text[], %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, 0, %s, 0)
                RETURNING id
            ), event AS (
                INSERT INTO issues_event (issue_id, actor_id, kind, data, created_at)
                SELECT id, %s::bigint, 'created', '{{}}', %s::timestamptz FROM issue
                RETURNING id
            ), counted AS (
                INSERT INTO issues_countdelta (family, day, status, priority, n, folded)
                SELECT family, day, status, priority, n::bigint, false
                FROM (VALUES {deltas}) AS delta (family, day, status, priority, n)
                RETURNING id
            ), flowed AS (
                INSERT INTO issues_flowfact ({flow.COLUMNS}) VALUES ({flow.PLACEHOLDERS}) RETURNING id
            ), found_by AS (
                INSERT INTO issues_searchtext (issue_id, words) SELECT id, %s::tsvector FROM issue
            ), noted AS (
                INSERT INTO issues_searchnote (issue_id) SELECT id FROM issue
            )
            SELECT issue.id, event.id, array(SELECT id FROM counted), flowed.id FROM issue, event, flowed
            """,  # noqa: S608 - only placeholders are put together
            [
                self.uuid,
                self.title,
                self.description,
                self.status,
                self.priority,
                self.tags,
                self.owner,
                self.resolution_summary,
                self.created_by_id,
                self.created_at,
                self.changed_at,
                self.job_run_id,
                self.triaged_at,
                self.closed_at,
                self.first_closed_at,
                self.file_count,
                self.created_by_id,
                self.created_at,
                *(
                    value
                    for (family, day, status, priority), n in groups.items()
                    for value in (str(family), day, status, priority, n)
                ),
                *flow.row(1, facts),
                search_text.of_new(self.title, self.tags, self.description, self.resolution_summary),
            ],
        )
        self.id, self.last_event_id, delta_ids, fact_id = inserted
        self._state.adding = False
        self._state.db = connection.alias
        counts.fold_sometimes(delta_ids)
        flow.fold_sometimes([fact_id])
        search_index.fold_sometimes([self.last_event_id])


class IssueAttachment(models.Model):
    """A file attached to an issue; the order of ids is the order they were sent in."""

    THING = "attachment"

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="attachment_links")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="issue_links")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("issue", "attachment"), name="file_is_once_in_an_issue"),
        )

    def __str__(self) -> str:
        return f"{self.attachment} in {self.issue}"


class IssueSession(models.Model):
    """A session that an issue came out of; the order of ids is the order they were sent in."""

    THING = "session"

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="session_links")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="issue_links")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("issue", "session"), name="session_is_once_in_an_issue"),
        )

    def __str__(self) -> str:
        return f"{self.session} in {self.issue}"


class IssueReaction(models.Model):
    """One person's emoji on an issue's description."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    emoji = models.CharField(max_length=EMOJI_MAX)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("issue", "user", "emoji"), name="issue_reaction_is_once_a_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.emoji} by {self.user}"


def _named(things: Sequence[Attachment] | Sequence[Session]) -> list[dict[str, str]]:
    return [{"id": str(thing.uuid), "name": str(thing)} for thing in things]


def _integer(digits: str) -> int | float:
    # Python refuses to read integers of more than 4,300 digits; a page that shows one rounds it.
    return int(digits) if len(digits) < 300 else float(digits)

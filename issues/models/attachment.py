"""Files: telemetry, plots, reports, captures. The bytes never change; what is said about them may."""

import hashlib
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Length
from django.utils import timezone

from .account import User
from .errors import NoRoom, NotThere, is_full
from .event import EventKind, record
from .ids import uuid7
from .limits import ATTACHMENT_TEXT_MAX, EXTENSION_MAX, NAME_MAX
from .storage import all_or_nothing, note_kept

models.CharField.register_lookup(Length)


def storage_key(attachment: "Attachment", name: str) -> str:
    """The name on disk: the UUID, never anything a client sent."""
    key = attachment.uuid.hex
    return f"{key[-2:]}/{key}"


def safe_name(name: str) -> str:
    """A file's name as it is kept and shown: the last part of a path, without control and direction characters.

    What a browser or an agent sends may be a Windows path, hold line breaks, or turn its extension round.
    Unicode categories Cc (control), Cf (format, so all bidirectional marks), Cs, Zl and Zp are taken out.
    """
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")).strip()
    if len(name) > NAME_MAX:
        suffix = PurePosixPath(name).suffix[:EXTENSION_MAX]
        name = name[: NAME_MAX - len(suffix)] + suffix
    return name if name.strip(". ") else "file"


def extension(name: str) -> str:
    """`Telemetry.CSV` → `csv`; empty without one."""
    return PurePosixPath(name).suffix.lstrip(".").lower()[:EXTENSION_MAX]


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def locked(self, uuids: Iterable[UUID], field: str = "attachments") -> "list[Attachment]":
        """These attachments in the order given, held against removal until commit. NotThere if any is missing."""
        wanted = list(dict.fromkeys(uuids))
        rows = self.filter(uuid__in=wanted).order_by("id").select_for_update(of=("self",), no_key=True)
        found = {row.uuid: row for row in rows} if wanted else {}
        if missing := [uuid for uuid in wanted if uuid not in found]:
            raise NotThere(field, missing)
        return [found[uuid] for uuid in wanted]


class Attachment(models.Model):
    """One stored file."""

    uuid = models.UUIDField(unique=True, editable=False)
    name = models.CharField(max_length=NAME_MAX)
    extension = models.CharField(max_length=EXTENSION_MAX, blank=True)
    title = models.TextField(blank=True)
    description = models.TextField(blank=True)
    citation = models.TextField(blank=True)
    is_visible = models.BooleanField(default=True)  # false hides it on pages, not in the API
    source_session = models.ForeignKey(
        "issues.Session", null=True, on_delete=models.SET_NULL, related_name="uploaded"
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    file = models.FileField(upload_to=storage_key, max_length=100)
    size = models.BigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="attachment_has_a_name"),
            models.CheckConstraint(condition=Q(size__gte=0), name="attachment_size_is_not_negative"),
            models.CheckConstraint(condition=Q(sha256__length=64), name="attachment_has_a_checksum"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__length__lte": ATTACHMENT_TEXT_MAX}),
                    name=f"attachment_{field}_is_not_too_long",
                )
                for field in ("title", "description", "citation")
            ),
        )
        indexes = (
            models.Index(F("created_at").desc(), F("uuid").desc(), name="attachment_newest"),
            models.Index(F("extension"), F("created_at").desc(), name="attachment_by_type"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/file/{self.uuid}"

    @classmethod
    def store(
        cls,
        *,
        by: User,
        name: str,
        content: "File[bytes] | IO[bytes]",
        source_session: Any = None,
        title: str = "",
        description: str = "",
        citation: str = "",
        at: datetime | None = None,
    ) -> Self:
        """Keep a file: its bytes first, then its row, so that a row never lacks its bytes.

        `content` is read once; an upload that already carries its checksum is moved, not copied. NoRoom (a full
        disk) and whatever else goes wrong, here or in an `all_or_nothing` around, leave neither file nor row.
        """
        moment = at or timezone.now()
        file = content if isinstance(content, File) else File(content)
        attachment = cls(
            uuid=uuid7(moment),
            name=safe_name(name),
            extension=extension(safe_name(name)),
            title=title,
            description=description,
            citation=citation,
            source_session=source_session,
            created_by=by,
            created_at=moment,
            size=file.size,
            sha256=getattr(file, "sha256", None) or _sha256(file),
        )
        from .reading import Reading

        key = attachment.file.field.generate_filename(attachment, attachment.name)
        with all_or_nothing():
            # Before it is there: Ctrl-C comes at any moment, and waiting for the disk is the longest of them.
            note_kept(attachment.file.storage, key)
            try:
                attachment.file.save(attachment.name, file, save=False)
            except OSError as error:
                if is_full(error):
                    raise NoRoom from error
                raise
            attachment.save(force_insert=True)
            Reading.ask(attachment)
        return attachment

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """The file as a path: itself where the store is a disk, else a copy for as long. FileNotFoundError."""
        try:
            path = Path(self.file.path)
        except NotImplementedError:
            with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
                with self.file.open("rb") as source:
                    for chunk in source.chunks():
                        copy.write(chunk)
                copy.flush()
                yield Path(copy.name)
        else:
            path.stat()
            yield path

    def change(
        self,
        *,
        by: User,
        title: str | None = None,
        description: str | None = None,
        citation: str | None = None,
        is_visible: bool | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Say something else about the file; None leaves a field. Every issue that shows it gets an event."""
        wanted = {
            "title": title,
            "description": description,
            "citation": citation,
            "is_visible": is_visible,
        }
        with transaction.atomic():
            self.refresh_from_db(from_queryset=Attachment.objects.select_for_update(no_key=True))
            changes = {
                field: {"from": getattr(self, field), "to": value}
                for field, value in wanted.items()
                if value is not None and value != getattr(self, field)
            }
            if not changes:
                return False
            for field, change in changes.items():
                setattr(self, field, change["to"])
            self.save(update_fields=list(changes))
            data = {"attachment": str(self.uuid), "name": self.name, **changes}
            touch_issues(self.shown_by(), EventKind.ATTACHMENT_CHANGED, by=by, data=data, at=at)
            return True

    def shown_by(self) -> Sequence[int]:
        """The ids of all issues that show this file: directly, through a session, or in a comment."""
        from .issue import Issue

        return list(
            Issue.objects.filter(
                Q(attachment_links__attachment=self)
                | Q(session_links__session__attachment_links__attachment=self)
                | Q(comments__attachment_links__attachment=self)
            )
            .values_list("id", flat=True)
            .distinct()
        )


def touch_issues(
    issue_ids: Sequence[int],
    kind: EventKind,
    *,
    by: User,
    data: dict[str, Any],
    at: datetime | None,
    is_change: bool = True,
) -> None:
    """Raise the version of each issue and record the event on each, in the order of their ids.

    Without `is_change` it only looks different: when it was last changed stays.
    """
    from .issue import Issue

    if not issue_ids:
        return
    moment = at or timezone.now()
    held = Issue.objects.filter(id__in=issue_ids).order_by("id").select_for_update(no_key=True)
    ids = list(held.values_list("id", flat=True))
    Issue.objects.filter(id__in=ids).update(
        version=F("version") + 1, **({"changed_at": moment} if is_change else {})
    )
    record(ids, kind, by=by, at=moment, data=data)


def _sha256(file: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()

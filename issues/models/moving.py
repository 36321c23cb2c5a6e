"""Files as they lie in the stores: moved from one to the other, compared before the first copy goes; what nobody owns is swept."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files.storage import Storage, default_storage
from django.db import connection

from .attachment import Attachment
from .reading import Reading

LOCK = 464_000_001  # of PostgreSQL: only one move at a time
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A key of the store with what is known of its bytes; what we made ourselves out of a file has no checksum."""

    key: str
    size: int
    sha256: str = ""
    name: str = ""  # of the file, for people


class Damaged(Exception):
    """The bytes are not those that were stored. They stay where they are."""


@contextmanager
def the_only_move() -> Iterator[bool]:
    """Whether nobody else is moving files; nobody else does as long as this holds, or until this process ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        [claimed] = cursor.fetchone()
        try:
            yield bool(claimed)
        finally:
            if claimed:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def stored_keys(storage: Storage) -> Iterator[list[str]]:
    """Every key in the store, folder by folder: two letters, then the UUID."""
    for folder in storage.listdir("")[0]:
        if len(folder) == 2:
            yield [f"{folder}/{name}" for name in storage.listdir(folder)[1] if not name.endswith(".part")]


def known(keys: Iterable[str]) -> list[Kept]:
    """Those of the keys that belong to an attachment, files before what was made out of them."""
    wanted = set(keys)
    originals = [key for key in wanted if "." not in key]
    files = [
        Kept(key, size, sha256, name)
        for key, size, sha256, name in Attachment.objects.filter(file__in=originals).values_list(
            "file", "size", "sha256", "name"
        )
    ]
    owners = {key.partition(".")[0] for key in wanted if "." in key}
    readings = Reading.objects.filter(attachment__file__in=owners).only("prepared", "preview", "display")
    derived = [Kept(key, 0) for reading in readings for key in reading.derived if key in wanted]
    return files + derived


def move(kept: Kept, source: Storage, target: Storage) -> None:
    """One file from one store to the other. Broken off anywhere it is in one of them, or in both, and never in neither.

    Damaged when its bytes are not what was stored: then it stays where it is.
    """
    wanted = kept.sha256 or checksum(source, kept.key)
    if not (target.exists(kept.key) and checksum(target, kept.key) == wanted):
        target.delete(kept.key)
        with source.open(kept.key) as file:
            target.save(kept.key, file)
        if checksum(target, kept.key) != wanted:
            target.delete(kept.key)
            if checksum(source, kept.key) == wanted:
                raise Damaged("the copy is not what was sent")
            raise Damaged("its bytes are not what was stored")
    source.delete(kept.key)


def checksum(storage: Storage, key: str) -> str:
    """The SHA-256 of what is really in the store, read from there."""
    digest = hashlib.sha256()
    with storage.open(key) as file:
        for chunk in file.chunks(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def drop_forgotten(moved: Iterable[Kept], target: Storage) -> None:
    """Delete again what was purged while it moved: it may have arrived after the purge had looked for it."""
    keys = [kept.key for kept in moved]
    there = {kept.key for kept in known(keys)}
    for key in keys:
        if key not in there:
            target.delete(key)


def sweep(*, before: datetime, dry_run: bool = False) -> int:
    """Delete what broken uploads and killed processes left: bytes older than that without a row; how many there were.

    Young ones stay, for their row may be about to be written.
    """
    swept = 0
    for keys in stored_keys(default_storage):
        ours = {kept.key for kept in known(keys)}
        for key in keys:
            if key not in ours and default_storage.get_modified_time(key) < before:
                swept += 1
                if not dry_run:
                    default_storage.delete(key)
    for left in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        if left.stat().st_mtime < before.timestamp():
            swept += 1
            if not dry_run:
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    return swept

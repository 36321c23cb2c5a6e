"""Where the bytes of attachments live, and that none stay without their row."""

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage
from django.db import InterfaceError, OperationalError, transaction

_kept: ContextVar[list[tuple[Storage, str]] | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def all_or_nothing() -> Iterator[None]:
    """A transaction in which files are stored: if it is rolled back, their bytes go as well.

    When the commit itself breaks off, nobody knows whether it was done: then the bytes stay, for a row without its
    bytes would be a loss, and bytes without a row are swept later.
    """
    outer, kept = _kept.get(), list[tuple[Storage, str]]()
    token = _kept.set(kept)
    is_commit = False
    try:
        with transaction.atomic():
            yield
            is_commit = True
    except BaseException as error:
        if not (is_commit and isinstance(error, OperationalError | InterfaceError)):
            for storage, key in kept:
                with contextlib.suppress(OSError):
                    storage.delete(key)
        raise
    finally:
        _kept.reset(token)
    if outer is not None:
        outer += kept


def note_kept(storage: Storage, key: str) -> None:
    """Have these bytes go if the `all_or_nothing` around is rolled back."""
    kept = _kept.get()
    if kept is not None:
        kept.append((storage, key))


class EvidenceStorage(FileSystemStorage):
    """Django's file system storage, made whole-or-nothing.

    Django writes straight to the final name, so that a full disk or a broken upload leaves half a file under
    it. Here the bytes go to a temporary name beside it, reach the disk, and are renamed.
    """

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(path.name + ".part")
        try:
            uploaded = getattr(content, "temporary_file_path", None)
            if uploaded is not None:
                self._take(Path(uploaded()), temporary)
            else:
                with temporary.open("wb") as out:
                    for chunk in content.chunks():
                        out.write(chunk)
            with temporary.open("rb+") as out:
                os.fsync(out.fileno())
            temporary.chmod(0o600)
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._sync_folder(path.parent)
        return name

    def _take(self, source: Path, target: Path) -> None:
        """Move an upload that is already on disk; copy it if it lies on another file system."""
        try:
            source.rename(target)
        except OSError:
            with source.open("rb") as original, target.open("wb") as out:
                while chunk := original.read(1 << 20):
                    out.write(chunk)

    def _sync_folder(self, folder: Path) -> None:
        # A rename is on disk only when its folder is.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

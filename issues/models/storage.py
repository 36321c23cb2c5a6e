"""Where the bytes of attachments live, and that none stay without their row."""

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import InterfaceError, OperationalError, transaction

from .errors import DomainError

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
                with contextlib.suppress(OSError, DomainError):
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


class Stores(Storage):
    """Two stores as one, while files move from one to the other or have not yet: new files go to the first.

    What is not in the first is looked for in the second, so that every file can be read at every moment of a move.
    """

    def __init__(self, first: str, second: str) -> None:
        """Both by their names in STORAGES."""
        self._names = (first, second)

    @property
    def first(self) -> Storage:
        return storages[self._names[0]]

    @property
    def second(self) -> Storage:
        return storages[self._names[1]]

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        try:
            return self.first.open(name, mode)
        except FileNotFoundError:
            try:
                return self.second.open(name, mode)
            except FileNotFoundError:
                return self.first.open(name, mode)  # moved between the two looks

    def _save(self, name: str, content: Any) -> str:
        return self.first._save(name, content)  # type: ignore[attr-defined, no-any-return]  # every storage of Django has it

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # a UUID, or something of ours that is to be replaced

    def path(self, name: str) -> str:
        """Where the file lies on the disk; NotImplementedError if it is in the bucket."""
        for store in (self.first, self.second):
            if isinstance(store, FileSystemStorage) and store.exists(name):
                return store.path(name)
        raise NotImplementedError("This file is in the bucket.")

    def delete(self, name: str) -> None:
        self.second.delete(name)
        self.first.delete(name)

    def exists(self, name: str) -> bool:
        return self.first.exists(name) or self.second.exists(name)

    def size(self, name: str) -> int:
        try:
            return self.first.size(name)
        except FileNotFoundError:
            return self.second.size(name)

    def get_modified_time(self, name: str) -> datetime:
        try:
            return self.first.get_modified_time(name)
        except FileNotFoundError:
            return self.second.get_modified_time(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, files = set[str](), set[str]()
        for store in (self.first, self.second):
            with contextlib.suppress(FileNotFoundError):
                found = store.listdir(path)
                folders |= set(found[0])
                files |= set(found[1])
        return sorted(folders), sorted(files)

    def signed(self, name: str, disposition: str) -> str | None:
        """An address of the bucket for these bytes, if they are in it."""
        for store in (self.first, self.second):
            sign = getattr(store, "signed", None)
            if sign is not None and store.exists(name):
                address: str = sign(name, disposition)
                return address
        return None

"""Uploads on their way in: straight to disk, with the checksum taken as the bytes pass."""

import contextlib
import hashlib
import os
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest

from issues.models import DomainError, NoRoom, TooLarge, TooMany
from issues.models.errors import is_full
from issues.models.limits import UPLOAD_FILES_MAX

SEND_OFF = 8 * 1024 * 1024  # bytes between two words to the disk


class Checksum:
    """SHA-256 of what passes. Of a large file it is taken in a thread beside: hashing leaves the interpreter to others."""

    BESIDE = 1024 * 1024  # bytes after which a thread is worth its start
    AHEAD = 8  # chunks that may wait for it

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._bytes = 0
        self._queue: Queue[bytes | None] = Queue(self.AHEAD)
        self._thread: Thread | None = None

    def update(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._thread is None and self._bytes > self.BESIDE:
            self._thread = Thread(target=self._work, name="checksum", daemon=True)
            self._thread.start()
        if self._thread is None:
            self._hash.update(data)
        else:
            self._queue.put(data)

    def _work(self) -> None:
        while (data := self._queue.get()) is not None:
            self._hash.update(data)

    def finish(self) -> str:
        """The checksum, in hex. Nothing runs on after that, so this is for a file that broke off, too."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        return self._hash.hexdigest()


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Django's streaming handler, plus `file.sha256` (hex), so that storing need not read the file again.

    Files that may not be, or for which there is no room, are passed over; the form around them is read all the same,
    so that what somebody typed can be given back. `check_files` then says what was wrong.
    """

    chunk_size = 256 * 1024
    refusal: DomainError | None = None
    _bytes = 0  # of all files of this request
    _files = 0
    _checksum: Checksum | None = None  # of the file that is coming in
    _sent_off = 0  # bytes of it that are on their way to the disk

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, Any],  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        if content_length > settings.UPLOAD_LIMIT + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self._refuse(TooLarge(settings.UPLOAD_LIMIT))

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self._files += 1
        if self._files > UPLOAD_FILES_MAX:
            self._refuse(TooMany(UPLOAD_FILES_MAX))
        if self.refusal is None:
            self._checksum, self._sent_off = Checksum(), 0
            with self._full_is_a_refusal():
                Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)
                super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._bytes += len(raw_data)
        if self._bytes > settings.UPLOAD_LIMIT:
            self._refuse(TooLarge(settings.UPLOAD_LIMIT))
        if self.refusal is None and self._checksum is not None:
            self._checksum.update(raw_data)
            with self._full_is_a_refusal():
                super().receive_data_chunk(raw_data, start)
                self._send_off(start + len(raw_data))

    def file_complete(self, file_size: int) -> TemporaryUploadedFile | None:
        if self.refusal is None:
            with self._full_is_a_refusal():
                file = super().file_complete(file_size)
                assert isinstance(file, TemporaryUploadedFile)  # noqa: S101 - what Django's handler makes
                assert self._checksum is not None  # noqa: S101 - new_file made it
                file.sha256 = self._checksum.finish()  # type: ignore[attr-defined]  # read by Attachment.store
                return file
        return None

    def _send_off(self, written: int) -> None:
        """Have the disk begin with what is written, so that little is left to wait for when the file is whole."""
        if written - self._sent_off >= SEND_OFF and hasattr(os, "posix_fadvise"):
            # Linux takes "not needed" for what is not on the disk yet as "write it now", and keeps it in memory meanwhile.
            place = self._sent_off, written - self._sent_off
            os.posix_fadvise(self.file.fileno(), *place, os.POSIX_FADV_DONTNEED)
            self._sent_off = written

    def upload_interrupted(self) -> None:
        """Leave nothing of a file that did not arrive whole."""
        if self._checksum is not None:
            self._checksum.finish()
        # On a full disk, closing fails too; the file is unlinked all the same.
        with contextlib.suppress(OSError):
            super().upload_interrupted()

    def _refuse(self, refusal: DomainError) -> None:
        if self.refusal is None:
            self.refusal = refusal
            self.upload_interrupted()

    @contextlib.contextmanager
    def _full_is_a_refusal(self) -> Any:
        try:
            yield
        except OSError as error:
            if not is_full(error):
                raise
            self._refuse(NoRoom())


def check_files(request: HttpRequest) -> None:
    """TooLarge, TooMany or NoRoom when files of this request were passed over."""
    request.FILES  # noqa: B018 - reads the form
    for handler in request.upload_handlers:
        if isinstance(handler, HashingUploadHandler) and handler.refusal is not None:
            raise handler.refusal

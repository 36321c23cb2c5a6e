"""Uploads on their way in: straight to disk, with the checksum taken as the bytes pass."""

import contextlib
import hashlib
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest

from issues.models import DomainError, NoRoom, TooLarge, TooMany
from issues.models.errors import is_full
from issues.models.limits import UPLOAD_FILES_MAX


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Django's streaming handler, plus `file.sha256` (hex), so that storing need not read the file again.

    Files that may not be, or for which there is no room, are passed over; the form around them is read all the same,
    so that what somebody typed can be given back. `check_files` then says what was wrong.
    """

    chunk_size = 256 * 1024
    refusal: DomainError | None = None
    _bytes = 0  # of all files of this request
    _files = 0

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
            self._hash = hashlib.sha256()
            with self._full_is_a_refusal():
                Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)
                super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._bytes += len(raw_data)
        if self._bytes > settings.UPLOAD_LIMIT:
            self._refuse(TooLarge(settings.UPLOAD_LIMIT))
        if self.refusal is None:
            self._hash.update(raw_data)
            with self._full_is_a_refusal():
                super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> TemporaryUploadedFile | None:
        if self.refusal is None:
            with self._full_is_a_refusal():
                file = super().file_complete(file_size)
                assert isinstance(file, TemporaryUploadedFile)  # noqa: S101 - what Django's handler makes
                file.sha256 = self._hash.hexdigest()  # type: ignore[attr-defined]  # read by Attachment.store
                return file
        return None

    def upload_interrupted(self) -> None:
        """Leave nothing of a file that did not arrive whole."""
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

"""Uploads on their way in: straight to disk, with the checksum taken as the bytes pass."""

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Django's streaming handler, plus `file.sha256` (hex), so that storing need not read the file again."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)
        super().new_file(*args, **kwargs)
        self._hash = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._hash.update(raw_data)
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> TemporaryUploadedFile:
        file = super().file_complete(file_size)
        assert isinstance(file, TemporaryUploadedFile)  # noqa: S101 - what Django's handler makes
        file.sha256 = self._hash.hexdigest()  # type: ignore[attr-defined]  # read by Attachment.store
        return file

    def upload_interrupted(self) -> None:
        """Leave nothing of a file that did not arrive whole."""
        # On a full disk, closing fails too; the file is unlinked all the same.
        with contextlib.suppress(OSError):
            super().upload_interrupted()

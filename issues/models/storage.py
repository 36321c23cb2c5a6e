"""Where the bytes of attachments live on a local disk."""

import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


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

"""Attachments in a bucket of S3 or of whatever speaks its protocol. Imported only where a bucket is configured."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from .errors import NoRoom, StoreAway

FIRST, MOST = 64 * 1024, 8 << 20  # bytes of the first request of a stretch, and of the largest one
SIGNED_SECONDS = 60  # how long a signed address holds: it is followed at once


class BucketStorage(S3Storage):  # type: ignore[misc]  # it has no types
    """Django's storage on S3, read by ranges: whoever needs a stretch of a file asks for no more.

    Whatever goes wrong with the bucket is StoreAway, NoRoom when it is full, FileNotFoundError when there is no such key.
    An upload that breaks off leaves nothing that can be seen; its parts are the bucket's to forget.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("addressing_style", "path" if options.get("endpoint_url") else None)
        options["client_config"] = Config(
            s3={"addressing_style": options["addressing_style"]},
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "max_attempts": 3},
            max_pool_connections=32,
        )
        super().__init__(**options)
        # One client for all threads, for it takes 10 MB and is made to be shared.
        self._connections = SimpleNamespace()
        self._lock = threading.Lock()

    @property
    def connection(self) -> Any:
        with self._lock:
            return super().connection

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        state.pop("_lock", None)
        return state

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError("Objects are read here, and written whole.")
        return File(io.BufferedReader(_Object(self, name), FIRST), name)

    def _save(self, name: str, content: Any) -> str:
        with translated(name):
            kept: str = super()._save(name, content)
        return kept

    def delete(self, name: str) -> None:
        with translated(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with translated(name):
            there: bool = super().exists(name)
        return there

    def size(self, name: str) -> int:
        with translated(name):
            size: int = super().size(name)
        return size

    def get_modified_time(self, name: str) -> datetime:
        with translated(name):
            moment: datetime = super().get_modified_time(name)
        return moment

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with translated(name):
            found: tuple[list[str], list[str]] = super().listdir(name)
        return found

    def signed(self, name: str, disposition: str) -> str:
        """An address of the bucket that gives these bytes for a minute, to be saved and never to be shown."""
        with translated(name):
            address: str = self.url(
                name,
                parameters={
                    "ResponseContentDisposition": disposition,
                    "ResponseContentType": "application/octet-stream",
                },
                expire=SIGNED_SECONDS,
            )
        return address


class _Object(io.RawIOBase):
    """An object, read from wherever it is wanted: the further somebody reads on, the more is fetched at a time."""

    def __init__(self, storage: BucketStorage, name: str) -> None:
        """FileNotFoundError when it is not there."""
        super().__init__()
        self._client = storage.connection.meta.client
        self._where = {"Bucket": storage.bucket_name, "Key": storage._normalize_name(name)}
        self._name = name
        with translated(name):
            self._size: int = self._client.head_object(**self._where)["ContentLength"]
        self._at = 0
        self._begin, self._data = 0, b""  # what was fetched last, and where it begins
        self._step = FIRST

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        end = self._begin + len(self._data)
        if not self._begin <= self._at < end:
            self._step = min(MOST, 2 * self._step) if self._at == end else FIRST
            self._fetch(max(self._step, len(buffer)))
        part = self._data[self._at - self._begin :][: len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _fetch(self, size: int) -> None:
        last = min(self._size, self._at + size) - 1
        with translated(self._name):
            answer = self._client.get_object(**self._where, Range=f"bytes={self._at}-{last}")
            self._data = answer["Body"].read()
        self._begin = self._at


@contextmanager
def translated(name: str) -> Iterator[None]:
    """The bucket's troubles in our own words."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        code = error.response.get("Error", {}).get("Code", "")
        if status == 404 and code != "NoSuchBucket":
            raise FileNotFoundError(f"There is no {name} in the bucket.") from error
        raise (NoRoom() if status == 507 or "Quota" in code else StoreAway()) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreAway from error

"""What the worker does. Jobs are rows of PostgreSQL, written in the transaction that needs them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from .api.representations import keep_issues
from .evidence.reader import Reader
from .models.reading import READ_EVIDENCE, Channel, FileKind, Reading

_reader = Reader()
KEEPING = 5  # seconds a minute at most: files wait for it to be read
STALLED = 30  # seconds without a sign of life from the worker that has a job


@app.task(name=READ_EVIDENCE, queue="evidence", retry=RetryStrategy(max_attempts=3, exponential_wait=4))
def read_evidence(attachment_id: int) -> None:
    """Read a file and write down what is in it. Again gives the same; a file that is gone meanwhile is nothing to do."""
    with _own_connection():
        _read(attachment_id)


def _read(attachment_id: int) -> None:
    reading = Reading.objects.select_related("attachment__created_by").filter(pk=attachment_id).first()
    if reading is None:
        return
    attachment = reading.attachment
    reading.begin()
    with (
        tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder,
        attachment.on_disk() as path,
    ):
        progress = _every_half_second(reading, attachment.size)
        seen = _reader.look(path, attachment.extension, Path(folder), progress)
        _write_down(reading, seen, Path(folder))


def _write_down(reading: Reading, seen: dict[str, Any], folder: Path) -> None:
    kind = FileKind(seen["kind"])
    if seen["problem"]:
        reading.fail(seen["problem"], kind, seen["facts"])
        return
    drawn: dict[str, Any] = {"trace": seen["trace"]}
    key = reading.attachment.file.name or ""
    for name, suffix in (("prepared", "signal"), ("preview", "preview"), ("display", "display")):
        if (folder / name).exists():
            with (folder / name).open("rb") as file:
                drawn[name] = _keep(f"{key}.{suffix}", File(file))
    channels = [
        Channel(
            position=n, name=channel["name"], unit=channel["unit"], score=channel["score"] or 0,
            lows=channel["lows"], highs=channel["highs"],
            facts={name: channel[name] for name in ("count", "low", "low_at", "high", "high_at", "span")},
        )
        for n, channel in enumerate(seen["channels"])
    ]  # fmt: skip
    reading.finish(kind, seen["facts"], channels=channels, **drawn)


def _keep(key: str, content: "File[bytes]") -> str:
    default_storage.delete(key)  # of an attempt that was broken off
    return default_storage.save(key, content)


def _every_half_second(reading: Reading, size: int) -> Callable[[int], None]:
    last = time.monotonic()

    def progress(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.5:
            last = time.monotonic()
            reading.advance(done * 95 // max(1, size))

    return progress


@app.periodic(cron="* * * * *")
@app.task(name="retry_stalled", queue="evidence", queueing_lock="retry_stalled", pass_context=False)
def retry_stalled(timestamp: int) -> None:
    """Give the jobs of a worker that was killed to another one; say so where one failed for good."""
    with _own_connection():
        retry_abandoned(STALLED)
        give_up()


@app.periodic(cron="* * * * *")
@app.task(name="keep_json", queue="evidence", queueing_lock="keep_json", pass_context=False)
def keep_json(timestamp: int) -> None:
    """Keep what the API shows of the issues of the last minute, for processes that have not met them."""
    with _own_connection():
        keep_issues(seconds=KEEPING)


@contextmanager
def _own_connection() -> Iterator[None]:
    """Jobs run in threads that come and go: none leaves its connection behind."""
    try:
        yield
    finally:
        if not connection.in_atomic_block:
            connection.close()


def retry_abandoned(seconds: float) -> int:
    """Jobs whose worker has not been heard of for so long start again; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT job.id FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
            WHERE job.status = 'doing'
              AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %s))
            """,
            [seconds],
        )
        stalled = [job_id for (job_id,) in cursor.fetchall()]
    for job_id in stalled:
        app.job_manager.retry_job_by_id(job_id, retry_at=timezone.now())
    return len(stalled)


def give_up() -> int:
    """Say of every file whose job failed for good that it could not be read, instead of "Reading" for ever; how many.

    Its job stays in the list that `manage.py jobs` shows; tried again from there, it is read after all.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT reading.attachment_id FROM issues_reading reading
            WHERE reading.state IN ('waiting', 'reading') AND reading.attachment_id IN (
                SELECT (args->>'attachment_id')::bigint FROM procrastinate_jobs
                WHERE task_name = %(task)s AND status IN ('failed', 'todo', 'doing')
                GROUP BY 1 HAVING bool_and(status = 'failed'))
            """,
            {"task": READ_EVIDENCE},
        )
        given_up = [attachment_id for (attachment_id,) in cursor.fetchall()]
    for reading in Reading.objects.filter(pk__in=given_up).select_related("attachment__created_by"):
        reading.fail(
            "Reading it failed on the server. An administrator can have it tried again.", FileKind.OTHER, {}
        )
    return len(given_up)

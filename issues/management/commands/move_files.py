"""Moves every file from the disk to the bucket, or back, while the service goes on."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.management.base import BaseCommand, CommandError

from issues.evidence.sizes import size_in_words
from issues.models import DomainError
from issues.models.moving import Damaged, Kept, drop_forgotten, known, move, stored_keys, the_only_move

AT_ONCE = 8  # files: most of the time goes into waiting for the bucket
STORES = {"disk": "the disk", "s3": "the bucket"}
THERE = {"disk": "on the disk", "s3": "in the bucket"}


class Command(BaseCommand):
    help = (
        "Move every file to the bucket (--to s3) or to the disk (--to disk). Each is copied, read back and compared with "
        "its checksum before the old copy goes, so that it can be read at every moment. Stop it whenever you like, even "
        "with kill -9, and run it again: it goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", choices=STORES, required=True)

    def handle(self, *_: Any, to: str, **__: Any) -> None:
        if not settings.S3_BUCKET:
            raise CommandError(
                "There is one store only. Set ISSUETRACKER_S3_BUCKET, and restart the service with it."
            )
        if to != settings.STORE:
            raise CommandError(
                f"New files still go to {STORES[settings.STORE]}. Set ISSUETRACKER_STORE={to}, restart the service, then move."
            )
        with the_only_move() as is_ours:
            if not is_ours:
                raise CommandError("Files are being moved already.")
            self._run(storages["disk" if to == "s3" else "s3"], storages[to], THERE[to])

    def _run(self, source: Storage, target: Storage, where: str) -> None:
        folders = list(stored_keys(source))
        progress = _Progress(self, sum(map(len, folders)))
        problems: list[str] = []
        strangers = 0
        try:
            for keys in folders:
                ours = known(keys)
                strangers += len(keys) - len(ours)
                moved = []
                for kept, error in _move_all(ours, source, target):
                    if error is None:
                        moved.append(kept)
                    else:
                        problems.append(f"{kept.key} {kept.name}: {error}")
                    progress.tell(kept, moved=error is None)
                drop_forgotten(moved, target)
        except KeyboardInterrupt:
            raise CommandError(f"{progress.end()} Stopped: run it again to go on.", returncode=130) from None
        self.stdout.write(f"{progress.end()} All of them are {where} now, compared with their checksums." if not problems
                          else progress.end())  # fmt: skip
        if strangers:
            self.stdout.write(f"{strangers:,} that belong to no attachment were left where they are.")
        if problems:
            raise CommandError(
                "\n".join([f"{len(problems):,} could not be moved and stay where they are:", *problems])
            )


def _move_all(files: list[Kept], source: Storage, target: Storage) -> Iterator[tuple[Kept, Exception | None]]:
    """Move a few at once; each as it is done, with what was wrong with it. A file before what was made out of it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running: dict[Future[None], Kept] = {}
        try:
            for kept in files:
                running[pool.submit(move, kept, source, target)] = kept
                if len(running) >= AT_ONCE:
                    yield from _ended(running)
            while running:
                yield from _ended(running)
        finally:
            for future in running:
                future.cancel()


def _ended(running: dict[Future[None], Kept]) -> Iterator[tuple[Kept, Exception | None]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        kept, error = running.pop(future), future.exception()
        if error is not None and not isinstance(error, Damaged | DomainError | OSError):
            raise error
        yield kept, error


class _Progress:
    """A bar with what is done, how fast, and how long it will take; one line, if somebody looks."""

    def __init__(self, command: BaseCommand, total: int) -> None:
        self._out, self._total = command.stdout, total
        self._began = self._told = time.monotonic()
        self._seen = self._moved = self._bytes = 0

    def tell(self, kept: Kept, *, moved: bool) -> None:
        self._seen += 1
        if moved:
            self._moved += 1
            self._bytes += kept.size
        now = time.monotonic()
        if sys.stdout.isatty() and (now - self._told > 0.1 or self._seen == self._total):
            self._told = now
            self._out.write(f"\r{self._line(now - self._began)}\033[K", ending="")
            self._out.flush()

    def _line(self, seconds: float) -> str:
        bar = f"{'█' * (30 * self._seen // max(1, self._total)):░<30}"
        left = seconds / self._seen * (self._total - self._seen)
        speed = size_in_words(int(self._bytes / max(0.001, seconds)))
        return f"{bar} {self._seen:,} of {self._total:,} files, {size_in_words(self._bytes)}, {speed}/s, {left:,.0f} s left"

    def end(self) -> str:
        """What was done, in words."""
        if sys.stdout.isatty() and self._seen:
            self._out.write("")  # the end of the bar's line
        return f"Moved {self._moved:,} files, {size_in_words(self._bytes)}."

"""Loads the demo: a small test team's month."""

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from issues.demo.month import tell
from issues.models import Issue, all_or_nothing


class Command(BaseCommand):
    help = "Fill an empty database with a believable month of a small satellite and drone test team."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--now", help="when the month ends (ISO 8601); the same moment gives the same month"
        )

    def handle(self, *_: Any, now: str | None = None, **__: Any) -> None:
        if Issue.objects.exists():
            raise CommandError(
                "There are issues already. The demo is for an empty database, so that it is never loaded twice."
            )
        moment = timezone.now() if now is None else _moment(now)
        with all_or_nothing():
            count = tell(moment, self._progress)
        self.stdout.write(f"{count} findings.")

    def _progress(self, done: int, total: int) -> None:
        if sys.stdout.isatty() and (done % 10 == 0 or done == total):
            self.stdout.write(
                f"\r{'█' * (30 * done // total):░<30} {done} of {total} ",
                ending="\n" if done == total else "",
            )
            self.stdout.flush()


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None:
        raise CommandError("--now takes a moment such as 2026-11-24T08:00:00Z.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""Deletes for good what has been in the trash for long enough."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from issues.models import limits, rate_limit
from issues.models.moving import sweep
from issues.models.trash import purge

LEFT_DAYS = 1  # how old a file without a row must be: a younger one may get its row yet


class Command(BaseCommand):
    help = (
        "Delete for good what was deleted over 30 days ago, and the files that nothing refers to any more; "
        "and the sign-ins and counts whose time is over, and what broken uploads left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=limits.TRASH_DAYS)
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *_: Any, days: int, dry_run: bool, **__: Any) -> None:
        if days < 0:
            raise CommandError("--days counts from 0.")
        purged = purge(before=timezone.now() - timedelta(days=days), dry_run=dry_run)
        swept = sweep(before=timezone.now() - timedelta(days=LEFT_DAYS), dry_run=dry_run)
        if not dry_run:
            rate_limit.forget()
            call_command("clearsessions")
        self.stdout.write(
            f"{'Would delete' if dry_run else 'Deleted'} {purged.issues} issues, {purged.comments} comments, "
            f"{purged.sessions} sessions and {purged.attachments} files."
        )
        if swept:
            self.stdout.write(
                f"{swept} leftovers of broken uploads {'would go' if dry_run else 'went'}, too."
            )

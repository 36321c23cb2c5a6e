"""The process that works in the background: reads evidence, and whatever else is put into the queue."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app

from issues.tasks import STALLED, give_up, retry_abandoned
from issuetracker.parent import follow_parent


class Command(BaseCommand):
    help = (
        "Work off the queue until stopped. Killed at any moment, its job starts again with the next worker."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is left to do")

    def handle(self, *_: Any, once: bool, **__: Any) -> None:
        follow_parent()
        retry_abandoned(STALLED)
        give_up()
        # One job at a time: two readers of large files would fight for the memory that pages need.
        with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
            working.run_worker(wait=not once, concurrency=1, delete_jobs="successful", fetch_job_polling_interval=2.0, update_heartbeat_interval=5)  # fmt: skip

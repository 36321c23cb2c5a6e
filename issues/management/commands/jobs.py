"""For the operator: what the worker has to do, what it could not do, and another try."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


class Command(BaseCommand):
    help = "Count the jobs by state and list those that failed for good; --retry ID (or all) gives them another try."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--retry", metavar="ID", help="the number of a failed job, or all")

    def handle(self, *_: Any, retry: str | None, **__: Any) -> None:
        failed = ProcrastinateJob.objects.filter(status="failed").order_by("id")
        if retry is not None:
            if retry != "all" and not (retry.isdecimal() and failed.filter(id=int(retry)).exists()):
                raise CommandError(f"There is no failed job {retry}.")
            for job in failed if retry == "all" else failed.filter(id=int(retry)):
                app.job_manager.retry_job_by_id(job.id, retry_at=timezone.now())
                self.stdout.write(f"{job.id} {job.task_name} starts again")
            return
        for row in ProcrastinateJob.objects.values("status").annotate(n=Count("id")).order_by("status"):
            self.stdout.write(f"{row['status']}: {row['n']}")
        for job in failed[:100]:
            self.stdout.write(f"{job.id} {job.task_name} {job.args} failed after {job.attempts} tries")

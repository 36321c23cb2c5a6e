"""Counts and roll-ups, compared with the issues themselves or made anew."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from issues.models import counts, flow


class Command(BaseCommand):
    help = "Make the counts and roll-ups anew from the issues; only needed after a load that went past the verbs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether they are right")

    def handle(self, *_: Any, check: bool, **__: Any) -> None:
        began = time.monotonic()
        wrong = counts.mistakes() + flow.mistakes()
        if check and wrong:
            raise CommandError(f"{wrong:,} sums are wrong. `manage.py recount` makes them anew.")
        if not check:
            counts.rebuild()
            flow.rebuild()
        found = f"{wrong:,} sums were wrong and are made anew" if wrong else "All sums are right"
        self.stdout.write(f"{found} ({time.monotonic() - began:.1f} s).")

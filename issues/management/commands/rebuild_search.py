"""Writes the words that issues are found by anew, after a load that went past the verbs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from issues.models import search_index, search_text


class Command(BaseCommand):
    help = "Read every issue's words anew. Harmless at any time; people can go on working."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only say whether searches find what is there"
        )

    def handle(self, *_: Any, check: bool, **__: Any) -> None:
        if check:
            if wrong := search_index.mistakes():
                raise CommandError(
                    f"{wrong:,} issues are not found as they are. `manage.py rebuild_search` mends it."
                )
            self.stdout.write("Searches find what is there.")
            return
        self.stdout.write(f"{search_text.rebuild():,} issues read.")

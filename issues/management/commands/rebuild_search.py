"""Writes the words that issues are found by anew, after a load that went past the verbs."""

from typing import Any

from django.core.management.base import BaseCommand

from issues.models import search_text


class Command(BaseCommand):
    help = "Read every issue's words anew. Harmless at any time; people can go on working."

    def handle(self, *_: Any, **__: Any) -> None:
        self.stdout.write(f"{search_text.rebuild():,} issues read.")

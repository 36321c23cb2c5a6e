"""seed_demo as a command: the same moment gives the same month, and it is all or nothing."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from issues.demo import month
from issues.models import Attachment, Comment, Event, Issue, User
from tests.factories import make_issue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(month, "FINDINGS", 56)
    monkeypatch.setattr(month, "WITH_EVIDENCE", 2)


def seed(**options: str) -> list[object]:
    """Tell a short month; everything in it but the ids, which then go again."""
    with transaction.atomic():
        call_command("seed_demo", verbosity=0, stdout=io.StringIO(), **options)
        content = [
            list(
                Issue.objects.order_by("id").values_list("title", "status", "priority", "owner", "created_at")
            ),
            list(Event.objects.order_by("id").values_list("kind", "actor__email", "created_at")),
            list(Attachment.objects.order_by("id").values_list("name", "size", "sha256")),
            [
                re.sub(r"FND-\d+", "FND", text)
                for text in Comment.objects.order_by("id").values_list("content", flat=True)
            ],
        ]
        transaction.set_rollback(True)
    return content


def test_the_same_moment_tells_the_same_month():
    assert seed(now="2026-11-24T08:00:00Z") == seed(now="2026-11-24T08:00")


def test_a_database_with_issues_is_left_alone():
    make_issue()
    with pytest.raises(CommandError, match="empty database"):
        call_command("seed_demo")
    assert Issue.objects.count() == 1


def test_a_moment_that_is_none_is_refused():
    with pytest.raises(CommandError, match="2026-11-24T08:00:00Z"):
        call_command("seed_demo", now="yesterday")


def test_one_that_breaks_off_leaves_neither_rows_nor_files(monkeypatch, settings):
    def stop(*_: object) -> None:
        if Issue.objects.count() > 40:
            raise KeyboardInterrupt

    monkeypatch.setattr("issues.management.commands.seed_demo.Command._progress", stop)
    with pytest.raises(KeyboardInterrupt):
        call_command("seed_demo", now="2026-11-24T08:00:00Z")

    assert not Issue.objects.exists()
    assert not User.objects.filter(email__contains="lindqvist").exists()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]

"""A large database made in SQL is as consistent as one made by the verbs."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Q

from issues.models import Comment, Event, Issue, counts
from tests.factories import make_issue
from tests.models.test_counts import counted, recounted

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded():
    make_issue(title="There before")
    call_command("seed_scale", issues=300, comments=2, verbosity=0)


@pytest.mark.usefixtures("seeded")
class TestSeedScale:
    def test_adds_the_number_asked_for(self):
        assert Issue.objects.count() == 301
        assert 300 < Comment.objects.count() < 900

    def test_counts_agree_with_the_rows(self):
        assert counted() == recounted()
        assert sum(counts.by_state().values()) == 301

    def test_versions_agree_with_the_events(self):
        wrong = Issue.objects.annotate(n=Count("events")).exclude(version=F("n"))
        assert not wrong.exists()

    def test_comment_counts_agree_with_the_comments(self):
        wrong = Issue.objects.annotate(n=Count("comments")).exclude(comment_count=F("n"))
        assert not wrong.exists()
        assert Event.objects.filter(kind="commented").count() == Comment.objects.count()

    def test_foreign_keys_hold(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table, column, other in (
                ("issues_comment", "created_by_id", "issues_user"),
                ("issues_event", "actor_id", "issues_user"),
                ("issues_issue", "created_by_id", "issues_user"),
            ):
                cursor.execute(
                    f"SELECT count(*) FROM {table} t LEFT JOIN {other} o ON o.id = t.{column} WHERE o.id IS NULL"
                )
                assert cursor.fetchone() == (0,)

    def test_is_varied_and_within_the_rules(self):
        assert set(Issue.objects.values_list("status", flat=True)) == {
            "open", "in_progress", "resolved", "rejected", None,
        }  # fmt: skip
        assert not Issue.objects.filter(
            Q(changed_at__lt=F("created_at")) | Q(closed_at__lt=F("created_at"))
        ).exists()
        assert all(str(uuid)[14] == "7" for uuid in Issue.objects.values_list("uuid", flat=True))

    def test_verbs_work_on_it(self):
        issue = Issue.objects.latest("id")
        issue.change(by=issue.created_by, title="Changed")
        assert make_issue().pk > issue.pk


@pytest.mark.parametrize(
    "arguments", [{"issues": 0}, {"issues": 1, "comments": -1}, {"issues": 1, "seed": 2.0}]
)
def test_odd_arguments_are_refused(arguments):
    with pytest.raises(CommandError):
        call_command("seed_scale", **arguments)

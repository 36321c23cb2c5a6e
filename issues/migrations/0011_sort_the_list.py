import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

ALIVE = Q(deleted_at=None)


class Migration(migrations.Migration):
    atomic = False  # writers go on while the indexes are made

    dependencies = [
        ("issues", "0010_read_evidence"),
    ]

    operations = [
        AddIndexConcurrently(
            "issue",
            models.Index(
                F("owner"),
                F("created_at").desc(),
                F("uuid").desc(),
                condition=ALIVE,
                name="issue_newest_by_owner",
            ),
        ),
        RemoveIndexConcurrently("issue", "issue_by_owner"),
        AddIndexConcurrently(
            "issue",
            models.Index(
                F("created_by"),
                F("created_at").desc(),
                F("uuid").desc(),
                condition=ALIVE,
                name="issue_newest_by_creator",
            ),
        ),
        AddIndexConcurrently(
            "issue", models.Index(F("changed_at"), F("id"), condition=ALIVE, name="issue_last_changed")
        ),
        AddIndexConcurrently(
            "issue", models.Index(F("comment_count"), F("id"), condition=ALIVE, name="issue_most_talked")
        ),
        AddIndexConcurrently(
            "issue",
            models.Index(
                django.db.models.functions.text.Lower(django.db.models.functions.text.Left("title", 100)),
                F("id"),
                condition=ALIVE,
                name="issue_by_title",
            ),
        ),
    ]

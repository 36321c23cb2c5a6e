from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # writers go on while the indexes are made

    dependencies = [
        ("issues", "0003_let_events_be_undone"),
    ]

    operations = [
        AddIndexConcurrently("event", models.Index(fields=("actor", "id"), name="event_by_actor")),
        AddIndexConcurrently(
            "event",
            models.Index(condition=models.Q(act__isnull=False), fields=("act", "issue"), name="event_of_act"),
        ),
        AddIndexConcurrently(
            "event",
            models.Index(condition=models.Q(undoes__isnull=False), fields=("undoes",), name="event_undone"),
        ),
    ]

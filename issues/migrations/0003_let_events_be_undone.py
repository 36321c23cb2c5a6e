import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0002_count_requests_and_remember_replies"),
    ]

    operations = [
        migrations.AddField("event", "act", models.UUIDField(null=True)),
        migrations.AddField("event", "kept", models.JSONField(null=True)),
        migrations.AddField(
            "event",
            "undoes",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="undone_by",
                to="issues.event",
            ),
        ),
    ]

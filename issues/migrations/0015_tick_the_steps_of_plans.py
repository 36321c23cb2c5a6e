import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0014_save_views"),
    ]

    operations = [
        migrations.CreateModel(
            name="StepTick",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("plan", models.CharField(max_length=255)),
                ("step", models.CharField(max_length=24)),
                ("is_done", models.BooleanField()),
                ("ticked_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="event",
            name="event_kind_is_known",
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "Created"),
                    ("changed", "Changed"),
                    ("deleted", "Deleted"),
                    ("restored", "Restored"),
                    ("commented", "Commented"),
                    ("comment_edited", "Comment Edited"),
                    ("comment_deleted", "Comment Deleted"),
                    ("comment_restored", "Comment Restored"),
                    ("reacted", "Reacted"),
                    ("unreacted", "Unreacted"),
                    ("file_added", "File Added"),
                    ("file_removed", "File Removed"),
                    ("file_replaced", "File Replaced"),
                    ("step_ticked", "Step Ticked"),
                    ("step_unticked", "Step Unticked"),
                    ("session_changed", "Session Changed"),
                    ("session_deleted", "Session Deleted"),
                    ("evidence_read", "Evidence Read"),
                    ("attachment_changed", "Attachment Changed"),
                ],
                max_length=20,
            ),
        ),
        # Not checked against the events there are: that would hold the table for as long as it takes to read it.
        AddConstraintNotValid(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "created",
                            "changed",
                            "deleted",
                            "restored",
                            "commented",
                            "comment_edited",
                            "comment_deleted",
                            "comment_restored",
                            "reacted",
                            "unreacted",
                            "file_added",
                            "file_removed",
                            "file_replaced",
                            "step_ticked",
                            "step_unticked",
                            "session_changed",
                            "session_deleted",
                            "evidence_read",
                            "attachment_changed",
                        ],
                    )
                ),
                name="event_kind_is_known",
            ),
        ),
        migrations.AddField(
            model_name="steptick",
            name="issue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="ticks",
                to="issues.issue",
            ),
        ),
        migrations.AddField(
            model_name="steptick",
            name="ticked_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="steptick",
            constraint=models.UniqueConstraint(fields=("issue", "plan", "step"), name="step_is_ticked_once"),
        ),
    ]

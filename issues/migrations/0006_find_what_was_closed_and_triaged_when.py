from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # writers go on while the indexes are made

    dependencies = [
        ("issues", "0005_sum_how_issues_flow"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False), ("deleted_at", None)),
                fields=["closed_at"],
                name="issue_by_closing",
            ),
        ),
        AddIndexConcurrently(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("deleted_at", None), ("triaged_at__isnull", False)),
                fields=["triaged_at"],
                name="issue_by_triage",
            ),
        ),
    ]

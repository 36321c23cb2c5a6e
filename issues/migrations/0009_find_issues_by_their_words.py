from typing import Any

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models


def read_what_is_there(apps: Any, schema_editor: Any) -> None:
    if apps.get_model("issues", "Issue").objects.exists():
        from issues.models import search_text

        search_text.rebuild()


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0008_find_the_events_since"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchText",
            fields=[
                (
                    "issue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="issues.issue",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["words"], gin_pending_list_limit=512, name="search_words"
                    )
                ],
            },
        ),
        migrations.RunPython(read_what_is_there, migrations.RunPython.noop),
    ]

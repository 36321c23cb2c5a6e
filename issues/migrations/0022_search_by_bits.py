"""What searches read is made in blocks of 8,192 issues, each a short transaction: about two minutes for a million.

A program of the version before that still runs meanwhile tells nobody of its changes: `manage.py rebuild_search`, once
the last of it is gone, finds them.
"""

from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.search
from django.db import migrations, models


def read_what_is_there(apps: Any, schema_editor: Any) -> None:
    from issues.models import search_index, search_text

    if not apps.get_model("issues", "Issue").objects.exists():
        return
    if apps.get_model("issues", "SearchText").objects.exists():
        search_index.rebuild()
    else:
        search_text.rebuild()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("issues", "0021_pack_how_long_issues_took"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchBlock",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("oldest", models.DateTimeField()),
                ("newest", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SearchNote",
            fields=[
                ("issue_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("words", django.contrib.postgres.search.SearchVectorField(null=True)),
                (
                    "facts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), null=True, size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SearchTerm",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "term", "block", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("term", models.TextField(db_collation="C")),
                ("block", models.IntegerField()),
                ("issues", models.BinaryField()),
            ],
        ),
        migrations.RunPython(read_what_is_there, migrations.RunPython.noop),
    ]

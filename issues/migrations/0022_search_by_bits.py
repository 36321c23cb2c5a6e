# What searches read: 0027 fills it.

import django.contrib.postgres.fields
import django.contrib.postgres.search
from django.db import migrations, models


class Migration(migrations.Migration):
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
    ]

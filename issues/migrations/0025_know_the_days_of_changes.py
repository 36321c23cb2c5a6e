from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0024_have_titles_in_their_order"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "block",
                        "day",
                        "is_closed",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("block", models.IntegerField()),
                ("day", models.DateField()),
                ("is_closed", models.BooleanField()),
                ("issues", models.BinaryField()),
            ],
        ),
    ]

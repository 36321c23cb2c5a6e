# It made what searches read anew, which 0027 does for this, too.

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0025_know_the_days_of_changes"),
    ]

    operations = []

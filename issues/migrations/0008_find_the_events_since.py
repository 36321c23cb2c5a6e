from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # made beside running writes

    dependencies = [("issues", "0007_name_the_transaction_of_an_event")]

    operations = [
        AddIndexConcurrently(
            model_name="event", index=models.Index(fields=["xid", "id"], name="event_since")
        ),
    ]

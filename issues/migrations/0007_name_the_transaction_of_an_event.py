from django.db import migrations, models
from django.db.models.functions import Cast


class Migration(migrations.Migration):
    """The default is worked out once, so that the events that are there are not written anew."""

    dependencies = [("issues", "0006_find_what_was_closed_and_triaged_when")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="xid",
            field=models.BigIntegerField(
                db_default=Cast(
                    Cast(models.Func(function="pg_current_xact_id"), models.TextField()),
                    models.BigIntegerField(),
                )
            ),
        ),
    ]

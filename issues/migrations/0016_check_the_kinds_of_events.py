from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """In a transaction of its own: it reads the events while they are written."""

    dependencies = [("issues", "0015_tick_the_steps_of_plans")]

    operations = [ValidateConstraint(model_name="event", name="event_kind_is_known")]

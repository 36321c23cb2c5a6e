from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

CLOSED = ("resolved", "rejected")


class Migration(migrations.Migration):
    """An issue without a status could be closed: `status IN (…)` is neither true nor false for null, which passes."""

    atomic = False  # the rows are looked at without a lock on the table

    dependencies = [("issues", "0018_react_to_descriptions")]

    operations = [
        migrations.RemoveConstraint(model_name="issue", name="issue_has_closed_at_exactly_when_closed"),
        AddConstraintNotValid(
            model_name="issue",
            constraint=models.CheckConstraint(
                condition=Q(status__isnull=False, status__in=CLOSED, closed_at__isnull=False)
                | (Q(closed_at=None) & (~Q(status__in=CLOSED) | Q(status=None))),
                name="issue_has_closed_at_exactly_when_closed",
            ),
        ),
        ValidateConstraint(model_name="issue", name="issue_has_closed_at_exactly_when_closed"),
    ]

# The weeks' histograms of how long issues took become one number each. A server from before this one writes lists again, which are read
# beside the numbers until `manage.py recount` or the next rebuild. A million issues take about 10 seconds, in which nobody folds.

from django.db import migrations, models

import issues.models.fields

PLACE = "CASE WHEN detail < 120 THEN detail WHEN detail < 2880 THEN 118 + detail / 60 WHEN detail < 14400 THEN 146 + detail / 144 ELSE 236 + least(detail / 1440, 9000) END"
FILL = f"""
    SELECT pg_advisory_xact_lock(4607558);

    INSERT INTO issues_flowwaits (owner, tag, measure, slot, by_agent, histogram)
    SELECT owner, tag, measure, slot, by_agent, sum((n || repeat('00000000', {PLACE}))::numeric)
    FROM issues_flowsum, unnest(details, ns) AS one (detail, n)
    WHERE NOT at_border AND measure IN ('resolve', 'triage') GROUP BY 1, 2, 3, 4, 5;

    DELETE FROM issues_flowsum WHERE NOT at_border AND measure IN ('resolve', 'triage');
"""  # noqa: S608 - constants
MEASURES = [
    ("resolve", "Resolved, by week (detail: minutes it took, rounded down)"),
    ("triage", "Atlas's, by the week of the triage (detail: minutes it took, rounded down)"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0020_order_how_issues_flow"),
    ]

    operations = [
        migrations.CreateModel(
            name="FlowWaits",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "owner", "tag", "measure", "slot", "by_agent",
                        blank=True, editable=False, primary_key=True, serialize=False,
                    ),
                ),
                ("owner", models.TextField()),
                ("tag", models.TextField()),
                ("measure", models.CharField(choices=MEASURES, max_length=10)),
                ("slot", models.DateTimeField()),
                ("by_agent", models.BooleanField()),
                ("histogram", issues.models.fields.WholeNumberField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("measure__in", ("resolve", "triage"))), name="flow_wait_is_known"
                    )
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]  # fmt: skip

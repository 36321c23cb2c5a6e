# Readers of the sums wait for this one; writers do not. A million issues take about a minute.

import django.contrib.postgres.fields
from django.db import migrations, models

KEY = "owner, tag, measure, at_border, slot, by_agent"
STATUS = "CASE i.status WHEN 'open' THEN 1 WHEN 'in_progress' THEN 2 WHEN 'resolved' THEN 3 WHEN 'rejected' THEN 4 ELSE 0 END"
PRIORITY = "CASE i.priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 0 END"
BEGAN = "date_trunc(m.unit, m.moment, 'UTC')"
NEXT = "date_trunc(m.unit, m.moment + interval '840 minutes', 'UTC')"
BETWEEN = ", ".join(
    f"coalesce(array_agg({one}) FILTER (WHERE n <> 0), '{{}}')" for one in ("quarter", "detail", "n")
)


def took(until: str) -> str:
    """Minutes rounded down: to hours from two hours on, tenths of days from two days, days from ten."""
    minutes = f"greatest(0, floor(date_part('epoch', {until} - i.created_at) / 60))::int"
    units = f"WHEN {minutes} < 120 THEN 1 WHEN {minutes} < 2880 THEN 60 WHEN {minutes} < 14400 THEN 144"
    return f"{minutes} - mod({minutes}, CASE {units} ELSE 1440 END)"


FILL = f"""
    SELECT pg_advisory_xact_lock(4607558);  -- nobody folds meanwhile

    -- One statement, one snapshot: a change is in the issues counted and its facts are gone, or neither is so.
    WITH gone AS (DELETE FROM issues_flowfact)
    INSERT INTO issues_flowsum ({KEY}, quarters, details, ns)
    SELECT {KEY}, {BETWEEN} FROM (
        SELECT s.owner, s.tag, m.measure, at_border, slots.slot, u.is_agent AS by_agent,
            CASE WHEN at_border THEN floor(date_part('epoch', m.moment - slots.slot) / 900)::int ELSE 0 END AS quarter,
            m.detail, count(*) AS n
        FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id, LATERAL (
            SELECT 'state' AS measure, NULL AS unit, timestamptz 'epoch' AS moment, 4 * {STATUS} + {PRIORITY} AS detail
            UNION ALL SELECT 'open', 'day', i.created_at, {PRIORITY} WHERE i.closed_at IS NULL
            UNION ALL SELECT 'created', 'week', i.created_at, 0
            UNION ALL SELECT 'closed', 'week', i.closed_at, {STATUS} WHERE i.closed_at IS NOT NULL
            UNION ALL SELECT 'first', 'week', i.first_closed_at, (i.reopened_at IS NOT NULL)::int
                WHERE i.first_closed_at IS NOT NULL
            UNION ALL SELECT 'resolve', 'week', i.closed_at, {took("i.closed_at")} WHERE i.status = 'resolved'
            UNION ALL SELECT 'triage', 'week', i.triaged_at, {took("i.triaged_at")}
                WHERE u.is_agent AND i.triaged_at IS NOT NULL
        ) AS m, LATERAL (
            SELECT false AS at_border, coalesce({BEGAN}, m.moment) AS slot
            UNION ALL SELECT true, {NEXT} WHERE m.moment < {NEXT} + interval '720 minutes'
            UNION ALL SELECT true, {BEGAN}
                WHERE m.unit = 'day' AND {BEGAN} <> {NEXT} AND m.moment < {BEGAN} + interval '720 minutes'
        ) AS slots, LATERAL (
            SELECT '' AS owner, '' AS tag UNION ALL SELECT i.owner, ''
            UNION ALL SELECT '', tag FROM unnest(i.tags) AS tag
            UNION ALL SELECT i.owner, tag FROM unnest(i.tags) AS tag
        ) s
        WHERE i.deleted_at IS NULL
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ) counted GROUP BY {KEY};

    INSERT INTO issues_flowedition (id, name) VALUES (1, gen_random_uuid());
    ANALYZE issues_flowsum;
"""  # noqa: S608 - constants

MEASURES = [
    ("state", "Issues as they are (slot: the epoch; detail: 4 × status + priority)"),
    ("open", "Not closed, by the day they were created on (detail: priority)"),
    ("created", "Created, by week (detail: 0)"),
    ("closed", "Closed and still closed, by week (detail: status)"),
    ("first", "Closed for the first time, by week (detail: 1 if reopened since)"),
    ("resolve", "Resolved, by week (detail: minutes it took, rounded down)"),
    ("triage", "Atlas's, by the week of the triage (detail: minutes it took, rounded down)"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0016_check_the_kinds_of_events"),
    ]

    operations = [
        migrations.DeleteModel(name="FlowSum"),
        migrations.CreateModel(
            name="FlowSum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "owner",
                        "tag",
                        "measure",
                        "at_border",
                        "slot",
                        "by_agent",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("owner", models.TextField()),
                ("tag", models.TextField()),
                ("measure", models.CharField(choices=MEASURES, max_length=10)),
                ("at_border", models.BooleanField()),
                ("slot", models.DateTimeField()),
                ("by_agent", models.BooleanField()),
                (
                    "quarters",
                    django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField()),
                ),
                ("details", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField())),
                ("ns", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField())),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("measure", "state")),
                        fields=["owner", "tag"],
                        name="flow_tags_of_owner",
                    ),
                    models.Index(
                        condition=models.Q(("measure", "state")),
                        fields=["tag", "owner"],
                        name="flow_owners_of_tag",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("measure__in", [measure for measure, _ in MEASURES])),
                        name="flow_measure_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FlowEdition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.UUIDField()),
            ],
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]

# `manage.py recount` after this one makes sums of the facts at once; a writer does it sooner or later.

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0004_find_events_to_undo"),
    ]

    operations = [
        migrations.CreateModel(
            name="FlowFact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("n", models.SmallIntegerField()),
                ("owner", models.TextField()),
                ("tags", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("by_agent", models.BooleanField()),
                ("status", models.TextField(null=True)),
                ("priority", models.TextField(null=True)),
                ("created_at", models.DateTimeField()),
                ("triaged_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("first_closed_at", models.DateTimeField(null=True)),
                ("reopened_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="FlowSum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "owner",
                        "tag",
                        "measure",
                        "slot",
                        "by_agent",
                        "detail",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("owner", models.TextField()),
                ("tag", models.TextField()),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("state", "Issues as they are (slot: the epoch; detail: 4 × status + priority)"),
                            ("open", "Not closed, by the day (UTC) they were created on (detail: priority)"),
                            ("created", "Created (detail: 0)"),
                            ("closed", "Closed and still closed (detail: status)"),
                            ("first", "Closed for the first time (detail: 1 if reopened since)"),
                            (
                                "resolve",
                                "Resolved, by the week (UTC) of that (detail: minutes it took, rounded down)",
                            ),
                            (
                                "triage",
                                "Atlas's, by the week (UTC) of the triage (detail: minutes it took, rounded down)",
                            ),
                        ],
                        max_length=10,
                    ),
                ),
                ("slot", models.DateTimeField()),
                ("by_agent", models.BooleanField()),
                ("detail", models.IntegerField()),
                ("n", models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="issue",
            name="first_closed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="issue",
            name="reopened_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="flowsum",
            index=models.Index(
                condition=models.Q(("measure", "state")), fields=["owner", "tag"], name="flow_tags_of_owner"
            ),
        ),
        migrations.AddIndex(
            model_name="flowsum",
            index=models.Index(
                condition=models.Q(("measure", "state")), fields=["tag", "owner"], name="flow_owners_of_tag"
            ),
        ),
        migrations.AddConstraint(
            model_name="flowsum",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("measure__in", ["state", "open", "created", "closed", "first", "resolve", "triage"])
                ),
                name="flow_measure_is_known",
            ),
        ),
        migrations.RunSQL(
            """
            UPDATE issues_issue i SET first_closed_at = found.first_closed_at, reopened_at = found.reopened_at
            FROM (
                SELECT i.id,
                    CASE
                        WHEN (array_agg(e.data->'status'->>'from' ORDER BY e.id)
                              FILTER (WHERE e.data ? 'status'))[1] IN ('resolved', 'rejected') THEN i.created_at
                        ELSE coalesce(min(e.created_at) FILTER (
                            WHERE e.data->'status'->>'to' IN ('resolved', 'rejected')), i.closed_at)
                    END AS first_closed_at,
                    max(e.created_at) FILTER (
                        WHERE e.data->'status'->>'from' IN ('resolved', 'rejected')
                          AND coalesce(e.data->'status'->>'to', '') NOT IN ('resolved', 'rejected')) AS reopened_at
                FROM issues_issue i LEFT JOIN issues_event e ON e.issue_id = i.id AND e.kind = 'changed'
                GROUP BY i.id
            ) found
            WHERE found.id = i.id AND (found.first_closed_at IS NOT NULL OR found.reopened_at IS NOT NULL);

            INSERT INTO issues_flowfact (n, owner, tags, by_agent, status, priority, created_at, triaged_at, closed_at,
                first_closed_at, reopened_at)
            SELECT 1, i.owner, i.tags, u.is_agent, i.status, i.priority, i.created_at, i.triaged_at, i.closed_at,
                i.first_closed_at, i.reopened_at
            FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id WHERE i.deleted_at IS NULL;
            """,
            migrations.RunSQL.noop,
        ),
    ]

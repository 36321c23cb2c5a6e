# Readers find their part of a list at a border by its order. A server from before this one folds without any: restart it, or
# let `manage.py recount` make the sums anew. A million issues take about 20 seconds, in which nobody folds and all read and write.

from django.db import migrations

KEY = "owner, tag, measure, at_border, slot, by_agent"
IN_ORDER = ", ".join(
    f"array_agg({one} ORDER BY quarter, detail) AS {one}s" for one in ("quarter", "detail", "n")
)
ORDER = f"""
    SELECT pg_advisory_xact_lock(4607558);

    UPDATE issues_flowsum s SET quarters = o.quarters, details = o.details, ns = o.ns FROM (
        SELECT {KEY}, {IN_ORDER} FROM issues_flowsum, unnest(quarters, details, ns) AS one (quarter, detail, n)
        WHERE at_border GROUP BY {KEY}
    ) o WHERE (s.owner, s.tag, s.measure, s.at_border, s.slot, s.by_agent) = (o.owner, o.tag, o.measure, o.at_border, o.slot, o.by_agent);
"""  # noqa: S608 - constants


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0019_close_no_issue_without_a_status"),
    ]

    operations = [migrations.RunSQL(ORDER, migrations.RunSQL.noop)]

"""What searches read is made anew in blocks of 8,192 issues, each a short transaction: about two minutes for a million.

A program of a version before that still runs meanwhile tells nobody of some changes: `manage.py rebuild_search`, once the
last of it is gone, finds them.
"""

from typing import Any

from django.db import migrations


def read_what_is_there(apps: Any, schema_editor: Any) -> None:
    from issues.models import search_index, search_text

    if not apps.get_model("issues", "Issue").objects.exists():
        return
    if apps.get_model("issues", "SearchText").objects.exists():
        search_index.rebuild()
    else:
        search_text.rebuild()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("issues", "0026_read_the_days_of_changes"),
    ]

    operations = [migrations.RunPython(read_what_is_there, migrations.RunPython.noop)]

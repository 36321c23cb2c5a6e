"""What gunicorn's parent loads for its workers: everything, and nothing that they must not share."""

import json
import os
import subprocess
import sys

from issuetracker.database import PROJECT

# As gunicorn does it: its configuration first, then the application.
PARENT = """
import issuetracker.gunicorn, issuetracker.wsgi
import gc, json, os, sys, threading
from django.db import connections
files = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")]
print(json.dumps({
    "threads": threading.active_count(),
    "sockets": [name for name in files if name.startswith("socket:")],
    "connections": [one.alias for one in connections.all(initialized_only=True) if one.connection],
    "pages": "issues.pages.board" in sys.modules,
    "looks for garbage": gc.isenabled(),
    "kept apart": gc.get_freeze_count() > 100_000,
}))
"""


def test_the_parent_loads_the_pages_and_opens_nothing():
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing", "ISSUETRACKER_LOCAL": "1"}
    environment = os.environ | nowhere | {"DJANGO_SETTINGS_MODULE": "issuetracker.settings"}
    told = subprocess.run(
        [sys.executable, "-c", PARENT], cwd=PROJECT, env=environment, capture_output=True, text=True
    )

    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == {
        "threads": 1,
        "sockets": [],
        "connections": [],
        "pages": True,
        "looks for garbage": True,
        "kept apart": True,
    }

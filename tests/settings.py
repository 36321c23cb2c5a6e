"""The project's own settings in local mode, on data of the tests' own. Django reads them before any conftest."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
os.environ.setdefault("ISSUETRACKER_LOCAL", "1")
os.environ.setdefault("ISSUETRACKER_DATA_DIR", str(PROJECT / "var" / "test"))

from issuetracker.settings import *  # noqa: E402, F403 - the environment has to be there first

INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]  # noqa: F405 - looks for N+1 queries where a test asks it to
# A real hash takes 0.2 s by design; the tests that are about its slowness ask for it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Nobody pulls the plug on a test's own rows. Services that tests start, and the drills, wait for the disk as shipped.
options = DATABASES["default"]["OPTIONS"]  # noqa: F405
options["options"] = f"{options.get('options', '')} -c synchronous_commit=off".strip()

"""What gunicorn runs: `issuetracker.wsgi:application`."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "issuetracker.settings")
django.setup(set_prefix=False)

from issues.api.wsgi import Application  # noqa: E402 - its settings have to be there first
from issuetracker import urls  # noqa: E402, F401 - pages are loaded before the workers part

application = Application()
gc.freeze()  # what came after the apps were ready, too

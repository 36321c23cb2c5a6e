#!/usr/bin/env python
"""The operator's door to the project: `python manage.py help` lists the verbs."""

import gc
import os
import signal
import sys


def main() -> None:
    gc.disable()  # until everything is loaded (issues/apps.py)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "issuetracker.settings")
    from django.core.management import execute_from_command_line

    # Being told to stop is Ctrl-C by another way: what was begun is taken back, and PostgreSQL stops with its last user.
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) == signal.SIG_DFL:
            signal.signal(name, signal.default_int_handler)
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

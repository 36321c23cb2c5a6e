"""gunicorn's configuration: `gunicorn -c python:issuetracker.gunicorn issuetracker.wsgi`."""

import gc
import os
from typing import Any

from issuetracker.parent import follow_parent

gc.disable()  # until everything is loaded (issues/apps.py)

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "issuetracker.worker.PatientWorker"
# The parent loads everything once and opens nothing; workers, new ones too, are there at once and share its memory. New code
# comes with a new parent (a restart, or USR2): HUP starts new workers of the old one.
preload_app = True
threads = 8  # each holds its own database connection
# Without a cap one worker accepts every connection and the others have nothing to do.
worker_connections = 256
keepalive = 30  # seconds; an idle connection costs no thread
timeout = 60  # seconds without a sign of life from a worker
graceful_timeout = 8  # seconds for running requests at the end
max_requests = 100_000  # a worker starts afresh now and then, whatever may have leaked
max_requests_jitter = 10_000
limit_request_line = 8190
limit_request_fields = 64
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - heartbeats belong in memory
control_socket_disable = True
accesslog = None  # addresses may hold signatures; a proxy in front logs what it needs
loglevel = "warning"


def on_starting(server: Any) -> None:
    """Under `manage.py run`: go when it goes."""
    follow_parent()

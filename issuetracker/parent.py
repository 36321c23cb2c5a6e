"""What `manage.py run` starts goes when it goes, also when it is killed, so that nothing keeps the port or a job."""

import ctypes
import os
import signal


def follow_parent() -> None:
    """Have the kernel send SIGTERM when the process named in ISSUETRACKER_RUN_PID ends; without it nothing happens."""
    parent = os.environ.get("ISSUETRACKER_RUN_PID")
    if parent:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != int(parent):  # it went before we could ask
            os.kill(os.getpid(), signal.SIGTERM)

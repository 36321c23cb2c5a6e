"""Pictures of pages as a person sees them, from your own running copy: what README shows."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
KINDS = {"light": ("1440,900", ()), "dark": ("1440,900", DARK), "phone": ("390,844", ())}
START_TIMEOUT = 180  # seconds; the first start makes a database and loads the demo data
SHOT_TIMEOUT = 60  # seconds


class Command(BaseCommand):
    help = "Take pictures of pages (light, dark, phone) with this machine's Chromium. Starts your own copy if it does not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pages", nargs="*", default=["/"], help="paths such as / or /FND-12")
        parser.add_argument("--to", type=Path, default=settings.DATA_DIR / "screenshots", help="the folder")

    def handle(self, *_: Any, pages: list[str], to: Path, **__: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("This is for local mode: set ISSUETRACKER_LOCAL=1.")
        browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
        if browser is None:
            raise CommandError(
                "There is no Chromium here: apt-get install chromium-headless-shell fonts-noto-color-emoji"
            )
        to.mkdir(parents=True, exist_ok=True)
        with self._running_copy() as address:
            for page in pages:
                for kind, (size, arguments) in KINDS.items():
                    picture = to / f"{_name(page)}-{kind}.png"
                    _shoot(browser, address + page, picture, size, arguments)
                    self.stdout.write(str(picture))

    @contextmanager
    def _running_copy(self) -> Iterator[str]:
        """The address of the copy on $PORT, or of one that is started for this and stopped afterwards."""
        address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        if _is_findings(address):
            yield address
            return
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.stdout.write("Nothing runs here yet: starting a copy of our own for the pictures.")
        address = f"http://127.0.0.1:{port}"
        server = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"PORT": str(port)},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + START_TIMEOUT
            while not _is_findings(address):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise CommandError("The copy did not start; `make run` says why.")
                time.sleep(0.2)
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _is_findings(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/openapi.json", timeout=5) as answer:
            return bool(json.load(answer)["info"]["title"] == "Findings")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _name(page: str) -> str:
    """`/` → `board`, `/FND-12?tab=x` → `fnd-12-tab-x`."""
    return re.sub(r"[^a-z0-9]+", "-", page.lower()).strip("-") or "board"


def _shoot(browser: str, address: str, picture: Path, size: str, arguments: tuple[str, ...]) -> None:
    picture.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="findings-browser-") as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--hide-scrollbars",
        ]
        command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has no sandbox for root
        command += [
            f"--user-data-dir={profile}",
            f"--window-size={size}",
            "--virtual-time-budget=4000",
            *arguments,
        ]
        try:
            told = subprocess.run(
                [*command, f"--screenshot={picture}", address],
                capture_output=True, text=True, timeout=SHOT_TIMEOUT,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise CommandError(f"Chromium took more than {SHOT_TIMEOUT} s over {address}.") from None
    if told.returncode or not picture.exists():
        raise CommandError(f"Chromium made no picture of {address}:\n{told.stderr[-2000:]}")

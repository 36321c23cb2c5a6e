"""A real Chromium on the real server: signed in as the local user, as `make run` does it.

Without Chromium these tests skip and say how to get it; CI=true (the gate) fails instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Playwright's synchronous calls run inside an event loop; the tests' own database calls are between them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
# A machine that is busy with fault drills beside is slow, and not wrong.
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.django_db(transaction=True))
        if CHROMIUM is None and not os.environ.get("CI"):
            item.add_marker(
                pytest.mark.skip(reason="needs Chromium: apt-get install chromium fonts-noto-color-emoji")
            )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    arguments += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def base_url(django_db_setup: None) -> Iterator[str]:
    """The whole application behind a real socket, static files by WhiteNoise as in production.

    Pages are opened by their paths: `page.goto("/")`.
    """
    # Django's own live server puts a handler in front that knows no hashed names.
    server = LiveServerThread("127.0.0.1", static_handler=lambda application: application)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A page whose script errors and policy violations fail the test."""
    said = watch(page)
    yield page
    assert said == []


@pytest.fixture
def another_page(browser: Browser, base_url: str, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A second browser with cookies of its own: somebody else."""
    context = browser.new_context(**{**browser_context_args, "base_url": base_url})
    context.set_default_timeout(10_000)
    page = context.new_page()
    said = watch(page)
    yield page
    context.close()
    assert said == []


@pytest.fixture
def plain_page(browser: Browser, base_url: str, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A page with JavaScript off."""
    options = {**browser_context_args, "base_url": base_url, "java_script_enabled": False}
    context = browser.new_context(**options)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def phone_page(browser: Browser, base_url: str, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A phone: 390 px wide, with a thumb."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**{**browser_context_args, **phone, "base_url": base_url})
    context.set_default_timeout(10_000)
    page = context.new_page()
    said = watch(page)
    yield page
    context.close()
    assert said == []


def watch(page: Page) -> list[str]:
    """What goes wrong on a page, as it happens: script errors, and whatever the security policy refuses."""
    said: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # htmx reports a request that newer typing replaced, as hx-sync asks for, as an error.
        harmless = message.text.startswith(("Failed to load resource", "htmx:afterRequest", "htmx:sendAbort"))
        if message.type == "error" and not harmless:
            said.append(message.text)

    def broke(error: Error) -> None:
        # Where two pages follow each other quickly, Chromium gives up the transition between them, and says so.
        if not str(error).startswith(
            ("Transition was aborted", "Transition was skipped", "ViewTransition opt-in")
        ):
            said.append(str(error))

    page.on("console", heard)
    page.on("pageerror", broke)
    return said

"""A real Chromium on the real server: signed in as the local user, as `make run` does it.

Without Chromium these tests skip and say how to get it; CI=true (the gate) fails instead.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

from issues.api.wsgi import Application

# The same engine without a browser's frame takes a third of the processor time of the whole program.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None
)
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
                pytest.mark.skip(
                    reason="needs Chromium: apt-get install chromium-headless-shell libatomic1 fonts-liberation fonts-noto-color-emoji"
                )
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
    """What gunicorn calls behind a real socket, static files by WhiteNoise as in production.

    Pages are opened by their paths: `page.goto("/")`.
    """
    with served(Application()) as address:
        yield address


@contextmanager
def served(application: Callable[..., Any]) -> Iterator[str]:
    """The address of this WSGI application."""
    # Django's own live server puts a handler in front that knows no hashed names.
    server = LiveServerThread("127.0.0.1", static_handler=lambda _: application)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


Open = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def profiles(browser: Browser, browser_context_args: dict[str, Any], base_url: str) -> Iterator[Open]:
    """Browser profiles that the tests of a process share, for what they have loaded and compiled: that is most of a first visit.

    `profiles(name, **options)` gives one without cookies and stored texts, as if it was new.
    """
    there: dict[str, BrowserContext] = {}

    def profile(name: str, **options: Any) -> BrowserContext:
        if name not in there:
            there[name] = browser.new_context(**{**browser_context_args, **options, "base_url": base_url})
            there[name].set_default_timeout(10_000)
        there[name].clear_cookies()
        return there[name]

    yield profile
    for context in there.values():
        context.close()


@contextmanager
def opened(context: BrowserContext, base_url: str) -> Iterator[Page]:
    """A page of this profile; at the end no page of it is left."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send(
        "Storage.clearDataForOrigin", {"origin": base_url, "storageTypes": "local_storage,indexeddb"}
    )
    session.detach()
    try:
        yield page
    finally:
        for page in context.pages:
            page.close()


@contextmanager
def watched(context: BrowserContext, base_url: str) -> Iterator[Page]:
    """A page whose script errors and policy violations fail the test."""
    with opened(context, base_url) as page:
        said = watch(page)
        yield page
    assert said == []


@pytest.fixture
def page(profiles: Open, base_url: str) -> Iterator[Page]:
    with watched(profiles("first"), base_url) as page:
        yield page


@pytest.fixture
def another_page(profiles: Open, base_url: str) -> Iterator[Page]:
    """A second browser with cookies of its own: somebody else."""
    with watched(profiles("second"), base_url) as page:
        yield page


@pytest.fixture
def plain_page(profiles: Open, base_url: str) -> Iterator[Page]:
    """A page with JavaScript off."""
    with opened(profiles("plain", java_script_enabled=False), base_url) as page:
        yield page


PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def phone_page(profiles: Open, base_url: str) -> Iterator[Page]:
    """A phone: 390 px wide, with a thumb."""
    with watched(profiles("phone", **PHONE), base_url) as page:
        yield page


@pytest.fixture
def new_page(browser: Browser, browser_context_args: dict[str, Any], base_url: str) -> Iterator[Page]:
    """A page of a browser that has been nowhere: for first visits, and for a clock of the test's own, which stays with a profile."""
    context = browser.new_context(**{**browser_context_args, "base_url": base_url})
    context.set_default_timeout(10_000)
    with watched(context, base_url) as page:
        yield page
    context.close()


def watch(page: Page) -> list[str]:
    """What goes wrong on a page, as it happens: script errors, and whatever the security policy refuses."""
    said: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # htmx reports a request that newer typing replaced, as hx-sync asks for, as an error, and one without an answer.
        harmless = message.text.startswith(
            ("Failed to load resource", "htmx:afterRequest", "htmx:sendAbort", "htmx:sendError")
        )
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

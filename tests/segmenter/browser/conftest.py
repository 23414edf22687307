"""A real browser on a real server, with a real worker behind it.

They use the system's Chromium. Without one, these tests are reported as skipped; if CI is set, they fail.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    *["--disable-background-networking", "--disable-component-update", "--disable-sync"],
]
# A busy machine is slow, above all when it loads matplotlib for the first chart.
PATIENCE = 20_000
PASSWORD = "seven green bottles 42"
MISSING = (
    "NO BROWSER TEST WAS RUN: there is no Chromium here. Install one from the system's packages, "
    "for example with apt-get install chromium."
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)

    # Playwright runs an event loop in this thread, because of which Django would refuse to use the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_context(browser: Browser, live_server: Any) -> Iterator[Callable[..., BrowserContext]]:
    """Open a window; errors on its console fail the test at the end."""
    contexts, errors = [], []

    def note(page: Page) -> None:
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: (errors.append(f"a dialog: {dialog.message}"), dialog.dismiss()))

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(PATIENCE)
        context.on("page", note)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context().new_page()


@pytest.fixture
def member(administrator: User) -> User:
    """An administrator with a password, who may do everything."""
    administrator.set_password(PASSWORD)
    administrator.save()
    return administrator


@pytest.fixture
def log_in(member: User) -> Callable[[Page], None]:
    """Log in through the page, as people do."""

    def do(page: Page) -> None:
        page.goto("/accounts/login/")
        page.locator("[name=login]").fill(member.username)
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()

    return do


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if CHROMIUM is None:
        terminalreporter.write_line(MISSING, red=True, bold=True)
        warnings.warn(MISSING, stacklevel=1)

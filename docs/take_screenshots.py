"""Take the pictures of README.md anew: bring up a site of its own with the sample, and look at its pages.

make screenshots
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Shot:
    """One picture: its name, the page, and how it is looked at."""

    name: str
    path: str
    theme: str = "light"
    is_phone: bool = False
    is_whole: bool = False


SHOTS = [
    Shot("home", "/"),
    Shot("run", "{run}", is_whole=True),
    Shot("run-dark", "{run}", theme="dark"),
    Shot("segment", "{run}segments/2/"),
    Shot("find-segments", "/datasets/sample-shop/runs/new/"),
    Shot("dataset", "/datasets/sample-shop/"),
    Shot("import", "/imports/1/"),
    Shot("people", "/people/"),
    Shot("audit", "/audit/"),
    Shot("phone", "{run}", is_phone=True),
    Shot("phone-dark", "/", theme="dark", is_phone=True),
]


@contextmanager
def site() -> Iterator[tuple[str, str, str]]:
    """Bring a site up; yield its address, the administrator's password and the path of the sample's run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = Path(tempfile.gettempdir()) / f"segmenter-screenshots-{os.getpid()}"
    ours = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "PRODUCTION")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    up = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=CHECKOUT,
        env={**environment, "DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert up.stdout is not None
        said = ""
        for line in up.stdout:
            said += line
            if "is ready: " in line:
                break
        password = re.search(r"with the password (\S+) ", said)
        run = re.search(r"is ready: http://[^/]+(/\S+)", said)
        if password is None or run is None:
            raise SystemExit(f"The site did not come up:\n{said}")
        yield f"http://127.0.0.1:{port}", password[1], run[1]
    finally:
        up.send_signal(signal.SIGTERM)
        up.communicate()
        shutil.rmtree(data, ignore_errors=True)


def log_in(page: Page, password: str) -> None:
    page.goto("/accounts/login/")
    page.screenshot(path=FOLDER / "login.png")
    page.locator("[name=login]").fill("admin")
    page.locator("[name=password]").fill(password)
    page.locator("main button").click()


def take(browser: Any, address: str, password: str, run: str) -> None:
    first = browser.new_context(base_url=address, viewport=WIDE, color_scheme="light")
    log_in(first.new_page(), password)
    state = first.storage_state()
    for shot in SHOTS:
        context = browser.new_context(
            base_url=address,
            viewport=PHONE if shot.is_phone else WIDE,
            color_scheme=shot.theme,
            storage_state=state,
        )
        page = context.new_page()
        page.goto(shot.path.format(run=run))
        if shot.is_whole:  # charts are drawn when they come near the window
            page.set_viewport_size({"width": WIDE["width"], "height": 3000})
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
        page.screenshot(path=FOLDER / f"{shot.name}.png", full_page=shot.is_whole)
        context.close()


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("There is no Chromium here: install one from the system's packages.")
    FOLDER.mkdir(exist_ok=True)
    with site() as (address, password, run), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        take(browser, address, password, run)
        browser.close()
    sys.stdout.write(f"{len(SHOTS) + 1} pictures are in {FOLDER}.\n")


if __name__ == "__main__":
    main()

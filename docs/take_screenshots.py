"""Take the pictures in docs/screenshots anew: from a site of its own with the sample.

make screenshots
"""

from __future__ import annotations

import json
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
SAMPLE_FILE = CHECKOUT / "customers" / "sample" / "customers.csv"
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
    Shot("run", "/runs/{run}/", is_whole=True),
    Shot("run-dark", "/runs/{run}/", theme="dark"),
    Shot("segment", "/runs/{run}/segments/2/"),
    Shot("export", "/runs/{run}/segments/2/export/"),
    Shot("customers", "/datasets/sample-shop/customers/"),
    Shot("segmentation", "/segmentations/1/", is_whole=True),
    Shot("runs", "/runs/"),
    Shot("compare", "/runs/compare/?run={first}&run={run}", is_whole=True),
    Shot("find-segments", "/datasets/sample-shop/runs/new/"),
    Shot("dataset", "/datasets/sample-shop/", is_whole=True),
    Shot("import", "/imports/2/"),
    Shot("people", "/people/"),
    Shot("audit", "/audit/"),
    Shot("phone", "/runs/{run}/", is_phone=True),
    Shot("phone-dark", "/", theme="dark", is_phone=True),
]
FEATURES = ("Annual Income (k$)", "Spending Score (1-100)")


@contextmanager
def site() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Bring a site up with two months of a shop; yield its address, a password, and the two runs' numbers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = Path(tempfile.gettempdir()) / f"segmenter-screenshots-{os.getpid()}"
    ours = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "PRODUCTION")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["DATA_DIR"] = str(data)
    up = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=CHECKOUT,
        env=environment,
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
        first = re.search(r"is ready: http://[^/]+/runs/(\d+)/", said)
        if password is None or first is None:
            raise SystemExit(f"The site did not come up:\n{said}")
        runs = {"first": first[1], "run": bring_next_month(data, environment)}
        yield f"http://127.0.0.1:{port}", password[1], runs
    finally:
        up.send_signal(signal.SIGTERM)
        up.communicate()
        shutil.rmtree(data, ignore_errors=True)


def next_month(customers: str) -> str:
    """Let every twelfth customer become another one, and forty more come in."""
    header, *lines = customers.splitlines()
    known = [line.partition(",")[2] for line in lines]
    values = [known[(place + 57) % len(known)] if place % 12 == 0 else own for place, own in enumerate(known)]
    values += known[::5]
    return "\n".join([header, *(f"{number},{each}" for number, each in enumerate(values, start=1))])


def bring_next_month(data: Path, environment: dict[str, str]) -> str:
    """Import what became of the sample's customers and segment them again; return the run's number."""

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=CHECKOUT, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    file = data / "next-month.csv"
    file.write_text(next_month(SAMPLE_FILE.read_text()))
    manage("import_customers", str(file), "--dataset", "Sample shop")
    said = manage("segment", "--dataset", "Sample shop", "--features", *FEATURES, "--json")
    return str(json.loads(said)["run"])


def log_in(page: Page, password: str) -> None:
    page.goto("/accounts/login/")
    page.screenshot(path=FOLDER / "login.png")
    page.locator("[name=login]").fill("admin")
    page.locator("[name=password]").fill(password)
    page.locator("main button").click()


def take(browser: Any, address: str, password: str, runs: dict[str, str]) -> None:
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
        page.goto(shot.path.format(**runs))
        if shot.is_whole:  # charts are drawn when they come near the window
            page.set_viewport_size({"width": WIDE["width"], "height": 3000})
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
        if shot.is_whole:  # no longer than the page
            page.set_viewport_size(WIDE)
        page.screenshot(path=FOLDER / f"{shot.name}.png", full_page=shot.is_whole)
        context.close()


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("There is no Chromium here: install one from the system's packages.")
    FOLDER.mkdir(exist_ok=True)
    with site() as (address, password, runs), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        take(browser, address, password, runs)
        browser.close()
    sys.stdout.write(f"{len(SHOTS) + 1} pictures are in {FOLDER}.\n")


if __name__ == "__main__":
    main()

"""Names from an earlier release that configuration, scripts and queued messages may still use."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from gunicorn.app.wsgiapp import WSGIApplication

from customers.models import Attribute, Customer, CustomerImport, Dataset
from segmenter import gunicorn
from segmenter.celery import app

CHECKOUT = Path(__file__).resolve().parents[2]
TASKS = [
    "segmenter.tasks.execute_run",
    "segmenter.tasks.count_picture",
    "segmenter.tasks.execute_export",
    "segmenter.tasks.delete_expired_exports",
    "segmenter.tasks.drop_orphaned_partitions",
    "segmenter.tasks.clear_old_sessions",
    "customers.tasks.execute_import",
    "customers.tasks.count_missing_overviews",
    "customers.tasks.drop_unheld_versions",
]


def settings_of(module: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings gunicorn reads from a module."""
    monkeypatch.setattr(sys, "argv", ["gunicorn", "--config", f"python:{module}", "segmenter.wsgi"])
    told = WSGIApplication().cfg.settings
    return {name: setting.get() for name, setting in told.items() if name != "config"}


def test_gunicorn_gets_the_same_settings_under_its_old_name(monkeypatch):
    old, new = (settings_of(module, monkeypatch) for module in ("segmenter.web", "segmenter.gunicorn"))
    assert old == new
    assert (old["worker_class"], old["workers"]) == ("segmenter.serving.worker.BufferingWorker", 2)
    for hook in ("on_starting", "post_fork", "post_worker_init"):
        assert old[hook] is getattr(gunicorn, hook)


@pytest.fixture
def answering() -> Iterator[str]:
    """The URL of a healthy site."""

    class Well(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Well) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/healthz"
        server.shutdown()


@pytest.mark.parametrize("module", ["segmenter.knock", "segmenter.healthcheck"])
def test_a_health_check_works_under_either_name(answering, module):
    def ask(url: str) -> int:
        command = [sys.executable, "-m", module, url]
        return subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False).returncode

    assert ask(answering) == 0
    assert ask("http://127.0.0.1:1/healthz") == 1


@pytest.mark.parametrize("task", TASKS)
def test_a_waiting_message_finds_its_task(task):
    app.loader.import_default_modules()
    assert task in app.tasks


def test_scripts_find_what_they_rely_on(shop: Dataset):
    income = Attribute.objects.get(dataset=shop, name="Income")
    customers = Customer.objects.of(shop)
    assert customers.count() == 100
    assert all(isinstance(customer.value(income), float) for customer in customers)
    assert CustomerImport.objects.get(dataset=shop).warnings == []

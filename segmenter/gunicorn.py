"""How gunicorn serves the site: `gunicorn --config python:segmenter.gunicorn segmenter.wsgi`."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from segmenter.embedded import processes

# Slow clients hold no threads of it (segmenter/serving/).
worker_class = "segmenter.serving.worker.BufferingWorker"
workers = 2
loglevel = "warning"
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Empty the folder in which the processes add up their metrics."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(parents=True)


def post_fork(server: Any, worker: Any) -> None:
    """End a worker with its master, also in the middle of a request: it would keep the port."""
    processes.follow_into_death(worker.ppid, signal.SIGKILL)


def post_worker_init(worker: Any) -> None:
    """Load what draws charts beside the first requests: the first chart would wait seconds for it."""
    threading.Thread(target=import_module, args=("segmentation.charts.rendering",), daemon=True).start()

"""The Celery application: a message carries a job's id and is only a doorbell (see jobs/)."""

import os

# Read once, when the numeric libraries load in a child: see manage.py.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "segmenter.settings")

from celery import Celery, signals
from django.conf import settings
from kombu.transport import redis

NICENESS = 10

# Otherwise a worker that holds a message when its broker goes away ends while it tries to give the message
# back (kombu 5.7). Nothing is lost: the row is what counts, and its message is sent again (jobs/dispatch.py).
redis.Channel.do_restore = False

app = Celery("segmenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_init.connect
@signals.beat_init.connect
def start_embedded_servers(**kwargs: object) -> None:
    """Start the embedded servers before the first look at the broker, when it is ours."""
    if settings.EMBEDDED_BROKER or settings.EMBEDDED_DATABASE:
        from segmenter.embedded import servers

        servers.ensure_running(settings.DATA_DIR)


@signals.worker_process_init.connect
def yield_to_pages(**kwargs: object) -> None:
    """Let people's clicks go first on a machine that has web and worker."""
    os.nice(NICENESS)

"""Celery tasks of the site itself."""

from celery import shared_task
from django.core.management import call_command


@shared_task(name="segmenter.tasks.clear_old_sessions")
def clear_old_sessions() -> None:
    call_command("clearsessions")

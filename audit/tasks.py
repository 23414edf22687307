"""Celery tasks: sealing new events, and keeping the partitions of the trail."""

from celery import shared_task


@shared_task
def seal_events() -> None:
    from audit.trail import chain

    chain.seal_events()


@shared_task
def keep_months() -> None:
    from audit.trail import months, retention

    months.provide_months()
    retention.drop_old_months()

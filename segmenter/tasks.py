"""Celery tasks of this floor; each takes at most a job's id and calls one function."""

import time

from celery import shared_task
from django.core.management import call_command

from jobs.worker.execution import Claim, execute


@shared_task
def execute_run(job_id: int) -> None:
    from segmenter import comparing

    started = time.perf_counter()

    def work(claim: Claim) -> None:
        # Imported here: it loads scikit-learn, and the web process that sends this task must not. Nor does a
        # worker before the job is its own: that takes seconds, in which people see that the job has begun.
        from segmenter import runs

        runs.execute_run(claim, started=started)

    execute(job_id, work)
    comparing.compare_with_the_run_before(job_id)


@shared_task
def count_picture(job_id: int) -> None:
    from segmenter import further_pictures

    execute(job_id, further_pictures.count_picture)


@shared_task
def execute_export(job_id: int) -> None:
    from segmenter import background_exports

    execute(job_id, background_exports.execute_export)


@shared_task
def delete_expired_exports() -> None:
    from segmenter import background_exports

    background_exports.delete_expired_files()


@shared_task
def drop_orphaned_partitions() -> None:
    from segmenter import deleting

    deleting.drop_orphaned_partitions()


@shared_task
def clear_old_sessions() -> None:
    call_command("clearsessions")

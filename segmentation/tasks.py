"""Celery tasks of this floor: each takes at most a job's id and calls one function.

The names are those of the time when the site and this floor were one package: messages that wait in the
broker, and web processes of an earlier release, still say them.
"""

import time

from celery import shared_task

from jobs.worker.claim import Claim
from jobs.worker.execution import execute


@shared_task(name="segmenter.tasks.execute_run")
def execute_run(job_id: int) -> None:
    from segmentation.comparison.flows import compare_with_the_run_before

    started = time.perf_counter()

    def work(claim: Claim) -> None:
        # Imported here: it loads scikit-learn, and the web process that sends this task must not. Nor does a
        # worker before the job is its own: that takes seconds, in which people see that the job has begun.
        from segmentation.runs.execute import execute_run

        execute_run(claim, started=started)

    execute(job_id, work)
    compare_with_the_run_before(job_id)


@shared_task(name="segmenter.tasks.count_picture")
def count_picture(job_id: int) -> None:
    from segmentation.chart_data.on_demand import count_picture

    execute(job_id, count_picture)


@shared_task(name="segmenter.tasks.execute_export")
def execute_export(job_id: int) -> None:
    from segmentation.exports.background import execute_export

    execute(job_id, execute_export)


@shared_task(name="segmenter.tasks.delete_expired_exports")
def delete_expired_exports() -> None:
    from segmentation.exports.background import delete_expired_files

    delete_expired_files()


@shared_task(name="segmenter.tasks.drop_orphaned_partitions")
def drop_orphaned_partitions() -> None:
    from segmentation.clearing import clear_deleted

    clear_deleted()

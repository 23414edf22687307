"""Celery tasks: each takes at most an id and calls one function."""

from celery import shared_task


@shared_task
def execute_import(job_id: int) -> None:
    # Reading files needs pyarrow, which a process that only sends this task should not load.
    from customers import overview
    from customers.importing.execute import execute_import as execute

    execute(job_id)
    overview.count_missing_overviews()


@shared_task
def count_missing_overviews() -> None:
    from customers import overview

    overview.count_missing_overviews()


@shared_task
def drop_unheld_versions() -> None:
    from customers.storage import versions

    versions.drop_unheld_versions()
    versions.delete_old_files()
    versions.delete_stray_files()

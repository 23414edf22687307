"""Commands on a database that has no tables yet, or those of an earlier release."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import CommandError, ManagementUtility, call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg import errors

from segmenter.embedded import servers

# Django's commands that read or write tables. Ours do, unless they say `needs_tables = False`.
OF_DJANGO = {
    "changepassword",
    "clearsessions",
    "createsuperuser",
    "dumpdata",
    "flush",
    "loaddata",
    "remove_stale_contenttypes",
}
FLOORS = ("audit", "customers", "jobs", "segmentation", "segmenter")
MISSING = (errors.UndefinedTable, errors.UndefinedColumn)


class Utility(ManagementUtility):
    """Django's, whose commands find their tables or say in a sentence what to run."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        execute, needs = command.execute, _needs_tables(command, subcommand)

        def execute_on_tables(*args: Any, **options: Any) -> Any:
            with _in_words():
                if needs:
                    ensure_tables()
                return execute(*args, **options)

        command.execute = execute_on_tables  # type: ignore[method-assign]
        return command


def _needs_tables(command: BaseCommand, name: str) -> bool:
    is_ours = type(command).__module__.partition(".")[0] in FLOORS
    return bool(getattr(command, "needs_tables", is_ours or name in OF_DJANGO))


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if not isinstance(error.__cause__, MISSING):
            raise
        raise CommandError(_what_to_run()) from error
    except OperationalError as error:
        raise CommandError(f"The database is not responding: {str(error).strip()}") from error


def ensure_tables() -> None:
    """Bring the embedded database's tables up to date; of another one, check that they are.

    Raises
    ------
    CommandError
        They are not; the text says what to run.
    """
    if not _is_behind():
        return
    if not settings.EMBEDDED_DATABASE:
        raise CommandError(_what_to_run())
    sys.stderr.write("Preparing the tables of the embedded database …\n")
    sys.stderr.flush()
    migrate()


def migrate() -> None:
    """Apply all migrations; on an embedded database, whoever does so at the same moment waits."""
    with _alone():
        call_command("migrate", verbosity=0, interactive=False, stdout=sys.stderr)


@contextmanager
def _alone() -> Iterator[None]:
    if not settings.EMBEDDED_DATABASE:
        yield
        return
    import fcntl  # not on Windows, where no database is embedded

    servers.make_data_folder(settings.DATA_DIR)
    lock = servers.open_lock(settings.DATA_DIR / "migrate.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _what_to_run() -> str:
    return "The database has no tables yet, or those of an earlier release: run manage.py migrate first."

"""What benchmarks share: a separate site in a fresh folder, and the locks on partitions of each statement.

A partition that PostgreSQL opens for a statement is locked, and so are its indexes; one that it leaves out
while planning is not. What stands in `pg_locks` right after a statement, in its transaction, says which.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from django.db import connection, transaction

from segmenter.embedded import servers

COUNT = """
    SELECT count(*)
      FROM pg_locks AS held JOIN pg_class AS locked ON locked.oid = held.relation
     WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation'
       AND (locked.relispartition OR locked.relkind IN ('p', 'I'))
"""
MEASURED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "COPY")


@contextmanager
def fresh_site() -> Iterator[Path]:
    """Set up Django on an empty, migrated database; the benchmark must not have done so already."""
    folder = Path(tempfile.mkdtemp(prefix="segmenter-bench-"))
    data = folder / "data"
    servers.make_data_folder(data)
    folder.chmod(0o711)  # run by root, PostgreSQL has an account of its own that must pass here
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "segmenter.settings",
        "LOG_LEVEL": "WARNING",
    }
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    call_command("migrate", verbosity=0)
    try:
        yield folder
    finally:
        connections.close_all()
        servers.release(data)
        shutil.rmtree(folder, ignore_errors=True)


# ---- Locks -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Statement:
    """A statement, and locks on partitioned tables, their partitions and indexes.

    Attributes
    ----------
    locks
        How many it took.
    held
        How many its transaction has taken so far, with these.
    """

    sql: str
    locks: int
    held: int

    def __str__(self) -> str:
        return f"{self.locks} locks of {self.held}: {' '.join(self.sql.split())[:300]}"


@contextmanager
def watch_locks() -> Iterator[list[Statement]]:
    """Collect every statement of this process's connection, COPY included."""
    found: list[Statement] = []
    plain_copy = psycopg.Cursor.copy

    def execute(run: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = _text(sql)
        if not text.lstrip().startswith(MEASURED):
            return run(sql, params, many, context)
        with _counted(text, found):
            return run(sql, params, many, context)

    @contextmanager
    def copy(cursor: Any, statement: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with _counted(_text(statement), found), plain_copy(cursor, statement, *args, **kwargs) as copying:
            yield copying

    with mock.patch.object(psycopg.Cursor, "copy", copy), connection.execute_wrapper(execute):
        yield found


def _text(statement: Any) -> str:
    return statement if isinstance(statement, str) else str(statement.as_string(connection.connection))


@contextmanager
def _counted(text: str, found: list[Statement]) -> Iterator[None]:
    """Count the locks of what runs within; a statement on its own has a transaction of its own."""
    before = _count() if connection.in_atomic_block else 0
    with nullcontext() if connection.in_atomic_block else transaction.atomic():
        yield
        held = _count()
    found.append(Statement(text, held - before, held))


def _count() -> int:
    with connection.connection.cursor() as cursor:
        row = cursor.execute(COUNT).fetchone()
    return int(row[0])

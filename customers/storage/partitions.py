"""LIST-partitioned tables: create a partition, fill it with COPY, attach it, drop it.

Each version of a dataset, and each run's assignments, is one partition. It is built out of sight, in the same
transaction as the UPDATE that publishes it, and dropped in the background when nothing uses it any more.
Measured on 1 M rows: 2 µs per row, against 22 µs for COPY into the live, indexed table.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState
from django.db.models import Model
from django.db.utils import OperationalError
from psycopg import Cursor, sql
from psycopg.copy import QueuedLibpqWriter

# Number of 128 KB pieces.
WAITING_PIECES = 32

logger = logging.getLogger(__name__)


class CreatePartitionedModel(CreateModel):
    """A `CreateModel` whose table is partitioned by the values of one column.

    The model's state is that of `CreateModel`, so that `makemigrations --check` sees no changes.
    """

    def __init__(self, name: str, fields: list[tuple[str, Any]], *, partition_by: str, **kwargs: Any) -> None:
        self.partition_by = partition_by
        super().__init__(name, fields, **kwargs)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "partition_by": self.partition_by}

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = f"{plain} PARTITION BY LIST ({self.partition_by})"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain


def partition_name(model: type[Model], key: int) -> str:
    """The table with the rows of `model` whose partition key is `key`."""
    return f"{model._meta.db_table}_{key}"


def create_partition(model: type[Model], key: int) -> str:
    """Create an empty table like the model's, not attached yet, and return its name.

    Call it inside the transaction that fills, attaches and publishes it, so that a crash leaves nothing.
    """
    name = partition_name(model, key)
    execute(
        "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        sql.Identifier(name),
        sql.Identifier(model._meta.db_table),
    )
    return name


def copy_rows(
    table: str, columns: Iterable[str], blocks: Iterable[bytes | memoryview], *, options: str
) -> int:
    """COPY blocks of encoded rows into a table and return the number of rows written.

    Parameters
    ----------
    table, columns
        The target.
    blocks
        Pieces of the stream in the format given by `options`; they need not end at a row boundary.
    options
        The options after `WITH`, for example ``"FORMAT binary, FREEZE"``. FREEZE needs a table created in
        this transaction.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(options),  # a constant from the caller, never user input
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement, writer=_Writer(cursor.cursor)) as copy:
            for block in blocks:
                copy.write(block)
        return int(cursor.rowcount)


class _Writer(QueuedLibpqWriter):
    """Sends on a separate thread, so that the next block is built while PostgreSQL receives the last one."""

    def __init__(self, cursor: Cursor[Any]) -> None:
        super().__init__(cursor)
        # The default of 1,000 queued pieces could take as much memory as the whole import may use.
        self._queue = type(self._queue)(maxsize=WAITING_PIECES)


def attach_partition(model: type[Model], key: int, *, partition_by: str) -> None:
    """Attach a filled table as a partition; PostgreSQL builds the model's indexes on it.

    Readers are not blocked: the model's table is locked only against other attachments. The CHECK constraint
    saves PostgreSQL another scan of every row.
    """
    name, check = partition_name(model, key), f"{partition_name(model, key)}_key"
    names = {"table": sql.Identifier(name), "check": sql.Identifier(check), "key": sql.Literal(key)}
    parent, column = sql.Identifier(model._meta.db_table), sql.Identifier(partition_by)
    for statement in (
        "SET LOCAL maintenance_work_mem = '256MB'",  # builds the indexes a third faster
        "ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} = {key})",
        "ALTER TABLE {parent} ATTACH PARTITION {table} FOR VALUES IN ({key})",
        "ALTER TABLE {table} DROP CONSTRAINT {check}",
        "ANALYZE {table}",
    ):
        execute(statement, **names, parent=parent, column=column)


def drop_partition(model: type[Model], key: int, *, lock_timeout: str = "2s") -> bool:
    """Drop a partition without blocking readers of the others; `False` if it must be retried.

    A plain DROP would block every reader of the model. Must run outside a transaction.
    """
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("a partition must be dropped outside a transaction")
    name, parent = sql.Identifier(partition_name(model, key)), sql.Identifier(model._meta.db_table)
    turn = sql.SQL("hashtextextended({}, 0)").format(partition_name(model, key))
    try:
        execute("SELECT set_config('lock_timeout', {}, false)", sql.Literal(lock_timeout))
        # One at a time: two processes cannot detach the same partition.
        execute("SELECT pg_advisory_lock({})", turn)
        for key_name, detach in _pending_detach(model, key):
            logger.debug("detaching %s", key_name)
            execute(detach, parent=parent, table=name)
        execute("DROP TABLE IF EXISTS {}", name)
    except OperationalError as error:  # somebody is holding a lock for a long time: the next round will retry
        logger.info("%s is still in use: %s", partition_name(model, key), error)
        return False
    finally:
        execute("SELECT pg_advisory_unlock({})", turn)
        execute("SET lock_timeout TO DEFAULT")
    return True


def _pending_detach(model: type[Model], key: int) -> list[tuple[str, str]]:
    """The partition, if still attached, and the statement that detaches it or completes a detach."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT child.relname, link.inhdetachpending
              FROM pg_inherits link
              JOIN pg_class child ON child.oid = link.inhrelid
             WHERE link.inhparent = %s::regclass AND child.relname = %s
            """,
            [model._meta.db_table, partition_name(model, key)],
        )
        return [
            (
                name,
                f"ALTER TABLE {{parent}} DETACH PARTITION {{table}} {'FINALIZE' if half else 'CONCURRENTLY'}",
            )
            for name, half in cursor.fetchall()
        ]


def execute(statement: str, *args: sql.Composable, **kwargs: sql.Composable) -> None:
    """Run one statement composed with `psycopg.sql`."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*args, **kwargs))

"""How many locks on partitions each statement takes: the lock table belongs to everybody.

A partition that PostgreSQL opens for a statement is locked, and so are its indexes; one that it leaves out
while planning is not. What stands in `pg_locks` right after a statement, in its transaction, says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

import psycopg
from django.db import connection, transaction

COUNT = """
    SELECT count(*)
      FROM pg_locks AS held JOIN pg_class AS locked ON locked.oid = held.relation
     WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation'
       AND (locked.relispartition OR locked.relkind IN ('p', 'I'))
"""
MEASURED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "COPY")


@dataclass(frozen=True)
class Statement:
    """A statement, and the locks on partitioned tables, their partitions and indexes after it.

    In a transaction these are the locks of all its statements so far.
    """

    sql: str
    locks: int

    def __str__(self) -> str:
        return f"{self.locks} locks: {' '.join(self.sql.split())[:300]}"


@contextmanager
def watch_locks() -> Iterator[list[Statement]]:
    """Collect every statement of this process's connection, COPY included."""
    found: list[Statement] = []
    plain_copy = psycopg.Cursor.copy

    def execute(run: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = sql if isinstance(sql, str) else sql.as_string(connection.connection)
        if not text.lstrip().startswith(MEASURED):
            return run(sql, params, many, context)
        with _in_transaction():
            answer = run(sql, params, many, context)
            found.append(Statement(text, _count()))
        return answer

    @contextmanager
    def copy(cursor: Any, statement: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with _in_transaction():
            with plain_copy(cursor, statement, *args, **kwargs) as copying:
                yield copying
            found.append(Statement(statement.as_string(connection.connection), _count()))

    with mock.patch.object(psycopg.Cursor, "copy", copy), connection.execute_wrapper(execute):
        yield found


def _in_transaction() -> AbstractContextManager[Any]:
    return nullcontext() if connection.in_atomic_block else transaction.atomic()


def _count() -> int:
    with connection.connection.cursor() as cursor:
        row = cursor.execute(COUNT).fetchone()
    return int(row[0])

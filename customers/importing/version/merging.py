"""Building the next version from a file that lists the known customers in their original order.

Most exports do: the same customers as last time, with new ones below. Then each batch of the file lines up
with the next customers of the current version, and nothing has to be staged, sorted or joined. Measured on
1 M rows: half the time of the join if every row changed, a third if none did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.db import IntegrityError, connection
from psycopg import sql

from customers.importing.columns.layout import Layout
from customers.importing.columns.validation import Accepted
from customers.importing.version.copy_format import HEADER, TRAILER, bytes_of, encode_rows
from customers.importing.version.digests import Block, in_blocks, split_digests
from customers.importing.version.table import (
    SEQUENCE,
    Counts,
    DuplicateIdsError,
    create_version_table,
)
from customers.models import Customer, CustomerImport
from customers.storage import partitions

# An encoded row: the number of fields, the length of the id, the id, the length of the customer id, ...
LEAD = b"\0\4\0\0\0\10"
ID_AT, LENGTH_AT, CUSTOMER_ID_AT = 6, 14, 18
Bytes = npt.NDArray[np.uint8]

COLUMNS = ("id", "customer_id", "numbers", "texts")


class NotAlignedError(Exception):
    """The file must be joined with the current version."""


def may_align(base: CustomerImport, layout: Layout, rows: int) -> bool:
    """Whether a file of at most this many rows can cover every customer and attribute of the version."""
    filled = len(layout.filled_numbers), len(layout.filled_texts)
    return rows >= base.customer_count and filled == (layout.number_count, layout.text_count)


def load_aligned_version(
    customer_import: CustomerImport, base: CustomerImport, layout: Layout, accepted: Iterable[Accepted]
) -> Counts:
    """Build the next version batch by batch; none if nothing changes. Call it in a savepoint.

    Raises
    ------
    NotAlignedError
        The customers are in another order, or an empty cell must keep the existing value.
    DuplicateIdsError
        A new customer id appears on more than one line.
    """
    version = _Version(customer_import, base, layout)
    for block in in_blocks(accepted):
        version.add(block)
    return version.finish()


@dataclass(frozen=True, eq=False)
class _Known:
    """The next customers of the current version: their encoded rows, and the fields in them."""

    rows: pa.BinaryArray
    ids: npt.NDArray[np.int64]
    customer_ids: pa.BinaryArray

    @classmethod
    def of(cls, rows: bytes, lengths: bytes) -> _Known:
        raw, widths = np.frombuffer(rows, np.uint8), np.frombuffer(lengths, ">i4").astype(np.int64)
        starts = np.cumsum(widths) - widths
        id_lengths = _whole_numbers(raw, starts + LENGTH_AT, 4)
        return cls(
            rows=_binary(raw, widths),
            ids=_whole_numbers(raw, starts + ID_AT, 8),
            customer_ids=_slices(raw, starts + CUSTOMER_ID_AT, id_lengths),
        )


class _Version:
    """The new version, written from the first change on."""

    def __init__(self, customer_import: CustomerImport, base: CustomerImport, layout: Layout) -> None:
        self.key, self.base, self.layout = customer_import.pk, base, layout
        self.clears = bool(customer_import.options.get("clears_missing"))
        self.table = ""
        self.last = -1  # id of the latest customer who was read
        self.passed = 0  # customers after that one who were passed over: the file says what is known of them
        self.known = self.created = self.updated = 0
        self.digests: list[bytes] = []
        self.base_digests = split_digests(bytes(base.block_digests))

    def add(self, block: Block) -> None:
        """Compare the next rows of the file with the next customers."""
        digest = block.digest()
        is_known = self.base_digests[len(self.digests) : len(self.digests) + 1] == [digest]
        self.digests.append(digest)
        if is_known:
            self.passed += block.size
            self.known += block.size
            return
        self._catch_up()
        for rows in block.pieces:
            self._compare(rows)

    def _compare(self, rows: Accepted) -> None:
        before = self.last
        known = self._read_known(len(rows.lines))
        count = len(known.ids)
        if not known.customer_ids.equals(rows.ids.slice(0, count).cast(pa.binary())):
            raise NotAlignedError
        encoded = self._encode(known.ids, rows.part(0, count))
        changed = pc.invert(pc.equal(encoded, known.rows)).to_numpy(zero_copy_only=False)
        if not self.clears and (changed & rows.part(0, count).has_missing()).any():
            raise NotAlignedError
        self.known += count
        self.updated += int(changed.sum())
        new = len(rows.lines) - count
        if new or self.updated:
            self._begin(before, self.known - count)
            self._write(encoded)
        if new:
            self.created += new
            self._write(self._encode(_draw_ids(new), rows.part(count, len(rows.lines))))

    def finish(self) -> Counts:
        self._catch_up()
        if self.known != self.base.customer_count:
            raise NotAlignedError
        if self.table:
            try:
                partitions.attach_partition(Customer, self.key, partition_by="version_id")
            except IntegrityError as error:
                raise DuplicateIdsError from error
        unchanged, customers = self.known - self.updated, self.known + self.created
        digests = b"".join(self.digests)
        return Counts(self.created, self.updated, unchanged, customers=customers, digests=digests)

    def _encode(self, ids: npt.NDArray[np.int64], rows: Accepted) -> pa.BinaryArray:
        layout = self.layout
        return encode_rows(ids, rows, number_count=layout.number_count, text_count=layout.text_count)

    def _read_known(self, count: int) -> _Known:
        """Fetch the next customers as one value of COPY-encoded rows, which takes a tenth of the time."""
        statement = sql.SQL(
            """
            COPY (SELECT string_agg({lead} || int8send(id) || int4send(octet_length(c)) || c
                                    || int4send(octet_length(n)) || n || int4send(octet_length(t)) || t, ''),
                         string_agg(
                             int4send({fixed} + octet_length(c) + octet_length(n) + octet_length(t)), ''
                         )
                    FROM (SELECT id, textsend(customer_id) AS c, array_send(numbers) AS n,
                                 array_send(texts) AS t
                            FROM {table}
                           WHERE version_id = {version} AND id > {last}
                           ORDER BY id
                           LIMIT {count}) AS sent)
              TO STDOUT (FORMAT binary)
            """
        ).format(
            lead=sql.Literal(LEAD),
            fixed=sql.Literal(CUSTOMER_ID_AT + 8),
            table=self._base_table,
            version=sql.Literal(self.base.pk),
            last=sql.Literal(self.last),
            count=sql.Literal(count),
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(["bytea", "bytea"])
            ((rows, lengths),) = copy.rows()
        known = _Known.of(rows or b"", lengths or b"")
        if len(known.ids):
            self.last = int(known.ids[-1])
        return known

    def _catch_up(self) -> None:
        """Move past the customers who were skipped, and copy them if there is a table already."""
        if not self.passed:
            return
        statement = sql.SQL(
            "SELECT id FROM {base} WHERE version_id = {version} AND id > {last}"
            " ORDER BY id OFFSET {before} LIMIT 1"
        ).format(
            base=self._base_table,
            version=sql.Literal(self.base.pk),
            last=sql.Literal(self.last),
            before=sql.Literal(self.passed - 1),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            found = cursor.fetchone()
        if found is None:  # customers were taken out of the version meanwhile
            raise NotAlignedError
        before, self.last = self.last, found[0]
        if self.table:
            self._take_over(before, self.last, self.passed)
        self.passed = 0

    def _begin(self, last: int, count: int) -> None:
        """Create the table, once, and copy the customers up to here, all of them unchanged."""
        if self.table:
            return
        self.table, key = create_version_table(self.key), sql.Literal(self.key)
        partitions.execute(
            "ALTER TABLE {} ALTER COLUMN version_id SET DEFAULT {}", sql.Identifier(self.table), key
        )
        self._take_over(-1, last, count)

    def _take_over(self, after: int, last: int, count: int) -> None:
        """Copy this many customers from the previous version."""
        statement = sql.SQL(
            "INSERT INTO {table} ({columns})"
            " SELECT {columns} FROM {base} WHERE id > {after} AND id <= {last} ORDER BY id"
        ).format(
            table=sql.Identifier(self.table),
            columns=_names(COLUMNS),
            base=self._base_table,
            after=sql.Literal(after),
            last=sql.Literal(last),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            if cursor.rowcount != count:
                raise NotAlignedError

    @property
    def _base_table(self) -> sql.Identifier:
        return sql.Identifier(partitions.partition_name(Customer, self.base.pk))

    def _write(self, rows: pa.BinaryArray) -> None:
        blocks = (HEADER, bytes_of(rows), TRAILER)
        partitions.copy_rows(self.table, COLUMNS, blocks, options="FORMAT binary, FREEZE")


def _draw_ids(count: int) -> npt.NDArray[np.int64]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(nextval(%s)) FROM generate_series(1, %s)", [SEQUENCE, count])
        return np.array(cursor.fetchone()[0], np.int64)


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _whole_numbers(raw: Bytes, at: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int64]:
    """Read big-endian integers of this width at these offsets."""
    found = np.ascontiguousarray(raw[at[:, None] + np.arange(width)])
    return found.view(f">i{width}").reshape(len(at)).astype(np.int64)


def _slices(raw: Bytes, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> pa.BinaryArray:
    """Slices of these lengths, starting at these offsets."""
    shift = starts - (np.cumsum(lengths) - lengths)
    return _binary(raw[np.repeat(shift, lengths) + np.arange(lengths.sum())], lengths)


def _binary(raw: Bytes, lengths: npt.NDArray[np.int64]) -> pa.BinaryArray:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.Array.from_buffers(
        pa.binary(), len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(raw))]
    )

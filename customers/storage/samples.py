"""Some customers of a version, chosen by what is in them, and counts of combinations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection
from psycopg import sql

from customers.models import Attribute, Customer
from customers.storage.partitions import partition_name
from customers.storage.slices import DAY_ZERO, Place, Slices, days_of

SAMPLE_ROWS = 20_000
# Wide customers are sampled more thinly.
SAMPLE_VALUES = 2_000_000
FEWEST_ROWS = 2_000
# Longer texts need not be told apart.
TEXT_LENGTH = 100
HASHES = 2**63


def read_sample(version_id: int, customers: int, attributes: Sequence[Attribute]) -> list[list[Any]]:
    """Read the values of about 20,000 customers, all if there are fewer: a list for each attribute.

    The customers are chosen by their ids, so that neither the order of a file nor chance decides. Numbers
    and texts come as they are, dates as days since `DAY_ZERO`; `None` is missing.
    """
    if not attributes:
        return []
    rows = max(FEWEST_ROWS, min(SAMPLE_ROWS, SAMPLE_VALUES // len(attributes)))
    # The highest bit is the sign.
    hashed = sql.SQL("(hashtextextended(customer_id, 0) & {})").format(sql.Literal(HASHES - 1))
    chosen = sql.SQL("{} < {}").format(hashed, sql.Literal(HASHES * rows // customers))
    slices = Slices(map(Place.of, attributes))
    table = sql.Identifier(partition_name(Customer, version_id))
    statement = sql.SQL("SELECT {values} FROM (SELECT {cut} FROM {table} {where} {by_itself}) AS cut").format(
        values=sql.SQL(", ").join(_value(each, slices) for each in attributes),
        cut=sql.SQL(", ").join(slices.columns),
        table=table,
        where=sql.SQL("WHERE {}").format(chosen) if customers > rows else sql.SQL(""),
        by_itself=slices.ending,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        found = cursor.fetchall()
    return [[row[index] for row in found] for index in range(len(attributes))]


def _value(attribute: Attribute, slices: Slices) -> sql.Composable:
    value = slices[Place.of(attribute)]
    if attribute.kind == Attribute.Kind.DATE:
        return days_of(value)
    if attribute.is_number:
        return value
    return sql.SQL("left({}, {})").format(value, sql.Literal(TEXT_LENGTH))


def count_complete(version_id: int, attributes: Sequence[Attribute]) -> int:
    """Count the customers who have a value for every one of these attributes."""
    slices = Slices(map(Place.of, attributes))
    known = [sql.SQL("{} IS NOT NULL").format(slices[Place.of(each)]) for each in attributes]
    statement = sql.SQL("SELECT count(*) FROM (SELECT {} FROM {} {}) AS cut WHERE {}").format(
        sql.SQL(", ").join(slices.columns),
        sql.Identifier(partition_name(Customer, version_id)),
        slices.ending,
        sql.SQL(" AND ").join(known),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def read_newest(version_id: int, attributes: Sequence[Attribute]) -> dict[Attribute, date]:
    """Return the newest date of each date attribute; those without any date are missing."""
    if not attributes:
        return {}
    slices = Slices(map(Place.of, attributes))
    newest = [sql.SQL("max({})").format(days_of(slices[Place.of(each)])) for each in attributes]
    statement = sql.SQL("SELECT {} FROM {} AS cut").format(
        sql.SQL(", ").join(newest), slices.of(sql.Identifier(partition_name(Customer, version_id)))
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return {
        each: DAY_ZERO + timedelta(days=days)
        for each, days in zip(attributes, row, strict=True)
        if days is not None
    }

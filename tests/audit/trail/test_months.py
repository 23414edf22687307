"""The trail's partitions: one a month, and one for what has none."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from audit.models import AuditEvent
from audit.trail import months
from audit.trail.months import Month

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2001, 5, 17, tzinfo=UTC)


def tables_of(event):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM audit_auditevent WHERE id = %s", [event.pk])
        return cursor.fetchall()


def test_this_and_the_coming_months_are_there_after_the_migration(db):
    now = Month.now()
    assert {now.plus(number) for number in range(months.AHEAD + 1)} <= set(months.kept_months())


@pytest.mark.parametrize(
    ("by", "expected"), [(0, "2026-11"), (1, "2026-12"), (2, "2027-01"), (-11, "2025-12")]
)
def test_months_are_counted_across_years(by, expected):
    assert str(Month(2026, 11).plus(by)) == expected


def test_an_event_goes_into_the_partition_of_its_month(happened):
    event = happened()
    assert tables_of(event) == [(Month.of(event.at).table,)]


def test_an_event_of_a_month_without_partition_is_kept_and_moved_later(happened):
    event = happened(at=LONG_AGO)
    assert tables_of(event) == [(months.DEFAULT,)]
    months.provide_months()
    assert tables_of(event) == [("audit_auditevent_2001_05",)]
    assert AuditEvent.objects.get().action == "logged in"
    months.provide_months()  # there is nothing left to do


GUARDED = ["audit_auditevent", "audit_auditevent_2001_05", "audit_auditevent_default"]


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize("statement", ["UPDATE {} SET actor_name = 'x'", "DELETE FROM {}"])
def test_no_partition_can_be_changed(happened, statement, table):
    months.make_month(Month(2001, 5))
    happened(at=LONG_AGO)
    happened(at=datetime(2002, 5, 17, tzinfo=UTC))
    with (
        pytest.raises(ProgrammingError, match="only added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


@pytest.mark.parametrize("table", GUARDED)
def test_no_partition_can_be_emptied(table):
    months.make_month(Month(2001, 5))
    with connection.cursor() as cursor:
        # The tests' own clearing up has switched it off: see tests/fixtures/database.py.
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER audit_refuse_emptying")
        with pytest.raises(ProgrammingError, match="only added to"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table}")


def test_making_a_month_leaves_the_surrounding_transaction_as_it_was(db):
    months.make_month(Month(2001, 5))
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_the_guard_is_back_after_events_were_moved(happened):
    happened(at=LONG_AGO)
    months.provide_months()
    happened(at=datetime(2002, 5, 17, tzinfo=UTC))
    with (
        pytest.raises(ProgrammingError, match="only added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM {months.DEFAULT}")

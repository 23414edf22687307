import pytest
from django.db import IntegrityError, connection, transaction

from customers.models import Customer
from customers.storage import partitions


def rows_of(version):
    return list(Customer.objects.filter(version_id=version).values_list("id", "customer_id").order_by("id"))


def fill(version, rows):
    table = partitions.create_partition(Customer, version)
    lines = [f"{version},{number},{name},{{}},{{}}\n".encode() for number, name in rows]
    columns = ["version_id", "id", "customer_id", "numbers", "texts"]
    copied = partitions.copy_rows(table, columns, lines, options="FORMAT csv, FREEZE")
    partitions.attach_partition(Customer, version, partition_by="version_id")
    return copied


@pytest.fixture
def version(transactional_db):
    yield 900_001
    partitions.drop_partition(Customer, 900_001)


def test_a_partition_is_filled_attached_and_dropped(version):
    with transaction.atomic():
        assert fill(version, [(1, "a"), (2, "b")]) == 2
    assert rows_of(version) == [(1, "a"), (2, "b")]
    assert partitions.drop_partition(Customer, version)
    assert rows_of(version) == []


def test_nothing_is_left_when_the_transaction_is_rolled_back(version):
    with transaction.atomic():
        fill(version, [(1, "a")])
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [partitions.partition_name(Customer, version)])
        assert cursor.fetchone()[0] is None


def test_the_models_constraints_hold_on_a_partition(version):
    with pytest.raises(IntegrityError), transaction.atomic():
        fill(version, [(1, "a"), (2, "a")])


def test_dropping_a_missing_partition_is_no_error(version):
    assert partitions.drop_partition(Customer, version)


def test_an_interrupted_detach_is_completed(version):
    with transaction.atomic():
        fill(version, [(1, "a")])
    with connection.cursor() as cursor:  # as after a crash between the two phases
        cursor.execute(
            "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = %s::regclass",
            [partitions.partition_name(Customer, version)],
        )
    assert partitions.drop_partition(Customer, version)


def test_a_partition_in_use_is_left_for_the_next_round(version):
    with transaction.atomic():
        fill(version, [(1, "a")])
    other = connection.copy()
    try:
        with other.cursor() as reader:
            other.set_autocommit(False)
            reader.execute("SELECT * FROM customers_customer WHERE version_id = %s", [version])
            assert not partitions.drop_partition(Customer, version, lock_timeout="100ms")
            other.rollback()
    finally:
        other.close()
    assert partitions.drop_partition(Customer, version)


def test_dropping_inside_a_transaction_is_refused(version):
    with pytest.raises(transaction.TransactionManagementError), transaction.atomic():
        partitions.drop_partition(Customer, version)

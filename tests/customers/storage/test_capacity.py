"""How many partitions there are, and what administrators are told about it."""

import pytest
from django.conf import settings

from customers.storage import capacity
from customers.storage.capacity import Capacity, read_capacity

pytestmark = pytest.mark.django_db(transaction=True)


def test_partitions_are_counted(shop, execute_a_run):
    before = read_capacity()
    execute_a_run(shop)
    after = read_capacity()
    assert (before.partitions, after.partitions) == (1, 2)
    assert after.room == after.locks_each * after.transactions > 0
    assert not after.is_nearly_full


def test_the_embedded_server_has_room_for_many():
    if settings.EMBEDDED_DATABASE:
        assert read_capacity().locks_each == 256


@pytest.mark.parametrize(
    ("partitions", "is_near", "advised"),
    [(0, False, 128), (3_199, False, 128), (3_200, True, 128), (6_000, True, 256), (40_000, True, 1_600)],
)
def test_the_advice_leaves_room(partitions, is_near, advised):
    found = Capacity(partitions, locks_each=64, transactions=100)
    assert (found.is_nearly_full, found.advised) == (is_near, advised)
    assert not Capacity(partitions, found.advised, 100).is_nearly_full


def test_administrators_read_what_to_do(administrator_client, viewer_client, monkeypatch):
    page = administrator_client.get("/jobs/").content.decode()
    assert "0 partitions, one for each run and each kept import" in page
    assert "max_locks_per_transaction" not in page
    monkeypatch.setattr(capacity, "NEAR", 0)
    page = administrator_client.get("/jobs/").content.decode()
    assert "<code>max_locks_per_transaction</code> to 512 and to restart it" in page
    assert "partitions" not in viewer_client.get("/jobs/").content.decode()

"""Access to the broker or the cache must not give access to the machine."""

import io
import os
import pickle
from collections.abc import Iterator

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from customers.importing.pipeline import create_dataset, start_import
from customers.models import Customer
from jobs.models import Job
from segmentation.runs.request import RunRequest, start_run

pytestmark = pytest.mark.django_db(transaction=True)


class Trap:
    """Creates a folder when it is unpickled."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickled_message_is_not_opened_and_the_worker_goes_on(worker, shop, tmp_path, wait_until):
    trap = tmp_path / "opened"
    with current_app.connection_for_write() as connection:
        producer = connection.Producer(serializer="pickle")
        producer.publish(Trap(trap), exchange="", routing_key="celery", headers={"task": "x", "id": "1"})
    run = start_run(RunRequest(dataset=shop, features=["Income", "Score"], k=3))
    wait_until(lambda: Job.objects.get(pk=run.job_id).state == Job.State.SUCCEEDED)
    assert not trap.exists()


def test_what_the_cache_holds_is_never_unpickled(db, tmp_path):
    trap, key = tmp_path / "opened", cache.make_key("planted")
    client = cache._cache.get_client(key, write=True)
    client.set(key, pickle.dumps(Trap(trap)))
    with pytest.raises(ValueError, match=r"utf-8|Expecting value"):
        cache.get("planted")
    assert not trap.exists()


def test_the_cache_returns_what_was_stored(db):
    rows = [[0, None, 120], [None, 2, 3]]
    cache.set("kept", rows)
    assert cache.get("kept") == rows


def test_no_customer_data_is_in_the_broker_or_the_cache(worker, administrator_client, wait_until):
    secret = "maria.secret@example.org"
    ids = [secret, *range(2, 60)]
    people = [f"{one},{number % 7},{number % 5},{secret}" for number, one in enumerate(ids)]
    rows = "\n".join(["id,Income,Score,Mail", *people])
    dataset = create_dataset("Shop")
    job = start_import(dataset, io.BytesIO(rows.encode()), "shop.csv").job
    wait_until(lambda: Job.objects.get(pk=job.pk).state == Job.State.SUCCEEDED)
    dataset.refresh_from_db()
    first, second = (
        start_run(RunRequest(dataset=dataset, features=["Income", "Score"], k=k)) for k in (2, 3)
    )
    wait_until(lambda: not Job.objects.active().exists())
    customer = Customer.objects.of(dataset).get(customer_id=secret)
    pages = [
        reverse("customers:dataset-overview", args=[dataset.slug]),
        f"{reverse('customers:customer-list', args=[dataset.slug])}?text=maria.secret",
        reverse("customers:customer-detail", args=[dataset.slug, customer.id]),
        first.get_absolute_url(),
        f"{reverse('segmentation:run-compare')}?run={first.pk}&run={second.pk}",
        first.clusters.get(number=1).get_absolute_url(),
    ]
    answers = {page: administrator_client.get(page) for page in pages}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert secret in answers[pages[0]].content.decode()
    cache.set("canary", "is read")
    kept = "".join(everything_in(settings.CELERY_BROKER_URL, settings.CACHES["default"]["LOCATION"]))
    assert "is read" in kept
    assert "maria" not in kept


def everything_in(broker: str, cached: str) -> Iterator[str]:
    """All keys and contents, of any type."""
    for address in (broker.replace("redis+socket", "unix"), cached):
        client = redis.Redis.from_url(address, decode_responses=True, encoding_errors="replace")
        read = {
            "string": client.get,
            "hash": client.hgetall,
            "set": client.smembers,
            "list": lambda key, client=client: client.lrange(key, 0, -1),
            "zset": lambda key, client=client: client.zrange(key, 0, -1),
        }
        for key in client.scan_iter():
            yield f"{key} {read[client.type(key)](key)}"

"""Whoever gets at the broker and the cache must not thereby get at the machine."""

import os
import pickle

import pytest
from celery import current_app
from django.core.cache import cache

from jobs.models import Job
from segmenter.starting import RunRequest, start_run

pytestmark = pytest.mark.django_db(transaction=True)


class Trap:
    """What runs when a pickle is opened: a folder appears."""

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


def test_the_cache_gives_back_what_was_put_in(db):
    rows = [[0, None, 120], [None, 2, 3]]
    cache.set("kept", rows)
    assert cache.get("kept") == rows

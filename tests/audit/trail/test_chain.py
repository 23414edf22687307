"""Sealing events: each gets its place in the chain of digests, once."""

import hashlib
import json
import threading
from importlib import import_module

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from audit.models import AuditEvent, Chain
from audit.recording import record
from audit.tasks import seal_events as seal_task
from audit.trail import chain
from audit.trail.verification import verify_trail


def positions():
    return list(AuditEvent.objects.order_by("id").values_list("position", flat=True))


def test_an_event_carries_the_digest_of_the_one_before_and_itself(happened):
    happened()
    second = happened(subject="Zoë’s list", details={"rows": 3, "share": 0.25, "of": ["b", "a"]})
    head = chain.seal_events()
    first, second = AuditEvent.objects.order_by("position")
    content = {
        "id": second.pk,
        "at": second.at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        "actor_id": None,
        "actor_name": "maria",
        "action": "logged in",
        "subject": "Zoë’s list",
        "details": {"of": ["b", "a"], "rows": 3, "share": 0.25},
        "address": None,
    }
    said = first.digest + json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert second.digest == hashlib.sha256(said.encode()).hexdigest()
    assert (first.previous, second.previous) == ("", first.digest)
    assert head == chain.Head(2, second.digest)


def test_new_events_are_added_to_the_end(happened, monkeypatch):
    monkeypatch.setattr(chain, "BATCH", 2)
    for _ in range(5):
        happened()
    seal_task()
    happened()
    assert positions() == [1, 2, 3, 4, 5, None]
    seal_task()
    assert positions() == [1, 2, 3, 4, 5, 6]
    assert verify_trail().problems == []


def test_an_upgrade_makes_the_row_of_the_chain_from_the_events(happened):
    for action in ("logged in", "logged out", "logged in"):
        happened(action)
    chain.seal_events()
    before = Chain.objects.values("position", "digest", "actions").get()
    assert (before["position"], before["actions"]) == (3, ["logged in", "logged out"])
    Chain.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("audit.migrations.0005_few_locks").FILL)
    assert Chain.objects.values("position", "digest", "actions").get() == before


@pytest.mark.parametrize(
    "change", ["position = 8", "digest = 'x'", "previous = 'x'", "position = NULL, digest = ''"]
)
def test_a_place_in_the_chain_is_given_once(happened, change):
    happened()
    chain.seal_events()
    with (
        pytest.raises(ProgrammingError, match="only added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE audit_auditevent SET {change}")


def test_sealing_changes_nothing_else(happened):
    happened()
    with (
        pytest.raises(ProgrammingError, match="only added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE audit_auditevent SET position = 1, digest = 'x', subject = 'another'")


@pytest.mark.django_db(transaction=True)
def test_an_event_committed_late_neither_waits_nor_is_overlooked():
    written, may_commit = threading.Event(), threading.Event()

    def take_long():
        try:
            with transaction.atomic():
                record(None, "took long")
                written.set()
                may_commit.wait(30)
        finally:
            connection.close()

    slow = threading.Thread(target=take_long)
    slow.start()
    written.wait(30)
    record(None, "was quick")
    chain.seal_events()
    assert list(AuditEvent.objects.values_list("action", "position")) == [("was quick", 1)]
    may_commit.set()
    slow.join()
    chain.seal_events()
    # The chain follows positions, not ids.
    assert list(AuditEvent.objects.order_by("id").values_list("action", "position")) == [
        ("took long", 2),
        ("was quick", 1),
    ]
    assert verify_trail().problems == []


@pytest.mark.django_db(transaction=True)
def test_many_writers_and_sealers_make_one_chain():
    def work():
        try:
            for number in range(10):
                record(None, "did something", number)
                chain.seal_events()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(positions()) == list(range(1, 41))
    assert verify_trail().problems == []

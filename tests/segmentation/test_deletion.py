"""Deleting runs and datasets: what goes, what stays, and when it is refused."""

import io
import subprocess
import sys
from functools import partial
from itertools import pairwise

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse

from audit.models import AuditEvent
from bench.operation.age import copy_runs, copy_version
from customers.importing.errors import ImportRefusedError
from customers.importing.pipeline import create_dataset, import_now, store_import
from customers.models import Customer, CustomerImport, Dataset
from customers.storage.uploads import path_of
from jobs.errors import JobRefusedError
from segmentation import clearing
from segmentation.clearing import TURN, clear_deleted
from segmentation.deletion import StillBusyError, delete_dataset, delete_run
from segmentation.exports.background import start_export
from segmentation.exports.contents import Exportable
from segmentation.models import Cluster, ClusterAssignment, Segment, Segmentation, SegmentationRun
from segmentation.runs.errors import RunRefusedError
from segmentation.runs.request import RunRequest, start_run
from tests.fixtures.people import log_in

pytestmark = pytest.mark.django_db(transaction=True)


def exists(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [table])
        return cursor.fetchone()[0] is not None


def test_a_deleted_run_takes_its_clusters_and_its_partition_along(shop, execute_a_run):
    run = execute_a_run(shop, k=5)
    partition = f"segmenter_clusterassignment_{run.pk}"
    assert exists(partition)
    delete_run(run)
    assert not Cluster.objects.exists()
    assert clear_deleted() > 0
    assert not exists(partition)
    assert Customer.objects.of(shop).count() == 100


def test_segments_that_only_this_run_knew_go_with_it(shop, execute_a_run):
    first, second = execute_a_run(shop, k=3), execute_a_run(shop, k=5)
    known = set(first.clusters.values_list("segment", flat=True))
    delete_run(second)
    assert set(Segment.objects.values_list("pk", flat=True)) == known
    assert not Segment.objects.exclude(retired_at=None).exists()


def test_deleting_an_older_run_leaves_the_living_segments_alone(shop, execute_a_run):
    first, second = execute_a_run(shop, k=5), execute_a_run(shop, k=5)
    names = set(Segment.objects.values_list("name", "colour"))
    delete_run(first)
    assert set(Segment.objects.filter(retired_at=None).values_list("name", "colour")) == names
    assert second.clusters.count() == 5


def test_a_run_that_goes_on_is_not_deleted(shop):
    run = start_run(RunRequest(dataset=shop, features=["Income"]), foreground=True)
    with pytest.raises(StillBusyError, match="cancel it first"):
        delete_run(run)
    assert SegmentationRun.objects.exists()


def test_a_deleted_dataset_leaves_nothing_behind(shop, make_dataset, execute_a_run):
    make_dataset({"Income": [1.0]}, name="Other")
    run, version = execute_a_run(shop, k=5), shop.current_version
    delete_dataset(shop)
    clear_deleted()
    assert not exists(f"customers_customer_{version.pk}")
    assert not exists(f"segmenter_clusterassignment_{run.pk}")
    assert not Segment.objects.exists()
    assert not ClusterAssignment.objects.exists()
    assert [dataset.name for dataset in Dataset.objects.all()] == ["Other"]
    assert (CustomerImport.objects.count(), Customer.objects.count()) == (1, 1)


def test_a_dataset_with_work_going_on_is_not_deleted(shop):
    start_run(RunRequest(dataset=shop, features=["Income"]), foreground=True)
    with pytest.raises(StillBusyError, match="in progress"):
        delete_dataset(shop)
    assert Customer.objects.of(shop).count() == 100


def test_the_confirmation_says_what_will_be_lost(administrator_client, shop, execute_a_run):
    run = execute_a_run(shop, k=5)
    page = administrator_client.get(reverse("segmentation:run-delete", args=[run.pk])).content.decode()
    assert "5 segments that are in no other run" in page
    page = administrator_client.get(reverse("segmentation:dataset-delete", args=[shop.slug])).content.decode()
    assert "100 customers with all their attributes" in page


def test_a_dataset_is_deleted_only_by_its_name(administrator_client, shop):
    address = reverse("segmentation:dataset-delete", args=[shop.slug])
    page = administrator_client.post(address, {"name": "Shpo"}).content.decode()
    assert "Nothing was deleted" in page
    assert Dataset.objects.exists()
    assert administrator_client.post(address, {"name": "Shop"}).url == reverse("customers:dataset-list")
    assert not Dataset.objects.exists()


# ---- A dataset with many runs ------------------------------------------------------------------------------

CLEAR = """
import django; django.setup()
from segmentation.clearing import clear_deleted
clear_deleted(seconds=600)
"""


@pytest.fixture
def old_shop(shop, execute_a_run):
    """A dataset of 40 runs and 10 imports."""
    copy_runs(execute_a_run(shop, k=5), 39)
    copy_version(shop, 9)
    return shop


def partitions():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class"
            " WHERE relispartition AND relkind = 'r' AND relname NOT LIKE 'audit%'"
        )
        return cursor.fetchone()[0]


def assert_cleared(other):
    """Nothing is left but the dataset that nobody deleted."""
    assert partitions() == 2
    assert [dataset.name for dataset in Dataset.everything.all()] == [other.name]
    for model in (CustomerImport, SegmentationRun, Segmentation):
        assert model.everything.count() == 1
    assert Cluster.objects.count() == 3
    assert Customer.objects.of(other).count() == 100


def test_a_deleted_dataset_is_cleared_away_in_rounds(old_shop, make_dataset, groups, execute_a_run):
    other = make_dataset(groups(), name="Other")
    execute_a_run(other, k=3)
    delete_dataset(old_shop)
    rounds = [partitions()]
    while clear_deleted(seconds=0):
        rounds.append(partitions())
    assert rounds[0] == 52
    assert all(before - after <= 2 for before, after in pairwise(rounds))
    assert_cleared(other)


def test_what_a_killed_worker_left_the_next_one_clears_away(
    old_shop, make_dataset, groups, execute_a_run, site_environment, wait_until
):
    other = make_dataset(groups(), name="Other")
    execute_a_run(other, k=3)
    delete_dataset(old_shop)
    worker = subprocess.Popen([sys.executable, "-c", CLEAR], cwd=settings.BASE_DIR, env=site_environment)
    wait_until(lambda: partitions() < 45)
    worker.kill()
    worker.wait()
    assert partitions() > 2
    wait_until(lambda: clear_deleted(seconds=600) or partitions() == 2)  # its session ends a moment later
    assert_cleared(other)


def test_two_workers_do_not_clear_away_at_a_time(old_shop):
    delete_dataset(old_shop)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [TURN])
            assert clear_deleted() == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TURN])
    finally:
        other.close()
    assert partitions() == 50
    assert clear_deleted(seconds=600) > 50
    assert partitions() == 0


def test_files_and_rejected_rows_go_with_their_import(transactional_db):
    dataset = create_dataset("Shop")
    content = b"CustomerID,Age\n1,30\n2,31\n3,32\n4,33\n5,34\n6,35\n7,old\n7,young\n"
    done = import_now(dataset, io.BytesIO(content), "customers.csv")
    assert done.rejected_rows.count() == 2
    delete_dataset(dataset)
    clear_deleted()
    assert not path_of(done.file_id).exists()
    assert not CustomerImport.everything.exists()


def test_a_dataset_deleted_while_another_is_cleared_away_loses_no_file(transactional_db, monkeypatch):
    content = b"CustomerID,Age\n1,30\n2,31\n3,32\n4,33\n5,34\n6,35\n"
    first, second = (create_dataset(name) for name in ("First", "Second"))
    files = [import_now(dataset, io.BytesIO(content), "a.csv").file_id for dataset in (first, second)]
    delete_dataset(first)
    clear = clearing._in_pieces

    def clear_and_delete(rows, size):
        if rows.model is Segmentation:  # the imports have had their turn
            delete_dataset(second)
        return clear(rows, size)

    monkeypatch.setattr(clearing, "_in_pieces", clear_and_delete)
    clear_deleted()
    monkeypatch.undo()
    clear_deleted()
    assert not Dataset.everything.exists()
    assert [file for file in files if path_of(file).exists()] == []


def test_a_dataset_deleted_meanwhile_takes_no_run_no_import_and_no_export(shop, execute_a_run, analyst):
    run = execute_a_run(shop, k=5)
    what = Exportable.today(shop, run.clusters.get(number=1))
    delete_dataset(shop)
    with pytest.raises(RunRefusedError, match="just been deleted"):
        start_run(RunRequest(dataset=shop, features=["Income"]))
    with pytest.raises(JobRefusedError, match="just been deleted"):
        start_export(what, "csv", [], analyst)
    with pytest.raises(ImportRefusedError, match="just been deleted"):
        store_import(shop, io.BytesIO(b"CustomerID\n1\n"), "late.csv")


# ---- By several people at once -----------------------------------------------------------------------------


def said_to(client, address) -> str:
    return client.get(address).content.decode()


@pytest.mark.parametrize("what", ["run", "dataset"])
def test_of_two_people_who_delete_the_same_one_is_told_that_it_was_deleted_already(
    shop, execute_a_run, administrator, together, what
):
    run = execute_a_run(shop, k=5)
    address, posted = {
        "run": (reverse("segmentation:run-delete", args=[run.pk]), {}),
        "dataset": (reverse("segmentation:dataset-delete", args=[shop.slug]), {"name": shop.name}),
    }[what]
    clients = [log_in(administrator) for _ in range(2)]
    answers = together(*[partial(client.post, address, posted) for client in clients])
    assert [answer.status_code for answer in answers] == [302, 302]
    pages = [said_to(client, answer.url) for client, answer in zip(clients, answers, strict=True)]
    assert sum("has been deleted." in page for page in pages) == 1
    assert sum("Somebody else has already deleted" in page for page in pages) == 1
    assert AuditEvent.objects.filter(action=f"deleted a {what}").count() == 1


def test_a_run_deleted_with_its_dataset_at_the_very_moment_leads_to_the_other_runs(
    shop, execute_a_run, administrator, together
):
    run = execute_a_run(shop, k=5)
    clients = [log_in(administrator) for _ in range(2)]
    address = reverse("segmentation:dataset-delete", args=[shop.slug])
    answers = together(
        partial(clients[0].post, reverse("segmentation:run-delete", args=[run.pk])),
        partial(clients[1].post, address, {"name": shop.name}),
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    # Where the run was deleted first, the page of its segmentation is gone by now.
    left = [client.get(answer.url).status_code for client, answer in zip(clients, answers, strict=True)]
    assert left[0] in {200, 404}
    assert left[1] == 200
    assert not SegmentationRun.objects.exists()

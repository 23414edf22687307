"""Deleting runs and datasets: what goes, what stays, and when it is refused."""

import pytest
from django.db import connection
from django.urls import reverse

from customers.models import Customer, CustomerImport, Dataset
from segmentation.clearing import clear_deleted
from segmentation.deletion import StillBusyError, delete_dataset, delete_run
from segmentation.models import Cluster, ClusterAssignment, Segment, SegmentationRun
from segmentation.runs.request import RunRequest, start_run

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

"""The home page says what changed and what to do next."""

from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from customers.models import CustomerImport
from customers.storage.capacity import Capacity
from jobs.models import Job
from segmentation.models import SegmentationRun
from segmenter.pages.home import clusters_before, find_changes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_dataset_without_customers_wants_an_import(analyst_client, make_dataset):
    make_dataset()
    assert steps_of(analyst_client) == [("Shop has no customers yet.", "/datasets/shop/import/")]


def test_customers_without_segments_want_a_run(analyst_client, shop):
    address = reverse("segmentation:run-create", args=["shop"])
    assert steps_of(analyst_client) == [("Shop has 100 customers and no segments yet.", address)]


def test_administrators_hear_of_a_database_that_is_nearly_full(
    administrator_client, analyst_client, shop, monkeypatch
):
    assert "/jobs/#database" not in [address for _, address in steps_of(administrator_client)]
    full = Capacity(partitions=3_200, locks_each=64, transactions=100)
    monkeypatch.setattr("segmenter.pages.home.read_capacity", lambda: full)
    said = "The database holds 3,200 partitions and has room for 6,400 locks."
    assert (said, "/jobs/#database") in steps_of(administrator_client)
    assert said not in [sentence for sentence, _ in steps_of(analyst_client)]


def test_new_customers_want_another_run_like_the_last(analyst_client, shop, execute_a_run, publish, groups):
    run = execute_a_run(shop)
    assert steps_of(analyst_client) == []
    publish(shop, groups(30))
    [(sentence, address)] = steps_of(analyst_client)
    assert sentence == "Shop has new or changed customers since the last run of “Income × Score”."
    assert address.endswith(f"?like={run.pk}")


def test_imports_into_other_datasets_are_not_forgotten(analyst_client, make_dataset, groups, execute_a_run):
    for name in ("A0", "A1", "A2", "A3", "A4", "A5"):
        make_dataset(name=name)
    execute_a_run(make_dataset(groups(), name="Old"))
    make_dataset(groups(), name="Young")
    address = reverse("segmentation:run-create", args=["young"])
    assert steps_of(analyst_client) == [("Young has 100 customers and no segments yet.", address)]
    page = analyst_client.get("/").content.decode()
    assert reverse("customers:dataset-list") in page[page.index("Datasets</h2>") :]


def test_nobody_is_offered_what_their_role_forbids(viewer_client, make_dataset, groups):
    make_dataset(name="Empty")
    assert steps_of(viewer_client) == []
    make_dataset(groups())
    assert steps_of(viewer_client) == []


def test_segments_show_how_they_grew(shop, execute_a_run, publish, groups):
    first = execute_a_run(shop, k=5)
    assert {change.by for change in find_changes(first, clusters_before(first))} == {None}
    before = dict(first.clusters.values_list("segment", "size"))
    publish(shop, groups(30))
    second = execute_a_run(shop, k=5)
    changes = find_changes(second, clusters_before(second))
    known = {change.cluster.segment_id: change for change in changes if change.by is not None}
    assert len(known) >= 3
    assert set(known) == set(before) & {change.cluster.segment_id for change in changes}
    assert all(change.by == change.cluster.size - before[segment] for segment, change in known.items())


def steps_of(client) -> list[tuple[str, str]]:
    return [(step.sentence, step.address) for step in client.get("/").context["steps"]]


def test_a_file_that_waits_for_its_owner_comes_first(analyst, analyst_client, viewer_client, shop):
    waiting = CustomerImport.objects.create(
        dataset=shop, created_by=analyst, file_id=uuid4(), original_name="march.csv", size=1, sha256=""
    )
    first, _ = steps_of(analyst_client)
    assert first == ("“march.csv” is waiting for you to confirm its columns.", waiting.get_absolute_url())
    assert steps_of(viewer_client) == []


def test_the_last_failure_is_shown_until_something_else_is_started(viewer, viewer_client, shop):
    failed = Job.objects.create(
        kind="run",
        title="Income",
        state="failed",
        failure="refused",
        error="It was refused.",
        created_by=viewer,
        finished_at=Now(),
    )
    told = ("“Income” could not be finished: It was refused.", failed.get_absolute_url())
    assert steps_of(viewer_client) == [told]
    Job.objects.create(kind="run", created_by=viewer)
    assert steps_of(viewer_client) == []


def test_each_segmentation_shows_its_latest_run(viewer_client, shop, execute_a_run):
    execute_a_run(shop, k=5)
    second, other = execute_a_run(shop, k=4), execute_a_run(shop, k=2, features=["Income"])
    assert list(SegmentationRun.objects.latest_of_each()) == [other, second]
    page = viewer_client.get("/").content.decode()
    assert second.segmentation.get_absolute_url() in page


def test_the_run_before_is_one_click_away(viewer_client, shop, execute_a_run):
    before, latest = execute_a_run(shop, k=5), execute_a_run(shop, k=4)
    compare = f"{reverse('segmentation:run-compare')}?run={before.pk}&amp;run={latest.pk}"
    assert compare in viewer_client.get("/").content.decode()

"""A run from the customers of a version to stored segments."""

import numpy as np
import pytest
from django.db.models.functions import Now

from customers.models import Customer, CustomerImport
from jobs import lifecycle
from jobs.models import Job
from jobs.worker.execution import execute
from segmentation.analysis.results import KLimits
from segmentation.clearing import clear_deleted
from segmentation.models import Cluster, ClusterAssignment, Segment, Segmentation, SegmentationRun
from segmentation.runs import store
from segmentation.runs.errors import RunRefusedError
from segmentation.runs.execute import execute_run
from segmentation.runs.request import RunRequest, request_with_k, start_run

pytestmark = pytest.mark.django_db(transaction=True)


def test_planted_groups_are_found_and_stored(shop, execute_a_run):
    run = execute_a_run(shop)
    assert run.job.state == Job.State.SUCCEEDED, run.job.error
    assert (run.k, run.k_recommended, run.customer_count) == (5, 5, 100)
    assert [cluster.size for cluster in run.clusters.all()] == [20] * 5
    assert ClusterAssignment.objects.filter(run=run).count() == 100


def test_clusters_are_numbered_from_the_largest(make_dataset, groups, execute_a_run):
    columns = groups()
    dataset = make_dataset({name: values[:90] for name, values in columns.items()})
    sizes = [cluster.size for cluster in execute_a_run(dataset, k=5).clusters.order_by("number")]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 10


def test_centroids_are_means_in_original_units(shop, execute_a_run):
    cluster = execute_a_run(shop).clusters.first()
    ids = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label).values("customer_id")
    members = list(Customer.objects.of(shop).filter(id__in=ids))
    assert cluster.centroid[0] == pytest.approx(sum(member.numbers[0] for member in members) / len(members))


def test_a_second_run_keeps_the_names_people_gave(shop, execute_a_run):
    first = execute_a_run(shop)
    for cluster in first.clusters.select_related("segment"):
        Segment.objects.filter(pk=cluster.segment_id).update(name=f"Group {cluster.centroid[0]:.0f}")
    second = execute_a_run(shop, random_state=7)
    for cluster in second.clusters.select_related("segment"):
        assert cluster.segment.name == f"Group {cluster.centroid[0]:.0f}"
        assert cluster.confidence == pytest.approx(1)
    assert Segment.objects.count() == 5


def test_a_segment_that_is_gone_is_retired_and_the_others_keep_their_names(
    shop, groups, publish, execute_a_run
):
    first = execute_a_run(shop)
    names = {cluster.segment.name for cluster in first.clusters.select_related("segment")}
    publish(shop, {name: values[20:] for name, values in groups().items()}, first_id=21)
    second = execute_a_run(shop)
    kept = {cluster.segment.name for cluster in second.clusters.select_related("segment")}
    assert second.k == 4
    assert kept < names
    assert Segment.objects.get(retired_at__isnull=False).name in names - kept


def test_customers_with_a_missing_feature_are_left_out_and_counted(make_dataset, groups, execute_a_run):
    columns = groups()
    columns["Income"][0] = None
    run = execute_a_run(make_dataset(columns))
    assert (run.customer_count, run.left_out_count) == (99, 1)
    assert run.left_out["missing"] == {"Income": 1, "Score": 0}
    assert not ClusterAssignment.objects.filter(run=run, customer_id=1).exists()


def test_a_constant_feature_is_refused_by_name(make_dataset, execute_a_run):
    run = execute_a_run(make_dataset({"Income": [1.0, 2.0, 3.0], "Score": [5.0, 5.0, 5.0]}))
    assert run.job.state == Job.State.FAILED
    assert "Score" in run.job.error
    assert run.k is None


def test_fewer_customers_than_k_are_refused_in_words(make_dataset, execute_a_run):
    columns = {"Income": [1.0, 2.0, None, None], "Score": [1.0, 5.0, 2.0, 3.0]}
    run = execute_a_run(make_dataset(columns), k=3)
    assert run.job.state == Job.State.FAILED
    assert "3" in run.job.error


def test_a_cancelled_run_leaves_nothing(shop, monkeypatch):
    run = start_run(RunRequest(dataset=shop, features=["Income", "Score"]), foreground=True)
    write = store.write_assignments

    def cancel_then_write(*args):
        write(*args)
        lifecycle.request_cancel(run.job_id)

    monkeypatch.setattr(store, "write_assignments", cancel_then_write)
    execute(run.job_id, execute_run)
    run = SegmentationRun.objects.select_related("job").get(pk=run.pk)
    assert run.job.state == Job.State.CANCELLED
    assert run.k is None
    assert not Cluster.objects.exists()
    assert not ClusterAssignment.objects.exists()


def test_the_same_customers_and_random_state_give_the_same_segments(shop, execute_a_run):
    def assignments(run: SegmentationRun) -> list[tuple[int, int]]:
        found = ClusterAssignment.objects.filter(run=run).order_by("customer_id")
        return list(found.values_list("customer_id", "label"))

    assert assignments(execute_a_run(shop)) == assignments(execute_a_run(shop)) != []


def test_a_finished_run_says_what_made_it(shop, execute_a_run):
    run = execute_a_run(shop, random_state=3)
    assert run.random_state == 3
    assert {"load", "sweep", "scores", "fit", "store", "total"} <= run.timings.keys()
    assert "scikit-learn" in run.libraries


def test_a_customer_who_is_deleted_everywhere_takes_the_assignments_along(shop, execute_a_run):
    run = execute_a_run(shop)
    Customer.objects.filter(id__in=[1, 2]).delete()
    clear_deleted()
    assert ClusterAssignment.objects.filter(run=run).count() == 98


def test_a_customer_who_is_deleted_while_a_run_works_is_in_no_segment(shop, monkeypatch, execute_a_run):
    write = store.write_assignments

    def delete_then_write(*args):
        Customer.objects.filter(id=1).delete()
        write(*args)

    monkeypatch.setattr(store, "write_assignments", delete_then_write)
    run = execute_a_run(shop)
    assert run.customer_count == 99
    assert sum(cluster.size for cluster in run.clusters.all()) == 99


def test_a_worker_executes_a_run(shop, worker, wait_until):
    run = start_run(RunRequest(dataset=shop, features=["Income", "Score"]))
    wait_until(lambda: not Job.objects.get(pk=run.job_id).is_active)
    run = SegmentationRun.objects.select_related("job").get(pk=run.pk)
    assert run.job.state == Job.State.SUCCEEDED, run.job.error
    assert run.k == 5


def test_missing_values_can_be_filled_in_with_the_median(make_dataset, groups, execute_a_run):
    columns = groups()
    columns["Income"][0] = None
    run = execute_a_run(make_dataset(columns), missing="median")
    assert (run.customer_count, run.left_out_count) == (100, 0)
    assert run.left_out["missing"]["Income"] == 1


def test_outliers_can_be_set_aside_and_are_counted(make_dataset, groups, execute_a_run):
    columns = groups()
    columns["Income"][0] = 1e6
    run = execute_a_run(make_dataset(columns), outliers="set-aside")
    assert run.left_out["set_aside"] == run.left_out_count == 1
    customers = Customer.objects.filter(id__in=run.left_out["exceptions"])
    assert [customer.customer_id for customer in customers] == ["0001"]
    assert run.k == 5


def test_a_skewed_feature_is_proposed_for_its_logarithm_and_can_take_it(make_dataset, execute_a_run):
    random = np.random.default_rng(0)
    columns = {"Income": random.lognormal(3, 1.5, 300).tolist(), "Score": random.normal(50, 9, 300).tolist()}
    dataset = make_dataset(columns)
    plain = execute_a_run(dataset, k=3, log1p=[])
    logarithmic = execute_a_run(dataset, k=3, log1p=["Income"])
    assert plain.log1p_proposed == ["Income"]
    assert logarithmic.log1p_proposed == []
    assert plain.segmentation != logarithmic.segmentation


def test_the_logarithm_that_was_proposed_before_the_run_is_taken(make_dataset, execute_a_run):
    random = np.random.default_rng(0)
    run = execute_a_run(
        make_dataset({"Income": random.lognormal(3, 1.5, 300).tolist()}), features=["Income"], k=2
    )
    assert run.segmentation.log1p == [run.segmentation.dataset.attributes.get(name="Income").pk]
    assert (run.prepared["log1p"], run.log1p_proposed) == (["Income"], [])


def test_a_date_takes_part_as_days_before_the_newest_one(make_dataset, give_texts, execute_a_run):
    dataset = make_dataset({"Orders": [1.0, 2.0, 1.0, 2.0, 9.0]})
    give_texts(dataset, "date", "Last order", ["2026-03-01", "2026-02-27", "2026-03-01", None, "2025-03-01"])
    run = execute_a_run(dataset, features=["Last order", "Orders"], k=2)
    assert run.job.error == ""
    assert run.feature_names == ["Orders", "days since Last order"]
    assert run.prepared["reference_dates"] == [["Last order", "2026-03-01"]]
    assert [(each.size, each.centroid) for each in run.clusters.all()] == [
        (3, [pytest.approx(4 / 3), pytest.approx(2 / 3)]),
        (1, [9.0, 365.0]),
    ]
    assert run.left_out["missing"] == {"Orders": 0, "days since Last order": 1}


def test_a_noisy_text_does_not_take_over(shop, give_texts, execute_a_run):
    regions = [f"region {number % 8}" for number in range(100)]
    give_texts(shop, "text", "Region", regions)
    assert execute_a_run(shop, one_hot=["Region"]).k == 5


def test_a_text_weighs_as_before_in_a_segmentation_of_an_earlier_release(shop, give_texts, execute_a_run):
    give_texts(shop, "text", "Region", ["north", "south", "east", "west"] * 25)
    run = execute_a_run(shop, one_hot=["Region"], k=4)
    Segmentation.objects.update(texts_weigh_as_one=False)
    again = execute_a_run(shop, one_hot=["Region"], k=4)
    assert again.segmentation == run.segmentation
    assert again.explained["Region: north"] > run.explained["Region: north"] + 0.5


def test_a_text_takes_part_one_hot_and_the_run_says_how_far_it_drives_the_result(shop, execute_a_run):
    shop.attributes.create(name="Gender", kind="text", position=0)
    Customer.objects.of(shop).update(texts=["Male"])
    Customer.objects.of(shop).filter(id__lte=50).update(texts=["Female"])
    run = execute_a_run(shop, one_hot=["Gender"], k=2)
    assert run.job.state == Job.State.SUCCEEDED, run.job.error
    assert run.feature_names == ["Income", "Score", "Gender: Female", "Gender: Male"]
    assert run.explained["Gender: Female"] > run.explained["Income"]
    assert len(run.clusters.first().centroid) == 4


def test_a_text_with_ever_new_values_is_refused_by_name(shop, execute_a_run):
    shop.attributes.create(name="Street", kind="text", position=0)
    for customer in Customer.objects.of(shop):
        Customer.objects.of(shop).filter(id=customer.id).update(texts=[f"Street {customer.id}"])
    run = execute_a_run(shop, one_hot=["Street"])
    assert "Street" in run.job.error


def test_limits_bind_the_recommendation(shop, execute_a_run):
    run = execute_a_run(shop, limits=KLimits(k_min=2, k_max=4))
    assert run.k_recommended is None or 2 <= run.k_recommended <= 4
    assert 2 <= run.k <= 4


def test_another_k_takes_over_the_sweep_and_finds_what_a_run_of_its_own_would(
    shop, execute_a_run, monkeypatch
):
    first, alone = execute_a_run(shop), execute_a_run(shop, k=4)
    for name in ("sweep_k", "score_sweep"):
        again = f"segmentation.analysis.verdict.candidates.{name}"
        monkeypatch.setattr(again, lambda *args, **settings: pytest.fail("computed again"))
    run = start_run(request_with_k(first, 4), foreground=True)
    execute(run.job_id, execute_run)
    run.refresh_from_db()
    assert (run.k, run.sweep_of, run.sweep, run.scores) == (4, first, first.sweep, first.scores)
    assert (run.profiles, run.advice, run.explained) == (alone.profiles, alone.advice, alone.explained)
    labels = [dict(assignments_of(each)) for each in (run, alone)]
    assert labels[0] == labels[1]


def test_a_sweep_is_not_taken_over_when_customers_were_deleted_since(shop, execute_a_run):
    first = execute_a_run(shop)
    Customer.objects.filter(version=shop.current_version_id, id__lte=3).delete()
    run = start_run(request_with_k(first, 4), foreground=True)
    execute(run.job_id, execute_run)
    run.refresh_from_db()
    assert run.sweep["n_samples"] == 97


def test_another_k_stays_with_the_customers_of_the_run(shop, groups, publish, execute_a_run):
    first = execute_a_run(shop)
    publish(shop, groups(30))
    run = start_run(request_with_k(first, 4), foreground=True)
    assert run.version == first.version != shop.current_version
    CustomerImport.objects.filter(pk=first.version_id).update(dropped_at=Now())
    with pytest.raises(RunRefusedError, match="no longer kept"):
        start_run(request_with_k(SegmentationRun.objects.get(pk=first.pk), 3), foreground=True)


def test_every_cluster_knows_how_stable_it_is(shop, execute_a_run):
    run = execute_a_run(shop, k=4)  # two of the five groups must share a segment; which two is random
    stabilities = sorted(cluster.stability for cluster in run.clusters.all())
    assert stabilities == sorted(run.scores["rows"][3]["stabilities"])
    joined = run.clusters.order_by("-size").first()
    assert joined.stability < 0.9


def assignments_of(run: SegmentationRun):
    return ClusterAssignment.objects.filter(run=run).values_list("customer_id", "label")

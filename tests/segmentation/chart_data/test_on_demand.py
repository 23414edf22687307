"""Pairs of attributes that a run did not store: counted once, by a worker."""

import pytest
from django.db.models.functions import Now

from customers.models import Customer, CustomerImport
from customers.storage.versions import held_versions
from jobs.models import Job
from jobs.worker.execution import execute
from segmentation.analysis.results import PairPicture, from_json
from segmentation.chart_data.on_demand import ask_for_picture, count_picture
from segmentation.models import RunPicture
from segmentation.runs.errors import RunRefusedError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(make_dataset, groups, execute_a_run):
    """A run by income and score; all customers but the first also have an age."""
    columns = groups()
    return execute_a_run(make_dataset({**columns, "Age": [None, *range(1, 100)]}), k=5)


def axes(run, *names):
    attributes = run.segmentation.dataset.attributes
    return [attributes.get(name=name) for name in names]


def test_a_pair_is_counted_once_from_the_run_s_own_customers(run):
    asked = ask_for_picture(run, *axes(run, "Age", "Income"))
    assert asked.job.state == Job.State.QUEUED
    assert held_versions() == {run.version_id}
    execute(asked.job_id, count_picture)
    found = ask_for_picture(run, *axes(run, "Income", "Age"))
    picture = from_json(PairPicture, found.picture)
    assert (found.pk, Job.objects.get(pk=found.job_id).state) == (asked.pk, Job.State.SUCCEEDED)
    assert (picture.x_name, picture.y_name, picture.missing) == ("Income", "Age", 1)
    assert sorted(picture.ys) == list(range(1, 100))


def test_its_centroids_are_those_of_the_run(run):
    asked = ask_for_picture(run, *axes(run, "Income", "Score"))
    execute(asked.job_id, count_picture)
    picture = from_json(PairPicture, RunPicture.objects.get(pk=asked.pk).picture)
    expected = [tuple(cluster.centroid) for cluster in run.clusters.order_by("label")]
    assert picture.centroids == tuple(pytest.approx(centroid) for centroid in expected)


def test_customers_deleted_since_are_not_drawn(run):
    Customer.objects.filter(version=run.version_id, id__in=[1, 50, 100]).delete()
    asked = ask_for_picture(run, *axes(run, "Income", "Score"))
    execute(asked.job_id, count_picture)
    assert len(RunPicture.objects.get(pk=asked.pk).picture["labels"]) == 97


def test_ten_clicks_ask_once(run):
    asked = {ask_for_picture(run, *axes(run, "Age", "Income")).pk for _ in range(10)}
    assert len(asked) == Job.objects.filter(kind="picture").count() == 1


def test_a_failed_picture_is_tried_again(run):
    first = ask_for_picture(run, *axes(run, "Age", "Income"))
    Job.objects.filter(pk=first.job_id).update(state="cancelled", finished_at=Now())
    second = ask_for_picture(run, *axes(run, "Age", "Income"))
    assert (second.job_id != first.job_id, RunPicture.objects.count()) == (True, 1)


def test_if_the_customers_are_gone_the_page_says_so(run):
    asked = ask_for_picture(run, *axes(run, "Age", "Income"))
    CustomerImport.objects.filter(pk=run.version_id).update(dropped_at=Now())
    execute(asked.job_id, count_picture)
    job = Job.objects.get(pk=asked.job_id)
    assert (job.state, "no longer kept" in job.error) == (Job.State.FAILED, True)
    run.refresh_from_db()
    with pytest.raises(RunRefusedError, match="no longer kept"):
        ask_for_picture(run, *axes(run, "Age", "Income"))

"""Segments keep their names through trials with other numbers of segments, and a month without a group."""

import re

import numpy as np
import pytest
from django.urls import reverse

from segmentation.comparison.flows import compare_runs
from segmentation.models import Segment

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

MIDDLES = np.array([[20, 20], [20, 80], [55, 50], [88, 17], [88, 82]])
NAMES = ["Careful", "Young spenders", "Middle", "Savers", "Stars"]


def customers(rows=60, random_state=0):
    """Columns of customers in five groups, the smallest first."""
    rng = np.random.default_rng(random_state)
    labels = np.repeat(np.arange(5), [rows + 10 * group for group in range(5)])
    values = MIDDLES[labels] + rng.normal(0, 4, (len(labels), 2))
    return {"Income": values[:, 0].tolist(), "Score": values[:, 1].tolist()}


def rename_all(run):
    """Call each segment by the group whose middle is next; return the names by segment."""
    for cluster in run.clusters.all():
        nearest = int(np.argmin(((MIDDLES - np.array(cluster.centroid)) ** 2).sum(axis=1)))
        Segment.objects.filter(pk=cluster.segment_id).update(name=NAMES[nearest])
    assert sorted(names_of(run)) == sorted(NAMES)


def names_of(run):
    return [cluster.segment.name for cluster in run.clusters.select_related("segment")]


def is_told_right(run):
    """Whether every segment bears the name of the group whose middle is next."""
    for cluster in run.clusters.select_related("segment"):
        nearest = int(np.argmin(((MIDDLES - np.array(cluster.centroid)) ** 2).sum(axis=1)))
        if cluster.segment.name != NAMES[nearest] or cluster.segment.retired_at is not None:
            return False
    return True


@pytest.mark.parametrize("trials", [[4], [2], [3, 2], [10], [4, 7, 1]])
def test_every_name_comes_back_after_trials_with_other_numbers_of_segments(
    make_dataset, execute_a_run, trials
):
    columns = customers()
    dataset = make_dataset(columns)
    rename_all(execute_a_run(dataset, k=5))
    for k in trials:
        execute_a_run(dataset, k=k)
    again = execute_a_run(dataset, k=5)
    assert is_told_right(again)
    assert Segment.objects.filter(retired_at=None).count() == 5


def test_every_name_comes_back_after_a_month_without_a_group(make_dataset, publish, execute_a_run):
    columns = customers(rows=60)
    dataset = make_dataset(columns)
    rename_all(execute_a_run(dataset, k=5))
    publish(dataset, {name: values[60:] for name, values in columns.items()}, first_id=61)
    assert "Careful" not in names_of(execute_a_run(dataset, k=4))
    publish(dataset, columns)
    assert is_told_right(execute_a_run(dataset, k=5))


def test_a_name_that_was_given_away_meanwhile_comes_back_with_a_number(make_dataset, execute_a_run):
    columns = customers()
    dataset = make_dataset(columns)
    first = execute_a_run(dataset, k=5)
    rename_all(first)
    execute_a_run(dataset, k=4)
    retired = Segment.objects.exclude(retired_at=None).get()
    other = Segment.objects.filter(retired_at=None).first()
    Segment.objects.filter(pk=other.pk).update(name=retired.name, colour=retired.colour)
    again = execute_a_run(dataset, k=5)
    living = Segment.objects.filter(clusters__run=again)
    assert living.get(pk=retired.pk).name == f"{retired.name} 2"
    assert len({segment.colour for segment in living}) == 5


def test_what_merged_and_split_is_said_with_both_names_on_every_page(
    make_dataset, execute_a_run, viewer_client
):
    dataset = make_dataset(customers())
    before = execute_a_run(dataset, k=5)
    rename_all(before)
    after = execute_a_run(dataset, k=4)
    lost = Segment.objects.exclude(retired_at=None).get()
    compared = reverse("segmentation:run-compare") + f"?run={before.pk}&run={after.pk}"
    page = viewer_client.get(compared).content.decode()
    [into] = re.findall("Merged into “(.*?)”", page)
    assert f"It took in “{lost}”" in viewer_client.get(after.get_absolute_url()).content.decode()
    assert f"Merged into “{into}”" in viewer_client.get(after.get_absolute_url()).content.decode()
    history = viewer_client.get(after.segmentation.get_absolute_url()).content.decode()
    assert 'class="tag merged"' in history


def test_a_part_that_was_never_seen_before_split_off(make_dataset, execute_a_run, viewer_client):
    dataset = make_dataset(customers())
    before, after = execute_a_run(dataset, k=4), execute_a_run(dataset, k=5)
    compare_runs(before, after)  # as the task does that executes a run
    assert "Split off from “" in viewer_client.get(after.get_absolute_url()).content.decode()

"""Whose doing a move was: twelve months in which it is known."""

import numpy as np
import pytest

from customers.models import Customer
from segmentation.comparison.counterfactual import Blame
from segmentation.comparison.flows import compare_runs
from segmentation.models import Segment, SegmentationRun

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

MIDDLES = np.array([[20.0, 20], [20, 80], [60, 50], [95, 15], [95, 85]])
PER_GROUP = 60
FEATURES = ["Income", "Score"]


def fetched(run):
    runs = SegmentationRun.objects.select_related("segmentation", "version", "job")
    return runs.with_clusters().get(pk=run.pk)


class Shop:
    """Customers whose groups are known; every month their values are drawn near the group's middle."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.middles = MIDDLES.copy()
        self.groups = np.repeat(np.arange(5), PER_GROUP)
        self.offsets = self.rng.normal(0, 3, (len(self.groups), 2))

    def columns(self, **more):
        noise = self.rng.normal(0, 0.5, self.offsets.shape)
        values = self.middles[self.groups] + self.offsets + noise
        return {"Income": values[:, 0].tolist(), "Score": values[:, 1].tolist(), **more}


def total(comparison):
    return comparison.blame or Blame()


def test_twelve_months_with_churn_drift_a_split_a_growth_and_a_merger(make_dataset, publish, execute_a_run):
    shop = Shop()
    dataset = make_dataset(shop.columns())
    runs = [fetched(execute_a_run(dataset, features=FEATURES, k=5))]
    names = {cluster.segment.name for cluster in runs[0].clusters.all()}
    right = moved = 0
    for month in range(1, 12):
        k = 6 if month in (6, 7, 8) else 5
        shop.middles[2] += [0.5, 0.5]  # drift
        planted = "customers"
        if month == 6:  # half of the first group goes elsewhere together: a new group
            planted = "segments"
            shop.middles = np.vstack((shop.middles, [[50.0, -20.0]]))
            shop.groups[:PER_GROUP:2] = 5
        elif month == 9:  # and comes back
            planted = "segments"
            shop.groups[shop.groups == 5] = 0
        else:
            churn = shop.rng.choice(len(shop.groups), 8, replace=False)
            shop.groups[churn] = (shop.groups[churn] + 1) % 5
        publish(dataset, shop.columns())
        runs.append(fetched(execute_a_run(dataset, features=FEATURES, k=k)))
        comparison = compare_runs(runs[-2], runs[-1])
        blame = total(comparison)
        if planted == "customers":
            right, moved = right + blame.customers, moved + sum(flow.size for flow in comparison.moves)
        else:
            assert [pair.kin for pair in comparison.pairs if pair.kin]
    assert moved > 60
    assert right >= 0.95 * moved
    assert names <= {segment.name for segment in Segment.objects.filter(clusters__run=runs[-1])}


def test_who_moves_because_a_group_was_split_moves_because_of_the_segments(shop, execute_a_run):
    four, five = fetched(execute_a_run(shop, k=4)), fetched(execute_a_run(shop, k=5))
    comparison = compare_runs(four, five)
    assert total(comparison) == Blame(segments=sum(flow.size for flow in comparison.moves))
    assert comparison.blame.segments >= 20


def test_values_that_changed_a_little_do_not_take_the_blame_for_a_split(make_dataset, publish, execute_a_run):
    shop = Shop()
    dataset = make_dataset(shop.columns())
    four = fetched(execute_a_run(dataset, features=FEATURES, k=4))
    publish(dataset, shop.columns())  # everybody has other values
    comparison = compare_runs(four, fetched(execute_a_run(dataset, features=FEATURES, k=5)))
    assert comparison.changed == sum(flow.size for flow in comparison.moves) >= PER_GROUP
    assert comparison.blame.segments >= 0.95 * comparison.changed


@pytest.mark.parametrize("as_date", [False, True])
def test_what_changes_for_everybody_is_nobodys_own_doing(
    make_dataset, publish, give_texts, execute_a_run, as_date
):
    """A month passes for all; five customers come back, and they alone moved by a change of their own."""
    rng = np.random.default_rng(0)
    recency = np.where(np.arange(300) < 150, rng.integers(0, 40, 300), rng.integers(70, 110, 300))
    recency[200:205] = 72
    spend = np.where(np.arange(300) % 2, 20.0, 90.0) + rng.normal(0, 3, 300)

    def columns(days):
        return {"Spend": spend.tolist(), "Recency": days.astype(float).tolist()}

    def dates(days, today):
        return [str(np.datetime64(today) - int(day)) for day in days]

    later = recency + 30
    later[200:205] = 0
    features = ["Spend", "Last order"] if as_date else ["Spend", "Recency"]
    dataset = make_dataset(columns(recency))
    give_texts(dataset, "date", "Last order", dates(recency, "2026-06-01"))
    before = fetched(execute_a_run(dataset, features=features, k=4, log1p=[]))
    publish(dataset, columns(later))
    dataset.refresh_from_db()
    for customer, day in enumerate(dates(later, "2026-07-01"), start=1):
        Customer.objects.of(dataset).filter(id=customer).update(texts=[day])
    comparison = compare_runs(before, fetched(execute_a_run(dataset, features=features, k=4)))
    assert comparison.blame == Blame(customers=5)


def test_runs_of_an_earlier_release_are_explained_as_before(shop, execute_a_run):
    four, five = execute_a_run(shop, k=4), execute_a_run(shop, k=5)
    SegmentationRun.objects.update(model={})
    comparison = compare_runs(fetched(four), fetched(five))
    assert comparison.blame is None
    assert comparison.unchanged >= 20

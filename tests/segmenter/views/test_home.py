"""The home page says what changed and what to do next."""

import pytest
from django.urls import reverse

from segmenter.views.home import find_changes, find_next_step

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_dataset_without_customers_wants_an_import(analyst, make_dataset):
    step = find_next_step(analyst, [make_dataset()], None)
    assert (step.action, step.address) == ("Import customers", "/datasets/shop/import/")


def test_customers_without_segments_want_a_run(analyst, shop):
    step = find_next_step(analyst, [shop], None)
    assert step.sentence == "Shop has 100 customers and no segments yet."
    assert step.address == reverse("segmenter:run-create", args=["shop"])


def test_new_customers_want_another_run_like_the_last(analyst, shop, execute_a_run, publish, groups):
    run = execute_a_run(shop)
    assert find_next_step(analyst, [shop], run) is None
    publish(shop, groups(30))
    step = find_next_step(analyst, [shop], run)
    assert step.action == "Find segments again"
    assert step.address.endswith(f"?like={run.pk}")


def test_nobody_is_told_to_do_what_the_role_forbids(viewer, shop, make_dataset):
    assert find_next_step(viewer, [shop], None) is None
    assert find_next_step(viewer, [make_dataset(name="Empty")], None) is None


def test_segments_show_how_they_grew(shop, execute_a_run, publish, groups):
    first = execute_a_run(shop, k=5)
    assert {change.by for change in find_changes(first)} == {None}
    before = dict(first.clusters.values_list("segment", "size"))
    publish(shop, groups(30))
    changes = find_changes(execute_a_run(shop, k=5))
    known = {change.cluster.segment_id: change for change in changes if change.by is not None}
    assert len(known) >= 3
    assert set(known) == set(before) & {change.cluster.segment_id for change in changes}
    assert all(change.by == change.cluster.size - before[segment] for segment, change in known.items())

"""The look at the data: counted by hand on a few customers."""

import pytest

from customers.overview import BINS, overview_of

pytestmark = pytest.mark.django_db(transaction=True)
FILE = "id,Age,Town,Same\n1,20,Rome,5\n2,30,Rome,5\n3,100,Paris,5\n4,,Oslo,5\n"


@pytest.fixture
def overview(bring, dataset):
    bring(FILE)
    dataset.refresh_from_db()
    return {each.name: each for each in overview_of(dataset)}


def test_numbers_have_their_range_their_mean_and_what_is_missing(overview):
    age = overview["Age"]
    assert (age.known, age.missing) == (3, 1)
    assert (age.minimum, age.mean, age.maximum) == (20, 50, 100)


def test_the_histogram_counts_every_known_value_once(overview):
    counts = overview["Age"].counts
    assert len(counts) == BINS
    assert (counts[0], counts[2], counts[-1], sum(counts)) == (1, 1, 1, 3)


def test_one_value_for_everyone_has_no_histogram(overview):
    assert overview["Same"].bars == []


def test_texts_come_with_the_most_frequent_first(overview):
    assert overview["Town"].frequent == (("Rome", 0.5), ("Oslo", 0.25), ("Paris", 0.25))


def test_nothing_is_said_of_a_dataset_without_customers(dataset):
    assert overview_of(dataset) == []

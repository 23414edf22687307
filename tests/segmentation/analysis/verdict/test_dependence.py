"""Copies are told from coarse columns that repeat, functions of a column from what goes along with it."""

import numpy as np
import pytest

from segmentation.analysis.verdict.dependence import find_drivers, one_of_each

RNG = np.random.default_rng(0)
PEOPLE = RNG.normal(size=(40, 2))


def n_kept(values, numbers=None):
    numbers = range(values.shape[1]) if numbers is None else numbers
    once = one_of_each(values.astype(float), list(numbers))
    return len(values if once is None else once)


def test_each_person_is_taken_once():
    values = np.repeat(PEOPLE, 10, axis=0)[RNG.permutation(400)]
    once = one_of_each(values, [0, 1])
    np.testing.assert_array_equal(np.unique(values[once], axis=0), np.unique(PEOPLE, axis=0))
    assert len(once) == 40


def test_people_may_come_back_unequally_often_and_in_whole_numbers():
    people = np.column_stack((RNG.integers(18, 80, 60), RNG.integers(15, 140, 60)))
    times = np.minimum(RNG.zipf(1.6, 60), 40)
    assert n_kept(np.repeat(people, times, axis=0)) == len(np.unique(people, axis=0))


def test_copies_in_a_single_column_stand_at_uneven_places():
    assert n_kept(np.repeat(PEOPLE[:, :1], 10, axis=0)) == 40


COARSE = {
    "answers from 1 to 5": RNG.integers(1, 6, (500, 2)),
    "yes and no": RNG.random((500, 5)) < 0.3,
    "counts": RNG.poisson([3, 1.5, 0.7], (500, 3)),
    "ages": RNG.normal(42, 13, (500, 1)).round(),
    "days since and orders": np.column_stack((RNG.integers(0, 30, 900), RNG.poisson(2, 900))),
    "orders at one price": RNG.poisson(4, (500, 1)) * [1, 19.9],
    "many who bought nothing": np.where(RNG.random((500, 1)) < 0.6, 0, RNG.normal(size=(500, 2))),
    "no two alike": RNG.normal(size=(500, 2)),
    "a few by mistake": np.concatenate((RNG.normal(size=(500, 2)), np.zeros((20, 2)))),
}


@pytest.mark.parametrize("kind", COARSE)
def test_rows_of_coarse_columns_repeat_by_themselves(kind):
    values = COARSE[kind]
    assert n_kept(values) == len(values)


def test_copies_are_judged_by_numbers_and_kept_apart_by_texts():
    values = np.column_stack((np.repeat(PEOPLE, 10, axis=0), np.tile([0, 1], 200)))
    assert n_kept(values, numbers=[0, 1]) == 80
    assert n_kept(values[:, 2:], numbers=[]) == 400


# ---- Columns ----------------------------------------------------------------------------------------------

T = RNG.uniform(0, 12, 600)
NOISE = RNG.normal(0, 0.05, 600)
GROUP = RNG.integers(0, 3, 600)


@pytest.mark.parametrize(
    ("columns", "drivers"),
    [
        ((T, np.sin(T) + NOISE), [0]),
        (((T - 6) ** 2, T), [1]),
        ((T, T > 6), [0]),
        ((np.sin(T), T, np.cos(T)), [1]),  # a thread: one number tells both others
        ((np.sin(T), np.cos(T)), [0, 1]),  # a ring: neither tells the other
        ((T, NOISE), [0, 1]),
        ((T, T + 40 * NOISE), [0, 1]),  # they go along, with a quarter of noise
        ((10 * (GROUP == 1) + NOISE, 10 * (GROUP == 2) + NOISE), [0, 1]),  # groups
        ((np.repeat(1, 600), T), [1]),
        ((T,), [0]),
    ],
)
def test_functions_of_another_column_are_left_out(columns, drivers):
    assert find_drivers(np.column_stack(columns).astype(float)) == drivers


def test_two_columns_that_tell_each_other_leave_one():
    assert len(find_drivers(np.column_stack((T, T**2)))) == 1


def test_nobody_and_one_customer_tell_nothing():
    assert find_drivers(np.zeros((0, 2))) == [0, 1]
    assert find_drivers(np.zeros((1, 2))) == [0, 1]

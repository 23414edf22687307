import numpy as np
import pytest

from segmentation.analysis.kmeans.initialisation import (
    Optima,
    draw_points,
    exchange_points,
    iterate_starts,
    seed_starts,
)
from segmentation.analysis.kmeans.search import search_optima

CORNERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 2.0], [10.0, 2.0]])


def test_points_are_drawn_in_proportion_to_their_masses():
    masses = np.tile([[0.0, 1.0, 3.0, 0.0]], (4000, 1))
    drawn = draw_points(masses, 1, np.random.default_rng(0))
    assert set(drawn.ravel()) == {1, 2}
    assert np.mean(drawn == 2) == pytest.approx(0.75, abs=0.03)


def test_seeds_are_distinct_points_while_there_are_any():
    seeds = seed_starts(CORNERS, np.ones(4), 4, 50, np.random.default_rng(0))
    assert seeds.shape == (50, 4, 2)
    assert all(len(np.unique(start, axis=0)) == 4 for start in seeds)


def test_lloyd_goes_to_the_local_optimum_of_each_start():
    starts = np.array([[[0.0, 1.0], [9.0, 1.0]], [[5.0, -1.0], [5.0, 3.0]]])
    optima = iterate_starts(CORNERS, np.ones(4), starts)
    np.testing.assert_allclose(optima.inertias, [4, 100])


def test_weights_count_as_repeated_points():
    weights = np.array([3.0, 1.0, 1.0, 2.0])
    repeated = np.repeat(CORNERS, weights.astype(int), axis=0)
    starts = np.array([[[1.0, 1.0], [8.0, 1.0]]])
    one = iterate_starts(CORNERS, weights, starts)
    other = iterate_starts(repeated, np.ones(len(repeated)), starts)
    np.testing.assert_allclose(one.centroids, other.centroids)
    np.testing.assert_allclose(one.inertias, other.inertias)


def test_weights_may_differ_from_start_to_start():
    starts = np.tile([[[1.0, 1.0], [8.0, 1.0]]], (2, 1, 1))
    weights = np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 1.0, 1.0]])
    optima = iterate_starts(CORNERS, weights, starts)
    np.testing.assert_allclose(optima.centroids[:, 0], [[0, 1], [0, 0.5]])


def test_an_exchange_leaves_an_optimum_that_lloyd_cannot():
    points = np.array([[0.0], [2.0], [3.8]])
    stuck = iterate_starts(points, np.ones(3), np.array([[[1.0], [3.8]]]))
    assert stuck.inertias[0] == pytest.approx(2.0)
    assert exchange_points(points, np.ones(3), stuck).inertias[0] == pytest.approx(1.62)


def test_an_exchange_never_raises_the_inertia():
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(120, 2)), rng.integers(1, 4, 120).astype(float)
    optima = iterate_starts(points, weights, seed_starts(points, weights, 6, 20, rng))
    assert (exchange_points(points, weights, optima).inertias <= optima.inertias * (1 + 1e-9)).all()


def test_search_finds_the_best_partition_of_few_points_by_trying_all():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(9, 2))
    best = min(
        sum(((points[side] - points[side].mean(axis=0)) ** 2).sum() for side in (mask, ~mask))
        for mask in (np.array([bit == "1" for bit in f"{code:09b}"]) for code in range(1, 511))
    )
    found = search_optima(points, np.ones(9), range(1, 4), rng, n_starts=8, keep=3, rounds=1, exchange=True)
    assert found[2].inertias[0] == pytest.approx(best)


def test_optima_come_best_first():
    optima = Optima(np.zeros((3, 1, 1)), np.array([1.0, 2.0, 3.0]))
    assert optima.best(2).inertias.tolist() == [1, 2]

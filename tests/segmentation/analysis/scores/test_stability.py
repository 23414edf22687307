import numpy as np

from segmentation.analysis.scores.stability import bootstrap_stabilities


def stabilities(points, centroids):
    rng = np.random.default_rng(0)
    return bootstrap_stabilities(points, np.ones(len(points)), centroids, n_bootstraps=20, rng=rng)


def test_separate_groups_reappear_in_every_refit(apart):
    centroids = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0]])
    np.testing.assert_allclose(stabilities(apart, centroids), 1)


def test_halves_of_one_group_do_not_reappear(apart):
    crowd = apart[:50]
    found = stabilities(crowd, np.array([[-0.8, 0.0], [0.8, 0.0]]))
    assert found.shape == (2,)
    assert found.max() < 0.8


def test_only_the_split_group_is_unstable(apart):
    centroids = np.array([[-0.8, 0.0], [0.8, 0.0], [30.0, 0.0], [0.0, 30.0]])
    found = stabilities(apart, centroids)
    assert found[:2].max() < 0.85
    assert found[2:].min() > 0.85


def test_more_starts_judge_groups_that_are_there_no_worse(apart):
    centroids = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0]])
    found = bootstrap_stabilities(
        apart, np.ones(len(apart)), centroids, n_bootstraps=10, n_starts=12, rng=np.random.default_rng(0)
    )
    np.testing.assert_allclose(found, 1)

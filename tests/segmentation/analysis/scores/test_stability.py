import numpy as np
from segmentation.analysis.scores.null_reference import reference_scores

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


def test_references_have_the_silhouette_of_data_without_groups():
    points = np.random.default_rng(0).uniform(size=(500, 2))
    references = reference_scores(points, np.ones(500), range(1, 6), np.random.default_rng(1))
    assert [each.k for each in references] == [2, 3, 4, 5]
    assert all(0.3 < each.silhouette < 0.45 for each in references)
    assert all(0 < each.deviation < 0.05 for each in references)

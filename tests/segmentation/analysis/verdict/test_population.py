import numpy as np
import pytest

from segmentation.analysis.verdict.population import (
    OnePopulation,
    latent_correlations,
    population_silhouettes,
)

RNG = np.random.default_rng(0)
X = RNG.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 800)


def drawn(population, n=2_000):
    return population.draw(n, np.random.default_rng(1))


def test_draws_are_related_as_the_columns_are():
    assert np.corrcoef(drawn(OnePopulation(X)).T)[0, 1] == pytest.approx(0.8, abs=0.05)


CUT = {
    "a number and yes or no": (X[:, 0], X[:, 1] > 0.5),
    "yes or no, twice": (X[:, 0] > 0, X[:, 1] > 0.5),
    "ratings": np.clip(np.rint(X + 3), 1, 5).T,
    "a spend of mostly nothing": (X[:, 0], np.maximum(X[:, 1], 0)),
    "no ties": np.exp(X).T,
}


@pytest.mark.parametrize("columns", CUT.values(), ids=CUT)
def test_what_ties_hide_of_a_correlation_is_found(columns):
    found = latent_correlations(np.column_stack(columns).astype(float))
    np.testing.assert_allclose(found, [[1, 0.8], [0.8, 1]], atol=0.05)


def test_a_yes_or_no_that_follows_a_number_does_so_in_draws():
    found = drawn(OnePopulation(np.column_stack((X[:, 0], X[:, 1] > 0))))
    low, high = (found[found[:, 1] == answer, 0].mean() for answer in (0, 1))
    assert high - low == pytest.approx(2 * 0.8 * 0.8, abs=0.1)  # 1.04 without the correction


def test_skewed_columns_stay_skewed_and_related():
    found = drawn(OnePopulation(np.exp(X)))
    np.testing.assert_allclose(np.median(found, axis=0), 1, atol=0.1)
    assert np.corrcoef(np.log(found).T)[0, 1] == pytest.approx(0.8, abs=0.05)


def test_filled_in_values_are_missing_for_the_same_customers():
    filled_in = np.zeros(X.shape, dtype=bool)
    filled_in[:160, 0] = True  # a fifth
    filled_in[160:240, 1] = True  # a tenth, and never both
    values = np.where(filled_in, [7.0, 9.0], X)
    found = drawn(OnePopulation(values, filled_in=filled_in))
    gaps = found == [7.0, 9.0]
    np.testing.assert_allclose(gaps.mean(axis=0), [0.2, 0.1], atol=0.03)
    assert not gaps.all(axis=1).any()
    assert np.abs(found[~gaps]).max() < 5  # what was filled in is no value of the population


def test_a_text_is_drawn_whole():
    texts = np.eye(3)[RNG.integers(0, 3, 800)]
    found = drawn(OnePopulation(np.column_stack((X, texts)), blocks=[(2, 3, 4)]))
    assert (found[:, 2:].sum(axis=1) == 1).all()
    np.testing.assert_allclose(found[:, 2:].mean(axis=0), texts.mean(axis=0), atol=0.05)
    assert np.abs(np.corrcoef(found.T)[:2, 2:]).max() < 0.1


def test_texts_alone_can_be_drawn():
    texts = np.eye(2)[RNG.integers(0, 2, 100)]
    assert set(map(tuple, drawn(OnePopulation(texts, blocks=[(0, 1)])))) == {(0, 1), (1, 0)}


def test_two_groups_are_no_groups_in_draws():
    two = np.concatenate((X - 4, X + 4))[:, :1]
    found = drawn(OnePopulation(two))[:, 0]
    assert np.mean(np.abs(two) < 1) < 0.01
    assert np.mean(np.abs(found) < 1) > 0.1


def test_the_same_random_state_draws_the_same_customers():
    population = OnePopulation(X)
    np.testing.assert_array_equal(drawn(population), drawn(population))


def silhouettes(population, n=150, draws=4):
    return population_silhouettes(population, n, 2, np.random.default_rng(2), draws=draws)


def test_silhouettes_of_draws_stay_below_those_of_groups():
    two = np.concatenate((X - 4, X + 4))
    found = silhouettes(OnePopulation(two))
    assert len(found) == 4
    assert (found < 0.72).all()  # the groups themselves reach 0.8


def test_draws_that_fall_into_an_exception_and_a_crowd_do_not_count():
    found = silhouettes(OnePopulation(np.vstack((X, [[1e4, 1e4]]))), n=60, draws=8)
    assert 0 < len(found) < 8
    assert (found < 0.8).all()  # with an exception 0.98


def test_too_few_different_customers_give_no_silhouette():
    assert len(silhouettes(OnePopulation(RNG.integers(0, 2, (200, 1)).astype(float)))) == 0

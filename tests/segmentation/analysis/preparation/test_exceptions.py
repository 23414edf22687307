import numpy as np
import pytest

from segmentation.analysis.engine.source import ArraySource
from segmentation.analysis.preparation import exceptions
from segmentation.analysis.preparation.exceptions import are_decisive, find_exceptions, shares_of_squares


def crowd(n=600, n_features=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_features))


def found_in(*parts):
    return np.flatnonzero(find_exceptions(np.vstack(parts))).tolist()


@pytest.mark.parametrize("n_features", [2, 5, 8])
def test_one_whale_is_found_and_nobody_else(n_features):
    assert found_in(crowd(n_features=n_features), np.full((1, n_features), 1e6)) == [600]


def test_five_planted_among_many_are_found():
    far = np.array([[30, 0], [-30, 0], [0, 30], [0, -30], [40, 40]])
    assert found_in(crowd(), far) == [600, 601, 602, 603, 604]


def test_an_exception_may_be_near_in_every_column_and_far_in_all_together():
    x = np.random.default_rng(0).uniform(-5, 5, 600)
    line = np.column_stack((x, x + np.random.default_rng(1).normal(0, 0.05, 600)))
    assert found_in(line, [[4, -4]]) == [600]


@pytest.mark.parametrize("seed", range(3))
def test_two_groups_have_no_exceptions(seed):
    assert found_in(crowd(300, seed=seed), crowd(300, seed=seed + 9) + 20) == []


@pytest.mark.parametrize(("n", "spread"), [(600, 6), (3_000, 2)])
def test_a_sparse_group_of_ten_stays(n, spread):
    group = 50 + spread * crowd(10, seed=3)
    assert found_in(crowd(n), group) == []
    assert found_in(crowd(n), group[:5]) == [n, n + 1, n + 2, n + 3, n + 4]


def test_at_most_one_in_fifty_is_an_exception_however_far():
    far = 1e3 * 4.0 ** np.arange(9)[:, np.newaxis] * np.array([[1, 0]])
    assert found_in(crowd(291), far) == [294, 295, 296, 297, 298, 299]  # the farthest of 300


def test_fewer_than_thirty_have_differences_and_no_exceptions():
    assert found_in(crowd(28), [[1e6, 1e6]]) == []
    assert found_in(crowd(29), [[1e6, 1e6]]) == [29]


def test_where_most_are_equal_nobody_is_an_exception():
    assert found_in(np.zeros((300, 2)), [[1.0, 1.0], [1e6, 1e6]]) == []


def test_the_order_of_customers_has_no_influence():
    values = np.vstack((crowd(), [[30, 0], [0, 30]]))
    order = np.random.default_rng(5).permutation(len(values))
    np.testing.assert_array_equal(find_exceptions(values[order]), find_exceptions(values)[order])


@pytest.mark.parametrize("rows_per_task", [1, 77])
def test_the_size_of_a_task_has_no_influence(monkeypatch, rows_per_task):
    values = np.vstack((crowd(150), [[30, 0]], crowd(150, seed=1), [[0, 30]]))
    whole = find_exceptions(values)
    monkeypatch.setattr(exceptions, "ArraySource", lambda X: ArraySource(X, rows_per_task=rows_per_task))
    np.testing.assert_array_equal(find_exceptions(values), whole)
    assert np.flatnonzero(whole).tolist() == [150, 301]


def test_shares_of_squares_by_hand():
    # Around a mean of 1 the squares are 1, 1, 1 and 9; around 5 they are all 0.
    values = np.array([[0.0, 5.0], [0.0, 5.0], [0.0, 5.0], [4.0, 5.0]])
    assert shares_of_squares(values, np.array([False, False, False, True])) == pytest.approx([0.75, 0.0])


def test_an_exception_is_decisive_where_it_holds_a_tenth_of_the_squares():
    values = np.vstack((crowd(1_000), [[8.0, 0.0]]))  # 64 of about 1,064
    is_last = np.arange(1_001) == 1_000
    assert not are_decisive(values, is_last)
    assert are_decisive(np.vstack((values[:-1], [[15.0, 0.0]])), is_last)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tail", ["both ends", "one end"])
def test_where_many_have_the_same_values_only_the_very_ends_are_exceptions(tail, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(45, 12, 1_500) if tail == "both ends" else rng.gamma(2, 100, 1_500)
    values = values.round(1)[:, None]
    members = (rng.random((1_500, 1)) < 0.3).astype(float)
    last = set(np.argsort(-np.abs(values[:, 0] - np.median(values)))[:8].tolist())
    for columns in (values, np.hstack((values, members))):
        found = found_in(columns)
        assert len(found) <= 4
        assert set(found) <= last


@pytest.mark.parametrize("seed", range(5))
def test_a_code_for_unknown_is_an_exception_with_everybody_who_has_it(seed):
    rng = np.random.default_rng(seed)
    angles = np.arange(1_500) % 6 * np.pi / 3
    values = 10 * np.column_stack((np.cos(angles), np.sin(angles))) + rng.normal(0, 1, (1_500, 2))
    unknown = np.sort(rng.choice(1_500, 16, replace=False))
    values[unknown, 0] = 9999
    assert set(unknown) <= set(found_in(values))
    assert are_decisive(values, find_exceptions(values))


def test_a_long_tail_and_a_rare_yes_are_not_beyond_measure():
    rng = np.random.default_rng(0)
    tail = rng.lognormal(3, 1.5, (20_000, 1))
    rare = (np.arange(20_000) % 4_000 == 0).astype(float)[:, None]
    assert len(found_in(tail)) <= 200
    assert len(found_in(np.hstack((rng.normal(size=(20_000, 1)), rare)))) <= 20


def test_a_tenth_of_all_far_away_are_a_group():
    values = np.vstack((crowd(900), crowd(100, seed=1) + 10_000))
    assert not find_exceptions(values).any()

import numpy as np
import pytest

from segmentation.analysis.kmeans.hashing import hash_rows, sample_rows

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(5_000, 2))


@pytest.mark.parametrize("n", [700, 5_000, 9_000])
def test_the_same_rows_are_chosen_in_the_same_order_however_they_stand(n):
    order = RNG.permutation(len(ROWS))
    moved = ROWS[order]
    np.testing.assert_array_equal(moved[sample_rows(moved, n)], ROWS[sample_rows(ROWS, n)])


def test_about_as_many_rows_as_asked_are_chosen_and_none_twice():
    chosen = sample_rows(ROWS, 1_000)
    assert len(set(chosen.tolist())) == len(chosen) == pytest.approx(1_000, abs=100)


def test_all_rows_are_chosen_where_no_more_are_there():
    assert sorted(sample_rows(ROWS, len(ROWS))) == list(range(len(ROWS)))


def test_the_beginning_of_a_sample_is_a_sample_of_it():
    first = ROWS[sample_rows(ROWS, len(ROWS))][:1_000]
    np.testing.assert_allclose(first.mean(axis=0), ROWS.mean(axis=0), atol=0.1)


def test_a_value_that_many_hold_keeps_its_share():
    rows = np.concatenate((np.zeros((3_000, 1)), RNG.normal(size=(2_000, 1))))
    chosen = rows[sample_rows(rows, 1_000)]
    assert np.mean(chosen == 0) == pytest.approx(0.6, abs=0.05)


def test_equal_rows_are_mixed_among_the_others():
    rows = np.concatenate((np.zeros((3_000, 1)), RNG.normal(size=(2_000, 1))))
    begins = rows[sample_rows(rows, len(rows))][:1_000]
    assert np.mean(begins == 0) == pytest.approx(0.6, abs=0.05)


def test_another_seed_chooses_other_rows():
    assert set(sample_rows(ROWS, 1_000)) != set(sample_rows(ROWS, 1_000, seed=1))


def test_a_zero_with_a_minus_is_the_same_value():
    assert hash_rows(np.array([[0.0]])) == hash_rows(np.array([[-0.0]]))


def test_the_order_of_columns_matters():
    one, other = hash_rows(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert one != other


def test_no_rows_and_one_row():
    assert sample_rows(np.zeros((0, 2)), 10).tolist() == []
    assert sample_rows(np.zeros((1, 2)), 10).tolist() == [0]

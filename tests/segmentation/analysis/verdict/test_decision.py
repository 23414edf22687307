"""The verdict on small sets with planted groups; scores and refits are made up where their values matter."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.sweep import sweep_k
from segmentation.analysis.results import KLimits
from segmentation.analysis.scores.sweep_scores import score_sweep
from segmentation.analysis.verdict import judging
from segmentation.analysis.verdict.decision import hardly_different, judge_sweep

CROWD = np.random.default_rng(0).uniform(size=(300, 2))


def groups(centres, n=40, spread=1.0):
    rng = np.random.default_rng(1)
    return np.concatenate([rng.normal(centre, spread, (n, len(centre))) for centre in centres])


# Four groups that are two pairs: 2 and 4 are both clear.
PAIRS = groups([(0, 0), (0, 8), (30, 0), (30, 8)])
THREE = groups([(0, 0), (20, 0), (0, 20)])


@cache
def swept(raw, n_features, k_max, **preparation):
    values = np.frombuffer(raw).reshape(-1, n_features)
    names = [f"feature {column}" for column in range(n_features)]
    features = prepare_features(values, names, **preparation)
    samples = compress(features)
    sweep = sweep_k(samples, k_max=k_max)
    return features, sweep, score_sweep(samples, sweep)


def judged(values, *, k_max=4, silhouettes=None, limits=None, published_k=None, **preparation):
    """The verdict; `silhouettes` replaces those of some k."""
    features, sweep, scores = swept(values.tobytes(), values.shape[1], k_max, **preparation)
    rows = [replace(row, silhouette=(silhouettes or {}).get(row.k, row.silhouette)) for row in scores.rows]
    return judge_sweep(
        features, sweep, replace(scores, rows=tuple(rows)), limits=limits, published_k=published_k
    )


@pytest.fixture
def refits_say(monkeypatch):
    """Make up how stable each k is, instead of refits."""

    def say(stabilities):
        def stability(points, weights, centroids, **settings):
            return np.full(len(centroids), stabilities[len(centroids)])

        monkeypatch.setattr(judging, "bootstrap_stabilities", stability)

    return say


def answer(verdict):
    return verdict.kind, verdict.k_recommended, verdict.k_useful


# ---- Clear groups ------------------------------------------------------------------------------------------


def test_groups_with_gaps_between_them_are_clear():
    verdict = judged(THREE)
    assert answer(verdict) == ("clear", 3, None)
    evidence = verdict.of(3)
    assert (evidence.level, evidence.smallest, evidence.rejected) == ("clear", 40, "")
    assert evidence.worst.worst < 0.05
    assert evidence.stability > 0.95
    assert evidence.silhouette > evidence.reference > evidence.reference_median


def test_a_wave_over_time_has_no_groups_where_time_has_none():
    time = np.random.default_rng(5).uniform(0, 4 * np.pi, 600)
    wave = np.column_stack((time, np.sin(time) + np.random.default_rng(6).normal(0, 0.05, 600)))
    assert judged(wave, k_max=5).k_recommended is None
    apart = wave[np.mod(time, np.pi) < 2.2]  # the same wave with three gaps in time
    assert judged(apart, k_max=5).k_recommended == 4


def test_people_many_times_over_are_judged_once():
    people = np.random.default_rng(2).normal(size=(40, 2))
    verdict = judged(np.repeat(people, 10, axis=0), k_max=8)
    assert verdict.k_recommended is None
    assert max(row.smallest for row in verdict.evidence) <= 20
    few = judged(np.repeat(people[:25], 10, axis=0))
    assert answer(few) == ("nothing", None, None)
    assert {row.rejected for row in few.evidence} == {"few"}


def test_groups_of_people_many_times_over_are_clear():
    assert answer(judged(np.repeat(THREE, 4, axis=0))) == ("clear", 3, None)


def test_limits_hide_groups_but_do_not_deny_them():
    verdict = judged(PAIRS, limits=KLimits(k_max=3))
    assert (verdict.k_recommended, verdict.k_unlimited) == (2, 4)
    assert judged(PAIRS, limits=KLimits(k_max=8)).k_unlimited is None
    assert judged(PAIRS).k_unlimited is None


@pytest.mark.parametrize(("share", "said"), [(0.1, ("clear", 3, None)), (0.35, ("useful", None, 3))])
def test_groups_are_not_clear_where_filled_values_misplace_too_many(share, said):
    values = np.repeat(THREE, 3, axis=0) + np.random.default_rng(3).normal(size=(360, 2))
    values[np.random.default_rng(4).random(360) < share, 0] = np.nan
    verdict = judged(values, missing="median", k_max=3)
    assert answer(verdict) == said
    assert (verdict.of(3).rejected == "misplaced") == (said[0] == "useful")


def test_there_is_evidence_for_each_k_from_two():
    assert [row.k for row in judged(THREE).evidence] == [2, 3, 4]


def test_of_clear_ones_the_largest_is_recommended():
    assert answer(judged(PAIRS))[:2] == ("clear", 4)


def test_a_border_through_a_crowd_is_not_looked_at_further():
    rows = judged(CROWD, k_max=3).evidence
    assert [(row.level, row.rejected, row.reference) for row in rows] == [("crowd", "crowd", None)] * 2
    assert all(row.worst.worst > 0.8 for row in rows)


def test_groups_that_do_not_come_back_are_not_clear(refits_say):
    refits_say({2: 0.85, 3: 0.89, 4: 0.7})  # needed: 0.9 of two and three groups, 0.8 of more
    verdict = judged(THREE)
    assert (verdict.k_recommended, verdict.of(3).rejected) == (None, "unstable")
    refits_say({2: 0.85, 3: 0.91, 4: 0.7})
    assert judged(THREE).k_recommended == 3


def test_a_silhouette_that_one_population_reaches_is_chance():
    verdict = judged(THREE, silhouettes={3: 0.3})
    assert verdict.k_recommended is None
    assert verdict.of(3).rejected == "chance"
    assert verdict.of(3).reference > 0.3


def test_a_group_of_four_customers_is_too_small():
    verdict = judged(np.vstack((groups([(0, 0)], n=100), groups([(40, 40)], n=4))), k_max=2)
    assert (answer(verdict)[0], verdict.of(2).rejected) == ("nothing", "small")


def test_fewer_than_thirty_customers_prove_nothing():
    assert answer(judged(groups([(0, 0), (30, 30)], n=15)[1:])) == ("nothing", None, None)
    assert answer(judged(groups([(0, 0), (30, 30)], n=15)))[0] == "clear"


def test_groups_seen_in_one_feature_among_texts_name_that_feature():
    texts = np.eye(2)[np.random.default_rng(2).integers(0, 2, len(THREE))]
    values = np.column_stack((texts, THREE[:, ::-1]))
    worst = judged(values, k_max=3, blocks=((0, 1),)).of(3).worst
    assert worst.feature in (2, 3)


# ---- Who takes part ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_missing", "kind"), [(13, "clear"), (14, "useful")])
def test_where_more_than_a_tenth_is_left_out_nothing_is_clear(n_missing, kind):
    missing = np.full((n_missing, 2), np.nan)  # of 120 and as many
    verdict = judged(np.vstack((THREE, missing)))
    assert answer(verdict) == ((kind, 3, None) if kind == "clear" else (kind, None, 3))
    assert verdict.of(3).rejected == ("" if kind == "clear" else "left-out")


def test_customers_whose_values_were_filled_in_are_no_group():
    # The median stands between two groups, and with it all whose value is missing.
    values = np.concatenate((groups([(0,), (20,)], n=100), [[10.0]], np.full((60, 1), np.nan)))
    verdict = judged(values, missing="median", k_max=3)
    assert verdict.k_recommended != 3
    assert verdict.of(3).rejected == "filled"


def test_a_group_that_is_half_made_of_filled_in_values_is_not_called_clear():
    values = groups([(0, 0), (10, 0), (0, 10), (10, 10)], n=100)
    values[np.random.default_rng(0).random(len(values)) < 0.3, 1] = np.nan
    assert judged(values, missing="median").k_recommended != 4


def test_one_filled_value_among_a_few_customers_changes_nothing():
    values = THREE[::2].copy()
    values[0, 0] = np.nan
    assert answer(judged(values, missing="median")) == ("clear", 3, None)


def test_where_most_have_a_filled_value_nothing_is_clear():
    values = THREE.copy()
    values[::4, 0] = np.nan
    values[1::4, 1] = np.nan
    verdict = judged(values, missing="median")
    assert verdict.k_recommended is None
    assert {row.rejected for row in verdict.evidence} == {"filled"}


def test_values_that_differ_by_rounding_are_not_judged():
    values = 1e6 + 1e-3 * CROWD
    assert answer(judged(values)) == ("nothing", None, None)
    assert judged(values).evidence == ()


def test_features_that_hardly_differ_are_named():
    values = np.column_stack((CROWD[:, 0], 1e6 + 0.5 * CROWD[:, 0], 1e6 + 2 * CROWD[:, 0]))
    features = prepare_features(values, ["different", "hardly", "just enough"])
    assert hardly_different(features) == ["hardly"]


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_customers_changes_no_digit_of_the_evidence(seed):
    ratings = np.floor(5 * CROWD)
    moved = ratings[np.random.default_rng(seed).permutation(len(ratings))]
    found = [(row.k, row.worst.worst, row.stability or 0) for row in judged(ratings).evidence]
    again = [(row.k, row.worst.worst, row.stability or 0) for row in judged(moved).evidence]
    np.testing.assert_allclose(again, found, rtol=1e-9)


def test_steadiness_is_a_mean_over_customers_and_stability_the_least(monkeypatch):
    monkeypatch.setattr(judging, "bootstrap_stabilities", lambda *args, **settings: np.array([1.0, 0.6]))
    row = judged(np.vstack((groups([(0, 0)], n=90), groups([(30, 0)], n=30))), k_max=2).of(2)
    assert row.stability == 0.6
    assert row.steadiness in (pytest.approx(0.9), pytest.approx(0.7))  # by which of the two comes first


# ---- Useful segments ---------------------------------------------------------------------------------------


def test_the_steadiest_segments_are_useful(refits_say):
    refits_say({4: 0.6, 5: 0.9, 6: 0.7})
    assert answer(judged(CROWD, k_max=6)) == ("useful", None, 5)


def test_of_about_equally_steady_ones_the_fewest_are_useful(refits_say):
    refits_say({4: 0.79, 5: 0.81, 6: 0.9})
    assert judged(CROWD, k_max=6).k_useful == 5


def test_where_less_than_three_fifths_come_back_there_is_nothing_to_go_by(refits_say):
    refits_say(dict.fromkeys((4, 5, 6), 0.59))
    assert answer(judged(CROWD, k_max=6)) == ("nothing", None, None)


def test_two_clear_groups_are_few_so_useful_segments_are_looked_for_as_well():
    kind, clear, useful = answer(judged(groups([(0, 0), (30, 0)], n=100), k_max=6))
    assert (kind, clear) == ("clear", 2)
    assert 4 <= useful <= 6


@pytest.mark.parametrize(
    ("limits", "k"), [(KLimits(k_max=3), 3), (KLimits(k_min=6), 6), (KLimits(min_share=0.18), 4)]
)
def test_useful_segments_keep_to_limits(refits_say, limits, k):
    refits_say({2: 0.5, 3: 0.6, 4: 0.7, 5: 0.9, 6: 0.8})
    four = groups([(0, 0), (2, 0), (0, 2), (2, 2)], n=75)
    assert judged(four, k_max=6, limits=limits).k_useful == k


# ---- The number in use stays -------------------------------------------------------------------------------


@pytest.mark.parametrize(("silhouette", "k"), [(0.76, 2), (0.74, 4)])
def test_clear_groups_in_use_stay_unless_others_are_better_by_a_twentieth(silhouette, k):
    verdict = judged(PAIRS, silhouettes={2: silhouette, 4: 0.80}, published_k=2)
    assert verdict.k_recommended == k
    assert verdict.better_k == (4 if k == 2 else None)


@pytest.mark.parametrize(("stability", "k"), [(0.76, 4), (0.74, 6)])
def test_useful_segments_in_use_stay_unless_others_are_much_steadier(refits_say, stability, k):
    refits_say({4: stability, 5: 0.6, 6: 0.90})
    verdict = judged(CROWD, k_max=6, published_k=4)
    assert verdict.k_useful == k
    assert verdict.better_k == (6 if k == 4 else None)


def test_a_number_in_use_that_is_not_clear_any_more_does_not_stay():
    verdict = judged(THREE, published_k=4)
    assert (verdict.k_recommended, verdict.better_k) == (3, None)


def test_the_best_number_is_told_of_nothing_better():
    assert judged(THREE, published_k=3).better_k is None

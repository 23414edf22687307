import numpy as np
import pytest

from segmentation.analysis.matching import EarlierRun, match_clusters

CENTROIDS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
EARLIER = {11: CENTROIDS[0], 12: CENTROIDS[1], 13: CENTROIDS[2]}
IDS = np.arange(100, 190)
LABELS = np.repeat(np.arange(3, dtype=np.int32), 30)
SEGMENTS = np.repeat([11, 12, 13], 30)


def match(ids=IDS, labels=LABELS, centroids=CENTROIDS, ids_then=IDS, segments_then=SEGMENTS, earlier=None):
    return match_clusters(
        ids,
        labels,
        centroids=centroids,
        earlier=[EarlierRun(ids_then, segments_then, EARLIER if earlier is None else earlier)],
        scale=np.ones(2),
    )


def test_same_members_keep_their_segments_however_clusters_are_numbered():
    matching = match(labels=2 - LABELS, centroids=CENTROIDS[::-1])
    assert [each.segment for each in matching.matches] == [13, 12, 11]
    assert [each.confidence for each in matching.matches] == [1, 1, 1]
    assert [(each.by, each.shared) for each in matching.matches] == [("members", 30)] * 3
    assert matching.retired == ()


def test_order_of_customers_does_not_matter():
    order = np.random.default_rng(0).permutation(90)
    matching = match(ids=IDS[order], labels=LABELS[order])
    assert [each.segment for each in matching.matches] == [11, 12, 13]


def test_order_of_the_earlier_customers_and_size_of_chunks_do_not_matter(monkeypatch):
    monkeypatch.setattr("segmentation.analysis.matching.CHUNK", 7)
    order = np.random.default_rng(0).permutation(90)
    matching = match(ids_then=IDS[order], segments_then=SEGMENTS[order])
    assert [(each.segment, each.shared) for each in matching.matches] == [(11, 30), (12, 30), (13, 30)]


def test_no_shared_customers():
    matching = match(ids=IDS + 1000, ids_then=IDS[:0], segments_then=SEGMENTS[:0])
    assert [(each.segment, each.by, each.shared) for each in matching.matches] == [
        (11, "centroids", 0),
        (12, "centroids", 0),
        (13, "centroids", 0),
    ]


def test_confidence_is_the_jaccard_similarity():
    labels = LABELS.copy()
    labels[20:30] = 1
    matching = match(labels=labels)
    assert matching.matches[0].confidence == pytest.approx(20 / 30)
    assert matching.matches[1].confidence == pytest.approx(30 / 40)


def test_replaced_customers_do_not_break_the_match():
    ids = IDS.copy()
    ids[::10] += 1000
    matching = match(ids=ids)
    assert [each.segment for each in matching.matches] == [11, 12, 13]
    assert [each.confidence for each in matching.matches] == [1, 1, 1]


def test_a_segment_that_disappears_is_retired():
    matching = match(ids=IDS[:60], labels=LABELS[:60], centroids=CENTROIDS[:2])
    assert [each.segment for each in matching.matches] == [11, 12]
    assert matching.retired == (13,)


def test_a_group_of_new_customers_far_away_is_a_new_segment():
    ids = np.concatenate((IDS, np.arange(500, 600)))
    labels = np.concatenate((LABELS, np.full(100, 3, dtype=np.int32)))
    matching = match(ids=ids, labels=labels, centroids=np.vstack((CENTROIDS, [[50.0, 50.0]])))
    assert [each.segment for each in matching.matches] == [11, 12, 13, None]
    assert matching.matches[3].by == "new"


def test_new_customers_are_matched_by_centroids():
    matching = match(ids=IDS + 1000, centroids=CENTROIDS + 0.5)
    assert [each.segment for each in matching.matches] == [11, 12, 13]
    assert {each.by for each in matching.matches} == {"centroids"}
    assert all(0.3 < each.confidence < 1 for each in matching.matches)


def test_the_larger_part_of_a_split_keeps_the_name():
    labels = LABELS.copy()
    labels[20:30] = 3
    matching = match(labels=labels, centroids=np.vstack((CENTROIDS, [[1.0, 1.0]])))
    assert [each.segment for each in matching.matches] == [11, 12, 13, None]


def test_without_earlier_segments_all_are_new():
    nobody = np.array([], dtype=np.int64)
    matching = match(ids_then=nobody, segments_then=nobody, earlier={})
    assert [each.segment for each in matching.matches] == [None] * 3


def test_members_of_segments_no_longer_alive_are_ignored():
    matching = match(earlier={11: CENTROIDS[0]})
    assert [each.segment for each in matching.matches] == [11, None, None]


def test_names_survive_other_random_states_and_replaced_customers(mall_like, analyse):
    first = analyse(mall_like, k=5).clustering
    ids = np.arange(200)
    segments = first.labels.astype(np.int64) + 1
    earlier = {label + 1: centroid for label, centroid in enumerate(first.centroids_original)}
    rng = np.random.default_rng(0)
    for random_state in range(1, 6):
        replaced = rng.choice(200, 20, replace=False)
        values, new_ids = mall_like.copy(), ids.copy()
        values[replaced] = mall_like[rng.choice(200, 20)]
        new_ids[replaced] += 1000
        again = analyse(values, k=5, random_state=random_state).clustering
        matching = match_clusters(
            new_ids,
            again.labels,
            centroids=again.centroids_original,
            earlier=[EarlierRun(ids, segments, earlier)],
        )
        for label, each in enumerate(matching.matches):
            np.testing.assert_allclose(again.centroids_original[label], earlier[each.segment], atol=8)
        assert matching.retired == ()

"""Labels never cover each other or a centroid."""

import itertools

import numpy as np

from segmentation.charts.text.labels import Box, place_badges, place_labels

BOUNDS = Box(200, 150, 400, 300)


def _overlap(one: Box, other: Box) -> bool:
    across = abs(one.x - other.x) < (one.width + other.width) / 2
    return across and abs(one.y - other.y) < (one.height + other.height) / 2


def test_a_single_label_stands_right_above_its_anchor() -> None:
    places = place_labels([(200, 150)], [(60, 20)], BOUNDS)
    assert places == [Box(200, 128, 60, 20)]


def test_crowded_labels_stay_apart_and_inside() -> None:
    anchors = [(180.0 + 15 * column, 140.0 + 15 * row) for column in range(3) for row in range(3)]
    places = place_labels(anchors, [(70, 20)] * 9, BOUNDS)
    assert places is not None
    assert not any(_overlap(one, other) for one, other in itertools.combinations(places, 2))
    assert all(abs(place.x - 200) <= 165 and abs(place.y - 150) <= 140 for place in places)


def test_no_label_covers_a_centroid() -> None:
    anchors = [(200.0, 150.0), (200.0, 130.0), (225.0, 150.0)]
    places = place_labels(anchors, [(60, 20)] * 3, BOUNDS, keep_clear=18)
    assert places is not None
    assert not any(_overlap(place, Box(x, y, 18, 18)) for place in places for x, y in anchors)


def test_a_corner_pushes_its_label_inwards() -> None:
    places = place_labels([(2, 2)], [(60, 20)], BOUNDS)
    assert places is not None
    assert places[0].x >= 30
    assert places[0].y >= 10


def test_labels_without_room_are_dropped() -> None:
    assert place_labels([(200, 150)], [(500, 20)], BOUNDS) is None


def test_labels_avoid_customers_where_they_can() -> None:
    above = np.array([(180.0 + 4 * step, 128.0) for step in range(11)])
    places = place_labels([(200, 150)], [(60, 20)], BOUNDS, points=above)
    assert places == [Box(200, 172, 60, 20)]


def test_a_label_goes_out_of_a_crowd_when_the_way_is_short() -> None:
    crowd = np.random.default_rng(0).uniform((150, 130), (250, 170), size=(400, 2))
    places = place_labels([(200, 150)], [(60, 20)], BOUNDS, points=crowd)
    assert places is not None
    assert not _overlap(places[0], Box(200, 150, 100, 36))


def test_a_label_stands_nearer_to_its_own_anchor_than_to_another() -> None:
    anchors, around = [(180.0, 150.0), (260.0, 150.0)], np.array([(260.0, 130.0), (260.0, 170.0)])
    first, second = place_labels(anchors, [(90, 20)] * 2, BOUNDS, points=around) or [None, None]
    assert first is not None
    assert second is not None
    assert _distance(first, anchors[0]) < _distance(first, anchors[1])
    assert _distance(second, anchors[1]) < _distance(second, anchors[0])


def _distance(box: Box, point: tuple[float, float]) -> float:
    across = max(0.0, abs(box.x - point[0]) - box.width / 2)
    return float(np.hypot(across, max(0.0, abs(box.y - point[1]) - box.height / 2)))


def test_badges_stand_on_their_anchors_and_beside_them_in_a_crowd() -> None:
    anchors = [(50.0, 50.0), (200.0, 150.0), (205.0, 152.0)]
    places = place_badges(anchors, 23, BOUNDS)
    assert places[0] == Box(50, 50, 23, 23)
    assert not any(_overlap(place, Box(x, y, 14, 14)) for place in places[1:] for x, y in anchors)
    assert not any(_overlap(one, other) for one, other in itertools.combinations(places, 2))


def test_badges_without_any_room_stay_where_they_are() -> None:
    assert len(place_badges([(2.0, 2.0)] * 60, 23, Box(10, 10, 20, 20))) == 60
    assert place_badges([], 23, BOUNDS) == []

"""The text alternatives say what the charts show."""

from types import SimpleNamespace

from segmentation.charts.text.descriptions import (
    describe_distributions,
    describe_elbow,
    describe_profile,
    describe_scatter,
    describe_sizes,
    words_for_k,
)


def test_the_elbow_is_described_in_words(make: SimpleNamespace) -> None:
    assert describe_elbow(make.elbow()) == (
        "The WCSS falls from 270,000 at k = 1 to 37,000 at k = 6. The elbow is at k = 5. "
        "At k = 5 there are clear groups. This run used k = 5. "
        "The silhouette is highest at k = 5, with 0.55. "
        "The stability is highest at k = 5, with 0.97."
    )


def test_a_curve_without_elbow_or_grouping_is_described_as_such(make: SimpleNamespace) -> None:
    words = describe_elbow(make.elbow(elbow_k=None, k_recommended=None, k=2))
    assert "no clear elbow" in words
    assert "At no k are there clear groups" in words
    assert "used k = 2" in words


def test_a_sweep_of_one_k_falls_nowhere(make: SimpleNamespace) -> None:
    chart = make.elbow(ks=(3,), inertias=(9.0,), silhouettes=(), stabilities=(), hrefs=())
    assert describe_elbow(chart).startswith("The WCSS is 9 at k = 3.")


def test_each_k_has_its_roles(make: SimpleNamespace) -> None:
    chart = make.elbow(elbow_k=3, k_recommended=5, k=5)
    assert [words_for_k(chart, k) for k in (2, 3, 5)] == ["", "elbow", "clear groups and used"]


def test_sizes_are_described_with_shares(make: SimpleNamespace) -> None:
    words = describe_sizes(make.marks(["Savers", "Spenders"]))
    assert words == "16 customers in 2 segments: Savers 8 (50.0\xa0%), Spenders 8 (50.0\xa0%)."


def test_many_segments_are_not_all_read_aloud(make: SimpleNamespace) -> None:
    words = describe_sizes(make.marks([f"Segment {number}" for number in range(20)]))
    assert words.endswith("and 8 segments more.")
    assert "Segment 12" not in words


def test_the_scatter_names_axes_and_centroids(make: SimpleNamespace) -> None:
    words = describe_scatter(make.points(), make.marks())
    assert words.startswith("40 customers by Income (k$) (X axis) and Score (Y axis)")
    assert "Young savers at 26 and 20" in words


def test_a_density_picture_says_how_many_it_shows_and_leaves_out(make: SimpleNamespace) -> None:
    words = describe_scatter(make.grid(), make.marks("AB"), x_label="First component")
    assert words.startswith("105 customers by First component")
    assert "7 customers are beyond the axes" in words


def test_profiles_say_what_sets_each_segment_apart(make: SimpleNamespace) -> None:
    words = describe_profile([make.profile("Income", 0), make.profile("Score", 1)], make.marks())
    assert "Young savers: Income 1.1 SD below" in words


def test_distributions_give_medians(make: SimpleNamespace) -> None:
    words = describe_distributions([make.profile("Income", 0)], make.marks())
    assert "Median Income: Middle 5" in words


def test_descriptions_hold_no_control_characters(make: SimpleNamespace) -> None:
    assert "\x01" not in describe_sizes(make.marks(["a\x01b"]))

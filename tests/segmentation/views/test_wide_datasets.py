"""A very large number of attributes: every page and every chart still works."""

import io

import pytest
from django.urls import reverse

from customers.importing.pipeline import create_dataset, import_now
from segmentation.analysis.results import NumberProfile
from segmentation.chart_data import registry
from segmentation.chart_data.registry import MOST_DRAWN, drawn_profiles

pytestmark = pytest.mark.django_db(transaction=True)
# More of each kind than PostgreSQL can group by at once.
WIDTH = 150


@pytest.fixture
def wide(groups):
    """Income and score of five groups, and many other numbers, dates and texts."""
    columns = groups()
    head = ["id", "Income", "Score", *(f"Column {number}" for number in range(4, WIDTH + 1))]
    kinds = (
        lambda row: f"{row % 7}",
        lambda row: f"2026-01-{1 + row % 28:02}",
        lambda row: f"text {row % 5}",
    )
    lines = [",".join(head)]
    for row, (income, score) in enumerate(zip(columns["Income"], columns["Score"], strict=True)):
        cells = [kinds[number % 3](row + number) for number in range(4, WIDTH + 1)]
        lines.append(",".join([f"C{row}", str(income), str(score), *cells]))
    dataset = create_dataset("Wide")
    done = import_now(dataset, io.BytesIO("\n".join(lines).encode()), "wide.csv")
    assert done.created_count == 100, done.job.error
    dataset.refresh_from_db()
    return dataset


def test_every_page_of_a_wide_dataset_answers(administrator_client, wide, execute_a_run):
    run = execute_a_run(wide, k=5)
    cluster = run.clusters.get(number=1)
    numbered = [run.pk, cluster.number]
    pages = [
        wide.get_absolute_url(),
        reverse("customers:dataset-overview", args=[wide.slug]),
        reverse("customers:customer-list", args=[wide.slug]),
        f"{reverse('customers:customer-list', args=[wide.slug])}?text=text+3",
        reverse("segmentation:customers-export", args=[wide.slug]),
        reverse("segmentation:run-create", args=[wide.slug]),
        wide.current_version.get_absolute_url(),
        run.get_absolute_url(),
        cluster.get_absolute_url(),
        f"{cluster.get_absolute_url()}?text=text+3",
        reverse("segmentation:segment-export", args=numbered),
        reverse("customers:customer-detail", args=[wide.slug, cluster.typical[0]]),
        *(
            reverse("segmentation:chart", args=[run.pk, name, kind])
            for name in ("profile", "distributions")
            for kind in ("svg", "png", "csv")
        ),
    ]
    answers = {page: administrator_client.get(page).status_code for page in pages}
    assert set(answers.values()) == {200}, answers


def profiles(features):
    nothing = dict.fromkeys(
        ("clusters", "differences", "standard_differences", "bin_edges", "bin_counts"), ()
    )
    return [
        NumberProfile(f"n{number}", number in features, None, explained=number / 50, **nothing)
        for number in range(50)
    ]


def test_charts_show_the_features_and_what_differs_most():
    drawn = [each.name for each in drawn_profiles(profiles({7}))]
    assert drawn == ["n7", *(f"n{number}" for number in range(50 - MOST_DRAWN + 1, 50))]


def test_charts_show_more_features_than_other_attributes():
    drawn = [each.name for each in drawn_profiles(profiles(range(40)))]
    assert drawn == [f"n{number}" for number in range(40)]


def test_charts_show_a_limited_number_of_the_most_telling_features(monkeypatch):
    monkeypatch.setattr(registry, "MOST_FEATURES_DRAWN", 45)
    drawn = [each.name for each in drawn_profiles(profiles(range(1, 50)))]
    assert drawn == [f"n{number}" for number in range(5, 50)]


def test_the_page_says_how_many_attributes_are_not_drawn(
    administrator_client, wide, execute_a_run, monkeypatch
):
    monkeypatch.setattr(registry, "MOST_FEATURES_DRAWN", 2)
    run = execute_a_run(wide, k=3, features=["Income", "Score", "Column 6"])
    numbers = wide.attributes.filter(kind="number").count()
    page = administrator_client.get(run.get_absolute_url()).content.decode()
    assert f"show the {MOST_DRAWN} attributes in which segments differ most, features first" in page
    assert f"{numbers - MOST_DRAWN} more are in the numbers" in page
    chart = administrator_client.get(reverse("segmentation:chart", args=[run.pk, "profile", "svg"]))
    drawn = drawn_profiles(registry.number_profiles(registry.Wanted(run)))
    assert [each.is_feature for each in drawn].count(True) == 2
    assert all(each.name in chart.content.decode() for each in drawn)

"""The overview of the data, checked by hand on a few customers."""

import io
import re
from datetime import date

import pytest
from django.db import connection
from django.urls import reverse

from customers.importing.pipeline import start_import
from customers.models import Dataset, VersionOverview
from customers.overview import BINS, COUNT_LOCK, count_missing_overviews, overview_of
from customers.storage.versions import undo_import

pytestmark = pytest.mark.django_db(transaction=True)
FILE = """id,Age,Town,Same,Joined
1,20,Rome,5,2024-02-28
2,30,Rome,5,2024-02-29
3,100,Paris,5,
4,,Oslo,5,1999-12-31
"""


@pytest.fixture
def overview(import_file, dataset):
    import_file(FILE)
    dataset.refresh_from_db()
    return {attribute.name: each for attribute, each in overview_of(dataset).items()}


def test_numbers_have_their_range_their_mean_and_what_is_missing(overview):
    age = overview["Age"]
    assert (age.known, age.missing) == (3, 1)
    assert (age.minimum, age.mean, age.maximum) == (20, 50, 100)


def test_the_histogram_counts_every_known_value_once(overview):
    counts = overview["Age"].counts
    assert len(counts) == BINS
    assert (counts[0], counts[2], counts[-1], sum(counts)) == (1, 1, 1, 3)


def test_one_value_for_everyone_has_no_histogram(overview):
    assert overview["Same"].bars == []


def test_dates_have_their_first_and_their_last_day_and_a_histogram(overview):
    joined = overview["Joined"]
    assert (joined.first_day, joined.last_day) == (date(1999, 12, 31), date(2024, 2, 29))
    assert (joined.known, joined.missing, joined.frequent) == (3, 1, ())
    assert (joined.counts[0], joined.counts[-1], sum(joined.counts)) == (1, 2, 3)


def test_dates_of_any_century_are_counted(import_file, dataset):
    import_file("id,Founded\n1,0476-09-04\n2,1492-10-12\n3,9999-12-31\n")
    dataset.refresh_from_db()
    (founded,) = overview_of(dataset).values()
    assert (founded.first_day, founded.last_day) == (date(476, 9, 4), date(9999, 12, 31))
    assert sum(founded.counts) == founded.known == 3


def test_texts_come_with_the_most_frequent_first(overview):
    assert overview["Town"].frequent == (("Rome", 0.5), ("Oslo", 0.25), ("Paris", 0.25))


def test_nearly_unique_texts_are_listed_without_shares(import_file, dataset):
    import_file(
        "id,Mail,Town\n"
        + "".join(f"{one},m{one}@x.org,{'Rome' if one % 9 else 'Oslo'}\n" for one in range(99))
    )
    dataset.refresh_from_db()
    mail, town = overview_of(dataset).values()
    assert (mail.is_diverse, town.is_diverse) == (True, False)


def test_a_dataset_without_customers_has_no_overview(dataset):
    assert overview_of(dataset) == {}


def test_a_worker_counts_after_an_import_and_the_page_only_reads(
    worker, dataset, wait_until, django_assert_num_queries
):
    start_import(dataset, io.BytesIO(FILE.encode()), "four.csv")
    wait_until(VersionOverview.objects.exists)
    dataset = Dataset.objects.select_related("current_version").get(pk=dataset.pk)
    age = dataset.attributes.get(name="Age")
    with django_assert_num_queries(2):  # the attributes, and their overview
        assert overview_of(dataset)[age].mean == 50


def test_a_missing_overview_is_computed_later(import_file, dataset):
    import_file(FILE)
    import_file(FILE.replace("100", "110"))
    count_missing_overviews()
    dataset.refresh_from_db()
    assert [each.version_id for each in VersionOverview.objects.all()] == [dataset.current_version_id]


@pytest.fixture
def other_connection():
    """A second connection to the same database, like another process's."""
    other = connection.copy()
    yield other
    other.close()


def lock(other, call, version):
    with other.cursor() as cursor:
        cursor.execute(f"SELECT {call}(%s, %s)", [COUNT_LOCK, version])
        return cursor.fetchone()[0]


def test_an_overview_that_another_worker_is_computing_is_left_alone(import_file, dataset, other_connection):
    version = import_file(FILE).pk
    assert lock(other_connection, "pg_try_advisory_lock", version)
    count_missing_overviews()
    assert not VersionOverview.objects.exists()
    lock(other_connection, "pg_advisory_unlock", version)
    count_missing_overviews()
    assert VersionOverview.objects.exists()


def test_a_failed_overview_releases_its_lock(import_file, dataset, other_connection, monkeypatch):
    version = import_file(FILE).pk
    monkeypatch.setattr("customers.overview.SAMPLE_ROWS", None)
    count_missing_overviews()
    assert not VersionOverview.objects.exists()
    assert lock(other_connection, "pg_try_advisory_lock", version)


def test_attributes_of_an_import_that_was_undone_are_missing_for_everybody(import_file, dataset):
    import_file(FILE)
    count_missing_overviews()
    later = import_file("id,Income\n1,5\n")
    assert undo_import(later)
    dataset.refresh_from_db()
    income = overview_of(dataset)[dataset.attributes.get(name="Income")]
    assert (income.known, income.missing, income.minimum) == (0, 4, None)


def test_many_attributes_are_all_counted(import_file, dataset):
    names = [f"n{number}" for number in range(70)]
    rows = [",".join(str(row * number) for number in range(1, 71)) for row in range(3)]
    import_file("\n".join([f"id,{','.join(names)}", *(f"{row},{cells}" for row, cells in enumerate(rows))]))
    dataset.refresh_from_db()
    found = list(overview_of(dataset).values())
    assert [sum(each.counts) for each in found] == [3] * 70
    assert found[69].maximum == 140


def test_dates_on_either_side_of_what_one_statement_counts_keep_their_own_days(import_file, dataset):
    names = [f"d{number}" for number in range(33)]
    rows = [",".join(f"20{number % 20 + 10}-0{row}-01" for number in range(33)) for row in (1, 2)]
    import_file("\n".join([f"id,{','.join(names)}", *(f"{row},{cells}" for row, cells in enumerate(rows))]))
    dataset.refresh_from_db()
    found = list(overview_of(dataset).values())
    assert [each.first_day.year for each in found] == [number % 20 + 2010 for number in range(33)]
    assert [sum(each.counts) for each in found] == [2] * 33


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        (["1e155", "3e155"], 2e155),
        (["5e-324", "5e-324"], 5e-324),
        (["1e308", "1.1e308", "1.2e308"], None),
        (["-1e308", "1e308"], None),
    ],
)
def test_numbers_of_any_size_are_counted(import_file, dataset, values, mean):
    done = import_file("\n".join(["id,Size", *(f"{row},{value}" for row, value in enumerate(values))]))
    assert done.created_count == len(values), done.job.error
    dataset.refresh_from_db()
    (size,) = overview_of(dataset).values()
    numbers = [float(value) for value in values]
    assert (size.minimum, size.mean, size.maximum) == (min(numbers), mean, max(numbers))
    assert sum(size.counts) == (len(numbers) if size.minimum != size.maximum else 0)


def test_an_unknown_mean_is_shown_as_a_dash(import_file, dataset, administrator_client):
    import_file("id,Size\n1,1e308\n2,1.5e308\n")
    page = administrator_client.get(reverse("customers:dataset-overview", args=[dataset.slug]))
    assert page.status_code == 200
    cells = re.findall(r'<td class="number">(.*?)</td>', page.content.decode())
    assert cells == ["0", "1e+308", "–", "1.5e+308"]

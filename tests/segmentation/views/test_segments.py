"""A segment's page: its customers in pages."""

import re

import pytest
from django.db import connection
from django.urls import reverse

from customers.models import Customer
from segmentation.models import ClusterAssignment

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster(make_dataset, groups, execute_a_run):
    """The largest of five segments, with 60 customers: two pages."""
    run = execute_a_run(make_dataset(groups(60)), k=5)
    return run.clusters.select_related("segment", "run").first()


def test_averages_are_shown_beside_everyones(viewer_client, cluster, groups):
    page = viewer_client.get(cluster.get_absolute_url())
    income = page.context["facts"][0]
    everyone = sum(groups(60)["Income"]) / 300
    assert (income.name, income.everyone) == ("Income", f"{everyone:.1f}")
    assert income.value == f"{cluster.centroid[0]:.1f}"
    assert f"everyone {everyone:.1f}</span>" in page.content.decode()


def test_other_differences_of_a_segment_are_listed_below(viewer_client, make_dataset, groups, execute_a_run):
    ages = [age for age in (20.0, 30.0, 40.0, 50.0, 60.0) for _ in range(60)]
    run = execute_a_run(make_dataset({"Age": ages, **groups(60)}), k=5)
    pages = [viewer_client.get(each.get_absolute_url()) for each in run.clusters.all()]
    told = [[each.name for each in page.context["differences"]] for page in pages]
    assert sorted(told) == [[], ["Age"], ["Age"], ["Age"], ["Age"]]
    for page, names in zip(pages, told, strict=True):
        assert ('table class="differences"' in page.content.decode()) == bool(names)


def test_a_rate_is_not_rounded_to_zero(viewer_client, make_dataset, execute_a_run):
    dataset = make_dataset({"Rate": [0.004, 0.0041, 0.0039, 0.02, 0.021, 0.019]})
    run = execute_a_run(dataset, features=["Rate"], k=2)
    pages = {
        viewer_client.get(each.get_absolute_url()).context["facts"][0].value for each in run.clusters.all()
    }
    assert pages == {"0.004", "0.020"}
    address = reverse("customers:customer-detail", args=[dataset.slug, 1])
    assert "on average 0.004 in " in viewer_client.get(address).content.decode()


def listed_ids(page) -> list[int]:
    return [row.id for row in page.context["list"].rows]


def read_all(client, address: str) -> list[int]:
    """The ids of a whole list, page by page; checks that paging backwards shows the same pages."""
    pages, page = [], client.get(address)
    pages.append(listed_ids(page))
    while following := page.context["list"].page.next:
        page = client.get(f"{address}&after={following}")
        pages.append(listed_ids(page))
    for ids in reversed(pages[:-1]):
        page = client.get(f"{address}&before={page.context['list'].page.previous}")
        assert listed_ids(page) == ids
    assert page.context["list"].page.previous is None
    return [each for ids in pages for each in ids]


@pytest.mark.parametrize("by", ["distance", "margin", "id", "customer", "Score"])
def test_paging_shows_every_customer_once_in_order(viewer_client, cluster, by):
    dataset = cluster.run.segmentation.dataset
    sort = str(dataset.attributes.get(name="Score").pk) if by == "Score" else by
    ways = [
        read_all(viewer_client, f"{cluster.get_absolute_url()}?sort={way}{sort}&size=25") for way in ("", "-")
    ]
    members = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label)
    order = {"id": "customer_id", "customer": "customer_id"}.get(by, by)
    if by == "Score":
        customers = Customer.objects.of(dataset).filter(id__in=members.values("customer_id"))
        expected = [row.id for row in sorted(customers, key=lambda row: (row.numbers[1], row.id))]
    else:
        expected = list(members.order_by(order, "customer_id").values_list("customer_id", flat=True))
    assert ways == [expected, expected[::-1]]
    assert len(expected) == cluster.size > 50


@pytest.mark.parametrize("sort", ["distance", "-margin", "Income", "-Score", "customer"])
def test_a_selection_is_paged_and_counted(viewer_client, cluster, sort):
    income, score = cluster.run.segmentation.dataset.attributes.all()
    sort = sort.replace("Income", str(income.pk)).replace("Score", str(score.pk))
    middle = cluster.centroid[0]
    address = f"{cluster.get_absolute_url()}?{income.pk}.from={middle}&sort={sort}&size=10"
    seen = read_all(viewer_client, address)
    everybody = Customer.objects.filter(version=cluster.run.version_id, numbers__0__gte=middle)
    members = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label)
    expected = everybody.filter(id__in=members.values("customer_id")).values_list("id", flat=True)
    assert sorted(seen) == sorted(expected)
    assert viewer_client.get(address).context["list"].count == len(seen) > 20


@pytest.mark.parametrize("sort", ["distance", "Income", "-customer"])
def test_a_large_selection_is_paged_too(viewer_client, cluster, monkeypatch, sort):
    monkeypatch.setattr("customers.lists.listing.MOST_COUNTED", 5)
    monkeypatch.setattr("segmentation.segments.customers.MOST_COUNTED", 5)
    income = cluster.run.segmentation.dataset.attributes.get(name="Income")
    address = (
        f"{cluster.get_absolute_url()}?{income.pk}.missing=no&sort={sort.replace('Income', str(income.pk))}"
    )
    page = viewer_client.get(f"{address}&size=25")
    assert "More than 10,000 of" in page.content.decode()
    assert len(set(read_all(viewer_client, f"{address}&size=25"))) == cluster.size


def test_if_matches_come_late_all_customers_are_scanned(viewer_client, cluster, monkeypatch):
    monkeypatch.setattr("customers.lists.listing.MOST_COUNTED", 5)
    monkeypatch.setattr("segmentation.segments.customers.MOST_COUNTED", 5)
    monkeypatch.setattr("customers.lists.paging.SOON_MILLISECONDS", "1")
    income = cluster.run.segmentation.dataset.attributes.get(name="Income")
    with connection.execute_wrapper(slowly):
        page = viewer_client.get(cluster.get_absolute_url(), {f"{income.pk}.missing": "no"})
    assert len(listed_ids(page)) == 50


def test_a_page_leaves_the_database_as_it_was(viewer_client, cluster):
    names = ("statement_timeout", "enable_nestloop", "jit", "parallel_setup_cost", "parallel_tuple_cost")

    def settings_of_session():
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(names)])
            return dict(cursor.fetchall())

    usual = settings_of_session()
    viewer_client.get(cluster.get_absolute_url(), {"id": "0"})
    assert settings_of_session() == usual


def test_the_page_size_is_limited_to_200_rows(viewer_client, cluster):
    for asked, shown in (("25", 25), ("100", 60), ("1000000000", 60), ("0", 1), ("", 50)):
        page = viewer_client.get(cluster.get_absolute_url(), {"size": asked}, follow=True)
        assert len(listed_ids(page)) == shown
        assert page.context["listing"].size <= 200


def test_empty_form_fields_are_left_out_of_the_url(viewer_client, cluster):
    page = viewer_client.get(cluster.get_absolute_url(), {"id": "00", "text": "", "sort": "margin"})
    assert page.headers["Location"] == f"{cluster.get_absolute_url()}?id=00&sort=margin"


def test_values_that_have_changed_since_the_run_are_marked(viewer_client, cluster, publish, groups):
    columns = groups(60)
    first = listed_ids(viewer_client.get(cluster.get_absolute_url()))[0]
    before = columns["Income"][first - 1]
    columns["Income"][first - 1] = 777.0
    publish(cluster.run.segmentation.dataset, {**columns, "Visits": [float(n) for n in range(300)]})
    page = viewer_client.get(cluster.get_absolute_url())
    changed = [cell for row in page.context["list"].rows for cell in row.cells if cell.has_changed]
    assert [(cell.attribute.name, cell.value, cell.before) for cell in changed] == [("Income", 777.0, before)]
    assert f"was {before:g}" in page.content.decode()


def test_a_list_that_takes_the_database_too_long_says_what_to_do(viewer_client, cluster, settings):
    settings.PAGE_TIMEOUT_SECONDS = 0.001
    with connection.execute_wrapper(slowly):
        page = viewer_client.get(cluster.get_absolute_url(), {"id": "0"})
    assert page.status_code == 503
    assert "Narrow it down" in page.content.decode()
    assert "Customer ID begins with" in page.content.decode()


def slowly(execute, sql, params, many, context):
    """Make the query of a selection slow."""
    return execute(
        sql.replace(" LIMIT", " OFFSET length(pg_sleep(0.1)::text) LIMIT", 1), params, many, context
    )


def test_a_customer_who_is_gone_is_reported(viewer_client, cluster, publish, groups):
    dataset = cluster.run.segmentation.dataset
    publish(dataset, {name: values[:1] for name, values in groups(60).items()}, first_id=9_000)
    page = viewer_client.get(cluster.get_absolute_url()).content.decode()
    assert page.count("No longer in the dataset") == 50


def test_a_customers_page_says_which_segments(viewer_client, cluster):
    member = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label).first()
    dataset = cluster.run.segmentation.dataset
    page = viewer_client.get(
        reverse("customers:customer-detail", args=[dataset.slug, member.customer_id])
    ).content.decode()
    assert cluster.segment.name in page


def test_another_datasets_customer_is_not_found(viewer_client, cluster, make_dataset):
    other = make_dataset({"Income": [1.0]}, name="Other")
    member = ClusterAssignment.objects.filter(run=cluster.run_id).latest("customer_id").customer_id
    answers = {
        slug: viewer_client.get(reverse("customers:customer-detail", args=[slug, member])).status_code
        for slug in (cluster.run.segmentation.dataset.slug, other.slug)
    }
    assert answers == {cluster.run.segmentation.dataset.slug: 200, other.slug: 404}


def test_features_come_first_and_measures_after_them(viewer_client, make_dataset, groups, execute_a_run):
    columns = groups()
    dataset = make_dataset({"Age": [30.0] * 50 + [40.0] * 50, **columns})
    cluster = execute_a_run(dataset, k=5).clusters.first()
    page = viewer_client.get(cluster.get_absolute_url())
    heads = [column.label for column in page.context["columns"]]
    assert heads == ["Customer", "Income", "Score", "Distance", "Margin", "Age"]
    row = page.context["list"].rows[0]
    table = page.content.decode().split('<div class="scroll customers"')[1]
    line = table.split("<tbody>")[1].split("</tr>")[0]
    values = re.findall(r"<td[^>]*>([^<]*)", line)
    assert values == [
        *(cell.text for cell in row.cells[:2]),
        *(f"{measure:.3f}" for measure in row.measures),
        row.cells[2].text,
    ]

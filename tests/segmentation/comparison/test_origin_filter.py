"""Lists of customers who came from a segment of another run."""

import pytest
from django.urls import reverse

from customers.models import Customer
from segmentation.deletion import delete_run
from segmentation.exports.background import exportable_of
from segmentation.models import CustomerExport

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def moved(make_dataset, groups, publish, execute_a_run):
    """Two runs; three customers moved from one cluster to the other, and one is new there."""
    columns = groups()
    dataset = make_dataset(columns)
    before = execute_a_run(dataset, k=5)
    columns["Income"][20:23], columns["Score"][20:23] = [88.0] * 3, [82.0] * 3
    columns["Income"].append(88.0)
    columns["Score"].append(82.0)
    publish(dataset, columns)
    after = execute_a_run(dataset, k=5)
    return of(before, "22"), of(before, "45"), of(after, "22")


def of(run, customer_id):
    """The cluster of a customer in a run."""
    from segmentation.models import ClusterAssignment

    customer = Customer.objects.filter(version_id=run.version_id, customer_id=f"{int(customer_id):04}").get()
    label = ClusterAssignment.objects.get(run=run.pk, customer_id=customer.id).label
    return run.clusters.get(label=label)


def ids(page):
    return sorted(row.customer.customer_id for row in page.context["list"].rows)


def test_a_list_has_those_who_came_from_a_segment_with_what_changed(viewer_client, moved):
    source, _, target = moved
    page = viewer_client.get(target.get_absolute_url(), {"was": f"{source.run_id}.{source.number}"})
    assert ids(page) == ["0021", "0022", "0023"]
    assert page.context["list"].count == 3
    words = " ".join(page.content.decode().split())
    assert f"In “{source.segment}” of run {source.run_id}" in words
    assert f"Values that have changed since run {source.run_id} are marked." in words
    changed = [cell.has_changed for row in page.context["list"].rows for cell in row.cells]
    assert changed == [True] * 6


def test_a_list_has_those_who_are_new(viewer_client, moved):
    source, _, target = moved
    page = viewer_client.get(target.get_absolute_url(), {"was": f"{source.run_id}.0"})
    assert ids(page) == ["0101"]
    assert f"Not in run {source.run_id}" in page.content.decode()


def test_it_goes_on_with_other_filters_sorted_and_in_pages(viewer_client, moved):
    _, stayed, target = moved
    income = target.run.segmentation.dataset.attributes.get(name="Income")
    asked = {"was": f"{stayed.run_id}.{stayed.number}", "size": 7, "sort": f"-{income.pk}"}
    url, found = target.get_absolute_url(), []
    while True:
        page = viewer_client.get(url, asked)
        found += ids(page)
        if page.context["list"].page.next is None:
            break
        asked["after"] = page.context["list"].page.next
    assert sorted(found) == [f"{number:04}" for number in range(41, 61)]


@pytest.mark.parametrize("way", ["at once", "prepared"])
def test_they_are_taken_along(analyst_client, moved, analyst, settings, way):
    source, _, target = moved
    asked = f"?was={source.run_id}.{source.number}"
    page = reverse("segmentation:segment-export", args=[target.run_id, target.number]) + asked
    if way == "prepared":
        settings.EXPORT_BACKGROUND_ROWS = 2
        analyst_client.post(page, {"format": "csv", "columns": ["id"]})
        export = CustomerExport.objects.get()
        assert exportable_of(export).measure().rows == 3
        assert analyst_client.get(export.get_absolute_url()).status_code == 200
        return
    answer = analyst_client.post(page, {"format": "csv", "columns": ["id"]})
    body = b"".join(analyst_client.get(answer["Location"]).streaming_content).decode("utf-8-sig")
    assert body.split() == ["Customer", "ID", "0021", "0022", "0023"]


@pytest.mark.parametrize(("asked", "stays"), [("id=0&was={run}.1", False), ("was={run}0.1", True)])
def test_an_export_goes_with_the_run_that_it_asks_about(moved, analyst, export_in_background, asked, stays):
    source, _, target = moved
    export = export_in_background(target, analyst)
    CustomerExport.objects.filter(pk=export.pk).update(selection=asked.format(run=source.run_id))
    delete_run(source.run)
    assert CustomerExport.objects.exists() == stays


@pytest.mark.parametrize("asked", ["x", "1", "999.1", "{run}.9", "{run}.1;DROP", "-1.1", "{run}.1 ", "１.1"])
def test_what_is_no_segment_of_the_dataset_is_refused(viewer_client, moved, asked):
    source, _, target = moved
    page = viewer_client.get(target.get_absolute_url(), {"was": asked.format(run=source.run_id)})
    assert page.status_code == 400


def test_a_run_of_another_dataset_is_refused(viewer_client, moved, make_dataset, groups, execute_a_run):
    other = execute_a_run(make_dataset(groups(), name="Other"), k=3)
    page = viewer_client.get(moved[2].get_absolute_url(), {"was": f"{other.pk}.1"})
    assert page.status_code == 400
    assert "no such segment" in page.content.decode()


def test_every_flow_between_two_runs_leads_to_its_customers(viewer_client, moved):
    source, _, target = moved
    page = viewer_client.get(reverse("segmentation:run-compare"), {"run": [source.run_id, target.run_id]})
    comparison = page.context["comparison"]
    for flow in comparison.flows:
        assert viewer_client.get(flow.customers).context["list"].count == flow.size
    words = " ".join(page.content.decode().split())
    assert "3 customers moved. They changed; the segments stayed where they were." in words
    assert "Score rose from" in words

"""A segment's page: its customers in pages, its name."""

import pytest
from django.urls import reverse

from segmenter.models import ClusterAssignment, Segment

# Runs have a heartbeat on a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster(make_dataset, groups, execute_a_run):
    """The largest of five segments, with 60 customers: two pages."""
    run = execute_a_run(make_dataset(groups(60)), k=5)
    return run.clusters.select_related("segment", "run").first()


def listed_ids(page) -> list[int]:
    return [row["assignment"].customer_id for row in page.context["rows"]]


@pytest.mark.parametrize("order", ["id", "typical", "borderline", "nonsense"])
def test_paging_shows_every_customer_once(viewer_client, cluster, order):
    address, seen = cluster.get_absolute_url(), []
    page = viewer_client.get(address, {"order": order})
    seen += listed_ids(page)
    while page.context["page"].next:
        page = viewer_client.get(address, {"order": order, "after": page.context["page"].next})
        seen += listed_ids(page)
    members = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label)
    assert len(seen) == cluster.size > 50
    assert set(seen) == set(members.values_list("customer_id", flat=True))


def test_the_previous_page_leads_back(viewer_client, cluster):
    address = cluster.get_absolute_url()
    first = viewer_client.get(address)
    second = viewer_client.get(address, {"after": first.context["page"].next})
    back = viewer_client.get(address, {"before": second.context["page"].previous})
    assert listed_ids(back) == listed_ids(first)


@pytest.mark.parametrize("cursor", ["x", "[]", "[1]", '["a","b"]', "[null,1]", "{}", "[1e999,1]", "[" * 9999])
def test_an_edited_address_is_no_error(viewer_client, cluster, cursor):
    page = viewer_client.get(cluster.get_absolute_url(), {"after": cursor, "order": "id"})
    assert page.status_code == 200


def test_typical_customers_come_first(viewer_client, cluster):
    page = viewer_client.get(cluster.get_absolute_url(), {"order": "typical"})
    distances = [row["assignment"].distance for row in page.context["rows"]]
    assert distances == sorted(distances)


def test_a_customer_who_is_gone_is_said_to_be(viewer_client, cluster, publish, groups):
    dataset = cluster.run.segmentation.dataset
    publish(dataset, {name: values[:1] for name, values in groups(60).items()}, first_id=9_000)
    page = viewer_client.get(cluster.get_absolute_url()).content.decode()
    assert page.count("No longer in the dataset") == 50


def test_a_segment_is_renamed_in_every_run(analyst_client, cluster):
    address = reverse("segmenter:segment-rename", args=[cluster.run_id, cluster.number])
    page = analyst_client.post(address, {"name": "  Young   savers "}, follow=True)
    assert "Young savers" in page.content.decode()
    assert Segment.objects.get(pk=cluster.segment_id).name == "Young savers"


def test_two_living_segments_never_share_a_name(analyst_client, cluster):
    other = Segment.objects.exclude(pk=cluster.segment_id).first()
    address = reverse("segmenter:segment-rename", args=[cluster.run_id, cluster.number])
    page = analyst_client.post(address, {"name": other.name}, follow=True)
    assert "called “" in page.content.decode()
    assert Segment.objects.get(pk=cluster.segment_id).name == cluster.segment.name


def test_a_viewer_does_not_rename(viewer_client, cluster):
    rename = reverse("segmenter:segment-rename", args=[cluster.run_id, cluster.number])
    assert viewer_client.post(rename, {"name": "Mine"}).status_code == 403


def test_a_customers_page_says_which_segments(viewer_client, cluster):
    member = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label).first()
    dataset = cluster.run.segmentation.dataset
    page = viewer_client.get(
        reverse("segmenter:customer-detail", args=[dataset.slug, member.customer_id])
    ).content.decode()
    assert cluster.segment.name in page


def test_another_datasets_customer_is_not_found(viewer_client, cluster, make_dataset):
    other = make_dataset({"Income": [1.0]}, name="Other")
    address = reverse("segmenter:customer-detail", args=[other.slug, 99_999])
    assert viewer_client.get(address).status_code == 404

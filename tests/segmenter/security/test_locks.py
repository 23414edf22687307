"""No statement opens partitions it does not need, however many runs and imports an installation has.

PostgreSQL's lock table belongs to everybody: pages that fill it take the site down.
"""

import csv
import io

import pytest
from django.core.management import call_command
from django.urls import reverse

from bench.operation.age import copy_runs, copy_version
from bench.site import watch_locks
from common.url_converters import CHARTS
from customers.importing.pipeline import import_now
from customers.models import Customer, CustomerImport
from customers.storage.versions import drop_unheld_versions
from jobs.worker.execution import execute
from segmentation.chart_data.on_demand import count_picture
from segmentation.clearing import clear_deleted
from segmentation.comparison.flows import compare_with_the_run_before
from segmentation.models import ClusterAssignment, SegmentationRun
from segmentation.runs.assignments import assignments_in
from tests.segmenter.security.test_permissions import address, read_table

MOST = 20
# A transaction that publishes also makes a partition.
MOST_IN_A_TRANSACTION = 40
FILES = ("csv", "xlsx")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old_world(world, make_dataset, execute_a_run, groups):
    """60 runs and 20 imports of three datasets, most of them of the one that addresses name."""
    others = [make_dataset(groups(random_state=number), name=f"Other{number}") for number in (1, 2)]
    for dataset in others:
        run = execute_a_run(dataset, k=4)
        copy_runs(run, 9)
        copy_version(dataset, 4)
    copy_runs(world.run, 39)
    copy_version(world.dataset, 9)
    assert (SegmentationRun.objects.count(), CustomerImport.objects.count()) == (60, 20)
    return world


def worst_of(statements):
    """The statements that open too much, each once."""
    assert statements
    return sorted(
        {str(each) for each in statements if each.locks > MOST or each.held > MOST_IN_A_TRANSACTION}
    )


def read(client, where, *statuses):
    answer = client.get(where)
    assert not statuses or answer.status_code in statuses, (where, answer.status_code)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


def further_pages(world):
    """The same pages with what people ask of them: sorting, filters, searches, other runs."""
    dataset, run, cluster = world.dataset, world.run, world.run.clusters.get(number=1)
    other = SegmentationRun.objects.filter(segmentation=run.segmentation_id).first()
    number = dataset.attributes.get(name="Income").pk
    customers = reverse("customers:customer-list", args=[dataset.slug])
    queries = (
        *("sort=customer", "sort=-id", "id=00", "text=a", f"sort={number}", f"{number}.from=30"),
        *(f"was={other.pk}.1", f"was={other.pk}.0", f"was={other.pk}.2&{number}.to=60&sort={number}"),
    )
    lists = (customers, cluster.get_absolute_url())
    first = world.customer.id
    return [
        *(
            f"{each}?{query}"
            for each in lists
            for query in queries
            if each != customers or "was" not in query
        ),
        *(f"{each}export.{ending}?{queries[5]}" for each in lists for ending in FILES),
        f"{lists[1]}export.csv?{queries[-3]}",
        f"{run.get_absolute_url()}export.csv?was={other.pk}.1",
        *(f"{customers}{first}/?{query}" for query in ("page=3", f"run={run.pk}", f"run={other.pk}")),
        *(f"{run.get_absolute_url()}charts/{name}.svg" for name in CHARTS if name != "history"),
        f"{reverse('segmentation:run-compare')}?run={run.pk}&run={other.pk}",
        f"{run.segmentation.get_absolute_url()}?page=2",
        *("/runs/?page=2", f"/runs/?dataset={dataset.slug}", "/jobs/?state=succeeded"),
    ]


def test_no_page_opens_the_partitions_of_all_runs_or_imports(old_world, administrator_client):
    pages = [address(path, old_world.arguments) for path in read_table()]
    further = further_pages(old_world)
    assert len(pages) > 50
    with watch_locks() as statements:
        for page in pages:
            read(administrator_client, page)
        for page in further:
            read(administrator_client, page, 200)
    assert len(statements) > 500
    assert not worst_of(statements)


def test_nothing_that_people_do_opens_them(old_world, administrator_client):
    dataset, run, ask = old_world.dataset, old_world.run, administrator_client.post
    at = run.get_absolute_url()
    segment = run.clusters.get(number=1).get_absolute_url()
    with watch_locks() as statements:
        answers = [
            ask(f"{segment}rename/", {"name": "Savers", "colour": 3, "notes": ""}),
            ask(f"{run.segmentation.get_absolute_url()}rename/", {"name": "Usual"}),
            ask(f"{segment}export/", {"format": "csv", "columns": "id"}),
            ask(f"{dataset.current_version.get_absolute_url()}undo/"),
            ask(f"{at}delete/"),
            ask(f"{dataset.get_absolute_url()}delete/", {"name": dataset.name}),
        ]
    assert [answer.status_code for answer in answers] == [302] * len(answers)
    assert not worst_of(statements)


def test_no_job_and_no_command_opens_them(old_world, execute_a_run, export_in_background, analyst, tmp_path):
    dataset = old_world.dataset
    with watch_locks() as statements:
        run = execute_a_run(dataset, k=3)
        compare_with_the_run_before(run.job_id)
        export_in_background(run.clusters.get(number=1), analyst, "xlsx")
        call_command("export_segment", str(run.pk), "1", output=tmp_path / "segment.csv")
        call_command("segment", dataset=dataset.name, features=["Income"], stdout=io.StringIO())
        done = import_now(dataset, io.BytesIO(as_file(dataset)), "customers.csv")
        drop_unheld_versions(grace=done.created_at - done.created_at)
    assert done.job.state == "succeeded", done.job.error
    assert not worst_of(statements)


def as_file(dataset):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["CustomerID", "Income", "Score"])
    for each in Customer.objects.of(dataset):
        writer.writerow([each.customer_id, *each.numbers])
    return out.getvalue().replace("55", "56").encode()


def test_deleting_a_customer_opens_no_run(old_world, execute_a_run):
    dataset, gone = old_world.dataset, Customer.objects.filter(id=old_world.customer.id)
    latest = Customer.objects.of(dataset)
    with watch_locks() as statements:
        for version in dataset.imports.values_list("pk", flat=True):
            gone.filter(version_id=version).delete()
        clear_deleted()
    assert not worst_of(statements)
    assert latest.count() == 99
    runs = SegmentationRun.objects.filter(segmentation__dataset=dataset).values_list("pk", flat=True)
    left = ClusterAssignment.objects.filter(customer_id=old_world.customer.id)
    assert not left.filter(run__in=list(runs)).exists()
    assert left.count() == 20  # another dataset's customer may have the same number in these tests


def test_more_runs_in_one_statement_are_refused():
    with pytest.raises(ValueError, match="5 runs in one statement; at most 4"):
        assignments_in([1, 2, 3, 4, 5])


def test_a_picture_on_request_opens_one_version(old_world, administrator_client):
    run, dataset = old_world.run, old_world.dataset
    axes = dataset.attributes.values_list("pk", flat=True)
    with watch_locks() as statements:
        administrator_client.post(f"{run.get_absolute_url()}pictures/", {"x": axes[0], "y": axes[1]})
        for picture in run.further_pictures.all():
            execute(picture.job_id, count_picture)
    assert not worst_of(statements)

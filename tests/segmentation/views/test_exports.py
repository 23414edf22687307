"""Choosing what to export, and exporting it."""

import csv
import io
import zipfile

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from customers.importing.pipeline import import_now
from customers.models import Customer
from jobs.worker.execution import execute
from segmentation.deletion import delete_run
from segmentation.exports.background import execute_export, path_of
from segmentation.models import ClusterAssignment, CustomerExport, Segment
from segmentation.runs.request import RunRequest, start_run

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster(shop, execute_a_run):
    return execute_a_run(shop, k=5).clusters.select_related("segment", "run").first()


def page_of(cluster) -> str:
    return reverse("segmentation:segment-export", args=[cluster.run_id, cluster.number])


def file_of(cluster, ending="csv") -> str:
    return reverse("segmentation:segment-file", args=[cluster.run_id, cluster.number, ending])


def content(answer) -> bytes:
    assert "attachment" in answer["Content-Disposition"]
    found = b"".join(answer.streaming_content)
    answer.close()
    return found


def rows(client, address) -> list[dict[str, str]]:
    text = content(client.get(address, follow=True)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_file_holds_every_customer_with_all_attributes_and_where_they_stand(analyst_client, cluster):
    found = rows(analyst_client, file_of(cluster))
    customer = Customer.objects.get(version=cluster.run.version_id, customer_id=found[0]["Customer ID"])
    place = ClusterAssignment.objects.get(run=cluster.run, customer_id=customer.id)
    assert len(found) == cluster.size
    assert float(found[0]["Income"]) == customer.numbers[0]
    assert found[0]["Segment"] == cluster.segment.name
    assert (float(found[0]["Distance"]), float(found[0]["Margin"])) == (place.distance, place.margin)


def test_all_segments_of_a_run_are_one_file_that_says_which(analyst_client, cluster):
    run = cluster.run
    page = analyst_client.get(reverse("segmentation:run-export", args=[run.pk]))
    words = " ".join(page.content.decode().split())
    assert "The file will have 100 rows, one per customer" in words
    found = rows(analyst_client, reverse("segmentation:run-file", args=[run.pk, "csv"]))
    labels = {each.label: each.segment.name for each in run.clusters.select_related("segment")}
    places = ClusterAssignment.objects.filter(run=run.pk).order_by("customer_id")
    assert [row["Segment"] for row in found] == [labels[place.label] for place in places]
    assert len(found) == 100
    [event] = AuditEvent.objects.filter(action="exported")
    assert event.subject == f"all segments of run {run.pk}, {run.segmentation}"


def test_all_segments_of_a_run_are_prepared_in_the_background(analyst_client, cluster, settings):
    settings.EXPORT_BACKGROUND_ROWS = 10
    page = reverse("segmentation:run-export", args=[cluster.run_id])
    answer = analyst_client.post(page, {"format": "xlsx", "columns": ["id", "segment"]})
    export = CustomerExport.objects.get()
    execute(export.job_id, execute_export)
    assert analyst_client.get(answer["Location"]).status_code == 200
    export.refresh_from_db()
    assert (export.run, export.cluster, export.row_count) == (cluster.run, None, 100)
    delete_run(cluster.run)
    assert not CustomerExport.objects.exists()


def test_a_run_without_segments_has_nothing_to_export(analyst_client, shop):
    run = start_run(RunRequest(dataset=shop, features=["Income", "Score"]))
    assert analyst_client.get(reverse("segmentation:run-export", args=[run.pk])).status_code == 404


def test_the_only_segment_has_no_margin_in_the_file(analyst_client, shop, execute_a_run):
    cluster = execute_a_run(shop, k=1).clusters.select_related("segment", "run").get()
    found = rows(analyst_client, file_of(cluster))
    assert len(found) == 100
    assert {row["Margin"] for row in found} == {""}
    workbook = zipfile.ZipFile(io.BytesIO(content(analyst_client.get(file_of(cluster, "xlsx")))))
    sheet = workbook.read("xl/worksheets/sheet1.xml")
    assert sheet.count(b"<v>") == 100 * 3  # income, score and distance
    assert b"Infinity" not in sheet


def test_a_datasets_customers_are_all_of_them(analyst_client, shop):
    found = rows(analyst_client, reverse("segmentation:customers-file", args=[shop.slug, "csv"]))
    assert [row["Customer ID"] for row in found] == [f"{number:04}" for number in range(1, 101)]
    assert list(found[0]) == ["Customer ID", "Income", "Score"]


def test_who_is_gone_is_left_out(analyst_client, cluster):
    gone = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label).first()
    Customer.objects.filter(version=cluster.run.version_id, id=gone.customer_id).delete()
    assert len(rows(analyst_client, file_of(cluster))) == cluster.size - 1


def test_the_page_says_how_many_rows_there_will_be_also_after_an_import(analyst_client, cluster, publish):
    assert f"have {cluster.size} rows" in analyst_client.get(page_of(cluster)).content.decode()
    one = ClusterAssignment.objects.filter(run=cluster.run, label=cluster.label).first()
    publish(cluster.run.segmentation.dataset, {"Income": [1.0], "Score": [2.0]}, first_id=one.customer_id)
    assert "have 1 row, for one customer" in analyst_client.get(page_of(cluster)).content.decode()
    publish(cluster.run.segmentation.dataset, {"Income": [1.0], "Score": [2.0]}, first_id=9_999)
    assert "No customers to export" in analyst_client.get(page_of(cluster)).content.decode()


def test_an_empty_dataset_has_nobody_to_export(analyst_client, make_dataset):
    dataset = make_dataset()
    page = analyst_client.get(reverse("segmentation:customers-export", args=[dataset.slug]))
    assert "The dataset has no customers" in page.content.decode()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_columns_and_kind_of_file_are_as_chosen(analyst_client, cluster, ending):
    page = analyst_client.get(page_of(cluster))
    keys = {name: key for key, name in page.context["form"].fields["columns"].choices}
    chosen = {"format": ending, "columns": [keys["Segment"], keys["Customer ID"], keys["Score"]]}
    answer = analyst_client.post(page_of(cluster), chosen, follow=True)
    found = content(answer)
    if ending == "csv":
        assert found.decode("utf-8-sig").splitlines()[0] == "Customer ID,Score,Segment"
    else:
        sheet = zipfile.ZipFile(io.BytesIO(found)).read("xl/worksheets/sheet1.xml").decode()
        assert [name in sheet for name in ("Score", "Segment", "Income")] == [True, True, False]


def test_without_a_column_there_is_no_file(analyst_client, cluster):
    page = analyst_client.post(page_of(cluster), {"format": "csv"})
    assert "Choose at least one column." in page.content.decode()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_segments_file_comes_back_unchanged_whatever_it_adds(analyst_client, cluster, ending):
    Segment.objects.filter(pk=cluster.segment_id).update(name="=cmd|' /C calc'!A0")
    dataset = cluster.run.segmentation.dataset
    dataset.attributes.filter(name="Score").update(name="Segment")
    found = content(analyst_client.get(file_of(cluster, ending)))
    done = import_now(dataset, io.BytesIO(found), f"segment.{ending}")
    assert done.job.state == "succeeded", done.job.error
    assert (done.unchanged_count, done.read_count) == (cluster.size, cluster.size)
    assert "left out, because an export of this dataset added them" in " ".join(done.warnings)
    assert list(dataset.attributes.values_list("name", flat=True)) == ["Income", "Segment"]


def test_a_long_list_is_prepared_once_however_often_somebody_clicks(analyst_client, cluster, settings):
    settings.EXPORT_BACKGROUND_ROWS = 5
    page = analyst_client.get(page_of(cluster))
    assert "prepared in the background" in page.content.decode()
    chosen = {"format": "csv", "columns": ["id"]}
    answers = [analyst_client.post(page_of(cluster), chosen) for _ in range(3)]
    export = CustomerExport.objects.get()
    assert {answer["Location"] for answer in answers} == {export.get_absolute_url()}
    assert "progress" in analyst_client.get(export.get_absolute_url()).content.decode()
    assert export.get_absolute_url() in analyst_client.get(page_of(cluster)).content.decode()


def test_the_address_of_a_file_that_is_too_long_leads_to_the_page(analyst_client, cluster, settings):
    settings.EXPORT_BACKGROUND_ROWS = 5
    answer = analyst_client.get(file_of(cluster), follow=True)
    assert answer.redirect_chain[-1][0] == page_of(cluster)
    assert "press the button below" in answer.content.decode()


def test_a_text_too_long_for_a_workbook_is_reported_on_the_page(analyst_client, cluster):
    dataset = cluster.run.segmentation.dataset
    dataset.attributes.create(name="Remark", kind="text", position=0)
    Customer.objects.filter(version=dataset.current_version_id).update(texts=["x" * 40_000])
    answer = analyst_client.get(file_of(cluster, "xlsx"), follow=True)
    assert "export the list as CSV" in answer.content.decode()
    assert len(content(analyst_client.get(file_of(cluster)))) > 40_000


def test_a_page_shows_how_a_prepared_export_ended(analyst_client, analyst, cluster, export_in_background):
    export = export_in_background(cluster, analyst, "xlsx")
    page = analyst_client.get(export.get_absolute_url()).content.decode()
    assert "The file is ready" in page
    assert export.sha256 in page
    for state, said in (("cancelled", "No file was created"), ("failed", "There is no space left")):
        failure = {"failure": "disk", "error": "There is no space left on the disk."}
        values = failure if state == "failed" else {}
        type(export.job).objects.filter(pk=export.job_id).update(state=state, **values)
        assert said in analyst_client.get(export.get_absolute_url()).content.decode()


# ---- A selection -------------------------------------------------------------------------------------------


def test_a_selection_is_described_and_the_file_contains_nothing_else(analyst_client, cluster):
    income = cluster.run.segmentation.dataset.attributes.get(name="Income")
    address = f"{page_of(cluster)}?{income.pk}.from=0&{income.pk}.to=50"
    page = analyst_client.get(address)
    assert page.context["what"].words in page.content.decode()
    answer = analyst_client.post(address, {"format": "csv", "columns": ["id", f"a{income.pk}"]}, follow=True)
    found = list(csv.DictReader(io.StringIO(content(answer).decode("utf-8-sig"), newline="")))
    assert AuditEvent.objects.first().details["selection"] == page.context["what"].recorded
    everybody = [float(row["Income"]) for row in rows(analyst_client, file_of(cluster))]
    assert sorted(float(row["Income"]) for row in found) == sorted(each for each in everybody if each <= 50)
    assert f"have {len(found)} row" in page.content.decode()


def test_a_selection_is_prepared_as_it_was_asked_for(analyst_client, shop, settings):
    settings.EXPORT_BACKGROUND_ROWS = 3
    address = reverse("segmentation:customers-export", args=[shop.slug]) + "?id=000"
    analyst_client.post(address, {"format": "csv", "columns": ["id"]})
    export = CustomerExport.objects.get()
    execute(export.job_id, execute_export)
    export.refresh_from_db()
    assert path_of(export.file_id).read_text("utf-8-sig").split() == [
        "Customer",
        "ID",
        *(f"{number:04}" for number in range(1, 10)),
    ]
    assert "000" not in export.name + str(export.job)


@pytest.mark.parametrize("query", ["password=x", "id__startswith=0", "9999.from=1", "sort=id"])
def test_an_invalid_selection_is_refused(analyst_client, cluster, query):
    for address in (page_of(cluster), file_of(cluster)):
        assert analyst_client.get(f"{address}?{query}").status_code == 400


def test_an_empty_selection_is_reported(analyst_client, cluster):
    page = analyst_client.get(page_of(cluster) + "?id=nobody").content.decode()
    assert "No customers match" in page
    assert f'href="{page_of(cluster)}"' in page

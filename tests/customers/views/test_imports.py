import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.urls import reverse

from customers.importing.execute import execute_import
from customers.models import CustomerImport
from customers.storage.uploads import path_of
from jobs.models import Job

FILE = "CustomerID;Gender;Spend\n1;Male;10,5\n2;Female;7\n3;Male;x\n"


def upload(client, dataset, content=FILE, name="customers.csv"):
    file = SimpleUploadedFile(name, content.encode())
    return client.post(reverse("customers:import-create", args=[dataset.slug]), {"file": file}, follow=True)


def begin(client, page, **changes):
    """Press “Import” on the mapping page, with the proposed mapping apart from the changes."""
    data = {"action": "begin"}
    for column in page.context["form"]:
        for field in column:
            value = field.value()
            if value not in (None, False, ""):
                data[field.html_name] = value
    customer_import = page.context["customer_import"]
    url = reverse("customers:import-begin", args=[customer_import.pk])
    return client.post(url, {**data, **changes}, follow=True)


def test_upload_preview_import_report(analyst_client, dataset):
    page = upload(analyst_client, dataset)
    assert b"Spend" in page.content
    assert b"10,5" in page.content
    assert b"written as 1234,5" in page.content
    assert b"Import 3 rows" in page.content
    customer_import = page.context["customer_import"]
    page = begin(analyst_client, page)
    assert b"Waiting for a worker" in page.content
    customer_import.refresh_from_db()
    execute_import(customer_import.job_id)
    page = analyst_client.get(customer_import.get_absolute_url())
    assert b"2 customers in" in page.content
    assert b"This is not a number." in page.content


def test_an_open_number_is_asked_about_however_many_columns_there_are(analyst_client, dataset, customers):
    headers = ",".join(["CustomerID", "Spend", *(f"F{n}" for n in range(120))])
    page = upload(analyst_client, dataset, f'{headers}\n1,"18,243"{",0" * 120}\n')
    assert "“18,243” could mean 18.243 or 18243" in page.content.decode()
    page = begin(analyst_client, page)
    assert "Choose how these numbers are written" in page.content.decode()
    page = begin(analyst_client, page, **{"c1-written": ".|,"})
    execute_import(page.context["customer_import"].job_id)
    assert customers()["1"][0] == 18_243


def test_nothing_is_written_before_the_mapping_is_confirmed(analyst_client, dataset):
    upload(analyst_client, dataset)
    customer_import = CustomerImport.objects.get()
    assert customer_import.job is None
    assert not dataset.attributes.exists()


def test_a_changed_mapping_is_what_is_imported(analyst_client, dataset):
    page = begin(analyst_client, upload(analyst_client, dataset), **{"c2-use": "text", "c2-name": "Spending"})
    customer_import = page.context["customer_import"]
    execute_import(customer_import.job_id)
    assert dict(dataset.attributes.values_list("name", "kind")) == {"Gender": "text", "Spending": "text"}


def test_the_same_file_is_imported_only_once_at_a_time(analyst_client, dataset):
    first = begin(analyst_client, upload(analyst_client, dataset)).context["customer_import"]
    page = begin(analyst_client, upload(analyst_client, dataset, name="copy.csv"))
    assert page.context["customer_import"] == first
    assert b"This file is already being imported" in page.content
    assert CustomerImport.objects.get() == first


def test_a_mapping_without_an_id_is_shown_again_with_its_reason(analyst_client, dataset):
    page = begin(analyst_client, upload(analyst_client, dataset), **{"c0-use": "text", "c0-name": "Number"})
    assert b"No column is marked as the customer id" in page.content
    assert CustomerImport.objects.get().job is None


def test_a_file_can_be_read_another_way(analyst_client, dataset):
    page = upload(analyst_client, dataset, "id\tA,B\n1\t2,3\n")
    assert len(page.context["columns"]) == 2
    url = reverse("customers:import-begin", args=[page.context["customer_import"].pk])
    page = analyst_client.post(url, {"action": "reread", "delimiter": ",", "encoding": "utf-8"}, follow=True)
    assert [column.column.header for column, _ in page.context["columns"]] == ["id A", "B"]


def test_a_file_with_a_rare_separator_is_imported(analyst_client, dataset, customers):
    page = begin(analyst_client, upload(analyst_client, dataset, "CustomerID^Age\n1^30\n"), delimiter="^")
    execute_import(page.context["customer_import"].job_id)
    assert customers() == {"1": [30]}


def test_people_confirm_the_mapping_they_were_shown(analyst_client, dataset, import_file, customers):
    page = upload(analyst_client, dataset, "CustomerID,Code\n1,07\n")
    import_file("CustomerID,Code\n2,8\n")  # meanwhile, as a number
    page = begin(analyst_client, page, **{"c1-use": "skip"})
    execute_import(page.context["customer_import"].job_id)
    assert customers() == {"2": [8], "1": [None]}


def test_a_mapping_that_nobody_was_shown_is_asked_for_as_it_is_now(analyst_client, dataset):
    page = upload(analyst_client, dataset)
    CustomerImport.objects.update(mapping_page=None, file_look=None)  # as stored by an earlier release
    assert b"Waiting for a worker" in begin(analyst_client, page).content


def test_invalid_reading_options_change_nothing(analyst_client, dataset):
    waiting = upload(analyst_client, dataset).context["customer_import"]
    url = reverse("customers:import-begin", args=[waiting.pk])
    analyst_client.post(url, {"action": "reread", "encoding": "klingon", "delimiter": ";;"})
    assert CustomerImport.objects.get().options == waiting.options


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("", "empty"), ("%PDF-1.4 and so on", "PDF"), ("a,a\n1,2\n", "same header")],
)
def test_a_file_that_is_not_a_list_is_refused_on_the_page(analyst_client, dataset, content, sentence):
    page = upload(analyst_client, dataset, content)
    assert page.status_code == 200
    assert sentence in page.content.decode()
    assert not CustomerImport.objects.exclude(job=None).exists()


def test_rejected_rows_can_be_downloaded_corrected_and_imported(analyst_client, dataset):
    page = begin(analyst_client, upload(analyst_client, dataset))
    first = page.context["customer_import"]
    execute_import(first.job_id)
    response = analyst_client.get(reverse("customers:import-rejects", args=[first.pk]))
    rejected = b"".join(response.streaming_content).decode("utf-8-sig")
    assert rejected.splitlines()[1].endswith("3,Male,x")
    page = upload(analyst_client, dataset, rejected.replace(",x", ",5"), "corrected.csv")
    page = begin(analyst_client, page)
    execute_import(page.context["customer_import"].job_id)
    corrected = CustomerImport.objects.get(original_name="corrected.csv")
    assert (corrected.created_count, corrected.rejected_count) == (1, 0)
    assert set(dataset.attributes.values_list("name", flat=True)) == {"Gender", "Spend"}


def test_an_administrator_undoes_the_latest_import(administrator_client, import_file, dataset, customers):
    first, second = import_file("CustomerID,Age\n1,30\n"), import_file("CustomerID,Age\n1,31\n")
    url = reverse("customers:import-undo", args=[second.pk])
    words = " ".join(administrator_client.get(url).content.decode().split())
    assert "1 customer, as customers.csv left it." in words
    assert "the new values of 1 customer, who gets the earlier ones back;" in words
    assert customers() == {"1": [31.0]}
    page = administrator_client.post(url, follow=True)
    assert b"back to how it was before" in page.content
    assert customers() == {"1": [30.0]}
    assert b"already been undone" in administrator_client.post(url, follow=True).content
    assert b"already been undone" in administrator_client.get(url, follow=True).content
    dataset.refresh_from_db()
    assert dataset.current_version == first


def test_a_report_counts_customers_who_are_not_in_the_file(viewer_client, import_file):
    import_file("CustomerID,Age\n1,30\n2,40\n3,50\n")
    page = viewer_client.get(import_file("CustomerID,Age\n1,31\n4,20\n").get_absolute_url())
    assert page.context["absent_count"] == 2
    assert "<strong>2</strong> not in the file, kept unchanged" in page.content.decode()
    replaced = viewer_client.get(import_file("CustomerID,Age\n1,31\n", replaces=True).get_absolute_url())
    assert replaced.context["absent_count"] == 0


def test_a_viewer_reads_the_report_and_changes_nothing(viewer_client, import_file):
    done = import_file("CustomerID,Age\n1,30\n")
    page = viewer_client.get(done.get_absolute_url())
    assert b"1 customer" in page.content
    assert viewer_client.post(reverse("customers:import-undo", args=[done.pk])).status_code == 403
    assert viewer_client.get(reverse("customers:import-rejects", args=[done.pk])).status_code == 403


def test_a_waiting_file_can_be_discarded(analyst_client, dataset):
    page = upload(analyst_client, dataset)
    url = reverse("customers:import-discard", args=[page.context["customer_import"].pk])
    assert analyst_client.post(url, follow=True).status_code == 200
    assert not CustomerImport.objects.exists()


# ---- Files that are gone, and what cannot be stored --------------------------------------------------------


@pytest.mark.parametrize(
    ("is_deleted", "said"), [(True, "was deleted after 30 days"), (False, "is not on this server")]
)
def test_an_import_whose_file_is_gone_says_so_and_what_to_do(analyst_client, dataset, is_deleted, said):
    page = upload(analyst_client, dataset)
    customer_import = page.context["customer_import"]
    path_of(customer_import.file_id).unlink()
    if is_deleted:
        CustomerImport.objects.update(file_deleted_at=Now())
    for answer in (
        analyst_client.get(customer_import.get_absolute_url()),
        begin(analyst_client, page),
        analyst_client.post(
            reverse("customers:import-begin", args=[customer_import.pk]),
            {"action": "reread", "delimiter": ";"},
            follow=True,
        ),
    ):
        assert answer.status_code == 200
        assert said in answer.content.decode()
        assert "upload it again" in answer.content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize("delimiter", ["\0", '"', "\n", "\r"])
def test_a_separator_that_separates_nothing_is_refused_in_words(analyst_client, dataset, delimiter):
    customer_import = upload(analyst_client, dataset).context["customer_import"]
    address = reverse("customers:import-begin", args=[customer_import.pk])
    answer = analyst_client.post(address, {"action": "reread", "delimiter": delimiter}, follow=True)
    assert answer.status_code == (400 if delimiter == "\0" else 200)
    if answer.status_code == 200:
        assert "Columns cannot be separated by this character" in answer.content.decode()
    customer_import.refresh_from_db()
    assert customer_import.options.get("delimiter", "") != delimiter


def test_a_file_that_names_such_a_separator_is_refused_in_words(analyst_client, dataset):
    page = upload(analyst_client, dataset, "sep=\0\nCustomerID\0Age\n1\0{30}\n")
    assert page.status_code == 200
    assert "Columns cannot be separated by this character" in page.content.decode()


def test_the_page_says_before_the_import_what_will_be_left_out(analyst_client, dataset):
    page = upload(analyst_client, dataset).content.decode()
    assert "1 row will be left out" in page
    assert "This is not a number." in page
    assert "in the file: 10,5" in page


def test_the_preview_follows_the_form(analyst_client, dataset):
    page = upload(analyst_client, dataset)
    url = reverse("customers:import-preview", args=[page.context["customer_import"].pk])
    said = {field.html_name: field.value() or "" for column in page.context["form"] for field in column}

    def preview(**changes):
        return analyst_client.post(url, {**said, **changes}).content.decode()

    assert "1 cell will be left empty" in preview(empties_bad_cells="empty")
    assert "All rows come in" in preview(**{"c2-use": "text"})
    assert "marked as the customer id" in preview(**{"c0-use": "skip"})
    assert CustomerImport.objects.get().job is None


def test_bad_cells_are_left_empty_if_somebody_says_so(analyst_client, dataset, customers):
    page = begin(analyst_client, upload(analyst_client, dataset), empties_bad_cells="empty")
    done = page.context["customer_import"]
    execute_import(done.job_id)
    assert customers()["3"] == ["Male", None]
    page = analyst_client.get(done.get_absolute_url()).content.decode()
    assert "cells left empty" in page
    assert "The row was imported, this cell left empty." in page


def test_a_script_that_sent_the_file_is_led_to_its_page(analyst_client, dataset):
    file = SimpleUploadedFile("customers.csv", FILE.encode())
    url = reverse("customers:import-create", args=[dataset.slug])
    answer = analyst_client.post(url, {"file": file}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == CustomerImport.objects.get().get_absolute_url()


def test_a_waiting_file_can_be_discarded_where_it_is_listed(analyst_client, viewer_client, dataset):
    waiting = upload(analyst_client, dataset).context["customer_import"]
    listed = analyst_client.get(dataset.get_absolute_url()).content.decode()
    assert "waiting for its columns" in listed
    assert reverse("customers:import-discard", args=[waiting.pk]) in listed
    assert reverse("customers:import-discard", args=[waiting.pk]) in analyst_client.get("/").content.decode()
    assert "/discard/" not in viewer_client.get(dataset.get_absolute_url()).content.decode()


def test_a_waiting_file_whose_time_is_over_says_so(analyst_client, dataset):
    upload(analyst_client, dataset)
    CustomerImport.objects.update(file_deleted_at=Now())
    assert "its time was over" in analyst_client.get(dataset.get_absolute_url()).content.decode()


def test_the_page_asks_whether_customers_with_similar_ids_are_new(
    analyst_client, dataset, import_file, customers
):
    import_file("CustomerID,Age\n1001,30\n1002,31\n1003,32\n")
    page = upload(analyst_client, dataset, "CustomerID,Age\nC-1001,30\nC-1002,31\nC-1003,32\n")
    assert b"look like ones that you have" in page.content
    refused = begin(analyst_client, page)
    assert b"Say that they are new" in refused.content
    assert CustomerImport.objects.first().job is None
    done = begin(analyst_client, page, ids_are_new="on").context["customer_import"]
    execute_import(done.job_id)
    assert len(customers()) == 6

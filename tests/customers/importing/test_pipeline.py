import contextlib
import hashlib
import html
import io
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from customers.importing import execute
from customers.importing.columns.mapping import ColumnMapping
from customers.importing.execute import execute_import
from customers.importing.pipeline import import_now, start_import
from customers.importing.preparation import confirm_mapping, prepare_page
from customers.models import Customer, CustomerImport, Dataset
from customers.storage.partitions import partition_name
from customers.storage.uploads import path_of
from customers.storage.versions import undo_import
from customers.synthetic import SAMPLE_FILE
from jobs.models import Job
from jobs.worker.recovery import recover_stale, session_name

THREE = "CustomerID,Gender,Age\n0001,Female,30\n2,Male,41\n3,,52\n"


def test_a_first_file_makes_customers(import_file, counts, customers):
    assert counts(import_file(THREE)) == (3, 3, 0, 0, 0)
    assert customers() == {"0001": ["Female", 30.0], "2": ["Male", 41.0], "3": [None, 52.0]}


@pytest.mark.bad_input(80)
def test_the_same_file_again_changes_nothing_and_says_so(import_file, counts, dataset):
    first = import_file(THREE)
    again = import_file(THREE)
    assert counts(again) == (3, 0, 0, 3, 0)
    assert again.published_at is None
    assert any("file was already imported" in warning for warning in again.warnings)
    dataset.refresh_from_db()
    assert dataset.current_version == first


@pytest.mark.bad_input(81)
def test_a_changed_row_is_an_update_and_keeps_the_customer(import_file, counts, customers, dataset):
    import_file(THREE)
    before = dict(Customer.objects.values_list("customer_id", "id"))
    assert counts(import_file(THREE.replace("41", "42"))) == (3, 0, 1, 2, 0)
    dataset.refresh_from_db()
    assert dict(Customer.objects.of(dataset).values_list("customer_id", "id")) == before
    assert customers()["2"] == ["Male", 42.0]


def test_a_partial_file_touches_only_its_rows_and_columns(import_file, counts, customers):
    import_file(THREE)
    assert counts(import_file("CustomerID,Income\n2,70\n4,10\n")) == (2, 1, 1, 0, 0)
    assert customers() == {
        "0001": ["Female", 30.0, None],
        "2": ["Male", 41.0, 70.0],
        "3": [None, 52.0, None],
        "4": [None, None, 10.0],
    }


def test_an_empty_cell_keeps_the_existing_value(import_file, counts, customers):
    import_file(THREE)
    assert counts(import_file("CustomerID,Gender,Age\n2,,\n")) == (1, 0, 0, 1, 0)
    assert customers()["2"] == ["Male", 41.0]


def test_an_empty_cell_deletes_the_value_on_request(import_file, counts, customers):
    import_file(THREE)
    assert counts(import_file("CustomerID,Gender,Age\n2,,\n", clears_missing=True)) == (1, 0, 1, 0, 0)
    assert customers()["2"] == [None, None]
    assert customers()["0001"] == ["Female", 30.0]
    assert Customer.objects.order_by("-version_id", "customer_id")[1].numbers == []


def test_a_full_replacement_removes_customers_who_are_not_in_the_file(import_file, counts, customers):
    import_file(THREE)
    done = import_file("CustomerID,Gender,Age\n2,Male,41\n9,Male,20\n", replaces=True)
    assert counts(done) == (2, 1, 0, 1, 0)
    assert done.removed_count == 2
    assert list(customers()) == ["2", "9"]


def test_a_letter_in_a_number_rejects_that_row_alone(import_file, counts, reasons, customers):
    done = import_file("CustomerID,Age,Visits\n1,30,5\n2,3x,6\n3,50,7\n")
    assert counts(done) == (3, 2, 0, 0, 1)
    assert reasons(done) == [(3, "Age", "3x", "This is not a number.")]
    assert list(customers()) == ["1", "3"]
    assert done.rejected_rows.get().cells == ["2", "3x", "6"]


@pytest.mark.bad_input(62)
def test_the_first_of_identical_rows_is_imported(import_file, counts, reasons):
    done = import_file("CustomerID,Age\n1,30\n2,40\n1,30\n")
    assert counts(done) == (3, 2, 0, 0, 1)
    assert reasons(done) == [(4, "CustomerID", "1", "Same customer as in line 2, which was imported.")]


@pytest.mark.bad_input(63)
def test_conflicting_rows_are_all_rejected_and_name_each_other(import_file, counts, reasons, customers):
    done = import_file("CustomerID,Age\n1,30\n2,40\n1,31\n")
    assert counts(done) == (3, 1, 0, 0, 2)
    assert [(line, "line 4" in reason or "line 2" in reason) for line, _, _, reason in reasons(done)] == [
        (2, True),
        (4, True),
    ]
    assert list(customers()) == ["2"]


def test_a_column_that_is_new_reads_as_missing_for_earlier_customers(import_file, customers):
    import_file("CustomerID,Age\n1,30\n")
    import_file("CustomerID,City\n2,Rome\n")
    assert customers() == {"1": [30.0, None], "2": [None, "Rome"]}


def test_a_kind_does_not_change_silently(import_file, counts, reasons):
    import_file("CustomerID,Code\n1,10\n2,20\n")
    done = import_file("CustomerID,Code\n3,30\n4,A7\n5,B8\n6,C9\n")
    assert counts(done) == (4, 1, 0, 0, 3)
    assert reasons(done)[0] == (3, "Code", "A7", "This is not a number.")


def test_a_file_without_a_valid_row_is_refused_with_reasons(import_file, dataset):
    done = import_file("CustomerID,Age\n1,x\n2,y\n3,40\n".replace("40", "z"), decimal=".")
    assert done.job.state == "succeeded"  # text in this case: nothing says that these are numbers
    refused = import_file("CustomerID,Visits\n,1\n,2\n")
    assert refused.job.state == "failed"
    assert "None of the 2 rows" in refused.job.error
    assert refused.rejected_rows.count() == 2
    assert refused.read_count == 0


def test_a_header_alone_is_refused(import_file, dataset):
    done = import_file("CustomerID,Age\n")
    assert done.job.error == "The file has a header row but no customers below it."
    assert not dataset.attributes.exists()


def test_a_total_line_and_blank_lines_are_no_customers(import_file, counts):
    done = import_file("CustomerID,Age\n1,30\n\n,\nTotal,30\n")
    assert counts(done) == (2, 1, 0, 0, 1)
    assert done.blank_count == 2


def test_ranges_are_proposed_for_known_headers_and_kept(import_file, counts, reasons, dataset):
    done = import_file("CustomerID,Age,Score (1-100)\n1,30,1\n2,0,50\n3,17.5,50\n4,150,50\n5,40,101\n")
    assert counts(done) == (5, 1, 0, 0, 4)
    assert [reason for *_, reason in reasons(done)] == [
        "The minimum allowed is 1.",
        "Only whole numbers are allowed here.",
        "The maximum allowed is 120.",
        "The maximum allowed is 100.",
    ]
    age = dataset.attributes.get(name="Age")
    assert (age.minimum, age.maximum, age.is_whole) == (1, 120, True)


def test_a_declared_mapping_is_taken_as_it_is(dataset, counts):
    customer_import = start_import(dataset, _file("Kdnr;Alter\n1;30\n"), "k.csv")
    assert customer_import.job.state == "queued"
    page = prepare_page(customer_import).page
    columns = page.columns
    assert [(column.use, column.name) for column in columns] == [("id", ""), ("number", "Alter")]
    confirm_mapping(customer_import, page, columns)
    customer_import.refresh_from_db()
    assert customer_import.mapping[1]["maximum"] == 120


def test_the_file_is_stored_under_a_generated_name_for_its_owner_alone(import_file):
    done = import_file(THREE, "../../etc/ev\u202eil.csv")
    path = Path(settings.UPLOAD_DIR) / str(done.file_id)
    assert path.read_text() == THREE
    assert path.stat().st_mode & 0o777 == 0o600
    assert done.original_name == "evil.csv"
    assert done.sha256 == hashlib.sha256(THREE.encode()).hexdigest()


def test_the_bundled_sample_is_imported_completely(dataset, counts):
    with SAMPLE_FILE.open("rb") as file:
        done = import_now(dataset, file, SAMPLE_FILE.name)
    assert counts(done) == (200, 200, 0, 0, 0)
    kinds = dict(dataset.attributes.values_list("name", "kind"))
    assert kinds == {
        "Gender": "text",
        "Age": "number",
        "Annual Income (k$)": "number",
        "Spending Score (1-100)": "number",
    }


def test_an_import_built_on_an_undone_version_is_built_again(import_file, dataset, customers, monkeypatch):
    from customers.importing.version import building
    from customers.storage import versions

    first = import_file(THREE)
    second = import_file("CustomerID,Age\n2,60\n")
    publish, undone = building.publish, []

    def undo_and_publish(customer_import, base, counts):
        if not undone:
            undone.append(base)
            # As another connection would, between the building of a version and its publication.
            Dataset.objects.filter(pk=dataset.pk).update(current_version=first)
        publish(customer_import, base, counts)

    monkeypatch.setattr(building, "publish", undo_and_publish)
    third = import_file("CustomerID,Age\n3,70\n")
    assert undone == [second]
    third.refresh_from_db()
    assert third.base_version == second  # the simulated undo was rolled back with the first attempt
    assert customers()["3"] == [None, 70.0]
    assert versions.undo_import(third)


def test_a_failed_import_leaves_nothing_behind(import_file, dataset, customers, monkeypatch):
    from customers.importing.version import building

    import_file(THREE)

    def break_off(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(building, "publish", break_off)
    before = customers()
    with contextlib.suppress(OSError):
        import_file("CustomerID,Height\n9,180\n")
    failed = CustomerImport.objects.first()
    assert failed.job.state == "failed"
    assert customers() == before
    assert not dataset.attributes.filter(name="Height").exists()


def test_a_kind_taken_by_mistake_can_be_corrected_after_an_undo(import_file, dataset, customers):
    undo_import(import_file("CustomerID,Code\n1,7\n"))
    done = import_file("CustomerID,Code\n1,7\n", columns=(ColumnMapping("Code", "text"),))
    assert done.job.state == "succeeded", done.job.error
    assert customers() == {"1": ["7"]}


def test_a_declared_kind_that_contradicts_the_datasets_is_refused(import_file):
    import_file("CustomerID,Code\n1,7\n")
    done = import_file("CustomerID,Code\n2,8\n", columns=(ColumnMapping("Code", "text"),))
    assert "“Code” is already a number attribute of this dataset" in done.job.error


def test_an_attribute_of_another_name_is_not_taken_for_the_same(import_file, dataset):
    import_file("CustomerID,Gender\n1,f\n")
    import_file("CustomerID,Sex\n1,female\n", columns=(ColumnMapping("Sex", "text", "Sex at birth"),))
    assert set(dataset.attributes.values_list("name", flat=True)) == {"Gender", "Sex at birth"}


# Each makes the import wait at one point: before any row, after all rows, or just before publishing.
WAITING_PLACES = {
    "before its first row": "LOCK TABLE customers_attribute IN SHARE ROW EXCLUSIVE MODE",
    "after its last row": "LOCK TABLE customers_customer IN SHARE UPDATE EXCLUSIVE MODE",
    "at the last moment": "SELECT 1 FROM customers_dataset FOR NO KEY UPDATE",
}


@pytest.mark.parametrize("place", WAITING_PLACES)
def test_an_import_that_is_killed_leaves_nothing_and_its_report_says_so(
    write, import_file, dataset, customers, administrator_client, site_environment, wait_until, place
):
    import_file(THREE)
    before, attributes = customers(), dataset.attributes.count()
    path = write("CustomerID,Age,Height\n2,60,170\n9,70,180\n")
    command = [sys.executable, "manage.py", "import_customers", str(path), "--dataset", dataset.name]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WAITING_PLACES[place])
        process = subprocess.Popen(command, env=site_environment)
        try:
            wait_until(lambda: _count("pg_locks WHERE NOT granted"))
        finally:
            process.kill()
            process.wait()
    killed = CustomerImport.objects.get(original_name=path.name, published_at=None)
    name = session_name(killed.job.pk, killed.job.attempt)
    wait_until(lambda: not _count("pg_stat_activity WHERE application_name = %s", name))
    assert (customers(), dataset.attributes.count()) == (before, attributes)
    assert not _count("pg_class WHERE relname = %s", partition_name(Customer, killed.pk))

    Job.objects.filter(pk=killed.job.pk).update(heartbeat_at=Now() - timedelta(minutes=5))
    assert recover_stale() == 1
    page = administrator_client.get(killed.get_absolute_url()).content.decode()
    assert "Nothing was imported" in page
    assert Job.objects.get(pk=killed.job.pk).error in html.unescape(page)


def _count(what, *values):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {what}", values or None)
        return cursor.fetchone()[0]


def _file(text):
    return io.BytesIO(text.encode())


def test_a_worker_that_does_not_have_the_file_says_so_in_a_sentence(dataset):
    begun = start_import(dataset, io.BytesIO(b"CustomerID,Age\n1,30\n"), "customers.csv")
    path_of(begun.file_id).unlink()
    execute_import(begun.job_id)
    job = Job.objects.get(pk=begun.job_id)
    assert (job.state, job.failure) == ("failed", "refused")
    assert "do not share one data folder" in job.error


def test_a_file_that_vanishes_while_it_is_read_fails_with_a_sentence(dataset, monkeypatch):
    begun = start_import(dataset, io.BytesIO(b"CustomerID,Age\n1,30\n"), "customers.csv")
    settle = execute.resolve_mapping

    def settle_and_delete(customer_import, *args):
        columns = settle(customer_import, *args)
        path_of(customer_import.file_id).unlink()
        return columns

    monkeypatch.setattr(execute, "resolve_mapping", settle_and_delete)
    execute_import(begun.job_id)
    assert "upload it again" in Job.objects.get(pk=begun.job_id).error

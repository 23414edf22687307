import io
from datetime import timedelta

from django.db import connection

from customers.models import Customer, VersionOverview
from customers.overview import overview_of
from customers.storage import versions
from customers.storage.partitions import partition_name
from customers.storage.uploads import path_of, store_file
from jobs.models import Job

NOW = timedelta(0)


def has_table(version):
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [partition_name(Customer, version.pk)])
        return cursor.fetchone()[0] is not None


def bring_three(bring):
    return [bring(f"CustomerID,Age\n1,{age}\n") for age in (30, 31, 32)]


def test_undo_shows_the_version_before_until_a_newer_import_follows(bring, customers):
    _first, second, third = bring_three(bring)
    assert not versions.undo_import(second)
    assert versions.undo_import(third)
    assert customers() == {"1": [31.0]}
    assert not versions.undo_import(third)
    third.refresh_from_db()
    assert third.undone_at is not None


def test_undoing_the_only_import_empties_the_dataset(bring, customers):
    assert versions.undo_import(bring("CustomerID,Age\n1,30\n"))
    assert customers() == {}


def test_versions_nobody_holds_are_dropped(bring, customers):
    first, second, third = bring_three(bring)
    assert versions.drop_unheld_versions(grace=NOW) == 1
    assert [has_table(version) for version in (first, second, third)] == [False, True, True]
    first.refresh_from_db()
    assert first.dropped_at is not None
    assert customers() == {"1": [32.0]}


def test_what_was_counted_of_a_version_goes_with_it(bring, dataset):
    bring("CustomerID,Name\n1,Anna\n")
    dataset.refresh_from_db()
    overview_of(dataset)
    bring("CustomerID,Name\n1,Bert\n")
    bring("CustomerID,Name\n1,Cleo\n")
    assert VersionOverview.objects.count() == 1
    versions.drop_unheld_versions(grace=NOW)
    assert not VersionOverview.objects.exists()


def test_a_version_is_not_undone_into_one_that_was_dropped(bring):
    _, second, third = bring_three(bring)
    versions.drop_unheld_versions(grace=NOW)
    second.refresh_from_db()
    third.refresh_from_db()
    assert versions.undo_import(third)
    second.refresh_from_db()
    assert not versions.undo_import(second)


def test_readers_of_a_version_have_time_to_finish(bring):
    first, *_ = bring_three(bring)
    assert versions.drop_unheld_versions() == 0
    assert has_table(first)


def test_a_version_that_a_job_works_on_is_held(bring, monkeypatch):
    first, *_ = bring_three(bring)
    monkeypatch.setattr(versions, "held_versions", lambda: {first.pk})
    assert versions.drop_unheld_versions(grace=NOW) == 0


def test_jobs_that_are_over_hold_nothing(bring):
    first, *_ = bring_three(bring)
    assert versions.held_versions() == set()
    Job.objects.filter(pk=first.job_id).update(state=Job.State.RUNNING, finished_at=None)
    assert versions.held_versions() == set()  # an import works on no finished version


def test_an_undone_version_is_dropped_after_a_while(bring):
    _, _, third = bring_three(bring)
    versions.undo_import(third)
    versions.drop_unheld_versions(grace=NOW)
    assert not has_table(third)


def test_a_dropped_version_leaves_its_report(bring):
    first, *_ = bring_three(bring)
    versions.drop_unheld_versions(grace=NOW)
    first.refresh_from_db()
    assert (first.read_count, first.created_count) == (1, 1)


def test_old_files_are_deleted_once(bring, settings):
    done = bring("CustomerID,Age\n1,30\n")
    assert versions.delete_old_files() == 0
    settings.IMPORT_RETENTION_DAYS = 0
    assert versions.delete_old_files() == 1
    assert not path_of(done.file_id).exists()
    assert versions.delete_old_files() == 0


def test_a_stored_file_that_no_import_knows_is_deleted_after_a_day(bring, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    done = bring("CustomerID,Age\n1,30\n")
    stray = store_file(io.BytesIO(b"CustomerID\n1\n"), "died.csv")
    assert versions.delete_stray_files() == 0
    assert versions.delete_stray_files(age=NOW) == 1
    assert not path_of(stray.file_id).exists()
    assert path_of(done.file_id).exists()

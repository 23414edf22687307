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


def import_three(import_file):
    return [import_file(f"CustomerID,Age\n1,{age}\n") for age in (30, 31, 32)]


def test_undo_shows_the_version_before_until_a_newer_import_follows(import_file, customers):
    _first, second, third = import_three(import_file)
    assert not versions.undo_import(second)
    assert versions.undo_import(third)
    assert customers() == {"1": [31.0]}
    assert not versions.undo_import(third)
    third.refresh_from_db()
    assert third.undone_at is not None


def test_undoing_the_only_import_empties_the_dataset(import_file, customers):
    assert versions.undo_import(import_file("CustomerID,Age\n1,30\n"))
    assert customers() == {}


def test_unused_versions_are_dropped(import_file, customers):
    first, second, third = import_three(import_file)
    assert versions.drop_unheld_versions(grace=NOW) == 1
    assert [has_table(version) for version in (first, second, third)] == [False, True, True]
    first.refresh_from_db()
    assert first.dropped_at is not None
    assert customers() == {"1": [32.0]}


def test_many_unused_versions_are_dropped_in_rounds(import_file):
    import_three(import_file)
    import_file("CustomerID,Age\n1,33\n")
    rounds = [versions.drop_unheld_versions(grace=NOW, seconds=0) for _ in range(3)]
    assert rounds == [1, 1, 0]


def test_the_overview_is_deleted_with_its_version(import_file, dataset):
    import_file("CustomerID,Name\n1,Anna\n")
    dataset.refresh_from_db()
    overview_of(dataset)
    import_file("CustomerID,Name\n1,Bert\n")
    import_file("CustomerID,Name\n1,Cleo\n")
    assert VersionOverview.objects.count() == 1
    versions.drop_unheld_versions(grace=NOW)
    assert not VersionOverview.objects.exists()


def test_a_version_is_not_undone_into_one_that_was_dropped(import_file):
    _, second, third = import_three(import_file)
    versions.drop_unheld_versions(grace=NOW)
    second.refresh_from_db()
    third.refresh_from_db()
    assert versions.undo_import(third)
    second.refresh_from_db()
    assert not versions.undo_import(second)


def test_readers_of_a_version_have_time_to_finish(import_file):
    first, *_ = import_three(import_file)
    assert versions.drop_unheld_versions() == 0
    assert has_table(first)


def test_a_version_that_a_job_works_on_is_held(import_file, monkeypatch):
    first, *_ = import_three(import_file)
    monkeypatch.setattr(versions, "held_versions", lambda: {first.pk})
    assert versions.drop_unheld_versions(grace=NOW) == 0


def test_finished_jobs_hold_no_version(import_file):
    first, *_ = import_three(import_file)
    assert versions.held_versions() == set()
    Job.objects.filter(pk=first.job_id).update(state=Job.State.RUNNING, finished_at=None)
    assert versions.held_versions() == set()  # an import does not work on a finished version


def test_an_undone_version_is_dropped_after_a_while(import_file):
    _, _, third = import_three(import_file)
    versions.undo_import(third)
    versions.drop_unheld_versions(grace=NOW)
    assert not has_table(third)


def test_a_dropped_version_leaves_its_report(import_file):
    first, *_ = import_three(import_file)
    versions.drop_unheld_versions(grace=NOW)
    first.refresh_from_db()
    assert (first.read_count, first.created_count) == (1, 1)


def test_old_files_are_deleted_once(import_file, settings):
    done = import_file("CustomerID,Age\n1,30\n")
    assert versions.delete_old_files() == 0
    settings.IMPORT_RETENTION_DAYS = 0
    assert versions.delete_old_files() == 1
    assert not path_of(done.file_id).exists()
    assert versions.delete_old_files() == 0


def test_a_stored_file_that_no_import_knows_is_deleted_after_a_day(import_file, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    done = import_file("CustomerID,Age\n1,30\n")
    stray = store_file(io.BytesIO(b"CustomerID\n1\n"), "died.csv")
    assert versions.delete_stray_files() == 0
    assert versions.delete_stray_files(age=NOW) == 1
    assert not path_of(stray.file_id).exists()
    assert path_of(done.file_id).exists()

"""Commands on a fresh data folder, and on a database without tables."""

import json
import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, get_commands
from django.db import connection

from segmenter.management import tables

FILE = "CustomerID,Income,Score\n1,10,20\n2,30,40\n"
PREPARING = "Preparing the tables of the embedded database …\n"
OWN = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"}


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if name not in OWN}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**inherited, "DJANGO_SUPERUSER_PASSWORD": "seven green bottles 42", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "customers.csv"
    path.write_text(FILE)
    return str(path)


def test_the_first_command_of_a_data_folder_prepares_its_tables_and_says_so_once(data_folder, file):
    command = ("import_customers", file, "--dataset", "Shop", "--json")
    first = manage(*command, DATA_DIR=str(data_folder))
    assert json.loads(first.stdout)["created"] == 2
    assert first.stderr == PREPARING
    again = manage(*command, DATA_DIR=str(data_folder))
    assert json.loads(again.stdout)["unchanged"] == 2
    assert again.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["segment", "--dataset", "Shop", "--json"],
        ["export_segment", "1", "1"],
        ["createsuperuser", "--noinput", "--username", "root", "--email", "root@shop.example"],
        ["encrypt_second_factors"],
    ],
)
def test_no_command_on_a_fresh_data_folder_ends_in_a_traceback(data_folder, arguments):
    done = manage(*arguments, DATA_DIR=str(data_folder))
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(PREPARING)
    assert "--json" not in arguments or done.stdout == ""


def test_two_first_commands_at_once_both_find_tables(data_folder, file):
    with ThreadPoolExecutor(2) as threads:
        done = list(
            threads.map(
                lambda name: manage(
                    "import_customers", file, "--dataset", name, "--json", DATA_DIR=str(data_folder)
                ),
                ("One", "Two"),
            )
        )
    assert [json.loads(each.stdout)["created"] for each in done] == [2, 2], done


@pytest.fixture
def empty_database(site_environment) -> dict[str, str]:
    """The address of a database of one's own without a table."""
    name = f"empty_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    known = site_environment["DATABASE_URL"]
    yield {**site_environment, "DATABASE_URL": f"{known.rpartition('/')[0]}/{name}"}
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_on_a_database_of_ones_own_a_sentence_says_what_to_run(empty_database, file):
    for arguments in (["import_customers", file, "--dataset", "Shop", "--json"], ["clearsessions"]):
        done = manage(*arguments, **empty_database)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.strip().splitlines() == [f"CommandError: {tables._what_to_run()}"]


def test_code_that_reads_a_missing_table_gets_the_sentence_too(empty_database):
    code = "from customers.models import Dataset; Dataset.objects.count()"
    done = manage("shell", "-v", "0", "-c", code, **empty_database)
    assert "run manage.py migrate first" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_respond_is_named_in_a_sentence(site_environment):
    unreachable = {**site_environment, "DATABASE_URL": "postgres://127.0.0.1:1/none"}
    done = manage("segment", "--dataset", "Shop", **unreachable)
    assert "The database is not responding" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_of_ours_needs_tables_unless_it_says_otherwise():
    utility = tables.Utility(["manage.py"])
    ours = [name for name, app in get_commands().items() if app in tables.FLOORS]
    without = {name for name in ours if not tables._needs_tables(utility.fetch_command(name), name)}
    assert without == {"make_sample", "up"}
    assert len(ours) > 5


def test_help_starts_no_server(data_folder):
    assert manage("help", "segment", DATA_DIR=str(data_folder)).returncode == 0
    assert manage("segment", DATA_DIR=str(data_folder)).returncode == 2  # --dataset is missing
    assert not (data_folder / "postgresql").exists()


def test_whatever_else_goes_wrong_stays_what_it_is():
    with pytest.raises(ZeroDivisionError), tables._in_words():
        raise ZeroDivisionError
    with pytest.raises(CommandError, match="no dataset"), tables._in_words():
        raise CommandError("no dataset")

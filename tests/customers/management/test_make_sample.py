import pytest
from django.core.management import CommandError


def test_it_writes_as_many_customers_as_wanted(command, tmp_path):
    path = tmp_path / "sample.csv"
    command("make_sample", str(path), "--rows", "10")
    assert len(path.read_text().splitlines()) == 11


def test_no_rows_and_no_folder_are_refused(command, tmp_path):
    with pytest.raises(CommandError, match="--rows"):
        command("make_sample", str(tmp_path / "sample.csv"), "--rows", "0")
    with pytest.raises(CommandError, match="could not be written"):
        command("make_sample", str(tmp_path / "no" / "sample.csv"), "--rows", "1")

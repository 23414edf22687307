"""The command that writes a segment's customers to a file."""

import hashlib
import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster(shop, execute_a_run):
    return execute_a_run(shop, k=5).clusters.first()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_is_written_whole_and_written_down_as_the_commands(tmp_path, cluster, ending):
    path = tmp_path / f"segment.{ending}"
    call_command("export_segment", cluster.run_id, 1, format=ending, output=path, stderr=io.StringIO())
    said = AuditEvent.objects.first()
    assert (said.action, said.actor_name, said.details["rows"]) == ("exported", "a command", cluster.size)
    assert said.details["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_file_the_list_goes_to_standard_output(cluster):
    out = io.StringIO()
    call_command("export_segment", cluster.run_id, 1, stdout=out)
    assert out.getvalue().count("\r\n") == cluster.size + 1


def test_what_cannot_be_written_is_one_sentence(tmp_path, cluster):
    for arguments, sentence in (
        ({"number": 99}, "There is no segment 99"),
        ({"format": "xlsx"}, "A workbook needs a file"),
        ({"output": tmp_path / "nowhere" / "x.csv"}, "could not be written: No such file"),
    ):
        options = {"number": 1, **arguments}
        with pytest.raises(CommandError, match=sentence) as refused:
            call_command("export_segment", cluster.run_id, options.pop("number"), **options)
        assert refused.value.returncode == 2

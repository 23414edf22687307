"""The command that segments, as people and scripts call it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from segmentation.models import Segmentation, SegmentationRun

pytestmark = pytest.mark.django_db(transaction=True)


def segment(*arguments: str) -> dict:
    out = io.StringIO()
    call_command("segment", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_segment_prints_one_object_with_everything(shop):
    found = segment("--dataset", "Shop", "--features", "Income", "Score")
    assert found["k"] == found["k_recommended"] == 5
    assert found["customers"] == 100
    assert [point["k"] for point in found["sweep"]] == list(range(1, 11))
    assert {"load", "sweep", "scores", "fit", "store", "total"} <= found["seconds"].keys()
    assert found["segments"][0].keys() == {"number", "name", "size", "centroid"}
    assert found["segments"][0]["centroid"].keys() == {"Income", "Score"}


def test_k_and_the_sweep_can_be_chosen(shop):
    found = segment("--dataset", "Shop", "--features", "Income", "--k", "3", "--k-max", "4")
    assert found["k"] == len(found["segments"]) == 3
    assert len(found["sweep"]) == 4


def test_without_json_people_read_a_summary(shop):
    out = io.StringIO()
    call_command("segment", "--dataset", "Shop", "--features", "Income", "Score", stdout=out)
    assert "100 customers in 5 segments" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--dataset", "Nowhere", "--features", "Income"], "There is no dataset “Nowhere”"),
        (["--dataset", "Shop", "--features", "Height"], "no attribute “Height”"),
        (["--dataset", "Shop", "--features", "Income", "--k", "0"], "k must lie between"),
    ],
)
def test_a_mistake_is_refused_with_exit_code_2_and_writes_nothing(shop, arguments, sentence):
    with pytest.raises(CommandError, match=sentence) as refusal:
        call_command("segment", *arguments)
    assert refusal.value.returncode == 2
    assert not SegmentationRun.objects.exists()
    assert not Segmentation.objects.exists()


def test_a_run_that_the_customers_do_not_allow_exits_with_2_and_its_reason(make_dataset):
    make_dataset({"Income": [1.0, 2.0, 3.0], "Score": [5.0, 5.0, 5.0]})
    with pytest.raises(CommandError, match="Score") as refusal:
        call_command("segment", "--dataset", "Shop", "--features", "Income", "Score")
    assert refusal.value.returncode == 2


def test_help_needs_no_server():
    manage = Path(__file__).resolve().parents[3] / "manage.py"
    answer = subprocess.run([sys.executable, manage, "segment", "--help"], capture_output=True, check=True)
    assert b"--features" in answer.stdout

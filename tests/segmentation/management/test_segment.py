"""The command that segments, as people and scripts call it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
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
    assert (found["kind"], found["verdict"], found["k_useful"]) == ("find", "clear", None)
    assert all(warning.keys() == {"code", "text"} for warning in found["warnings"])
    assert found["segments"][0].keys() == {"id", "number", "name", "size", "centroid"}
    assert found["segments"][0]["centroid"].keys() == {"Income", "Score"}


def test_k_and_the_sweep_can_be_chosen(shop):
    found = segment("--dataset", "Shop", "--features", "Income", "--k", "3", "--k-max", "4")
    assert found["k"] == len(found["segments"]) == 3
    assert len(found["sweep"]) == 4


def test_without_features_those_proposed_are_used_and_everything_is_said(make_dataset, groups):
    make_dataset({"Age": [float(20 + row % 50) for row in range(100)], **groups()})
    found = segment("--dataset", "Shop")
    assert found["k"] == 5
    assert found["prepared"]["features"] == ["Income", "Score"]
    assert (found["prepared"]["log1p"], found["prepared"]["texts"], found["warnings"]) == ([], [], [])
    (age,) = found["prepared"]["left_out_attributes"]
    assert (age["name"], age["code"]) == ("Age", "demographic")
    assert "not what they do" in age["text"]


def test_logarithms_are_taken_where_they_serve_unless_somebody_says_otherwise(make_dataset):
    revenue = np.random.default_rng(0).lognormal(3, 1.5, 200).round(2).tolist()
    make_dataset({"Revenue": revenue, "Visits": list(map(float, range(200)))})
    asked = ["--dataset", "Shop", "--features", "Revenue", "Visits", "--k", "2", "--k-max", "2"]
    taken = [
        segment(*asked, *option)["prepared"]["log1p"]
        for option in ([], ["--log1p", "none"], ["--log1p", "Visits"], ["--scaling", "none"])
    ]
    assert taken == [["Revenue"], [], ["Visits"], []]
    assert Segmentation.objects.count() == 4
    assert segment(*asked, "--log1p", "auto")["prepared"]["log1p"] == ["Revenue"]


def test_a_segmentation_of_an_earlier_release_keeps_its_values_and_a_warning_says_so(make_dataset):
    revenue = np.random.default_rng(0).lognormal(3, 1.5, 200).round(2).tolist()
    make_dataset({"Revenue": revenue})
    asked = ["--dataset", "Shop", "--features", "Revenue", "--k", "2", "--k-max", "2"]
    segment(*asked)
    Segmentation.objects.update(log1p=[])
    again = segment(*asked)
    assert "prepared-otherwise" in [warning["code"] for warning in again["warnings"]]
    assert again["prepared"]["log1p"] == []
    assert Segmentation.objects.count() == 1


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

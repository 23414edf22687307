import json
import subprocess
import sys

import pytest

from segmentation.analysis.profiles import profile_clusters
from segmentation.analysis.results import ElbowSweep, from_json, to_json
from segmentation.analysis.scatter_data import picture_pairs


@pytest.mark.parametrize("module", ["results", "errors", "preparation.names", "preparation.proposal"])
def test_light_modules_import_no_heavy_libraries(module):
    heavy = ["django", "celery", "sklearn", "scipy", "pandas", "matplotlib"]
    code = (
        f"import sys, segmentation.analysis.{module}; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


def test_results_survive_json(mall_like, analyse):
    analysed = analyse(mall_like)
    profiles = profile_clusters(
        analysed.clustering, analysed.features, texts=[("region", ["north", None] * 100)]
    )
    pictures = picture_pairs(analysed.clustering, analysed.features, max_points=10)
    for result in (analysed.sweep, analysed.scores, analysed.advice, profiles, *pictures):
        text = json.dumps(to_json(result), allow_nan=False)
        assert from_json(type(result), json.loads(text)) == result


def test_results_stored_by_an_earlier_release_are_still_read(rectangle, prepare):
    from segmentation.analysis.kmeans.sweep import sweep_k

    sweep = sweep_k(prepare(rectangle).samples)
    assert from_json(ElbowSweep, {**to_json(sweep), "gone": 1}) == sweep


def test_a_sweep_keeps_its_centroids(rectangle, prepare):
    from segmentation.analysis.kmeans.sweep import sweep_k

    sweep = sweep_k(prepare(rectangle).samples)
    assert from_json(ElbowSweep, to_json(sweep)).centroids_of(2).shape == (2, 2)

import json

import pytest

from segmentation.analysis.results import Border, KEvidence, Remark, Verdict, from_json, to_json

BORDER = Border(first=0, second=1, depth=0.3, deviations=5.0, position=0.5, saddle=0.6, feature=0)
ROW = KEvidence(k=2, smallest=40, silhouette=0.7, level="clear", worst=BORDER, stability=0.97)


def test_the_worst_of_a_border_is_the_shallower_of_valley_and_pass():
    assert BORDER.worst == 0.6
    assert Border(0, 1, depth=0.3, deviations=5.0, position=0.5, saddle=None, feature=0).worst == 0.3


def test_evidence_is_found_by_its_k():
    verdict = Verdict("clear", 2, None, evidence=(ROW,))
    assert verdict.of(2) is ROW
    assert verdict.of(3) is None


@pytest.mark.parametrize(
    "verdict", [Verdict("clear", 2, None, (ROW,), better_k=3), Verdict("nothing", None, None)]
)
def test_a_verdict_is_the_same_after_a_run_has_frozen_it(verdict):
    assert from_json(Verdict, json.loads(json.dumps(to_json(verdict)))) == verdict


def test_the_values_of_a_remark_are_kept():
    remark = Remark("exceptions", {"count": 1, "shares": {"revenue": 0.4}})
    assert from_json(Remark, json.loads(json.dumps(to_json(remark)))) == remark

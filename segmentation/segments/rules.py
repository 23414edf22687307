"""The rule by which a run's customers are in its segments, to take along to another tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from segmentation.analysis.results import from_json, to_json
from segmentation.analysis.rules.model import FrozenModel
from segmentation.analysis.rules.sql import DIALECTS, write_sql
from segmentation.exports.rule_workbook import write_workbook
from segmentation.models import SegmentationRun

# What a query reads from: people put their own names there.
TABLE, ID_COLUMN = "customers", "id"


class NoRuleError(Exception):
    """The run has no rule; the message says why, and what to do."""


def model_of(run: SegmentationRun) -> FrozenModel:
    """What decided who is in which segment.

    Raises
    ------
    NoRuleError
        The run has no segments, or an earlier release made it.
    """
    if run.k is None:
        raise NoRuleError(_("This run has found no segments, so there is no rule."))
    model = from_json(FrozenModel, run.model)
    if not model.columns:
        raise NoRuleError(_("This run is from an earlier release, which kept no rule. Run it again."))
    return model


def write_rule_as_sql(
    run: SegmentationRun, *, dialect: str, table: str = TABLE, id_column: str = ID_COLUMN
) -> str:
    """Write the run's segments as one query; `dialect` is a key of `DIALECTS`."""
    return write_sql(model_of(run), _names(run), dialect=DIALECTS[dialect], table=table, id_column=id_column)


def write_rule_as_workbook(run: SegmentationRun) -> bytes:
    """Write the run's segments as formulas of an Excel workbook."""
    return write_workbook(model_of(run), _names(run))


def write_rule_as_json(run: SegmentationRun) -> str:
    return json.dumps(rule_as_json(run), ensure_ascii=False, indent=2)


def rule_as_json(run: SegmentationRun) -> dict[str, Any]:
    """The run's segments as plain data: columns, what is done to them, and a centroid for each segment."""
    model = model_of(run)
    return {
        "run": run.pk,
        "customers": run.customer_count,
        "columns": [to_json(column) for column in model.columns],
        "segments": [
            {
                "id": cluster.segment_id,
                "number": cluster.number,
                "name": cluster.segment.name,
                "neutral_name": cluster.segment.neutral_name,
                "centroid": list(model.centroids[cluster.label]),
            }
            for cluster in _by_label(run)
        ],
    }


@dataclass(frozen=True)
class RuleForm:
    """A form in which a rule is downloaded: what the button says, how it is written, and its file."""

    title: str
    write: Callable[[SegmentationRun], str | bytes]
    ending: str
    content_type: str


RULE_FORMS = {
    **{
        key: RuleForm(
            dialect.name, partial(write_rule_as_sql, dialect=key), "sql", "application/sql; charset=utf-8"
        )
        for key, dialect in DIALECTS.items()
    },
    "spreadsheet": RuleForm(
        "Excel",
        write_rule_as_workbook,
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "json": RuleForm("JSON", write_rule_as_json, "json", "application/json"),
}


def _names(run: SegmentationRun) -> list[str]:
    return [cluster.segment.name for cluster in _by_label(run)]


def _by_label(run: SegmentationRun) -> list[Any]:
    return sorted(run.clusters.select_related("segment"), key=lambda cluster: cluster.label)

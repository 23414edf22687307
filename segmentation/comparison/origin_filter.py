"""Where a segment's customers were in another run: one more filter an address may carry.

was=7.2    they are in segment 2 of run 7
was=7.0    they are in no segment of run 7
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from customers.lists.selection import Condition, Selection
from customers.models import Dataset
from segmentation.models import Cluster, ClusterAssignment, SegmentationRun

NAME = "was"
# The number of the segment of those who are in none: the first has number 1.
NOWHERE = 0
WRITTEN = re.compile(r"([0-9]{1,17})\.([0-9]{1,4})")


@dataclass(frozen=True, kw_only=True)
class Origin(Condition):
    """The condition that customers are in this segment of another run, or in none of it."""

    run: SegmentationRun
    label: int | None

    def narrow(self, assignments: QuerySet[ClusterAssignment]) -> QuerySet[ClusterAssignment]:
        """The assignments of customers who meet it: the customers themselves need not be read."""
        return assignments.filter(_is_in(self.run, self.label, "customer_id"))


def write_origin(run: int, number: int = NOWHERE) -> str:
    """The part of an address that selects this segment's customers."""
    return f"{NAME}={run}.{number}"


def asks_for(run: int) -> str:
    """A regular expression for addresses that ask about a run, in the syntax of PostgreSQL."""
    return rf"(^|&){NAME}={run}\."


def read_origin(params: QueryDict, dataset: Dataset) -> list[Origin]:
    """Read what an address asks about another run: one condition, or none.

    Raises
    ------
    BadRequest
        There is no such segment in the dataset.
    """
    asked = [value for value in params.getlist(NAME) if value]
    if not asked:
        return []
    written = WRITTEN.fullmatch(asked[0])
    if written is None or len(asked) > 1:
        raise BadRequest(_("Another run’s segment is written like “7.2”: segment 2 of run 7."))
    run_id, number = map(int, written.groups())
    run = (
        SegmentationRun.objects.succeeded()
        .filter(segmentation__dataset=dataset)
        .select_related("version")
        .light()
        .filter(pk=run_id)
        .first()
    )
    cluster = Cluster.objects.select_related("segment").filter(run=run, number=number).first()
    if run is None or (cluster is None and number != NOWHERE):
        raise BadRequest(_("This dataset has no such segment to compare with."))
    label = cluster.label if cluster else None
    words = _("Not in run %(run)d") % {"run": run.pk}
    if cluster is not None:
        words = _("In “%(segment)s” of run %(run)d") % {"segment": cluster.segment, "run": run.pk}
    return [Origin(words, ((NAME, asked[0]),), _is_in(run, label, "id"), run=run, label=label)]


def _is_in(run: SegmentationRun, label: int | None, customer: str) -> Q:
    """Whether a customer is in this cluster, or in none; `customer` names the id in the rows asked about."""
    assignments = ClusterAssignment.objects.filter(run=run, customer_id=OuterRef(customer))
    return Q(~Exists(assignments)) if label is None else Q(Exists(assignments.filter(label=label)))


def origin_of(selection: Selection) -> Origin | None:
    """The condition a selection has on another run."""
    return next((each for each in selection.conditions if isinstance(each, Origin)), None)

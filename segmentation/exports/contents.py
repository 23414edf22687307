"""What can be exported: a segment's customers, or a dataset's, all of them or a selection.

Everything is written by the one writer of lists, `customers.exports.csv`; here is what stands in the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from psycopg import sql

from audit.exports import audited_blocks
from customers.exports.csv import write_csv
from customers.exports.customer_list import (
    ADDED,
    CustomerList,
    ListColumn,
    ListCounter,
    customer_columns,
    customer_list,
    header_beside,
    subquery,
)
from customers.exports.xlsx import write_xlsx
from customers.lists.selection import Selection
from customers.models import Customer, CustomerQuerySet, Dataset
from segmentation.models import Cluster, SegmentationRun

PERMISSION = "segmenter.export_segment"
EVERYBODY = Selection()
WRITERS: dict[str, Callable[[CustomerList, ListCounter], Generator[bytes]]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
}


@dataclass(frozen=True)
class Extent:
    """How many rows a list has: exact, or a minimum if counting stopped early."""

    rows: int
    is_exact: bool = True

    @property
    def is_long(self) -> bool:
        """Whether it takes too long for a request and is prepared in the background."""
        return self.rows > settings.EXPORT_BACKGROUND_ROWS


@dataclass(frozen=True)
class Exportable:
    """Customers that can be exported.

    Attributes
    ----------
    dataset, cluster, run
        Whose customers: a cluster's, all that a run put into segments, or else the whole dataset's.
    version_id
        The version of the dataset that is read; `None` where there are no customers.
    selection
        Which of them.
    """

    dataset: Dataset
    cluster: Cluster | None
    version_id: int | None
    selection: Selection = EVERYBODY
    run: SegmentationRun | None = None

    @classmethod
    def today(
        cls,
        dataset: Dataset,
        cluster: Cluster | None = None,
        selection: Selection = EVERYBODY,
        run: SegmentationRun | None = None,
    ) -> Exportable:
        """The customers as they are now."""
        return cls(dataset, cluster, dataset.current_version_id, selection, run)

    def __str__(self) -> str:
        if self.run is not None:
            names = {"segmentation": self.run.segmentation, "run": self.run.pk}
            return _("all segments of run %(run)d, %(segmentation)s") % names
        if self.cluster is None:
            return _("customers of %(dataset)s") % {"dataset": self.dataset}
        names = {"segment": self.cluster.segment, "run": self.cluster.run_id}
        return _("%(segment)s of run %(run)d") % names

    @property
    def words(self) -> str:
        """The selection in words."""
        return self.selection.words

    @property
    def recorded(self) -> str:
        """The selection in words as the audit trail may hold it."""
        return self.selection.recorded

    @property
    def file_name(self) -> str:
        """The file name, without the extension."""
        part = "" if self.selection.is_everybody else " selection"
        if self.run is not None:
            return f"{self.run.segmentation.name} run {self.run.pk}{part}"
        if self.cluster is None:
            return f"{self.dataset.name} customers{part}"
        return f"{self.cluster.segment.name} run {self.cluster.run_id}{part}"

    def get_absolute_url(self) -> str:
        """The page for choosing what to export."""
        return _with_query(self.whole_address, self.selection.parameters)

    @property
    def whole_address(self) -> str:
        """The page for everyone, whatever is selected."""
        if self.run is not None:
            return reverse("segmentation:run-export", args=[self.run.pk])
        if self.cluster is None:
            return reverse("segmentation:customers-export", args=[self.dataset.slug])
        return reverse("segmentation:segment-export", args=[self.cluster.run_id, self.cluster.number])

    def file_address(self, ending: str, keys: Collection[str] = ()) -> str:
        """The address of its file with these columns."""
        if self.run is not None:
            path = reverse("segmentation:run-file", args=[self.run.pk, ending])
        elif self.cluster is None:
            path = reverse("segmentation:customers-file", args=[self.dataset.slug, ending])
        else:
            path = reverse(
                "segmentation:segment-file", args=[self.cluster.run_id, self.cluster.number, ending]
            )
        return _with_query(path, [*self.selection.parameters, *(("column", key) for key in keys)])

    def measure(self) -> Extent:
        """Count the rows, as far as a request may."""
        known = self._known_count()
        if known is not None:
            return Extent(known)
        enough = settings.EXPORT_BACKGROUND_ROWS + 1
        counted = self.rows().count(enough)
        return Extent(counted, is_exact=counted < enough)

    def _known_count(self) -> int | None:
        if not self.selection.is_everybody:
            return None
        if self.run is not None:
            return self.run.customer_count if self.run.version_id == self.version_id else None
        if self.cluster is None:
            return self.dataset.customer_count
        return self.cluster.size if self.cluster.run.version_id == self.version_id else None

    def rows(self) -> CustomerList:
        """The list with every column, the customers as they are in the version.

        Customers who are no longer in the dataset are left out: there is no one to contact.
        """
        customers = self.selection.apply(Customer.objects.filter(version_id=self.version_id))
        if self.run is not None:
            clusters = list(self.run.clusters.select_related("segment"))
            return _list_of_clusters(self.dataset, clusters, customers)
        if self.cluster is None:
            return customer_list(self.dataset, customers)
        return _list_of_clusters(self.dataset, [self.cluster], customers)


def _with_query(path: str, parameters: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _list_of_clusters(
    dataset: Dataset, clusters: Sequence[Cluster], customers: CustomerQuerySet
) -> CustomerList:
    """The customers of some clusters of one run, with where each stands in its own."""
    attributes = list(dataset.attributes.all())
    segment, distance, margin = (header_beside(attributes, name) for name in ADDED)
    names = sql.SQL(" ").join(
        sql.SQL("WHEN {} THEN {}").format(cluster.label, cluster.segment.name) for cluster in clusters
    )
    name = sql.SQL("(CASE assignment.label {} END)").format(names)
    # The only segment of a run has no other one beside it.
    margin_or_none = sql.SQL("nullif(assignment.margin, 'Infinity')")
    columns = [
        *customer_columns(attributes),
        ListColumn("segment", segment, name, is_text=True, is_short=True),
        ListColumn("distance", distance, sql.SQL("assignment.distance"), is_text=False),
        ListColumn("margin", margin, margin_or_none, is_text=False),
    ]
    source = sql.SQL(
        "FROM segmenter_clusterassignment AS assignment"
        " JOIN {} AS customer ON customer.id = assignment.customer_id"
        " WHERE assignment.run_id = {} AND assignment.label IN ({})"
    ).format(
        subquery(customers),
        clusters[0].run_id,
        sql.SQL(", ").join(sql.Literal(cluster.label) for cluster in clusters),
    )
    return CustomerList(columns, source, sql.SQL("assignment.customer_id"))


def describe(what: Exportable, ending: str, rows: CustomerList) -> dict[str, object]:
    """What the audit trail records about an export, besides what it was."""
    columns = ", ".join(rows.header)
    return {"dataset": what.dataset.name, "format": ending, "selection": what.recorded, "columns": columns}


def stream_export(
    what: Exportable, ending: str, keys: Collection[str] = (), *, request: HttpRequest | None = None
) -> Iterator[bytes]:
    """Yield the file of a list; who downloads it is logged at the start and the end."""
    rows, counter = what.rows().only(keys), ListCounter()
    blocks = WRITERS[ending](rows, counter)
    said = describe(what, ending, rows)
    return audited_blocks(request, what, blocks, lambda: counter.rows, permission=PERMISSION, **said)

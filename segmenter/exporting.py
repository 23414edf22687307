"""The customers of a segment as rows for the one writer of lists, `customers.exporting`."""

from __future__ import annotations

from collections.abc import Iterator

from customers.exporting import Cell, attributes_of, customer_header, customer_row
from customers.models import Customer
from segmenter.models import Cluster, ClusterAssignment

CHUNK_ROWS = 2_000


def segment_header(cluster: Cluster) -> list[str]:
    """The column names: the customer's, and where the customer stands in the segment."""
    return [
        *customer_header(attributes_of(cluster.run.segmentation.dataset)),
        "Segment",
        "Distance",
        "Margin",
    ]


def segment_rows(cluster: Cluster) -> Iterator[list[Cell]]:
    """Yield the segment's customers with today's values, in the order of their ids, in chunks.

    Customers who are no longer in the dataset are left out: there is nobody to write to.
    """
    dataset = cluster.run.segmentation.dataset
    attributes = attributes_of(dataset)
    assignments = ClusterAssignment.objects.filter(run=cluster.run_id, label=cluster.label)
    last = -1
    while True:
        chunk = list(assignments.filter(customer_id__gt=last).order_by("customer_id")[:CHUNK_ROWS])
        if not chunk:
            return
        ids = [assignment.customer_id for assignment in chunk]
        customers = {customer.id: customer for customer in Customer.objects.of(dataset).filter(id__in=ids)}
        for assignment in chunk:
            customer = customers.get(assignment.customer_id)
            if customer is not None:
                place: list[Cell] = [cluster.segment.name, assignment.distance, assignment.margin]
                yield [*customer_row(customer, attributes), *place]
        last = ids[-1]

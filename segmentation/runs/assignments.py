"""A run's cluster assignments: one partition, written at once and dropped at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from customers.models import Customer, CustomerImport
from customers.storage import partitions
from jobs.models import Job
from segmentation.models import Cluster, ClusterAssignment, GoneCustomer, SegmentationRun

if TYPE_CHECKING:
    from segmentation.analysis.results import Clustering, IntArray, LabelArray

COLUMNS = ["customer_id", "run_id", "label", "distance", "margin"]
# One row of COPY's binary format: the number of fields, then each value behind its length; big-endian.
COPY_ROW = np.dtype(
    [
        ("fields", ">i2"),
        *[("customer_id_length", ">i4"), ("customer_id", ">i8")],
        *[("run_id_length", ">i4"), ("run_id", ">i8")],
        *[("label_length", ">i4"), ("label", ">i2")],
        *[("distance_length", ">i4"), ("distance", ">f8")],
        *[("margin_length", ">i4"), ("margin", ">f8")],
    ]
)
# Assignments of customers who are gone are removed from this many runs in one statement, which takes four
# locks for each.
RUNS_AT_ONCE = 4
GONE_AT_ONCE = 1_000
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
BLOCK_ROWS = 100_000


def write_assignments(run_id: int, customer_ids: IntArray, clustering: Clustering) -> None:
    """Write all assignments of a run as its partition, inside the transaction that publishes the run.

    Parameters
    ----------
    run_id
        The run; it must have no assignments yet.
    customer_ids : ndarray of shape (n_samples,)
        In the order of the clustering's labels.
    clustering
        Labels, distances and margins.
    """
    table = partitions.create_partition(ClusterAssignment, run_id)
    blocks = _copy_blocks(run_id, customer_ids, clustering)
    partitions.copy_rows(table, COLUMNS, blocks, options="FORMAT binary, FREEZE")
    partitions.attach_partition(ClusterAssignment, run_id, partition_by="run_id")


def _copy_blocks(run_id: int, customer_ids: IntArray, clustering: Clustering) -> Iterator[bytes]:
    yield COPY_HEADER
    for start in range(0, len(customer_ids), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        block = np.empty(len(customer_ids[rows]), dtype=COPY_ROW)
        block["fields"] = len(COLUMNS)
        measured = clustering.distances[rows], clustering.margins[rows]
        columns = customer_ids[rows], run_id, clustering.labels[rows], *measured
        for name, column in zip(COLUMNS, columns, strict=True):
            block[name] = column
            block[f"{name}_length"] = COPY_ROW[name].itemsize
        yield block.tobytes()
    yield COPY_TRAILER


@dataclass(frozen=True)
class Membership:
    """Who was in which segment in one run: arrays of the same length."""

    customer_ids: IntArray
    segment_ids: IntArray


def read_membership(run: SegmentationRun) -> Membership:
    """Read which customer was in which segment, in packed chunks: 10 bytes a customer."""
    segment_of = dict(Cluster.objects.filter(run=run).values_list("label", "segment_id"))
    customer_ids, labels = read_labels(run.pk)
    lookup = np.zeros(max(segment_of, default=0) + 1, dtype=np.int64)
    lookup[list(segment_of)] = list(segment_of.values())
    return Membership(customer_ids, lookup[labels])


def read_labels(run_id: int) -> tuple[IntArray, LabelArray]:
    """Read the customers of a run by ascending id, and the label of each."""
    row = np.dtype([("customer_id", ">i8"), ("label", ">i2")])
    chunks = [np.frombuffer(packed, dtype=row) for packed in _packed_assignments(run_id)]
    if not chunks:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    ids = np.concatenate([chunk["customer_id"].astype(np.int64) for chunk in chunks])
    return ids, np.concatenate([chunk["label"].astype(np.int32) for chunk in chunks])


def _packed_assignments(run_id: int) -> Iterator[bytes]:
    statement = """
        SELECT string_agg(int8send(customer_id) || int2send(label), ''::bytea ORDER BY customer_id),
               max(customer_id)
          FROM (SELECT customer_id, label
                  FROM segmenter_clusterassignment
                 WHERE run_id = %s AND customer_id > %s
                 ORDER BY customer_id
                 LIMIT %s) AS chunk
    """
    last = -1
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, [run_id, last, BLOCK_ROWS])
            packed, newest = cursor.fetchone()
            if newest is None:
                return
            yield bytes(packed)
            last = newest


def forget_gone_customers() -> Iterator[bool]:
    """Remove the assignments of customers whom somebody deleted; yield after each thousand customers.

    Who lives on in another version of the dataset keeps the assignments.
    """
    last = 0
    while gone := list(GoneCustomer.objects.filter(pk__gt=last).order_by("pk")[:GONE_AT_ONCE]):
        last = gone[-1].pk
        versions = {each.version_id for each in gone}
        owners = dict(CustomerImport.everything.filter(pk__in=versions).values_list("pk", "dataset_id"))
        ids_of: dict[int | None, set[int]] = {}
        for each in gone:
            ids_of.setdefault(owners.get(each.version_id), set()).add(each.customer_id)
        # A run in progress may still publish them: it is looked at again when it has ended.
        busy = Job.objects.active().filter(segmentationrun__segmentation__dataset__in=filter(None, ids_of))
        is_over = not busy.exists()
        for dataset, ids in ids_of.items():
            if dataset is not None:
                _forget(dataset, ids)
        if is_over:
            GoneCustomer.objects.filter(pk__in=[each.pk for each in gone]).delete()
        yield is_over


def _forget(dataset: int, ids: set[int]) -> None:
    """Remove these customers, except who is still in a version, from every run of the dataset."""
    kept = CustomerImport.everything.filter(dataset=dataset, published_at__isnull=False, dropped_at=None)
    gone = set(ids)
    for version in kept.values_list("pk", flat=True):
        gone -= set(Customer.objects.filter(version_id=version, id__in=gone).values_list("id", flat=True))
    runs = SegmentationRun.everything.filter(segmentation__dataset=dataset).exclude(k=None)
    found = list(runs.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(found) if gone else 0, RUNS_AT_ONCE):
        assignments_in(found[start : start + RUNS_AT_ONCE]).filter(customer_id__in=gone).delete()


def assignments_in(run_ids: Sequence[int]) -> QuerySet[ClusterAssignment]:
    """The assignments of at most `RUNS_AT_ONCE` runs: named one by one, they alone are opened.

    Without their names PostgreSQL would open, and lock, the partition of every run there is.
    """
    if len(run_ids) > RUNS_AT_ONCE:
        raise ValueError(f"{len(run_ids)} runs in one statement; at most {RUNS_AT_ONCE}")
    return ClusterAssignment.objects.filter(run__in=run_ids)

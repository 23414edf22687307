"""Clears away what was deleted, piece by piece in the background, until nothing is left.

Every piece commits on its own, takes few locks and does no harm when it is repeated: of a worker that is
killed midway the next one takes over what remains.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.db import connection
from django.db.models import Exists, Model, OuterRef, QuerySet
from kombu.exceptions import OperationalError

from common.rounds import for_a_while
from common.turns import one_at_a_time
from customers.models import Customer, CustomerImport, Dataset, Deletable, RejectedRow
from customers.storage import partitions
from customers.storage.uploads import delete_file
from segmentation.models import ClusterAssignment, Segmentation, SegmentationRun
from segmentation.runs.assignments import forget_gone_customers

logger = logging.getLogger(__name__)

# Partitioned tables, and what must be there for one of their partitions to stay.
OWNERS: list[tuple[type[Model], type[Deletable]]] = [
    (ClusterAssignment, SegmentationRun),
    (Customer, CustomerImport),
]
# Of one round: jobs get their turn before the next one.
ROUND_SECONDS = 5
RUNS_AT_ONCE = 20
REJECTS_AT_ONCE = 5_000
# The advisory lock that stops two workers clearing away at a time.
TURN = 7_305_121


def ask_to_clear() -> None:
    """Have a worker clear away now; if the message is lost, the periodic task does it later."""
    try:
        current_app.send_task("segmenter.tasks.drop_orphaned_partitions", retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("what was deleted is cleared away later: %s", error)


def clear_deleted(*, seconds: float = ROUND_SECONDS) -> int:
    """Clear away for about this long, and ask for another round if that was not enough.

    What is in use, or being cleared away by another worker, is left to the periodic task.

    Returns
    -------
    int
        How many pieces are gone.
    """
    pieces, done = _pieces(), 0
    with one_at_a_time(TURN) as is_ours:
        if is_ours:
            done = sum(for_a_while(pieces, seconds))
            is_over = next(pieces, None) is None
    if is_ours and done and not is_over:
        ask_to_clear()
    return done


def _pieces() -> Iterator[bool]:
    """Clear away one piece after another; yield for each whether it is gone."""
    for model, owner in OWNERS:
        # Partitions first: a new one has its owner.
        keys = _partition_keys(model)
        for key in sorted(keys - set(owner._default_manager.values_list("pk", flat=True))):
            yield partitions.drop_partition(model, key)
    yield from forget_gone_customers()
    yield from _in_pieces(_deleted(SegmentationRun), RUNS_AT_ONCE)
    for deleted in _deleted(CustomerImport).only("file_id"):
        yield from _in_pieces(RejectedRow.objects.filter(customer_import=deleted), REJECTS_AT_ONCE)
        delete_file(deleted.file_id)
        deleted.delete()
        yield True
    # What was deleted in the meantime has its turn in the next round, after what hangs on it.
    runs = Exists(SegmentationRun.everything.filter(segmentation=OuterRef("pk")))
    yield from _in_pieces(_deleted(Segmentation).exclude(runs), 1)
    imports = Exists(CustomerImport.everything.filter(dataset=OuterRef("pk")))
    segmentations = Exists(Segmentation.everything.filter(dataset=OuterRef("pk")))
    yield from _in_pieces(_deleted(Dataset).exclude(imports).exclude(segmentations), 1)


def _deleted(model: type[Deletable]) -> QuerySet[Any]:
    return model.everything.exclude(deleted_at=None).only("pk")


def _in_pieces(rows: QuerySet[Any], size: int) -> Iterator[bool]:
    """Delete rows, and what hangs on them, this many at a time."""
    while found := list(rows.values_list("pk", flat=True)[:size]):
        rows.model._base_manager.filter(pk__in=found).only("pk").delete()
        yield True


def _partition_keys(model: type[Model]) -> set[int]:
    """The keys of all partitions, half dropped ones too."""
    prefix = f"{model._meta.db_table}_"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", [f"^{prefix}[0-9]+$"]
        )
        return {int(name.removeprefix(prefix)) for (name,) in cursor.fetchall()}

"""Queries for runs, segments, clusters and exports. A run's JSON is large: a page reads what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now

from jobs.models import Job

if TYPE_CHECKING:
    from segmentation.models import (
        Cluster,  # noqa: F401 - ruff does not see them in strings
        CustomerExport,  # noqa: F401
        Segment,  # noqa: F401
        SegmentationRun,
    )

# Columns of a run's JSON that a list does not need.
HEAVY = ("model", "readable_rules", "sweep", "scores", "profiles", "pictures")


class SegmentationRunQuerySet(models.QuerySet["SegmentationRun"]):
    def listed(self) -> SegmentationRunQuerySet:
        """What a list of runs shows, without the pictures' numbers; one query."""
        return self.select_related("segmentation__dataset", "job__created_by").light()

    def light(self) -> SegmentationRunQuerySet:
        """Leave out the JSON that only a run's own page shows."""
        return self.defer(*HEAVY)

    def latest_of_each(self) -> SegmentationRunQuerySet:
        """The latest run with results of each segmentation, the newest first."""
        newer = self.model.objects.succeeded().filter(
            segmentation=models.OuterRef("segmentation"),
            job__finished_at__gt=models.OuterRef("job__finished_at"),
        )
        return self.listed().finished_last_first().filter(~models.Exists(newer))

    def with_clusters(self) -> SegmentationRunQuerySet:
        """Fetch each run's clusters with their segments along, in a second query."""
        return self.prefetch_related(models.Prefetch("clusters", _clusters()))

    def with_sizes(self) -> SegmentationRunQuerySet:
        """Fetch each run's clusters with their segments: as much of them as a bar of sizes shows."""
        shown = ("run", "number", "label", "size", "segment__name", "segment__colour")
        return self.prefetch_related(models.Prefetch("clusters", _clusters().only(*shown)))

    def succeeded(self) -> SegmentationRunQuerySet:
        return self.filter(job__state=Job.State.SUCCEEDED)

    def finished_last_first(self) -> SegmentationRunQuerySet:
        """Those with results, each of which took over its segments from the next in this order."""
        return self.succeeded().order_by("-job__finished_at", "-pk")

    def before(self, run: SegmentationRun) -> SegmentationRunQuerySet:
        """Those of the run's segmentation that were done when it was; it took over the first one's segments.

        The order of their ids says nothing: a run requested later may finish earlier.
        """
        earlier = self.finished_last_first().filter(segmentation=run.segmentation_id).exclude(pk=run.pk)
        return earlier.filter(job__finished_at__lte=run.job.finished_at)


class SegmentQuerySet(models.QuerySet["Segment"]):
    def kept(self) -> SegmentQuerySet:
        """Those of segmentations that nobody has deleted."""
        return self.filter(segmentation__deleted_at=None)

    def living(self) -> SegmentQuerySet:
        return self.filter(retired_at=None)


class ClusterQuerySet(models.QuerySet["Cluster"]):
    def kept(self) -> ClusterQuerySet:
        """Those of runs that nobody has deleted."""
        return self.filter(run__deleted_at=None)

    def with_owners(self) -> ClusterQuerySet:
        """Fetch segment, run and dataset in the same query, without the pictures' numbers."""
        owners = self.kept().select_related(
            "segment", "run__version", "run__segmentation__dataset__current_version"
        )
        return owners.defer(*(f"run__{name}" for name in HEAVY))


def _clusters() -> ClusterQuerySet:
    from segmentation.models import Cluster  # which imports this module

    return Cluster.objects.select_related("segment")


class CustomerExportQuerySet(models.QuerySet["CustomerExport"]):
    def listed(self) -> CustomerExportQuerySet:
        """What pages show, with the database's time; one query."""
        owners = self.select_related(
            "job",
            "created_by",
            "dataset",
            "cluster__segment",
            "cluster__run__segmentation",
            "run__segmentation",
        )
        runs = ("run", "cluster__run")
        return owners.defer(*(f"{run}__{name}" for run in runs for name in HEAVY)).annotate(now=Now())

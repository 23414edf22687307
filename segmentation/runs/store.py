"""Storing a run's results in one transaction: before it nothing is visible, after it everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Now

from common.unique_names import unused_name
from customers.models import Customer
from jobs.worker.claim import Claim
from segmentation.analysis.matching import match_clusters
from segmentation.analysis.results import (
    Advice,
    Clustering,
    ClusterMatch,
    ClusterMatching,
    ClusterProfiles,
    ElbowSweep,
    FeatureMatrix,
    IntArray,
    PairPicture,
    SweepScores,
    to_json,
)
from segmentation.models import Cluster, ClusterAssignment, Segment, Segmentation, SegmentationRun
from segmentation.runs.assignments import read_membership, write_assignments
from segmentation.runs.timings import Stopwatch

# Exceptions whose customers a run remembers; there are few.
MOST_EXCEPTIONS = 100


@dataclass(frozen=True, eq=False)
class Findings:
    """All that the analysis of one run found; `customer_ids` in the order of the clustering's labels."""

    customer_ids: IntArray
    # Of customers far from everyone, whether they were set aside or not.
    exception_ids: IntArray
    features: FeatureMatrix
    sweep: ElbowSweep
    scores: SweepScores
    advice: Advice
    clustering: Clustering
    # Of each label, or nothing where the sweep does not reach the k.
    stabilities: Sequence[float]
    profiles: ClusterProfiles
    pictures: Sequence[PairPicture]
    log1p_proposed: Sequence[str]
    libraries: Mapping[str, str]


def publish_run(claim: Claim, run: SegmentationRun, findings: Findings, watch: Stopwatch) -> None:
    """Store assignments, clusters and results, match the living segments, and end the job.

    Raises
    ------
    JobCancelled, JobSuperseded
        The job is no longer the claim's to publish: nothing was stored.
    """
    with transaction.atomic():
        with watch.stage("store"):
            # One publication of a segmentation at a time: its segments are matched to the latest run.
            Segmentation.objects.select_for_update().get(pk=run.segmentation_id)
            write_assignments(run.pk, findings.customer_ids, findings.clustering)
            sizes = _sizes_without_vanished(run, findings.clustering)
            _store_clusters(run, findings, sizes)
        _store_results(run, findings, sum(sizes), watch)
        claim.succeed()


def _sizes_without_vanished(run: SegmentationRun, clustering: Clustering) -> Sequence[int]:
    """Remove assignments of customers deleted since the run read them; return the sizes by label."""
    assignments = ClusterAssignment.objects.filter(run=run)
    customers = Customer.objects.filter(version_id=run.version_id)
    if customers.count() == run.version.customer_count:  # none were: the usual case, and the cheaper check
        return clustering.sizes
    alive = customers.filter(id=OuterRef("customer_id"))
    assignments.filter(~Exists(alive)).delete()
    counts = dict(assignments.values_list("label").annotate(size=Count("*")))
    return [counts.get(label, 0) for label in range(clustering.k)]


def _store_clusters(run: SegmentationRun, findings: Findings, sizes: Sequence[int]) -> None:
    matching = _match_living_segments(run, findings)
    Segment.objects.filter(pk__in=matching.retired).update(retired_at=Now())
    living = list(Segment.objects.filter(segmentation=run.segmentation_id, retired_at=None))
    clusters = []
    for description, match in zip(findings.profiles.clusters, matching.matches, strict=True):
        segment_id = match.segment or _create_segment(run, description.name, living).pk
        clusters.append(
            Cluster(
                run=run,
                segment_id=segment_id,
                label=description.label,
                number=description.label + 1,
                size=sizes[description.label],
                centroid=findings.clustering.centroids_original[description.label].tolist(),
                description=description.sentence,
                typical=findings.customer_ids[list(description.typical)].tolist(),
                borderline=findings.customer_ids[list(description.borderline)].tolist(),
                confidence=match.confidence if match.segment else None,
                stability=findings.stabilities[description.label] if findings.stabilities else None,
            )
        )
    Cluster.objects.bulk_create(clusters)


def _match_living_segments(run: SegmentationRun, findings: Findings) -> ClusterMatching:
    """Find the previous run's segments in this run's clusters."""
    previous = run.segmentation.runs.finished_last_first().exclude(pk=run.pk).first()
    if previous is None:
        return ClusterMatching(
            matches=tuple(ClusterMatch(label, None, 0.0, 0, "new") for label in range(findings.clustering.k)),
            retired=(),
        )
    membership = read_membership(previous)
    centroids = previous.clusters.values_list("segment_id", "centroid")
    return match_clusters(
        findings.customer_ids,
        findings.clustering.labels,
        centroids=findings.clustering.centroids_original,
        previous_ids=membership.customer_ids,
        previous_segments=membership.segment_ids,
        previous_centroids={segment_id: np.asarray(centroid) for segment_id, centroid in centroids},
        scale=findings.features.scale,
    )


def _create_segment(run: SegmentationRun, proposed: str, living: list[Segment]) -> Segment:
    """Make a new segment with a name and colour no living one has, and add it to them."""
    names, colours = {segment.name for segment in living}, {segment.colour for segment in living}
    segment = Segment.objects.create(
        segmentation_id=run.segmentation_id,
        name=unused_name(proposed, names),
        colour=next(colour for colour in count() if colour not in colours),
    )
    living.append(segment)
    return segment


def _store_results(run: SegmentationRun, findings: Findings, customer_count: int, watch: Stopwatch) -> None:
    features, advice = findings.features, findings.advice
    SegmentationRun.objects.filter(pk=run.pk).update(
        k=findings.clustering.k,
        k_recommended=advice.k_recommended,
        k_useful=advice.k_useful,
        verdict=advice.verdict.kind if advice.verdict is not None else "",
        elbow_k=advice.elbow_k,
        customer_count=customer_count,
        left_out_count=features.left_out + features.set_aside,
        left_out={
            "missing": dict(zip(features.names, features.missing, strict=True)),
            "set_aside": features.set_aside,
            "exceptions": findings.exception_ids[:MOST_EXCEPTIONS].tolist(),
        },
        feature_names=list(features.names),
        explained=dict(zip(features.names, findings.clustering.explained, strict=True)),
        log1p_proposed=list(findings.log1p_proposed),
        sweep=to_json(findings.sweep),
        scores=to_json(findings.scores),
        advice=to_json(advice),
        profiles=to_json(findings.profiles),
        pictures=[to_json(picture) for picture in findings.pictures],
        libraries=dict(findings.libraries),
        timings=watch.read(),
    )

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
from segmentation.analysis.matching import EarlierRun, match_clusters
from segmentation.analysis.results import (
    Advice,
    Clustering,
    ClusterMatching,
    ClusterProfiles,
    ElbowSweep,
    FeatureMatrix,
    IntArray,
    PairPicture,
    SweepScores,
    to_json,
)
from segmentation.analysis.rules.model import FrozenModel
from segmentation.analysis.rules.readable import ReadableRule
from segmentation.models import Cluster, ClusterAssignment, Segment, Segmentation, SegmentationRun
from segmentation.runs.assignments import read_membership, write_assignments
from segmentation.runs.timings import Stopwatch

# Exceptions whose customers a run remembers; there are few.
MOST_EXCEPTIONS = 100
# Earlier runs whose segments are looked for: so many at most, of the latest so many.
RUNS_MATCHED, RUNS_LOOKED_AT = 4, 50


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
    model: FrozenModel
    readable_rules: Sequence[ReadableRule]
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
    matches = _match_segments(run, findings).matches
    living = _continue_segments(run.segmentation_id, {match.segment for match in matches if match.segment})
    clusters = []
    for description, match in zip(findings.profiles.clusters, matches, strict=True):
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


def _match_segments(run: SegmentationRun, findings: Findings) -> ClusterMatching:
    """Find the segments of earlier runs in this run's clusters."""
    return match_clusters(
        findings.customer_ids,
        findings.clustering.labels,
        centroids=findings.clustering.centroids_original,
        earlier=map(_read_earlier, _runs_to_match(run)),
        scale=findings.features.scale,
    )


def _runs_to_match(run: SegmentationRun) -> list[SegmentationRun]:
    """The run before, then those further back that had other segments: with another k, or one more group."""
    found = run.segmentation.runs.finished_last_first().exclude(pk=run.pk).only("pk")[:RUNS_LOOKED_AT]
    segments: dict[int, set[int]] = {}
    for run_id, segment_id in Cluster.objects.filter(run__in=list(found)).values_list("run", "segment"):
        segments.setdefault(run_id, set()).add(segment_id)
    taken: dict[frozenset[int], SegmentationRun] = {}
    for each in found:
        taken.setdefault(frozenset(segments.get(each.pk, ())), each)
    return list(taken.values())[:RUNS_MATCHED]


def _read_earlier(run: SegmentationRun) -> EarlierRun:
    membership = read_membership(run)
    centroids = run.clusters.values_list("segment_id", "centroid")
    return EarlierRun(
        membership.customer_ids,
        membership.segment_ids,
        {segment_id: np.asarray(centroid) for segment_id, centroid in centroids},
    )


def _continue_segments(segmentation_id: int, found: set[int]) -> list[Segment]:
    """Make the segments that were found the living ones, with a name and colour of their own each."""
    segments = Segment.objects.filter(segmentation=segmentation_id)
    segments.filter(retired_at=None).exclude(pk__in=found).update(retired_at=Now())
    living = list(segments.filter(retired_at=None))
    for segment in segments.filter(pk__in=found).exclude(retired_at=None):
        segment.retired_at = None
        segment.name = unused_name(segment.name, {each.name for each in living})
        if segment.colour in {each.colour for each in living}:
            segment.colour = _free_colour(living)
        segment.save(update_fields=["name", "colour", "retired_at"])
        living.append(segment)
    return living


def _create_segment(run: SegmentationRun, proposed: str, living: list[Segment]) -> Segment:
    """Make a new segment with a name and colour no living one has, and add it to them."""
    segment = Segment.objects.create(
        segmentation_id=run.segmentation_id,
        name=unused_name(proposed, {each.name for each in living}),
        colour=_free_colour(living),
    )
    living.append(segment)
    return segment


def _free_colour(living: Sequence[Segment]) -> int:
    taken = {each.colour for each in living}
    return next(colour for colour in count() if colour not in taken)


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
        model=to_json(findings.model),
        readable_rules=[to_json(rule) for rule in findings.readable_rules],
        advice=to_json(advice),
        profiles=to_json(findings.profiles),
        pictures=[to_json(picture) for picture in findings.pictures],
        libraries=dict(findings.libraries),
        timings=watch.read(),
    )

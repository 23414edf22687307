"""Segmentations kept alive, their runs, and the segments that live through them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from common.spreadsheets import column_letters
from customers.models import Attribute, CustomerImport, Dataset, Deletable, KeptManager
from jobs.models import Job
from segmentation.querysets import (
    ClusterQuerySet,
    CustomerExportQuerySet,
    SegmentationRunQuerySet,
    SegmentQuerySet,
)


class Scaling(models.TextChoices):
    STANDARD = "standard", gettext_lazy("standardise (recommended)")
    NONE = "none", gettext_lazy("leave as they are")
    MIN_MAX = "min-max", gettext_lazy("stretch to 0 … 1")
    ROBUST = "robust", gettext_lazy("by median and quartiles")


class Missing(models.TextChoices):
    LEAVE_OUT = "leave-out", gettext_lazy("leave the customer out (recommended)")
    MEDIAN = "median", gettext_lazy("fill in the median")


class Outliers(models.TextChoices):
    KEEP = "keep", gettext_lazy("keep them")
    SET_ASIDE = "set-aside", gettext_lazy("set aside those who would decide the segments (recommended)")


class Segmentation(Deletable):
    """A recipe kept alive: which customers, by which features. Its segments live from run to run."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="segmentations")
    name = models.CharField(max_length=200)
    # Ids of the attributes, in order; texts take part one-hot. These and the way they are prepared are the
    # recipe: the same recipe means the same segmentation, unless someone gives it another name.
    features = ArrayField(models.BigIntegerField())
    scaling = models.CharField(max_length=10, choices=Scaling, default=Scaling.STANDARD)
    # Ids of the features whose logarithm is taken first.
    log1p = ArrayField(models.BigIntegerField(), default=list)
    # Whether somebody named them, or wanted none; otherwise they were proposed when it was made, and stay.
    log1p_is_asked = models.BooleanField(default=False)
    # Whether all values of a text together weigh as much as one number, or each as much as one.
    texts_weigh_as_one = models.BooleanField(default=True)
    missing = models.CharField(max_length=10, choices=Missing, default=Missing.LEAVE_OUT)
    outliers = models.CharField(max_length=10, choices=Outliers, default=Outliers.KEEP)
    created_at = models.DateTimeField(db_default=Now())

    objects = KeptManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="segmentation_name_in_dataset"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("segmentation:segmentation-detail", args=[self.pk])

    def others(self) -> models.QuerySet[Segmentation]:
        """Those of the same dataset, whose names are taken."""
        return Segmentation.objects.filter(dataset=self.dataset_id).exclude(pk=self.pk)


class SegmentationRun(Deletable):
    """One execution. Everything it used and found is frozen here: a finished run never changes."""

    segmentation = models.ForeignKey(Segmentation, on_delete=models.CASCADE, related_name="runs")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="segmentationrun")
    version = models.ForeignKey(CustomerImport, on_delete=models.PROTECT, related_name="+")
    # What was requested.
    k_requested = models.PositiveSmallIntegerField(null=True, blank=True)
    k_min = models.PositiveSmallIntegerField(default=1)
    k_max = models.PositiveSmallIntegerField(default=10)
    # Whether somebody wanted the sweep to end there; otherwise it may go on where the best lies at its end.
    k_max_is_asked = models.BooleanField(default=False)
    random_state = models.BigIntegerField(default=0)
    # A run of the same customers and choices whose sweep is reused, so that none is computed again.
    sweep_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # Limits that the team sets on what may be recommended: numbers of segments, smallest share of customers.
    limits = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    # Names of the features in order, as they were when it started; of a text, one for each of its values.
    feature_names = ArrayField(models.TextField())
    # How they are prepared and what else was proposed (segmentation.runs.recipes.Prepared).
    prepared = models.JSONField(default=dict)
    # What was found; empty until the job has succeeded. The JSON columns hold what segmentation.analysis
    # found (results.to_json): the charts and profiles need no customer any more.
    k = models.PositiveSmallIntegerField(null=True)
    # The numbers of clear groups and of useful segments. The verdict is clear, useful or nothing; empty in
    # runs of earlier releases.
    k_recommended = models.PositiveSmallIntegerField(null=True)
    k_useful = models.PositiveSmallIntegerField(null=True)
    verdict = models.CharField(max_length=10, blank=True, default="")
    elbow_k = models.PositiveSmallIntegerField(null=True)
    customer_count = models.BigIntegerField(default=0)
    left_out_count = models.BigIntegerField(default=0)
    # Counts per feature: missing; how many exceptions were set aside, and whose ids the exceptions have.
    left_out = models.JSONField(default=dict)
    # How far each feature drives the result: the share of its variance that the segments explain, 0 to 1.
    explained = models.JSONField(default=dict)
    # Features so skewed that their logarithm would serve better.
    log1p_proposed = ArrayField(models.TextField(), default=list)
    # What decides who is in which segment (analysis.rules.model); empty in runs of earlier releases.
    model = models.JSONField(default=dict)
    # What customers of a segment have in common, for people (analysis.rules.readable).
    readable_rules = models.JSONField(default=list)
    sweep = models.JSONField(default=dict)
    scores = models.JSONField(default=dict)
    advice = models.JSONField(default=dict)
    profiles = models.JSONField(default=dict)
    pictures = models.JSONField(default=list)
    timings = models.JSONField(default=dict)
    libraries = models.JSONField(default=dict)

    objects = KeptManager.from_queryset(SegmentationRunQuerySet)()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        values = {"run": self.pk, "segmentation": self.segmentation}
        return gettext("run %(run)s of %(segmentation)s") % values

    def get_absolute_url(self) -> str:
        return reverse("segmentation:run-detail", args=[self.pk])


class Segment(models.Model):
    """The living identity that people name, colour and annotate; runs find it again as a cluster."""

    segmentation = models.ForeignKey(Segmentation, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=100)
    # Index into the palette: one colour and marker on every page and chart.
    colour = models.PositiveSmallIntegerField()
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    # Set when a run no longer found it; a later run may find it again.
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        permissions = [("export_segment", "Can take a segment's customers along")]
        constraints = [
            models.UniqueConstraint(
                fields=["segmentation", "name"],
                condition=Q(retired_at=None),
                name="segment_name_in_segmentation",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def neutral_name(self) -> str:
        """A name that says nothing of customers, for where a telling one must not leave the house: “B 2026”.

        It stays, whatever the segment is called and whichever others are deleted.
        """
        return f"{column_letters(self.pk - 1)} {self.created_at.year}"

    def others(self) -> SegmentQuerySet:
        """The other living ones, whose names and looks are taken."""
        return Segment.objects.living().filter(segmentation=self.segmentation_id).exclude(pk=self.pk)


class Cluster(models.Model):
    """One run's version of a segment. Numbers are not identities: each run assigns them anew."""

    run = models.ForeignKey(SegmentationRun, on_delete=models.CASCADE, related_name="clusters")
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="clusters")
    label = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()  # 1 is the largest of this run
    size = models.BigIntegerField()
    # In original units, in the order of the run's features.
    centroid = ArrayField(models.FloatField())
    description = models.TextField(blank=True)
    # Ids of some customers nearest the centroid, and of some nearly as near to another one.
    typical = ArrayField(models.BigIntegerField(), default=list)
    borderline = ArrayField(models.BigIntegerField(), default=list)
    # How far it overlaps the segment that it continues, 0 to 1: customers in both, of those in either; or how
    # near the centroids are, where most customers are new. Empty when the segment is new.
    confidence = models.FloatField(null=True)
    # How well it holds on random samples, 0 to 1; empty where unknown.
    stability = models.FloatField(null=True)

    objects = ClusterQuerySet.as_manager()

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="cluster_number_in_run"),
            models.UniqueConstraint(fields=["run", "label"], name="cluster_label_in_run"),
            models.UniqueConstraint(fields=["run", "segment"], name="cluster_segment_in_run"),
        ]

    def __str__(self) -> str:
        values = {"number": self.number, "run": self.run_id}
        return gettext("cluster %(number)s of run %(run)s") % values

    def get_absolute_url(self) -> str:
        return reverse("segmentation:segment-detail", args=[self.run_id, self.number])

    @property
    def features(self) -> list[tuple[str, Any]]:
        return list(zip(self.run.feature_names, self.centroid, strict=True))


class RunComparison(models.Model):
    """How many customers went from which cluster of a run to which of a later one: counted once."""

    before = models.ForeignKey(SegmentationRun, on_delete=models.CASCADE, related_name="+")
    after = models.ForeignKey(SegmentationRun, on_delete=models.CASCADE, related_name="+")
    # Rows of label before, label after, customers; no label for those who are in one of the runs only.
    flows = models.JSONField()
    # What changed about those who moved (segmentation.comparison.moves); empty where it was not counted.
    moves = models.JSONField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["before", "after"], name="comparison_of_runs"),
        ]

    def __str__(self) -> str:
        return gettext("run %(before)s and run %(after)s") % {
            "before": self.before_id,
            "after": self.after_id,
        }

    @property
    def counts(self) -> dict[tuple[int | None, int | None], int]:
        """How many customers have which labels; `None` for those who are not in one of the runs."""
        return {(then, now): size for then, now, size in self.flows}


class RunPicture(models.Model):
    """A picture of two attributes that the run did not freeze: counted once, on request."""

    run = models.ForeignKey(SegmentationRun, on_delete=models.CASCADE, related_name="further_pictures")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="runpicture")
    # The run's: it is held for as long as the job is active.
    version = models.ForeignKey(CustomerImport, on_delete=models.PROTECT, related_name="+")
    x_attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="+")
    y_attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="+")
    # A PairPicture of segmentation.analysis; empty until the job has succeeded.
    picture = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "x_attribute", "y_attribute"], name="picture_of_axes"),
        ]

    def __str__(self) -> str:
        values = {"x": self.x_attribute, "y": self.y_attribute, "run": self.run_id}
        return gettext("%(x)s × %(y)s in run %(run)s") % values

    def get_absolute_url(self) -> str:
        axes = urlencode({"x": self.x_attribute_id, "y": self.y_attribute_id})
        return f"{reverse('segmentation:run-detail', args=[self.run_id])}?{axes}"

    @property
    def deleted_at(self) -> datetime | None:
        return self.run.deleted_at


class ClusterAssignment(models.Model):
    """Which cluster of a run a customer is in. The table is partitioned by run.

    No foreign keys: publishing a run would wait for every import. What belongs to a customer who is gone is
    removed by `forget_gone_customers`.
    """

    pk = models.CompositePrimaryKey("customer_id", "run_id")
    customer_id = models.BigIntegerField()
    run = models.ForeignKey(
        SegmentationRun, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    label = models.SmallIntegerField()
    # In the scaled space of the features: to its own centroid, and how much farther the second nearest is.
    distance = models.FloatField()
    margin = models.FloatField()

    class Meta:
        # The run is not in them: a query names it, and PostgreSQL opens that run's partition alone. In the
        # order of the ids a segment is read through the primary key, or sorted when it is small.
        indexes = [
            models.Index(fields=["label", "distance", "customer_id"], name="assignment_by_distance"),
            models.Index(fields=["label", "margin", "customer_id"], name="assignment_by_margin"),
        ]

    def __str__(self) -> str:
        values = {"customer": self.customer_id, "label": self.label, "run": self.run_id}
        return gettext("customer %(customer)s in cluster %(label)s of run %(run)s") % values


class GoneCustomer(models.Model):
    """A customer somebody deleted from a version: a trigger writes it down.

    The assignments are removed in the background, a few runs at a time: a dataset may have thousands of runs,
    each with a partition of its own.
    """

    version_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        values = {"customer": self.customer_id, "version": self.version_id}
        return gettext("customer %(customer)s of version %(version)s") % values


class CustomerExport(models.Model):
    """A list of customers prepared in the background for its requester, and kept for a while."""

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="customerexport")
    # Not the job's person, who may be someone who retried it.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="exports")
    # Empty for the whole dataset's customers.
    cluster = models.ForeignKey(
        Cluster, null=True, blank=True, on_delete=models.CASCADE, related_name="exports"
    )
    # For all segments of a run.
    run = models.ForeignKey(
        SegmentationRun, null=True, blank=True, on_delete=models.CASCADE, related_name="exports"
    )
    version = models.ForeignKey(CustomerImport, on_delete=models.PROTECT, related_name="+")
    # Of the file, without the ending.
    name = models.CharField(max_length=255)
    # The selection's query string; empty for everyone.
    selection = models.TextField(blank=True)
    # Keys of the chosen columns; empty for all.
    columns = ArrayField(models.TextField(), default=list, blank=True)
    format = models.CharField(max_length=4, choices=[("csv", "CSV"), ("xlsx", "XLSX")])
    # What came out; empty until the job has succeeded.
    row_count = models.BigIntegerField(null=True, blank=True)
    size = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    file_id = models.UUIDField(null=True, blank=True, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    file_deleted_at = models.DateTimeField(null=True, blank=True)

    objects = CustomerExportQuerySet.as_manager()
    # The database's time, fetched by `listed`.
    now: datetime

    class Meta:
        ordering = ["-id"]
        # Administrators may see those of others; one's own need no permission of the model's.
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.name}.{self.format}"

    def get_absolute_url(self) -> str:
        return reverse("segmentation:export-detail", args=[self.pk])

    @property
    def is_available(self) -> bool:
        """Whether there is a file to download."""
        return self.expires_at is not None and self.file_deleted_at is None and self.now < self.expires_at

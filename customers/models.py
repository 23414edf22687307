"""Datasets, their attributes, versioned customers, and the imports that create the versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from jobs.models import Job

Kept = TypeVar("Kept", bound=models.Model)


class KeptManager(models.Manager[Kept]):
    """Only what nobody has deleted."""

    def get_queryset(self) -> models.QuerySet[Kept]:
        return super().get_queryset().filter(deleted_at=None)


class Deletable(models.Model):
    """What is deleted in two steps: out of sight at once, and cleared away in the background.

    Everybody asks `objects`, a `KeptManager`; only what clears them away asks `everything`.
    """

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    everything = models.Manager()

    class Meta:
        abstract = True


class Dataset(Deletable):
    """A group of customers that belong together: a shop, a brand, a country."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    # The version people see. Publishing an import is one UPDATE of this pointer; undoing it is another.
    current_version = models.ForeignKey(
        "CustomerImport", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = KeptManager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("customers:dataset-detail", args=[self.slug])

    @property
    def customer_count(self) -> int:
        return self.current_version.customer_count if self.current_version else 0


class Attribute(models.Model):
    """One column of a dataset. Its position in the customers' arrays is never reused."""

    class Kind(models.TextChoices):
        NUMBER = "number", gettext_lazy("number")
        TEXT = "text", gettext_lazy("text")
        DATE = "date", gettext_lazy("date")

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="attributes")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=6, choices=Kind)
    # Index into `Customer.numbers` for numbers, into `Customer.texts` for the other kinds; from 0.
    position = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=20, blank=True)
    # What later files may contain, e.g. ages are whole numbers from 1 to 120. Empty means anything.
    is_whole = models.BooleanField(default=False)
    minimum = models.FloatField(null=True, blank=True)
    maximum = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="attribute_name_in_dataset"),
            models.UniqueConstraint(
                fields=["dataset", "position"], condition=Q(kind="number"), name="attribute_number_position"
            ),
            models.UniqueConstraint(
                fields=["dataset", "position"], condition=~Q(kind="number"), name="attribute_text_position"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_number(self) -> bool:
        return self.kind == self.Kind.NUMBER

    @property
    def path(self) -> str:
        """The ORM path of its values: one element of one of the customer's arrays."""
        return f"{'numbers' if self.is_number else 'texts'}__{self.position}"


class CustomerImport(Deletable):
    """One imported file, and the version of the dataset it produced."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="imports")
    # Empty until somebody has confirmed the mapping.
    job = models.OneToOneField(
        Job, null=True, blank=True, on_delete=models.PROTECT, related_name="customerimport"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The version it was built on: undo goes back to it.
    base_version = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    file_id = models.UUIDField(unique=True)
    original_name = models.CharField(max_length=255)
    # Set when the stored file has been deleted.
    file_deleted_at = models.DateTimeField(null=True, blank=True)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    # The result of one pass over the whole file, kept for later reads (`files.sniffing.KeptLook`).
    file_look = models.JSONField(null=True, editable=False)
    # What the mapping page showed (`preparation.MappingPage`).
    mapping_page = models.JSONField(null=True, editable=False)
    encoding = models.CharField(max_length=40, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    # One entry per column of the file: header, use (id, number, text, date, skip), name of the attribute.
    mapping = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    # Sentences for the report: things decided or noticed that are no reason to reject anything.
    warnings = models.JSONField(default=list)
    blank_count = models.BigIntegerField(default=0)
    read_count = models.BigIntegerField(default=0)
    created_count = models.BigIntegerField(default=0)
    updated_count = models.BigIntegerField(default=0)
    unchanged_count = models.BigIntegerField(default=0)
    rejected_count = models.BigIntegerField(default=0)
    # Cells that could not be read and were left empty; their rows count as imported.
    emptied_count = models.BigIntegerField(default=0, db_default=0)
    # Customers of the base version that a full replacement removed.
    removed_count = models.BigIntegerField(default=0)
    # Rows of the version; 0 if nothing changed, because then there is no new version.
    customer_count = models.BigIntegerField(default=0)
    # Digests for comparing a later file without reading the customers; empty if there are none.
    block_digests = models.BinaryField(default=b"", editable=False)
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    # Set when the version's partition has been dropped; the import's report stays.
    dropped_at = models.DateTimeField(null=True, blank=True)

    objects = KeptManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A published import accounts for every row it read.
            models.CheckConstraint(
                name="import_counts_add_up",
                condition=Q(
                    read_count=F("created_count")
                    + F("updated_count")
                    + F("unchanged_count")
                    + F("rejected_count")
                ),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(file)s into %(dataset)s") % {"file": self.original_name, "dataset": self.dataset}

    def get_absolute_url(self) -> str:
        return reverse("customers:import-detail", args=[self.pk])


class VersionOverview(models.Model):
    """An overview of one version's attributes: computed once, because a version never changes."""

    version = models.OneToOneField(
        CustomerImport, on_delete=models.CASCADE, primary_key=True, related_name="overview"
    )
    # The fields of `customers.overview.AttributeOverview`, by the attribute's id.
    attributes = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return gettext("Overview of %(version)s") % {"version": self.version}


class CustomerQuerySet(models.QuerySet["Customer"]):
    def of(self, dataset: Dataset) -> CustomerQuerySet:
        """The customers people currently see; naming the version limits PostgreSQL to one partition."""
        return self.filter(version_id=dataset.current_version_id)


class Customer(models.Model):
    """One customer in one version of a dataset. The table is partitioned by version.

    `numbers` and `texts` are indexed by the attribute's position. In PostgreSQL they start at index 1 and
    have no trailing NULLs, so that equal customers have equal arrays. Never assign to a subscript.
    """

    pk = models.CompositePrimaryKey("version_id", "id")
    version = models.ForeignKey(
        CustomerImport, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    # From one sequence and kept across versions: the customer's identity in the system.
    id = models.BigIntegerField()
    # Exactly as in the file: leading zeros, twenty digits.
    customer_id = models.TextField()
    numbers = ArrayField(models.FloatField(null=True), default=list)
    texts = ArrayField(models.TextField(null=True), default=list)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            # With this operator class the index also finds ids by prefix, whatever the collation.
            models.UniqueConstraint(
                fields=["version", "customer_id"],
                name="customer_id_in_version",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            models.CheckConstraint(
                name="customer_arrays_canonical",
                condition=RawSQL(
                    "coalesce(array_lower(numbers, 1), 1) = 1 AND coalesce(array_lower(texts, 1), 1) = 1",
                    (),
                    output_field=models.BooleanField(),
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.customer_id

    def value(self, attribute: Attribute) -> float | str | None:
        """This customer's value of an attribute, `None` if it is missing."""
        values = self.numbers if attribute.is_number else self.texts
        return values[attribute.position] if attribute.position < len(values) else None

    def values(self, attributes: Iterable[Attribute]) -> list[float | str | None]:
        """The values of these attributes, in their order; `None` where one is missing."""
        return [self.value(attribute) for attribute in attributes]


class RejectedRow(models.Model):
    """One reason why a row, or one cell of it, was not imported; a row with two bad cells has two."""

    customer_import = models.ForeignKey(
        CustomerImport, on_delete=models.CASCADE, related_name="rejected_rows"
    )
    # The line in the file on which the row begins, from 1, counting the header.
    line = models.BigIntegerField()
    column = models.TextField(blank=True)
    value = models.TextField(blank=True)
    reason = models.TextField()
    # The whole row as it is in the file; stored with its first reason only.
    cells = ArrayField(models.TextField(), null=True)
    # The row was imported all the same, with this cell left empty.
    is_kept = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["customer_import", "line", "id"]
        indexes = [models.Index(fields=["customer_import", "line", "id"], name="rejected_row_page")]

    def __str__(self) -> str:
        return gettext("line %(line)s: %(reason)s") % {"line": self.line, "reason": self.reason}

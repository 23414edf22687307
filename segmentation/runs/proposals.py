"""What is proposed for a run of a dataset's customers: looked at once for each version, and kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from django.core.cache import cache
from redis.exceptions import RedisError

from customers.models import Attribute, CustomerImport, Dataset
from customers.overview import AttributeOverview, kept_overview, overview_of
from customers.storage.samples import count_complete, read_sample
from segmentation.analysis.preparation.columns import (
    ColumnCounts,
    ColumnSummary,
    SampledColumns,
    summarise_columns,
)
from segmentation.analysis.preparation.logarithms import LARGEST_VALUE
from segmentation.analysis.preparation.proposal import (
    AttributeProposal,
    propose_features,
    propose_logarithms,
)
from segmentation.analysis.results import from_json, to_json
from segmentation.analysis.samples import BoolArray, FloatArray

logger = logging.getLogger(__name__)

# Until another release judges otherwise, and for as long as people work with one version.
RELEASE = 2
KEPT_SECONDS = 14 * 24 * 3600
# Larger datasets are not counted while somebody waits for a page.
COUNTED_AT_ONCE = 200_000


@dataclass(frozen=True)
class DatasetProposal:
    """Every attribute of a version's customers: what is known of it, and what is proposed."""

    columns: tuple[ColumnSummary, ...] = ()
    attributes: tuple[AttributeProposal, ...] = ()

    @property
    def used(self) -> list[str]:
        """Names of the attributes that are preselected."""
        return [each.name for each in self.attributes if each.is_used]

    def logarithms(self, names: Sequence[str]) -> tuple[str, ...]:
        """For which of these features a logarithm is taken."""
        return propose_logarithms(self.columns, names)


def is_counted(dataset: Dataset) -> bool:
    """Whether a proposal takes so little time that a page can wait for it."""
    return dataset.customer_count <= COUNTED_AT_ONCE or bool(kept_overview(dataset))


def propose(dataset: Dataset) -> DatasetProposal:
    """The proposal for the dataset's current version; nothing if it has no customers."""
    version = dataset.current_version
    if version is None or not version.customer_count:
        return DatasetProposal()
    attributes = list(dataset.attributes.all())
    key = f"proposal:{RELEASE}:{version.pk}:{_digest([(each.pk, each.name) for each in attributes])}"
    kept = _kept(key, lambda: to_json(_look(version, attributes, overview_of(dataset))))
    return from_json(DatasetProposal, kept)


def count_customers(dataset: Dataset, attributes: Sequence[Attribute]) -> int:
    """How many customers have a value for every one of these attributes."""
    version = dataset.current_version
    if version is None or not attributes:
        return dataset.customer_count
    key = f"complete:{version.pk}:{_digest(sorted(each.pk for each in attributes))}"
    return int(_kept(key, lambda: count_complete(version.pk, attributes)))


def _digest(*parts: Any) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:24]


def _kept(key: str, find: Callable[[], Any]) -> Any:
    """What the cache has under this key, or else what is found now; a cache that is silent is asked once."""
    try:
        kept = cache.get(key)
    except RedisError as error:
        logger.warning("the cache does not respond, a dataset is looked at again: %s", error)
        return find()
    if kept is None:
        kept = find()
        with suppress(RedisError):
            cache.set(key, kept, KEPT_SECONDS)
    return kept


def _look(
    version: CustomerImport, attributes: Sequence[Attribute], overview: Mapping[Attribute, AttributeOverview]
) -> DatasetProposal:
    found = read_sample(version.pk, version.customer_count, attributes)
    numbers: dict[str, FloatArray] = {}
    texts: dict[str, Sequence[str | None]] = {}
    for attribute, values in zip(attributes, found, strict=True):
        if attribute.kind == Attribute.Kind.TEXT:
            texts[attribute.name] = values
        else:
            numbers[attribute.name] = _measured(attribute, values, overview[attribute])
    columns = summarise_columns(
        {each.name: each.kind for each in attributes},
        {each.name: _counts(each, overview[each]) for each in attributes},
        SampledColumns(numbers, texts),
    )
    present: dict[str, BoolArray] = {name: np.isfinite(values) for name, values in numbers.items()}
    return DatasetProposal(columns, propose_features(columns, present))


def _measured(
    attribute: Attribute, values: Sequence[float | None], overview: AttributeOverview
) -> FloatArray:
    """Numbers that can be squared, or days before the newest date; NaN for the others."""
    array = np.array(values, dtype=np.float64)
    if attribute.kind == Attribute.Kind.DATE:
        return np.asarray((overview.maximum or 0.0) - array)
    array[np.abs(array) > LARGEST_VALUE] = np.nan
    return array


def _counts(attribute: Attribute, overview: AttributeOverview) -> ColumnCounts:
    low, high = overview.minimum, overview.maximum
    if attribute.kind == Attribute.Kind.DATE and low is not None and high is not None:
        low, high = 0.0, high - low
    return ColumnCounts(overview.known, overview.missing, low, high)

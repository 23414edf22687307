"""What the charts draw, where `analysis.results` has no class for it. Built from what a run froze."""

from collections.abc import Sequence
from dataclasses import dataclass

from segmentation.analysis.results import Advice, ElbowSweep, PairPicture, SweepScores

_SAFE_ADDRESSES = ("/", "?", "#", "https://", "http://")


def _check_href(href: str | None) -> None:
    if href is not None and not href.startswith(_SAFE_ADDRESSES):
        raise ValueError(f"A chart links to pages only, not to {href!r}.")


@dataclass(frozen=True)
class SegmentMark:
    """How one cluster of a run appears in its charts.

    Parameters
    ----------
    label : int
        The label from k-means; people see `number`, which is one higher.
    name : str
        The segment's name, any text.
    colour : int
        The segment's colour index, kept from run to run.
    size : int
        Customers in the cluster.
    href : str or None
        Address that the segment's marks link to.
    """

    label: int
    name: str
    colour: int
    size: int
    href: str | None = None

    def __post_init__(self) -> None:
        _check_href(self.href)

    @property
    def number(self) -> int:
        return self.label + 1


@dataclass(frozen=True)
class PlacedMark:
    """A segment whose centroid has a place on both axes, in their units."""

    mark: SegmentMark
    x: float
    y: float


def place_marks(picture: PairPicture, marks: Sequence[SegmentMark]) -> list[PlacedMark]:
    """Return the segments that have a centroid in the picture, in the order given."""
    centroids = ((mark, picture.centroids[mark.label]) for mark in marks)
    return [PlacedMark(mark, *centroid) for mark, centroid in centroids if centroid is not None]


@dataclass(frozen=True)
class ElbowChart:
    """The WCSS per k, what the elbow and the advice say, and which k was used.

    `silhouettes` and `stabilities` run along `ks` and may hold `None`; empty means no such panel. `hrefs` are
    the addresses that start a run with each k.
    """

    ks: tuple[int, ...]
    inertias: tuple[float, ...]
    elbow_k: int | None = None
    k_recommended: int | None = None
    k: int | None = None
    k_useful: int | None = None
    silhouettes: tuple[float | None, ...] = ()
    stabilities: tuple[float | None, ...] = ()
    hrefs: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.ks:
            raise ValueError("An elbow chart needs at least one k.")
        for values in (self.inertias, self.silhouettes, self.stabilities, self.hrefs):
            if len(values) != len(self.ks) and (values or values is self.inertias):
                raise ValueError(f"{len(values)} values do not fit {len(self.ks)} values of k.")
        for href in self.hrefs:
            _check_href(href)

    @classmethod
    def from_results(
        cls,
        sweep: ElbowSweep,
        scores: SweepScores | None = None,
        advice: Advice | None = None,
        *,
        k: int | None = None,
        hrefs: Sequence[str | None] = (),
    ) -> "ElbowChart":
        """Return the chart of a sweep, with the scores and the advice where there are any."""
        rows = {row.k: row for row in scores.rows} if scores else {}
        silhouettes = tuple(rows[k].silhouette if k in rows else None for k in sweep.ks)
        stabilities = tuple(rows[k].stability if k in rows else None for k in sweep.ks)
        return cls(
            ks=sweep.ks,
            inertias=sweep.inertias,
            elbow_k=advice.elbow_k if advice else None,
            k_recommended=advice.k_recommended if advice else None,
            k=k,
            k_useful=advice.k_useful if advice else None,
            silhouettes=silhouettes if any(value is not None for value in silhouettes) else (),
            stabilities=stabilities if any(value is not None for value in stabilities) else (),
            hrefs=tuple(hrefs),
        )


@dataclass(frozen=True)
class SegmentHistory:
    """A segment's sizes in the runs of a `SizeHistory`; `None` where a run did not find it."""

    name: str
    colour: int
    sizes: tuple[int | None, ...]
    is_retired: bool = False
    href: str | None = None

    def __post_init__(self) -> None:
        _check_href(self.href)

    @property
    def known(self) -> list[tuple[int, int]]:
        """Position of the run and size, where it was found."""
        return [(position, size) for position, size in enumerate(self.sizes) if size is not None]


@dataclass(frozen=True)
class SizeHistory:
    """Sizes of segments from run to run, the oldest run first.

    `runs` are what these are called: each its day, or its number where several were on one day.
    """

    segments: tuple[SegmentHistory, ...]
    runs: tuple[str, ...]

    def __post_init__(self) -> None:
        for segment in self.segments:
            if len(segment.sizes) != self.run_count:
                raise ValueError(f"{len(segment.sizes)} sizes do not fit {self.run_count} runs.")

    @property
    def run_count(self) -> int:
        return len(self.runs)

    @property
    def first(self) -> str:
        return self.runs[0] if self.runs else ""

    @property
    def last(self) -> str:
        return self.runs[-1] if self.runs else ""

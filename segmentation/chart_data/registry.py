"""The kinds of charts: what each is drawn from, how it is drawn, described and tabulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from segmentation.analysis.results import (
    Advice,
    ClusterProfiles,
    ElbowSweep,
    NumberProfile,
    PairPicture,
    SweepScores,
    from_json,
)
from segmentation.chart_data.axes import Choice, read_picture
from segmentation.charts.inputs import ElbowChart, SegmentMark, SizeHistory
from segmentation.charts.text import data_tables, descriptions
from segmentation.models import RunPicture, SegmentationRun

# Attributes in a chart that has a row or a panel for each; the file of its numbers has all of them.
MOST_DRAWN = 30
# Features in them: a text counts once for each of its values, and 600 made a picture of a hundred screens.
MOST_FEATURES_DRAWN = 60


@dataclass(frozen=True)
class Wanted:
    """What a chart is drawn of: a run, for a scatter plot two axes, and whether its marks lead somewhere."""

    run: SegmentationRun
    choice: Choice | None = None
    is_linked: bool = True
    may_run: bool = False


Source = TypeVar("Source")


@dataclass(frozen=True)
class Chart(Generic[Source]):
    """One kind of chart: its title, what it is drawn from, how it is drawn, described and tabulated.

    `draw` is a path: matplotlib loads when the first chart is drawn.
    """

    title: str
    draw: str
    describe: Callable[..., str]
    tabulate: Callable[[Source], data_tables.NumberTable]
    read: Callable[[Source], tuple[Any, ...]]
    columns: tuple[str, ...] = ()


def elbow_chart(wanted: Wanted) -> ElbowChart:
    """The chart of the sweep; every k leads to the page that starts a run with it, for those who may."""
    run, sweep = wanted.run, from_json(ElbowSweep, wanted.run.sweep)
    hrefs: list[str | None] = []
    if wanted.is_linked and wanted.may_run:
        hrefs = [None if k == run.k else reverse("segmentation:run-k", args=[run.pk, k]) for k in sweep.ks]
    scores, advice = from_json(SweepScores, run.scores), from_json(Advice, run.advice)
    return ElbowChart.from_results(sweep, scores, advice, k=run.k, hrefs=hrefs)


def segment_marks(wanted: Wanted) -> list[SegmentMark]:
    """The run's clusters as the charts know them: label, name, colour, size, address."""
    return [
        SegmentMark(
            label=cluster.label,
            name=cluster.segment.name,
            colour=cluster.segment.colour,
            size=cluster.size,
            href=cluster.get_absolute_url() if wanted.is_linked else None,
        )
        for cluster in wanted.run.clusters.all()
    ]


def pair_picture(wanted: Wanted) -> PairPicture:
    """The picture of the axes, of the run's first pair where none are named.

    Raises
    ------
    RunPicture.DoesNotExist
        The run has none of these axes.
    """
    if wanted.choice is not None:
        picture = read_picture(wanted.run, wanted.choice)
        if picture is None:
            raise RunPicture.DoesNotExist(_("This run has no such chart."))
        return picture
    # A page may have read it from the database already.
    first = wanted.run.__dict__.get("first_picture") or next(iter(wanted.run.pictures), None)
    if first is None:
        raise RunPicture.DoesNotExist(_("This run has no charts."))
    return from_json(PairPicture, first)


def number_profiles(wanted: Wanted) -> tuple[NumberProfile, ...]:
    return tuple(from_json(ClusterProfiles, wanted.run.profiles).numbers)


def drawn_profiles(numbers: Sequence[NumberProfile]) -> tuple[NumberProfile, ...]:
    """The features, up to `MOST_FEATURES_DRAWN`, and other attributes, up to `MOST_DRAWN` with the features.

    Of either kind those that the segments explain best.
    """
    best = sorted(range(len(numbers)), key=lambda place: -numbers[place].explained)
    features = [place for place in best if numbers[place].is_feature][:MOST_FEATURES_DRAWN]
    others = [place for place in best if not numbers[place].is_feature]
    drawn = [*features, *others[: max(0, MOST_DRAWN - len(features))]]
    return tuple(numbers[place] for place in sorted(drawn))


CHARTS: dict[str, Chart[Wanted]] = {
    "elbow": Chart(
        title=gettext_noop("Elbow graph"),
        draw="segmentation.charts.plots.elbow.draw_elbow",
        describe=descriptions.describe_elbow,
        tabulate=lambda wanted: data_tables.tabulate_elbow(
            from_json(ElbowSweep, wanted.run.sweep), from_json(SweepScores, wanted.run.scores)
        ),
        read=lambda wanted: (elbow_chart(wanted),),
        columns=("sweep", "scores", "advice"),
    ),
    "scatter": Chart(
        title=gettext_noop("Scatter plot"),
        draw="segmentation.charts.plots.scatter.draw_scatter",
        describe=descriptions.describe_scatter,
        tabulate=lambda wanted: data_tables.tabulate_scatter(pair_picture(wanted), segment_marks(wanted)),
        read=lambda wanted: (pair_picture(wanted), segment_marks(wanted)),
    ),
    "sizes": Chart(
        title=gettext_noop("Segment sizes"),
        draw="segmentation.charts.plots.sizes.draw_sizes",
        describe=descriptions.describe_sizes,
        tabulate=lambda wanted: data_tables.tabulate_sizes(segment_marks(wanted)),
        read=lambda wanted: (segment_marks(wanted),),
    ),
    "profile": Chart(
        title=gettext_noop("Profiles"),
        draw="segmentation.charts.plots.profile.draw_profile",
        describe=descriptions.describe_profile,
        tabulate=lambda wanted: data_tables.tabulate_profile(number_profiles(wanted), segment_marks(wanted)),
        read=lambda wanted: (drawn_profiles(number_profiles(wanted)), segment_marks(wanted)),
        columns=("profiles",),
    ),
    "distributions": Chart(
        title=gettext_noop("Distributions"),
        draw="segmentation.charts.plots.distributions.draw_distributions",
        describe=descriptions.describe_distributions,
        tabulate=lambda wanted: data_tables.tabulate_distributions(
            number_profiles(wanted), segment_marks(wanted)
        ),
        read=lambda wanted: (drawn_profiles(number_profiles(wanted)), segment_marks(wanted)),
        columns=("profiles",),
    ),
}


SIZE_HISTORY: Chart[SizeHistory] = Chart(
    title=gettext_noop("Sizes from run to run"),
    draw="segmentation.charts.plots.history.draw_history",
    describe=descriptions.describe_history,
    tabulate=data_tables.tabulate_history,
    read=lambda history: (history,),
)


def describe_chart(run: SegmentationRun, name: str, choice: Choice | None = None) -> str:
    """The chart in words."""
    return CHARTS[name].describe(*CHARTS[name].read(Wanted(run, choice)))

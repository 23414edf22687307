"""Which two axes a scatter plot shows: what can be chosen, what the run froze, what was counted since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from customers.models import Attribute
from segmentation.analysis.results import PairPicture, from_json
from segmentation.analysis.scatter_data import transpose_picture
from segmentation.models import RunPicture, SegmentationRun

COMPONENTS = "components"


@dataclass(frozen=True)
class Axis:
    """One choice: `key` is what the address says. An attribute can be counted later, anything else not."""

    key: str
    name: str
    is_feature: bool
    attribute: Attribute | None = None


@dataclass(frozen=True)
class FrozenPair:
    """Where among the run's pictures a pair stands."""

    number: int
    x_name: str
    y_name: str
    is_components: bool


@dataclass(frozen=True)
class Choice:
    """A pair of axes, and where its picture is: frozen by the run, counted since, or nowhere yet.

    `problem` says why there is nothing to see, where that is for the person to change.
    """

    x: str = ""
    y: str = ""
    frozen: FrozenPair | None = None
    is_exchanged: bool = False
    further: RunPicture | None = None
    problem: str = ""

    @property
    def is_drawn(self) -> bool:
        return self.frozen is not None or (self.further is not None and self.further.job.state == "succeeded")


class Axes:
    """The axes of one run."""

    def __init__(self, run: SegmentationRun, attributes: Sequence[Attribute] | None = None) -> None:
        self.run = run
        self._attributes = attributes

    @cached_property
    def frozen(self) -> list[FrozenPair]:
        """What the run's pictures show, without reading the pictures."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT position - 1, value->>'x_name', value->>'y_name', (value->>'is_components')::boolean "
                "FROM segmenter_segmentationrun, "
                "jsonb_array_elements(pictures) WITH ORDINALITY AS picture(value, position) WHERE id = %s",
                [self.run.pk],
            )
            return [FrozenPair(*row) for row in cursor.fetchall()]

    @cached_property
    def choices(self) -> list[Axis]:
        """Features first, then the other number attributes, then the principal components."""
        attributes = self._attributes
        if attributes is None:
            attributes = list(self.run.segmentation.dataset.attributes.all())
        numbers = {each.pk: each for each in attributes if each.is_number}
        features = [numbers.pop(pk) for pk in self.run.segmentation.features if pk in numbers]
        # The names are those of the day of the run; texts come last, with a column for each value.
        named = dict(zip(self.run.feature_names, features, strict=False))
        pictured = {name for pair in self.frozen for name in (pair.x_name, pair.y_name)}
        axes = [
            Axis(str(named[name].pk) if name in named else f"column{column}", name, True, named.get(name))
            for column, name in enumerate(self.run.feature_names)
            if name in named or name in pictured
        ]
        axes += [Axis(str(each.pk), each.name, False, each) for each in numbers.values()]
        if any(pair.is_components for pair in self.frozen):
            axes.append(Axis(COMPONENTS, _("principal components"), False))
        return axes

    def choose(self, x: str, y: str) -> Choice:
        """The choice an address names, else the pair that tells the segments apart best."""
        known = {axis.key: axis for axis in self.choices}
        if COMPONENTS in (x, y) and COMPONENTS in known:
            pair = next(pair for pair in self.frozen if pair.is_components)
            return Choice(COMPONENTS, COMPONENTS, pair)
        across, up = known.get(x), known.get(y)
        if across is None or up is None:
            return self._best()
        return self._of_axes(across, up)

    def _best(self) -> Choice:
        """The run's first pair, which tells its segments apart best."""
        keys = {axis.name: axis.key for axis in self.choices if axis.is_feature}
        pairs = [pair for pair in self.frozen if not pair.is_components]
        if not pairs:
            return Choice(problem=_("This run has no chart of two attributes."))
        pair = pairs[0]
        return Choice(keys.get(pair.x_name, ""), keys.get(pair.y_name, ""), pair)

    def _of_axes(self, across: Axis, up: Axis) -> Choice:
        for pair in self.frozen:
            if (pair.x_name, pair.y_name) == (across.name, up.name) and across.is_feature and up.is_feature:
                return Choice(across.key, up.key, pair)
            if (pair.y_name, pair.x_name) == (across.name, up.name) and across.is_feature and up.is_feature:
                return Choice(across.key, up.key, pair, is_exchanged=True)
        if across == up:
            return Choice(across.key, up.key, problem=_("Choose two different attributes."))
        if across.attribute is None or up.attribute is None:
            problem = _("This pair was not drawn during the run, and cannot be drawn now.")
            return Choice(across.key, up.key, problem=problem)
        first, second = sorted((across.attribute.pk, up.attribute.pk))
        pictures = self.run.further_pictures.select_related("job").defer("picture")
        further = pictures.filter(x_attribute=first, y_attribute=second).first()
        return Choice(across.key, up.key, None, across.attribute.pk != first, further)


def read_picture(run: SegmentationRun, choice: Choice) -> PairPicture | None:
    """The picture of a choice, if there is one yet."""
    if choice.frozen is not None:
        picture = _frozen_picture(run, choice.frozen.number)
    elif choice.further is not None:
        picture = RunPicture.objects.values_list("picture", flat=True).get(pk=choice.further.pk)
    else:
        return None
    if picture is None:
        return None
    read = from_json(PairPicture, picture)
    return transpose_picture(read) if choice.is_exchanged else read


def _frozen_picture(run: SegmentationRun, number: int) -> object:
    # The columns of JSON are read one picture at a time: all of them take many times as long.
    pictures = SegmentationRun.objects.filter(pk=run.pk)
    return pictures.annotate(wanted=F(f"pictures__{number}")).values_list("wanted", flat=True).get()

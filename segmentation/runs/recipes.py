"""Which segmentation a request means, and how its features are prepared: decided once, when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.i18n import join_words
from common.unique_names import unused_name
from customers.models import Attribute, CustomerImport
from customers.storage.samples import read_newest
from segmentation.analysis.preparation.dates import days_since
from segmentation.analysis.preparation.proposal import AttributeProposal
from segmentation.analysis.results import from_json
from segmentation.models import Missing, Outliers, Scaling, Segmentation, SegmentationRun
from segmentation.runs.errors import RunRefusedError
from segmentation.runs.proposals import DatasetProposal, propose

if TYPE_CHECKING:
    from segmentation.runs.request import RunRequest

# What is not said of a new segmentation.
USUAL = {"scaling": Scaling.STANDARD, "missing": Missing.LEAVE_OUT, "outliers": Outliers.SET_ASIDE}


@dataclass(frozen=True)
class Prepared:
    """How a run's features are prepared, and what else was proposed, by the attributes' names of the day.

    Attributes
    ----------
    features, texts
        Numbers and dates; texts, with a column for each value.
    log1p
        Those whose logarithm is taken.
    log1p_today
        For which today's customers would have a logarithm taken, where that differs from what was decided
        when the segmentation was made; `None` where it does not.
    texts_weigh_as_one
        Whether all values of a text together weigh as much as one number.
    left_out
        The attributes that take no part, and why none was proposed.
    reference_dates
        For each date the newest one of the version, from which days are counted, as ISO text.
    """

    features: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    log1p: tuple[str, ...] = ()
    log1p_today: tuple[str, ...] | None = None
    texts_weigh_as_one: bool = True
    left_out: tuple[AttributeProposal, ...] = ()
    reference_dates: tuple[tuple[str, str], ...] = ()

    @property
    def is_of_old(self) -> bool:
        """Whether texts weigh as in an earlier release: only another name makes another segmentation."""
        return bool(self.texts) and not self.texts_weigh_as_one


@dataclass(frozen=True)
class RunWarning:
    """What a person should know about a run before using it."""

    code: str
    text: str


def prepared_of(run: SegmentationRun) -> Prepared:
    """How the run's features were prepared, as it froze it; what an earlier release froze says nothing."""
    return from_json(Prepared, run.prepared)


def list_preparation_warnings(run: SegmentationRun) -> list[RunWarning]:
    """Where today's customers would be prepared otherwise than when the segmentation was made."""
    prepared = prepared_of(run)
    sentences = []
    if prepared.log1p_today is not None:
        sentences.append(_logarithm_words(prepared.log1p_today))
    if prepared.is_of_old:
        names = join_words([f"“{name}”" for name in prepared.texts])
        text = ngettext(
            "Each value of %(names)s weighs as much as a number, as when this segmentation was made. In a new"
            " segmentation all its values together do.",
            "Each value of %(names)s weighs as much as a number, as when this segmentation was made. In a new"
            " segmentation all values of a text together do.",
            len(prepared.texts),
        )
        sentences.append(text % {"names": names})
    return [RunWarning("prepared-otherwise", sentence) for sentence in sentences]


def _logarithm_words(names: Sequence[str]) -> str:
    if not names:
        return _(
            "Today's customers need no logarithm. It is taken all the same, as when this segmentation was"
            " made, so that its segments stay comparable; a new segmentation would do without."
        )
    text = _(
        "For today's customers the logarithm of %(names)s would be taken. This segmentation stays as it was"
        " made, so that its segments stay comparable; a new segmentation would take it."
    )
    return text % {"names": join_words([f"“{name}”" for name in names])}


def feature_name(attribute: Attribute) -> str:
    """What an attribute is called as a feature."""
    return days_since(attribute.name) if attribute.kind == Attribute.Kind.DATE else attribute.name


def with_features(request: RunRequest) -> RunRequest:
    """The request with the proposed features, where it names none.

    Raises
    ------
    RunRefusedError
        There is nothing to propose.
    """
    if request.features is not None:
        return request
    used = propose(request.dataset).used
    if not used and not request.one_hot and request.dataset.customer_count:
        text = _("“%(dataset)s” has no attribute that could be proposed as a feature: name those to use.")
        raise RunRefusedError(text % {"dataset": request.dataset})
    return replace(request, features=used)


def segmentation_for(
    request: RunRequest, version: CustomerImport, attributes: Sequence[Attribute]
) -> tuple[Segmentation, Prepared]:
    """The segmentation that the request means, made on first use, and how its features are prepared.

    The same attributes mean the same segmentation unless the request names another or asks for another
    preparation; what it does not say is as it was decided when the segmentation was made.

    Raises
    ------
    RunRefusedError
        The name stands for other features or another preparation.
    """
    recipes = Segmentation.objects.filter(dataset=request.dataset)
    found = _find(recipes, request, attributes)
    # Whoever says everything need not wait for the customers to be looked at.
    is_settled = request.log1p is not None or (found is not None and found.log1p_is_asked)
    proposal = DatasetProposal() if is_settled or request.sweep_of is not None else propose(request.dataset)
    today = proposal.logarithms([each.name for each in attributes])
    segmentation = found or _make(recipes, request, attributes, today)
    return segmentation, _prepared(segmentation, version, attributes, proposal)


def _find(
    recipes: QuerySet[Segmentation], request: RunRequest, attributes: Sequence[Attribute]
) -> Segmentation | None:
    wanted: dict[str, Any] = {"features": [attribute.pk for attribute in attributes]}
    wanted |= {name: getattr(request, name) for name in USUAL if getattr(request, name) is not None}
    if request.log1p is not None:
        wanted["log1p"] = [attribute.pk for attribute in attributes if attribute.name in request.log1p]
    if not request.name:
        return min(recipes.filter(**wanted), key=_preference, default=None)
    found = recipes.filter(name=request.name).first()
    if found and any(getattr(found, name) != value for name, value in wanted.items()):
        text = _("A segmentation “%(name)s” with other features or scaling exists: choose another name.")
        raise RunRefusedError(text % {"name": request.name})
    return found


def _preference(recipe: Segmentation) -> tuple[bool | int, ...]:
    """Of several that fit, the one prepared in the usual way, and the first of those."""
    unusual = [getattr(recipe, name) != value for name, value in USUAL.items()]
    return (*unusual, recipe.log1p_is_asked, recipe.pk)


def _make(
    recipes: QuerySet[Segmentation],
    request: RunRequest,
    attributes: Sequence[Attribute],
    proposed: Sequence[str],
) -> Segmentation:
    settings = {name: getattr(request, name) or value for name, value in USUAL.items()}
    if request.log1p is not None:
        names = request.log1p
    else:  # raw values are raw
        names = () if settings["scaling"] == Scaling.NONE else proposed
    taken = recipes.values_list("name", flat=True)
    return recipes.create(
        dataset=request.dataset,
        name=request.name or unused_name(_usual_name(request, settings), set(taken)),
        features=[attribute.pk for attribute in attributes],
        log1p=[attribute.pk for attribute in attributes if attribute.name in names],
        log1p_is_asked=request.log1p is not None,
        **settings,
    )


def _usual_name(request: RunRequest, settings: dict[str, Any]) -> str:
    """For example “Income × Score”, with how they are prepared where it is not the usual way."""
    asked = request.log1p or ()
    names = [_("log %(name)s") % {"name": name} if name in asked else name for name in request.features or ()]
    unusual = [
        Scaling(settings["scaling"]).value if settings["scaling"] != Scaling.STANDARD else "",
        _("medians filled in") if settings["missing"] == Missing.MEDIAN else "",
        _("exceptions kept") if settings["outliers"] == Outliers.KEEP else "",
    ]
    name = " × ".join([*names, *request.one_hot])
    remarks = ", ".join(filter(None, unusual))
    return f"{name[:150]} ({remarks})" if remarks else name[:150]


def _prepared(
    segmentation: Segmentation,
    version: CustomerImport,
    attributes: Sequence[Attribute],
    proposal: DatasetProposal,
) -> Prepared:
    """What a run of the segmentation freezes; `proposal` is empty where nobody asked for one."""
    names = [attribute.name for attribute in attributes]
    dates = [attribute for attribute in attributes if attribute.kind == Attribute.Kind.DATE]
    log1p = tuple(attribute.name for attribute in attributes if attribute.pk in segmentation.log1p)
    today = proposal.logarithms(names)
    is_judged = bool(proposal.columns) and segmentation.scaling != Scaling.NONE
    newest = read_newest(version.pk, dates)
    return Prepared(
        features=tuple(each.name for each in attributes if each.kind != Attribute.Kind.TEXT),
        texts=tuple(each.name for each in attributes if each.kind == Attribute.Kind.TEXT),
        log1p=log1p,
        log1p_today=today if is_judged and {*today} != {*log1p} else None,
        texts_weigh_as_one=segmentation.texts_weigh_as_one,
        left_out=tuple(each for each in proposal.attributes if each.name not in names),
        reference_dates=tuple((each.name, day.isoformat()) for each, day in newest.items()),
    )

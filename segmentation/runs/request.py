"""Requesting a segmentation run: checks all it can before any customer is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.translation import gettext as _

from customers.models import Attribute, CustomerImport, Dataset
from jobs.lifecycle import create_foreground_job, create_job
from jobs.models import Job
from jobs.requests import deduplicated
from segmentation.analysis.results import KLimits, to_json
from segmentation.models import Segmentation, SegmentationRun
from segmentation.runs.errors import RunRefusedError
from segmentation.runs.recipes import feature_name, segmentation_for, with_features

MAX_FEATURES = 50
K_LIMIT = 50
USUAL_K_MAX = 10


@dataclass(frozen=True)
class RunRequest:
    """What a run is to do.

    Attributes
    ----------
    dataset
        Whose customers.
    features, one_hot
        Names of number and date attributes, `None` for those proposed; of text attributes that take part with
        one column for each value.
    scaling, missing, outliers
        How the features are prepared; `None` for the usual way, or that of the segmentation there is.
    log1p
        Names of features whose logarithm is taken first; `None` for those proposed, or as in the segmentation
        there is.
    k
        Number of segments; `None` for the recommended one.
    k_max
        Last k of the sweep; `None` for 10, or as far as the best lies at the end.
    limits
        What may be recommended.
    random_state
        The same one gives the same result.
    name
        Of the segmentation; empty for the usual one.
    sweep_of
        An earlier run with the same choices: this one uses the same customers and reuses its sweep.
    """

    dataset: Dataset
    features: Sequence[str] | None
    one_hot: Sequence[str] = ()
    scaling: str | None = None
    log1p: Sequence[str] | None = None
    missing: str | None = None
    outliers: str | None = None
    k: int | None = None
    k_max: int | None = None
    limits: KLimits = field(default_factory=KLimits)
    random_state: int = 0
    name: str = ""
    sweep_of: SegmentationRun | None = None


def request_like(run: SegmentationRun) -> RunRequest:
    """The request that leads to a run like this one, of the dataset's customers as they are by then.

    Raises
    ------
    RunRefusedError
        An attribute it needs no longer exists.
    """
    recipe = run.segmentation
    attributes = Attribute.objects.in_bulk([*recipe.features, *recipe.log1p])
    if len(attributes) < len({*recipe.features, *recipe.log1p}):
        raise RunRefusedError(_("An attribute used by this run no longer exists: choose others."))
    chosen = [attributes[pk] for pk in recipe.features]
    return RunRequest(
        dataset=recipe.dataset,
        features=[attribute.name for attribute in chosen if attribute.kind != Attribute.Kind.TEXT],
        one_hot=[attribute.name for attribute in chosen if attribute.kind == Attribute.Kind.TEXT],
        scaling=recipe.scaling,
        log1p=[attributes[pk].name for pk in recipe.log1p] if recipe.log1p_is_asked else None,
        missing=recipe.missing,
        outliers=recipe.outliers,
        k=run.k_requested,
        k_max=run.k_max if run.k_max_is_asked else None,
        limits=KLimits(**run.limits),
        random_state=run.random_state,
        name=recipe.name,
    )


def request_with_k(run: SegmentationRun, k: int) -> RunRequest:
    """The request for another number of segments among a run's own customers, by the sweep it froze.

    Raises
    ------
    RunRefusedError
        As `request_like`.
    """
    last = max(run.k_max, run.k_requested or 0)
    is_asked = run.k_max_is_asked or last != USUAL_K_MAX
    return replace(request_like(run), k=k, k_max=last if is_asked else None, sweep_of=run)


@deduplicated(SegmentationRun)
def start_run(
    request: RunRequest, user: AbstractBaseUser | AnonymousUser | None = None, *, foreground: bool = False
) -> SegmentationRun:
    """Make a run of the dataset's current version and queue its job, unless this process does it itself.

    If the very same run is already queued or running, return that one.

    Raises
    ------
    JobRefusedError
        With one sentence that says what to change: a `RunRefusedError` about the request, another one about
        the person's jobs.
    """
    # Locked, so that ten clicks make one segmentation and the version is not dropped meanwhile.
    datasets = Dataset.objects.select_for_update(of=("self",), no_key=True)
    dataset = datasets.select_related("current_version").filter(pk=request.dataset.pk).first()
    if dataset is None:
        raise RunRefusedError(_("This dataset has just been deleted."))
    request = with_features(replace(request, dataset=dataset))
    version, attributes = _check(request)
    segmentation, prepared = segmentation_for(request, version, attributes)
    return SegmentationRun.objects.create(
        segmentation=segmentation,
        job=_create_job(request, segmentation, version, user, foreground=foreground),
        version=version,
        k_requested=request.k,
        k_max=USUAL_K_MAX if request.k_max is None else request.k_max,
        k_max_is_asked=request.k_max is not None,
        random_state=request.random_state,
        sweep_of=request.sweep_of,
        limits=asdict(request.limits),
        feature_names=[feature_name(attribute) for attribute in attributes],
        prepared=to_json(prepared),
    )


def _create_job(
    request: RunRequest,
    segmentation: Segmentation,
    version: CustomerImport,
    user: AbstractBaseUser | AnonymousUser | None,
    *,
    foreground: bool,
) -> Job:
    title = str(segmentation)
    if foreground:
        return create_foreground_job("run", title=title)
    # The same run on the same customers is made once, however often someone clicks.
    parameters = f"{request.k} {request.k_max} {request.random_state} {request.limits}"
    key = f"run {segmentation.pk} {version.pk} {parameters}"
    return create_job("run", user, title=title, key=key)


def _check(request: RunRequest) -> tuple[CustomerImport, list[Attribute]]:
    version = request.sweep_of.version if request.sweep_of else request.dataset.current_version
    if version is None:
        text = _("“%(dataset)s” has no customers yet: import a file first.")
        raise RunRefusedError(text % {"dataset": request.dataset})
    if version.dropped_at is not None:
        raise RunRefusedError(
            _("The customers of that run are no longer kept as they were: run again with today's customers.")
        )
    chosen = [*(request.features or ()), *request.one_hot]
    if not 1 <= len(chosen) <= MAX_FEATURES:
        text = _("Choose between 1 and %(limit)s features; you chose %(count)s.")
        raise RunRefusedError(text % {"limit": MAX_FEATURES, "count": len(chosen)})
    if len(set(chosen)) < len(chosen):
        raise RunRefusedError(_("A feature is named twice: name each once."))
    if strange := set(request.log1p or ()) - set(request.features or ()):
        text = _("Only number features can take a logarithm, not “%(name)s”.")
        raise RunRefusedError(text % {"name": min(strange)})
    _check_numbers_of_segments(request, version.customer_count)
    return version, _features(request)


def _check_numbers_of_segments(request: RunRequest, customers: int) -> None:
    if request.k_max is not None and not 1 <= request.k_max <= K_LIMIT:
        text = _("The largest k must lie between 1 and %(limit)s, not %(k)s.")
        raise RunRefusedError(text % {"limit": K_LIMIT, "k": request.k_max})
    if request.k is not None and not 1 <= request.k <= K_LIMIT:
        text = _("k must lie between 1 and %(limit)s, not %(k)s.")
        raise RunRefusedError(text % {"limit": K_LIMIT, "k": request.k})
    if request.k is not None and request.k > customers:
        text = _("%(k)s segments need at least %(k)s customers; there are %(customers)s.")
        raise RunRefusedError(text % {"k": request.k, "customers": customers})
    fewest, most = request.limits.k_min, request.limits.k_max
    if fewest is not None and most is not None and fewest > most:
        text = _("At least %(fewest)s and at most %(most)s segments contradict each other.")
        raise RunRefusedError(text % {"fewest": fewest, "most": most})


def _features(request: RunRequest) -> list[Attribute]:
    """The attributes of the features: numbers, dates and texts, in the order of the feature matrix."""
    attributes = {attribute.name: attribute for attribute in request.dataset.attributes.all()}
    numbers = [name for name, attribute in attributes.items() if attribute.is_number]
    features = request.features or ()
    for name in [*features, *request.one_hot]:
        if name not in attributes:
            known = ", ".join(f"“{number}”" for number in numbers) or _("none")
            text = _("“%(dataset)s” has no attribute “%(name)s”. Its number attributes: %(known)s.")
            raise RunRefusedError(text % {"dataset": request.dataset, "name": name, "known": known})
    for name in features:
        if attributes[name].kind == Attribute.Kind.TEXT:
            text = _("“%(name)s” holds a %(kind)s, not numbers, so it cannot be a feature.")
            raise RunRefusedError(text % {"name": name, "kind": attributes[name].get_kind_display()})
    for name in request.one_hot:
        if attributes[name].kind != Attribute.Kind.TEXT:
            text = _("“%(name)s” holds a %(kind)s, not texts.")
            raise RunRefusedError(text % {"name": name, "kind": attributes[name].get_kind_display()})
    measured = sorted((attributes[name] for name in features), key=lambda each: not each.is_number)
    return [*measured, *(attributes[name] for name in request.one_hot)]

"""Are the names, sentences and short rules of segments true? A table to read, and what can be checked.

Each set is parted in two: segments are found on one half, and short rules are tried on the other.
`BENCH_MALL` and `BENCH_CDNOW` name the files of two more sets.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.truth.answers import FloatArray
from bench.truth.customer_sets import judge
from bench.truth.shop_kinds import Trade, trades
from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.preparation.logarithms import propose_log1p
from segmentation.analysis.preparation.texts import one_hot
from segmentation.analysis.profiles import profile_clusters
from segmentation.analysis.results import BoolArray, ClusterProfiles
from segmentation.analysis.rules.model import FrozenModel, ModelColumn, freeze_model
from segmentation.analysis.rules.readable import Condition, ReadableRule, find_readable_rules
from segmentation.analysis.words.traits import find_traits, is_yes_or_no, telling
from segmentation.analysis.words.wording import AGES, BIRTH_YEARS, passed_since, short_attribute_name

# A quarter, and how far a rule may be from what it states, in how many segments at least.
QUARTER, MOST_OFF, LEAST_SHARE = 0.25, 0.03, 0.90
# Of fewer customers who fit, the share itself is not known to so much.
FEWEST_FITTING = 500


@dataclass(frozen=True, eq=False)
class Named:
    """The segments of one half, and the other half."""

    trade: Trade
    profiles: ClusterProfiles
    model: FrozenModel
    rules: tuple[ReadableRule, ...]
    fresh: FloatArray
    names: tuple[str, ...]


def main() -> int:
    """Print the table and what was checked; return 1 if a bar is missed."""
    found = [_name(trade) for trade in trades()]
    print("| customers | share | name | sentence |\n|---|---|---|---|")
    for each in found:
        for cluster in each.profiles.clusters:
            print(f"| {each.trade.name} | {cluster.share:.0%} | {cluster.name} | {cluster.sentence} |")
    missing = [problem for each in found for problem in _without_the_most_telling(each)]
    average = [problem for each in found for problem in _average_but_apart(each)]
    alike = [each.trade.name for each in found if len({*_names(each)}) < len(_names(each))]
    off = [gap for each in found for gap in _gaps(each)]
    n_rules = sum(len(each.rules) for each in found)
    n_segments = sum(len(_names(each)) for each in found)
    close = float(np.mean([gap <= MOST_OFF for gap in off]))
    print(f"\n  {len(found)} sets, {n_segments} segments, {n_rules} with a short rule; {len(off)} tried anew")
    return max(
        judge("names without the most telling attribute", not missing, f"{missing}", "none"),
        judge("“average” where the mean differs by a quarter", not average, f"{average}", "none"),
        judge("names that two segments have", not alike, f"{alike}", "none"),
        judge(
            "rules as precise as stated, to 0.03", close >= LEAST_SHARE, f"{close:.2f}", f"≥ {LEAST_SHARE}"
        ),
    )


def _names(named: Named) -> list[str]:
    return [cluster.name for cluster in named.profiles.clusters]


def _name(trade: Trade) -> Named:
    values, names, blocks = _columns(trade)
    sources = {name: ModelColumn(name) for name in trade.numbers}
    for attribute in trade.texts:
        sources |= {
            name: ModelColumn(attribute, value=name.removeprefix(f"{attribute}: "))
            for name in names
            if name.startswith(f"{attribute}: ")
        }
    order = np.random.default_rng(0).permutation(len(values))
    # Halves of a few hundred say nothing of either.
    half = len(order) // 2 if len(order) > 1_000 else len(order)
    ours, fresh = order[:half], order[half:]
    numbers = list(trade.numbers)
    log1p = propose_log1p(values[ours][:, : len(numbers)], numbers)
    features = prepare_features(values[ours], names, log1p=log1p, blocks=blocks)
    clustering = fit_clusters(features, compress(features), n_clusters=trade.k, random_state=0)
    all_texts = trade.texts | trade.other_texts
    profiles = profile_clusters(
        clustering,
        features,
        numbers=[(name, column[ours]) for name, column in trade.other_numbers.items()],
        texts=[(name, [each[row] for row in ours]) for name, each in all_texts.items()],
    )
    model = freeze_model(features, clustering, sources)
    rules = find_readable_rules(features, clustering, sources)
    return Named(trade, profiles, model, rules, values[fresh], features.names)


def _columns(trade: Trade) -> tuple[FloatArray, list[str], list[list[int]]]:
    values, names = np.column_stack(list(trade.numbers.values())), list(trade.numbers)
    blocks = []
    for attribute, texts in trade.texts.items():
        columns = one_hot(attribute, list(texts))
        blocks.append(list(range(len(names), len(names) + len(columns.names))))
        values, names = np.hstack([values, columns.values]), [*names, *columns.names]
    return values, names, blocks


def _without_the_most_telling(named: Named) -> Iterator[str]:
    """Yield the names in which the strongest feature is not told."""
    profiles = named.profiles
    for cluster in profiles.clusters:
        traits = find_traits(profiles.numbers, profiles.texts, cluster.label)
        told = telling(trait for trait in traits if trait.is_feature)
        if told and not _is_said(told[0].attribute, cluster.name):
            yield f"{named.trade.name}: {cluster.name} lacks {told[0].attribute}"


def _is_said(attribute: str, name: str) -> bool:
    short = short_attribute_name(attribute).casefold()
    if short in AGES or short in BIRTH_YEARS:
        return any(word in name.casefold() for word in ("young", "old", "age"))
    return (passed_since(attribute) or short).casefold() in name.casefold()


def _average_but_apart(named: Named) -> Iterator[str]:
    """Yield the names that call an attribute average whose mean differs by a quarter."""
    for cluster in named.profiles.clusters:
        if "average" not in cluster.name.casefold():
            continue
        is_all = "close to average" in cluster.name.casefold()
        for profile in named.profiles.numbers:
            mean, everyone = profile.clusters[cluster.label].mean or 0.0, profile.everyone.mean or 0.0
            lowest = (profile.everyone.quantiles or (0.0,))[0]
            words = f"average {short_attribute_name(profile.name)}".casefold()
            is_meant = profile.is_feature and (is_all or words in cluster.name.casefold())
            is_share = is_yes_or_no(profile)
            if is_meant and not is_share and lowest >= 0 and everyone and abs(mean / everyone - 1) >= QUARTER:
                yield f"{named.trade.name}: {cluster.name}: {profile.name}"


def _gaps(named: Named) -> Iterator[float]:
    """Yield how far each rule's precision on fresh customers is from what it states."""
    if not len(named.fresh):
        return
    labels = named.model.assign(named.fresh)
    for rule in named.rules:
        fits = np.any([_fits(box, named) for box in rule.boxes], axis=0)
        if fits.sum() >= FEWEST_FITTING:
            yield abs(float((labels[fits] == rule.label).mean()) - rule.precision)


def _fits(box: tuple[Condition, ...], named: Named) -> BoolArray:
    inside = np.ones(len(named.fresh), dtype=np.bool_)
    for condition in box:
        name = condition.feature if condition.text is None else f"{condition.feature}: {condition.text}"
        column = named.fresh[:, named.names.index(name)]
        inside &= {
            "at-least": lambda values, each: values >= each.number,
            "below": lambda values, each: values < each.number,
            "is": lambda values, each: values == 1,
            "is-not": lambda values, each: values == 0,
            "yes": lambda values, each: values == 1,
            "no": lambda values, each: values == 0,
        }[condition.test](column, condition)
    return inside


if __name__ == "__main__":
    raise SystemExit(main())

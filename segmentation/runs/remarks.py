"""What a run has to say, in words: reasons and warnings are stored as codes and worded when they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.i18n import join_words
from common.number_format import (
    format_apart,
    format_count,
    format_percent,
    format_percent_floored,
    format_value,
    format_whole_percent,
    write_number,
)
from segmentation.analysis.results import Advice, Remark

Values = Mapping[str, Any]
Words = Callable[[Values], str]
# A share this small of a feature's sum is not worth a word.
SMALL_SHARE = 0.01
# So few customers in a gap, against the midst of a group, are hardly anybody.
NOBODY = 0.01
MOST_SHARES = 4


def word_remark(remark: Remark) -> str:
    """The sentence for a code; what a later release may have stored and this one does not know is empty."""
    words = WORDS.get(remark.code)
    return "" if words is None else words(remark.values)


def word_warnings(advice: Advice) -> list[str]:
    """What to beware of, a sentence each."""
    return [sentence for sentence in map(word_remark, advice.warnings) if sentence]


def _clear_groups(values: Values) -> str:
    if values["depth"] < NOBODY:
        return _("Between any two neighbouring groups there is a gap where hardly anybody stands.")
    return _(
        "Between any two neighbouring groups there is a gap: where it is least, at most %(share)s as many "
        "customers stand as in the midst of the smaller group."
    ) % {"share": format_whole_percent(values["depth"])}


def _touching_groups(values: Values) -> str:
    return _(
        "The groups touch: at most borders there is a gap, and at the weakest one %(share)s as many "
        "customers stand as in the midst of the smaller group."
    ) % {"share": format_whole_percent(values["depth"])}


def _come_back(values: Values) -> str:
    return _(
        "The same groups come back when other customers are drawn: the least steady one is %(share)s the "
        "same."
    ) % {"share": format_percent_floored(values["stability"])}


def _beyond_chance(values: Values) -> str:
    return _(
        "The silhouette is %(silhouette)s. Customers without any groups, spread and related like yours, "
        "would reach %(reference)s."
    ) % {name: write_number(values[name], 2) for name in ("silhouette", "reference")}


def _two_and_useful(values: Values) -> str:
    return _(
        "Two groups are few for a campaign. %(k)s segments are useful as well: no groups of their own, but "
        "steady."
    ) % {"k": values["k"]}


def _not_clear(why: Words) -> Words:
    def words(values: Values) -> str:
        known = {
            "k": values["k"],
            "silhouette": write_number(values["silhouette"], 2),
            "customers": format_count(values["smallest"]),
            "share": format_whole_percent(values["depth"]) if "depth" in values else "",
            "stability": format_percent_floored(values["stability"]) if values.get("stability") else "",
            "reference": write_number(values["reference"], 2) if values.get("reference") else "",
        }
        return why(values) % known

    return words


def _small_cluster(values: Values) -> str:
    return ngettext(
        "With %(k)s segments customers are best apart, but one segment is a single customer: an exception, "
        "not a group.",
        "With %(k)s segments customers are best apart, but one segment has only %(customers)s customers, too "
        "few to be called a group.",
        values["smallest"],
    )


def _useful_segments(values: Values) -> str:
    known = {
        "k": values["k"],
        "share": format_percent_floored(values.get("steadiness") or 0),
        "least": format_percent_floored(values.get("stability") or 0),
    }
    if values.get("stability"):
        text = _(
            "Of the numbers of segments that suit a campaign, %(k)s holds best: found anew in another "
            "sample, %(share)s of a segment stays together on average, and %(least)s of the least steady "
            "one. Use them to sort customers, not as proof of different kinds of people."
        )
    else:
        text = _(
            "Of the numbers of segments that suit a campaign, %(k)s holds best: found anew in another "
            "sample, %(share)s of a segment stays together on average. Use them to sort customers, not as "
            "proof of different kinds of people."
        )
    return text % known


def _kept(values: Values) -> str:
    name = next((name for name in ("silhouette", "steadiness") if _is_exceeded(values, name)), "")
    if name == "silhouette":
        text = _(
            "The %(k)s segments in use stay. %(better)s would be a little better (silhouette %(theirs)s "
            "instead of %(ours)s), too little to change what your team knows."
        )
    elif name == "steadiness":
        text = _(
            "The %(k)s segments in use stay. %(better)s would be a little steadier (%(theirs)s instead of "
            "%(ours)s), too little to change what your team knows."
        )
    else:
        text = _("The %(k)s segments in use stay. %(better)s would do as well.")
    ours, theirs = format_apart(values.get(name) or 0, values.get(f"better_{name}") or 0)
    return text % {"k": values["k"], "better": values["better"], "ours": ours, "theirs": theirs}


def _is_exceeded(values: Values, name: str) -> bool:
    """Whether the other number of segments has the higher score of this name."""
    ours, theirs = values.get(name), values.get(f"better_{name}")
    return ours is not None and theirs is not None and theirs > ours


def _limits(values: Values) -> str:
    parts = []
    if values.get("k_min") is not None:
        parts.append(_("at least %(k)s segments") % {"k": values["k_min"]})
    if values.get("k_max") is not None:
        parts.append(_("at most %(k)s segments") % {"k": values["k_max"]})
    if values.get("min_share"):
        share = format_percent(values["min_share"], None)
        parts.append(_("no segment below %(share)s of customers") % {"share": share})
    return _("Your limits were kept: %(limits)s.") % {"limits": join_words(parts)}


def _few_customers(values: Values) -> str:
    return ngettext(
        "Only %(count)s customer took part: too few to tell groups from chance.",
        "Only %(count)s customers took part: small groups cannot be told from chance.",
        values["count"],
    ) % {"count": format_count(values["count"])}


def _many_left_out(values: Values) -> str:
    return _(
        "%(count)s of %(of)s customers were left out because a value is missing, most often %(feature)s: the "
        "segments say nothing about them."
    ) % {**_counts(values), "feature": values["feature"]}


def _filled_in(values: Values) -> str:
    text = _(
        "%(count)s of %(of)s customers have a value that was filled in with the middle one: they look more "
        "average than they are."
    ) % _counts(values)
    share = values.get("misplaced", 0.0)
    if share < SMALL_SHARE:
        return text
    wrong = _("About %(share)s of them are in another segment than their own value would put them in.")
    return f"{text} {wrong % {'share': format_whole_percent(share)}}"


def _copies(values: Values) -> str:
    return _(
        "Of %(of)s customers only %(count)s differ: the same values come back row after row. Is every "
        "customer in the file once, and not once for each order? Equal rows are judged as one customer."
    ) % _counts(values)


def _counts(values: Values) -> dict[str, str]:
    return {name: format_count(values[name]) for name in ("count", "of")}


def _exceptions(values: Values) -> str:
    shares = sorted(values["shares"].items(), key=lambda each: -each[1])
    told = [
        _("%(share)s of %(feature)s") % {"share": format_whole_percent(share), "feature": feature}
        for feature, share in shares[:MOST_SHARES]
        if share >= SMALL_SHARE
    ]
    count = values["count"]
    if values["set_aside"]:
        text = ngettext(
            "%(count)s customer is far from everyone and was set aside, so as not to decide the segments.",
            "%(count)s customers are far from everyone and were set aside, so as not to decide the segments.",
            count,
        )
    else:
        text = ngettext(
            "%(count)s customer is far from everyone: an exception.",
            "%(count)s customers are far from everyone: exceptions.",
            count,
        )
    text = text % {"count": format_count(count)}
    if not told:
        return text
    holds = ngettext("That is %(shares)s.", "Together they have %(shares)s.", count)
    return f"{text} {holds % {'shares': join_words(told)}}"


def _concentrated(values: Values) -> str:
    return _(
        "One customer has %(share)s of all %(feature)s (%(value)s): is the value right? Averages of it say "
        "little about the others."
    ) % {
        "share": format_whole_percent(values["share"]),
        "feature": f"“{values['feature']}”",
        "value": format_value(values["value"]),
    }


def _hardly_different(values: Values) -> str:
    names = join_words([f"“{name}”" for name in values["features"]])
    return _("The values of %(names)s differ by less than a millionth: too little to matter.") % {
        "names": names
    }


def _hidden_gaps(values: Values) -> str:
    names = [f"“{name}”" for name in values["features"]]
    text = ngettext(
        "%(names)s has a gap of its own, which these segments do not follow: other features hide it. Leave "
        "out those that tell little, or choose it alone.",
        "%(names)s have gaps of their own, which these segments do not follow: other features hide them. "
        "Leave out those that tell little, or choose these alone.",
        len(names),
    )
    return text % {"names": join_words(names)}


def _repeats_a_column(values: Values) -> str:
    return _(
        "The segments only repeat %(feature)s: sorting customers by it says the same. Leave it out to see "
        "what else tells them apart."
    ) % {"feature": f"“{values['feature']}”"}


def _border_through_a_crowd(values: Values) -> str:
    first, second = values["segments"]
    return _(
        "The border between segments %(first)s and %(second)s runs through a crowd (mostly along "
        "%(feature)s): customers near it could as well be in the other."
    ) % {"first": first, "second": second, "feature": f"“{values['feature']}”"}


def _not_round(values: Values) -> str:
    numbers = values["segments"]
    return ngettext(
        "Segment %(numbers)s is much longer than wide: its average customer says little about those at its "
        "ends.",
        "Segments %(numbers)s are much longer than wide: their average customers say little about those at "
        "their ends.",
        len(numbers),
    ) % {"numbers": join_words([str(number) for number in numbers])}


WORDS: dict[str, Words] = {
    "clear-groups": _clear_groups,
    "touching-groups": _touching_groups,
    "come-back": _come_back,
    "beyond-chance": _beyond_chance,
    "two-and-useful": _two_and_useful,
    "not-clear-crowd": _not_clear(
        lambda values: (
            _(
                "With %(k)s segments customers are best apart (silhouette %(silhouette)s), but at one border "
                "%(share)s as many customers stand as in the midst of the smaller segment: it runs through a "
                "crowd."
            )
            if "depth" in values
            else _("With %(k)s segments customers are best apart, but a border runs through a crowd.")
        )
    ),
    "not-clear-few": lambda values: _(
        "There may be groups, but with fewer than 30 customers they cannot be told from chance."
    ),
    "not-clear-small": _not_clear(_small_cluster),
    "not-clear-filled": _not_clear(
        lambda values: _("The segments follow values that were filled in, not what customers did.")
    ),
    "not-clear-unstable": _not_clear(
        lambda values: _(
            "With %(k)s segments customers are best apart (silhouette %(silhouette)s), but when other "
            "customers are drawn, the least steady segment is only %(stability)s the same."
        )
    ),
    "not-clear-chance": _not_clear(
        lambda values: (
            _(
                "With %(k)s segments the silhouette is %(silhouette)s; customers without any groups, spread "
                "and related like yours, would reach %(reference)s."
            )
            if values.get("reference")
            else _("With %(k)s segments customers are best apart, but so they would be by chance.")
        )
    ),
    "not-clear-left-out": _not_clear(
        lambda values: _("There are gaps between %(k)s groups, but too many customers were left out.")
    ),
    "not-clear-misplaced": _not_clear(
        lambda values: _(
            "There are gaps between %(k)s groups, but too many customers have values that were filled in, "
            "and stand in another group than their own."
        )
    ),
    "not-clear-limits": _not_clear(
        lambda values: _(
            "With %(k)s segments customers are best apart (silhouette %(silhouette)s), but your limits rule "
            "that out."
        )
    ),
    "useful-segments": _useful_segments,
    "nothing-holds": lambda values: _(
        "No number of segments comes back when other customers are drawn. Choose other attributes."
    ),
    "no-k-fits": lambda values: _("No number of segments fits your limits."),
    "too-few-differ": lambda values: _("Too few customers differ."),
    "kept": _kept,
    "limits": _limits,
    "few-customers": _few_customers,
    "many-left-out": _many_left_out,
    "filled-in": _filled_in,
    "copies": _copies,
    "exceptions": _exceptions,
    "concentrated": _concentrated,
    "hardly-different": _hardly_different,
    "hidden-gaps": _hidden_gaps,
    "repeats-a-column": _repeats_a_column,
    "border-through-a-crowd": _border_through_a_crowd,
    "not-round": _not_round,
    "sweep-went-on": lambda values: (
        _(
            "At %(first_end)s segments, the last number tried, all was still getting better: the search went "
            "on to %(end)s."
        )
        % values
    ),
    "best-at-the-end": lambda values: (
        _(
            "The best result is at %(end)s segments, the last number tried: allow more to see whether there "
            "are more groups."
        )
        % values
    ),
}

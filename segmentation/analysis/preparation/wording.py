"""Why an attribute is proposed as a feature or not, in words."""

from common.i18n import gettext as _
from common.i18n import gettext_noop, ngettext
from common.number_format import format_count, format_whole_percent
from segmentation.analysis.preparation.proposal import AttributeProposal

USED = {
    "value": gettext_noop("how much, how often or how well: what useful segments differ in"),
    "latest": gettext_noop("how long ago, in days before the newest date"),
    "number": gettext_noop("a number in which customers differ"),
    "demographic": gettext_noop("who customers are: there is little else to go by"),
    "date": gettext_noop("a date, in days before the newest one: there is little else to go by"),
    "yes-no": gettext_noop("has only two values: there is little else to go by"),
}
UNUSED = {
    "value": gettext_noop("not needed"),
    "latest": gettext_noop("not needed"),
    "number": gettext_noop("not needed: the chosen attributes say more about what customers do"),
    "demographic": gettext_noop("says who customers are, not what they do"),
    "date": gettext_noop("a date, in days before the newest one"),
    "yes-no": gettext_noop("has only two values, which would split customers by themselves"),
    "empty": gettext_noop("has no values"),
    "identity": gettext_noop(
        "tells customers or places apart by digits, which say nothing about who is alike"
    ),
    "constant": gettext_noop("the same for everyone, so it separates no one"),
    "duplicate": gettext_noop("tells the same as “%(other)s”"),
    "code": gettext_noop("its numbers are names of kinds or places, not amounts"),
    "sensitive": gettext_noop("a protected trait: choose it only if you must and may"),
    "nearly-constant": gettext_noop("the same for %(share)s of customers"),
    "too-large": gettext_noop("has numbers too large to compute with"),
    "too-many": gettext_noop("more than %(limit)s attributes blur each other"),
    "text": gettext_noop("a text: it can be added under “More choices”"),
    "many-values": gettext_noop("has too many different texts"),
    "free-text": gettext_noop("is written freely: hardly two customers share a text"),
}


def explain(proposal: AttributeProposal) -> str:
    """Return why it is preselected or not, as the rest of a line that begins with its name."""
    values = {name: _written(name, value) for name, value in proposal.values.items()}
    if proposal.code in {"mostly-missing", "together-missing"}:
        return _missing_words(proposal) % values
    texts = USED if proposal.is_used else UNUSED
    return _(texts[proposal.code]) % values


def _missing_words(proposal: AttributeProposal) -> str:
    count = int(proposal.values["customers"])
    if proposal.code == "mostly-missing":
        return ngettext(
            "mostly missing: %(customers)s customer without it would be left out",
            "mostly missing: %(customers)s customers without it would be left out",
            count,
        )
    return ngettext(
        "with it, %(customers)s customer would be left out for lack of one value or another",
        "with it, %(customers)s customers would be left out for lack of one value or another",
        count,
    )


def _written(name: str, value: str | float) -> str:
    if isinstance(value, str):
        return value
    return format_whole_percent(value) if name == "share" else format_count(int(value))

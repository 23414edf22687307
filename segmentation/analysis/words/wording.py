"""Attributes in the words of a name or a sentence."""

import re
from collections.abc import Sequence

from common.i18n import gettext as _

FILLERS = frozenset(["annual", "yearly", "score", "index", "number", "no", "total", "average", "avg", "mean"])
# What comes behind one of these only qualifies: of "days since last order" the days are counted.
QUALIFYING = frozenset(
    [
        "at",
        "by",
        "for",
        "from",
        "in",
        "last",
        "of",
        "on",
        "past",
        "per",
        "since",
        "this",
        "to",
        "until",
        "with",
    ]
)
# English words that are written small within a name. Whether another word is a noun, a
# brand or German cannot be decided here: it stays as its header has it.
SMALL = (
    FILLERS
    | QUALIFYING
    | frozenset(
        [
            "age",
            "amount",
            "balance",
            "basket",
            "birth",
            "charges",
            "children",
            "clicks",
            "cost",
            "costs",
            "customer",
            "customers",
            "day",
            "days",
            "delivery",
            "discount",
            "discounts",
            "distance",
            "duration",
            "education",
            "expenses",
            "frequency",
            "gender",
            "has",
            "height",
            "hours",
            "household",
            "income",
            "invoices",
            "is",
            "items",
            "loyalty",
            "minutes",
            "month",
            "monthly",
            "months",
            "opened",
            "orders",
            "paid",
            "payment",
            "payments",
            "points",
            "price",
            "products",
            "profit",
            "purchase",
            "purchases",
            "quantity",
            "ratings",
            "recency",
            "returns",
            "revenue",
            "reviews",
            "salary",
            "sales",
            "satisfaction",
            "savings",
            "sessions",
            "share",
            "size",
            "spend",
            "spending",
            "support",
            "tenure",
            "tickets",
            "time",
            "times",
            "transaction",
            "transactions",
            "turnover",
            "usage",
            "value",
            "views",
            "visits",
            "week",
            "weekly",
            "weeks",
            "weight",
            "year",
            "years",
        ]
    )
)
# In days; of "time since" nobody knows.
TIMES = {
    **dict.fromkeys(["day", "days", "time"], 1.0),
    **dict.fromkeys(["week", "weeks"], 7.0),
    **dict.fromkeys(["month", "months"], 30.4),
    **dict.fromkeys(["year", "years"], 365.25),
    "hours": 1 / 24,
}
LAST = frozenset(["last", "latest", "most", "recent", "the"])
# Plurals of which there is a high or a low one: money, and what is measured.
MEASURED = frozenset(
    [
        *("charges", "costs", "sales", "expenses", "earnings", "savings", "fees", "revenues", "amounts"),
        *("prices", "wages", "assets", "deposits", "profits", "incomes", "bills", "balances", "margins"),
        *("rates", "scores", "ratings", "levels", "values", "sizes", "shares", "percentages", "proceeds"),
        *("spendings", "turnovers", "averages", "taxes", "rents", "debts", "loans", "limits", "premiums"),
    ]
)
CURRENCIES = frozenset(["eur", "usd", "gbp", "chf", "jpy", "cad", "aud", "sek", "pln", "inr"])
MONEY_UNITS = re.compile(rf"[€$£¥]|(?<![^\W_])({'|'.join(CURRENCIES)})(?![^\W_])", re.IGNORECASE)
# Of a score of recency nobody knows whether the recent or the others have the high one.
SCORES = re.compile(r"score|rank|quintile|quartile|decile", re.IGNORECASE)
AGES = frozenset(["age", "alter", "edad", "âge", "leeftijd"])
BIRTH_YEARS = frozenset(["year of birth", "birth year", "yob", "geburtsjahr"])
# A longer name is a question of a survey: only its beginning is kept.
MOST_WORDS = 6
# And so does one that begins with a question's number and has more words.
MOST_OF_AN_ANSWER = 3
# What nobody would say.
SYNONYMS = {"monetary": "spending"}
# Plurals without an s.
COUNTED = frozenset(["children", "people", "men", "women", "kinder"])
# Longer words in capitals are shouted; shorter ones are abbreviations.
LONGEST_ABBREVIATION = 4


def short_attribute_names(names: Sequence[str]) -> list[str]:
    """Return short names none of which is part of another: then its fillers stay, as in "total charges"."""
    shorts = [short_attribute_name(name) for name in names]
    words = [set(short.casefold().split()) for short in shorts]
    return [
        short_attribute_name(name, with_fillers=True)
        if any(mine <= other for place, other in enumerate(words) if place != own)
        else shorts[own]
        for own, (name, mine) in enumerate(zip(names, words, strict=True))
    ]


def short_attribute_name(name: str, *, with_fillers: bool = False) -> str:
    """Return an attribute's name without units, brackets and filler words, common words in small letters.

    "Annual Income (k$)" becomes "income", "Spending Score (1-100)" "spending", and "Bestellungen" stays.
    """
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}", " ", name)
    bare = re.sub(r"([a-zà-ÿ])([A-ZÀ-Þ])", r"\1 \2", bare)
    words = re.findall(r"[^\W_]+", bare) or re.findall(r"[^\W_]+", name)
    if question := _question(words):
        return question
    kept = words if with_fillers else _without_fillers(words) or words
    kept = [word for word in kept if word.casefold() not in CURRENCIES] or kept
    shouted = len(kept) > 1 and all(word.isupper() for word in kept)
    said = " ".join(_as_within_a_name(word, shouted=shouted) for word in kept) or name
    return SYNONYMS.get(said.casefold(), said)


def _question(words: Sequence[str]) -> str:
    """Return the beginning of a survey's question in quotes, without its number; empty of other names."""
    is_numbered = len(words) > MOST_OF_AN_ANSWER and re.fullmatch(r"[Qq]\d+\w?", words[0]) is not None
    if not is_numbered and len(words) <= MOST_WORDS:
        return ""
    words = words[1:] if is_numbered else words
    return f"“{' '.join(words[:4])}{' …' if len(words) > 4 else ''}”"


def _as_within_a_name(word: str, *, shouted: bool) -> str:
    """Return a common word in small letters and any other one as it is, but not all in capitals."""
    if _is_abbreviation(word) and not shouted:
        return word
    if word.casefold() in SMALL:
        return word.lower()
    return word.capitalize() if len(word) > 1 and word.isupper() else word


def _without_fillers(words: Sequence[str]) -> list[str]:
    """Return the words that say something; an "of" goes with the filler before it."""
    kept: list[str] = []
    after_filler = False
    for word in words:
        after_filler = word.casefold() in FILLERS or (after_filler and word.casefold() == "of")
        if not after_filler:
            kept.append(word)
    return kept


def _is_abbreviation(word: str) -> bool:
    return 1 < len(word) <= LONGEST_ABBREVIATION and word.isupper()


def is_counted(name: str) -> bool:
    """Return whether the name is a plural, of which there are few or many and not a low or high one."""
    short = short_attribute_name(name)
    if MONEY_UNITS.search(name) or short.startswith("“"):
        return False
    words = short.casefold().split()
    heads = [index for index, word in enumerate(words) if word in QUALIFYING and index > 0]
    head = words[heads[0] - 1] if heads else words[-1]
    is_plural = head in COUNTED or (head.endswith("s") and not head.endswith(("ss", "us", "is")))
    return is_plural and head not in MEASURED


def passed_since(name: str) -> str:
    """Return since what the time is counted: of "days since last order" the order; empty of other names."""
    words = short_attribute_name(name).split()
    if [word.casefold() for word in words] == ["recency"] and not SCORES.search(name):
        return _("purchase")
    if len(words) < 3 or words[0].casefold() not in TIMES or words[1].casefold() != "since":
        return ""
    rest = words[2:]
    while len(rest) > 1 and rest[0].casefold() in LAST:
        del rest[0]
    return " ".join(rest)


def days_of_unit(name: str) -> float:
    """Return how many days the unit has in which the name says that time is counted; of "recency" one."""
    return TIMES.get(short_attribute_name(name).casefold().split()[0], 1.0)


def capitalised(text: str) -> str:
    """Return the text with a capital in front, and the rest as it is."""
    return text[0].upper() + text[1:]

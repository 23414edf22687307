"""Attributes in the words of a name or a sentence."""

import re
from collections.abc import Sequence

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
TIMES = frozenset(["day", "days", "week", "weeks", "month", "months", "hours", "time"])
LAST = frozenset(["last", "latest", "most", "recent", "the"])
# Values of a text that answer its name.
ANSWERS = frozenset(
    [
        *("yes", "no", "y", "n", "true", "false", "ja", "nein", "oui", "non", "si", "sí", "sim", "não"),
        *("nee", "t", "f", "0", "1", "on", "off", "unknown", "none", "other", "n/a"),
    ]
)
AGES = frozenset(["age", "alter", "edad", "âge", "leeftijd"])
BIRTH_YEARS = frozenset(["year of birth", "birth year", "yob", "geburtsjahr"])
# A longer name is a question of a survey: only its beginning is kept.
MOST_WORDS = 6
# Longer words in capitals are shouted; shorter ones are abbreviations.
LONGEST_ABBREVIATION = 4


def short_attribute_name(name: str) -> str:
    """Return an attribute's name without units, brackets and filler words, common words in small letters.

    "Annual Income (k$)" becomes "income", "Spending Score (1-100)" "spending", and "Bestellungen" stays.
    """
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}", " ", name)
    bare = re.sub(r"([a-zà-ÿ])([A-ZÀ-Þ])", r"\1 \2", bare)
    words = re.findall(r"[^\W_]+", bare) or re.findall(r"[^\W_]+", name)
    if len(words) > MOST_WORDS:
        return f"“{' '.join(words[:4])} …”"
    kept = _without_fillers(words) or words
    shouted = len(kept) > 1 and all(word.isupper() for word in kept)
    return " ".join(_as_within_a_name(word, shouted=shouted) for word in kept) or name


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


def is_counted(short_name: str) -> bool:
    """Return whether the name is a plural, of which there are few or many and not a low or high one."""
    words = short_name.split()
    heads = [index for index, word in enumerate(words) if word.casefold() in QUALIFYING and index > 0]
    head = words[heads[0] - 1] if heads else words[-1]
    return head.endswith("s") and not head.endswith(("ss", "us", "is"))


def passed_since(short_name: str) -> str:
    """Return since what the time is counted: of "days since last order" the order; empty of other names."""
    words = short_name.split()
    if len(words) < 3 or words[0].casefold() not in TIMES or words[1].casefold() != "since":
        return ""
    rest = words[2:]
    while len(rest) > 1 and rest[0].casefold() in LAST:
        del rest[0]
    return " ".join(rest)


def is_an_answer(value: str) -> bool:
    """Return whether a text's value says nothing without the text's name, such as “yes”."""
    return value.casefold() in ANSWERS


def capitalised(text: str) -> str:
    """Return the text with a capital in front, and the rest as it is."""
    return text[0].upper() + text[1:]

"""Customers of several trades, made up: what a marketer finds in a file, with names as files have them."""

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.truth.answers import FloatArray

CUSTOMERS = 40_000
MALL, CDNOW = os.environ.get("BENCH_MALL"), os.environ.get("BENCH_CDNOW")


@dataclass(frozen=True, eq=False)
class Trade:
    """Customers with their attributes: numbers and texts that are features, and others that are not."""

    name: str
    k: int
    numbers: dict[str, FloatArray]
    texts: dict[str, Sequence[str]] = field(default_factory=dict)
    other_numbers: dict[str, FloatArray] = field(default_factory=dict)
    other_texts: dict[str, Sequence[str]] = field(default_factory=dict)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _pick(rng: np.random.Generator, values: Sequence[str], shares: FloatArray) -> list[str]:
    """Draw a value for each row of shares."""
    draws = rng.random((len(shares), 1))
    places = (draws > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    return [values[place] for place in places]


def wholesale(n: int = CUSTOMERS) -> Trade:
    """Six spends of restaurants and of shops."""
    rng = _rng(1)
    is_shop = rng.random(n) < 0.35
    centres = {
        "Fresh": (9.2, 8.6),
        "Milk": (7.9, 9.1),
        "Grocery": (8.2, 9.7),
        "Frozen": (7.6, 7.0),
        "Detergents_Paper": (6.0, 8.6),
        "Delicassen": (6.6, 7.0),
    }
    size = rng.normal(0, 0.6, n)
    spends = {
        name: np.exp(np.where(is_shop, shop, other) + size + rng.normal(0, 0.6, n)).round()
        for name, (other, shop) in centres.items()
    }
    channel = ["Retail" if shop else "Horeca" for shop in is_shop]
    return Trade("wholesale", 4, spends, other_texts={"Channel": channel})


def telco(n: int = CUSTOMERS) -> Trade:
    """Contracts of a telephone company: choices and answers beside months and money."""
    rng = _rng(2)
    tenure = np.minimum(rng.exponential(32, n), 72).round()
    fast = rng.random(n) < 0.45
    none = ~fast & (rng.random(n) < 0.35)
    charges = np.where(none, 20, np.where(fast, 90, 55)) + rng.normal(0, 7, n)
    long = np.clip(tenure / 72, 0.05, 0.95)
    contract = _pick(
        rng, ["Month-to-month", "One year", "Two year"], np.column_stack([1 - long, long * 0.4, long * 0.6])
    )
    internet = [
        "No" if no else "Fiber optic" if quick else "DSL" for no, quick in zip(none, fast, strict=True)
    ]
    paperless = np.where(rng.random(n) < np.where(fast, 0.8, 0.35), "Yes", "No").tolist()
    churn = np.where(rng.random(n) < np.where(tenure < 12, 0.5, 0.1), "Yes", "No").tolist()
    return Trade(
        "telco",
        6,
        {"tenure": tenure, "MonthlyCharges": charges.round(2)},
        {"Contract": contract, "InternetService": internet, "PaperlessBilling": paperless},
        {"TotalCharges": (tenure * charges).round(2)},
        {"Churn": churn},
    )


def online_retail(n: int = CUSTOMERS) -> Trade:
    """Recency, frequency and money of one population of buyers."""
    rng = _rng(3)
    rate, life = rng.gamma(0.9, 4.0, n), rng.random(n)
    orders = 1.0 + rng.poisson(rate * life * 2)
    recency = np.minimum(rng.exponential(120 / (0.5 + rate)), 373).round()
    money = (orders * rng.lognormal(5.6, 0.7, n)).round(2)
    return Trade("online retail", 4, {"Recency": recency, "Frequency": orders, "Monetary": money})


def survey(n: int = CUSTOMERS) -> Trade:
    """Answers from 1 to 5 of three kinds of people."""
    rng = _rng(4)
    kind = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    middles = np.array([[4.2, 4.0, 2.0, 3.0, 4.4], [2.0, 2.3, 4.3, 3.1, 2.2], [3.0, 1.6, 1.6, 3.0, 1.4]])
    answers = np.clip(np.rint(middles[kind] + rng.normal(0, 0.7, (n, 5))), 1, 5)
    questions = (
        "Q1: I like to try new products",
        "Q2: Price matters more to me than brand",
        "Q3: I read reviews",
        "Q4: Satisfaction with delivery (1-5)",
        "Q5: Likelihood to recommend us to a friend or colleague",
    )
    gender = _pick(rng, ["female", "male"], np.column_stack([0.5 + 0.2 * kind, 0.5 - 0.2 * kind]))
    numbers = dict(zip(questions, answers.T, strict=True))
    return Trade("survey", 3, numbers, other_texts={"Gender": gender})


def web_shop(n: int = CUSTOMERS) -> Trade:
    """A shop's visits, orders and answers of 1 and 0."""
    rng = _rng(5)
    loyal = rng.random(n) < 0.3
    app, newsletter = (rng.random(n) < np.where(loyal, 0.7, share) for share in (0.15, 0.35))
    orders = rng.poisson(np.where(loyal, 9, 2)) + 1.0
    visit = rng.exponential(np.where(loyal, 12, 90)).round()
    value = rng.lognormal(4.1, 0.5, n).round(2)
    returned = rng.beta(2, 8, n).round(3)
    return Trade(
        "web shop",
        5,
        {
            "orders_last_12_months": orders,
            "days_since_last_visit": visit,
            "Newsletter": newsletter.astype(float),
            "app": app.astype(float),
            "avg_basket_value_eur": value,
        },
        other_numbers={"return_rate": returned, "revenue (EUR)": (orders * value).round(2)},
    )


def bank(n: int = CUSTOMERS) -> Trade:
    """Accounts: balances below zero too, and cards."""
    rng = _rng(6)
    rich = rng.random(n) < 0.2
    balance = np.where(rich, rng.normal(42_000, 9_000, n), rng.normal(900, 2_500, n)).round()
    limit = rng.lognormal(np.where(rich, 9.4, 7.9), 0.4).round(-1)
    bookings = rng.poisson(np.where(rng.random(n) < 0.5, 55, 12)).astype(float)
    age = np.clip(rng.normal(np.where(rich, 58, 39), 10), 18, 95).round()
    return Trade(
        "bank",
        4,
        {"Balance": balance, "CREDIT_LIMIT": limit, "No. of transactions": bookings},
        other_numbers={"Age": age, "Branch code": rng.integers(1, 300, n).astype(float)},
    )


def insurance(n: int = CUSTOMERS) -> Trade:
    """Age, weight, children, smoking and what was paid out."""
    rng = _rng(7)
    age, smoker = rng.integers(18, 65, n).astype(float), (rng.random(n) < 0.2).astype(float)
    bmi = rng.normal(30, 6, n).round(1)
    charges = np.exp(7.6 + 0.03 * age + 1.4 * smoker + rng.normal(0, 0.25, n)).round(2)
    children = rng.poisson(1.1, n).astype(float)
    numbers = {"age": age, "bmi": bmi, "children": children, "smoker": smoker, "charges": charges}
    return Trade("insurance", 5, numbers)


def german_shop(n: int = CUSTOMERS) -> Trade:
    """Headers in German."""
    rng = _rng(8)
    good = rng.random(n) < 0.4
    orders = rng.poisson(np.where(good, 11, 3)) + 1.0
    basket = rng.normal(np.where(good, 85, 40), 12).round(2)
    born = (2026 - np.clip(rng.normal(np.where(good, 61, 33), 9), 18, 95)).round()
    return Trade(
        "German shop",
        3,
        {"Bestellungen": orders, "Ø Warenkorb (€)": basket, "Geburtsjahr": born},
        {"Newsletter": _pick(rng, ["Ja", "Nein"], np.column_stack([good * 0.6 + 0.2, 0.8 - good * 0.6]))},
    )


def business(n: int = CUSTOMERS) -> Trade:
    """Firms: heavy tails, and countries."""
    rng = _rng(9)
    size = rng.lognormal(3.2, 1.3, n).round() + 1
    revenue = (size * rng.lognormal(11.4, 0.6, n)).round(-3)
    country = _pick(rng, ["DE", "AT", "CH", "FR"], np.tile([0.55, 0.2, 0.15, 0.1], (n, 1)))
    return Trade("firms", 4, {"employees": size, "Annual revenue (€)": revenue}, {"Country": country})


def streaming(n: int = CUSTOMERS) -> Trade:
    """Hours watched, devices and a plan."""
    rng = _rng(10)
    heavy = rng.random(n) < 0.35
    hours = rng.gamma(np.where(heavy, 9, 2), 4.0).round(1)
    plan = _pick(
        rng,
        ["Basic", "Standard", "Premium"],
        np.where(heavy[:, np.newaxis], [0.1, 0.3, 0.6], [0.6, 0.3, 0.1]),
    )
    tickets = rng.poisson(0.4, n).astype(float)
    devices = rng.poisson(np.where(heavy, 4, 1.5)) + 1.0
    return Trade(
        "streaming",
        5,
        {
            "hours_watched": hours,
            "devices": devices,
            "support_tickets": tickets,
        },
        {"plan": plan},
    )


def one_crowd(n: int = CUSTOMERS) -> Trade:
    """One population: who is in the middle is close to average."""
    rng = _rng(11)
    names = ("Age", "Income", "Visits", "Household size", "Distance to store (km)")
    return Trade("one crowd", 4, dict(zip(names, rng.normal(50, 12, (5, n)), strict=True)))


def donors(n: int = CUSTOMERS) -> Trade:
    """Gifts to a charity, four in five of them none this year."""
    rng = _rng(12)
    gives = rng.random(n) < 0.2
    gift = np.where(gives, rng.lognormal(3.8, 0.9, n), 0).round(2)
    gifts = np.where(gives, rng.poisson(2, n) + 1, 0).astype(float)
    months = np.where(gives, rng.integers(0, 12, n), rng.integers(12, 90, n)).astype(float)
    return Trade(
        "donors",
        4,
        {"Donations this year ($)": gift, "Number of gifts": gifts, "Months since last gift": months},
    )


def mall() -> list[Trade]:
    """The customers that every tutorial has, by two attributes and by three."""
    if MALL is None:
        return []
    with Path(MALL).open() as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in list(rows[0])[2:]}
    age = {"Age": columns.pop("Age")}
    gender = {"Gender": [row[next(name for name in row if name in ("Gender", "Genre"))] for row in rows]}
    return [
        Trade("Mall", 5, columns, other_numbers=age, other_texts=gender),
        Trade("Mall with age", 6, columns | age, other_texts=gender),
    ]


def cdnow() -> list[Trade]:
    if CDNOW is None:
        return []
    from bench.truth.cdnow import END, features_until, read_purchases

    features = features_until(read_purchases(Path(CDNOW)), END)
    return [Trade("CDNOW", 4, {name: features[name].to_numpy(dtype=np.float64) for name in features})]


MADE: tuple[Callable[[], Trade], ...] = (
    wholesale,
    telco,
    online_retail,
    survey,
    web_shop,
    bank,
    insurance,
    german_shop,
    business,
    streaming,
    one_crowd,
    donors,
)


def trades() -> list[Trade]:
    """All of them, those of files only where these are given."""
    return [*mall(), *cdnow(), *(make() for make in MADE)]

"""One population whose rows or columns follow from others: copies, answers by a number, functions."""

import numpy as np

from bench.truth.answers import FloatArray
from bench.truth.populations.kinds import population

# ---- The same people several times over ---------------------------------------------------------------


@population()
def copies_of_40(rng: np.random.Generator, _n: int) -> FloatArray:
    """Forty people, each ten times, as in a file with a row for each order."""
    return np.repeat(rng.normal(size=(40, 2)), 10, axis=0)


@population()
def copies_of_40_even(rng: np.random.Generator, _n: int) -> FloatArray:
    """Forty people of three even columns, each ten times."""
    return np.repeat(rng.uniform(size=(40, 3)), 10, axis=0)


@population()
def copies_unequal(rng: np.random.Generator, n: int) -> FloatArray:
    """Few people come back often, most once or twice."""
    people = rng.normal([40, 60, 20], [12, 25, 4], (n // 6, 3))
    return np.repeat(people, np.minimum(rng.zipf(1.6, len(people)), 60), axis=0)


@population()
def copies_in_one_column(rng: np.random.Generator, _n: int) -> FloatArray:
    """Forty values of one column, each ten times."""
    return np.repeat(rng.normal(size=(40, 1)), 10, axis=0)


# ---- An answer that follows a number ------------------------------------------------------------------


def _says_yes(rng: np.random.Generator, leaning: FloatArray) -> FloatArray:
    return (rng.random(len(leaning)) < 1 / (1 + np.exp(-leaning))).astype(np.float64)


@population()
def yes_by_number(rng: np.random.Generator, n: int) -> FloatArray:
    """A normal column, and a yes the likelier the higher it is (logistic)."""
    x = rng.normal(size=n)
    return np.column_stack((x, _says_yes(rng, 2 * x)))


@population()
def yes_by_age(rng: np.random.Generator, n: int) -> FloatArray:
    """Age, and a yes that turns within ten years."""
    age = rng.normal(45, 14, n)
    return np.column_stack((age, _says_yes(rng, (age - 45) / 4)))


@population()
def yes_by_two_numbers(rng: np.random.Generator, n: int) -> FloatArray:
    """Two normal columns, and a yes that both make likelier."""
    x = rng.normal(size=(n, 2))
    return np.column_stack((x, _says_yes(rng, 1.5 * x.sum(axis=1))))


@population()
def yes_by_threshold(rng: np.random.Generator, n: int) -> FloatArray:
    """A normal column, and whether it exceeds a threshold: a discount from so much spend on."""
    x = rng.normal(size=n)
    return np.column_stack((x, x > 0.3))


@population()
def tier_by_number(rng: np.random.Generator, n: int) -> FloatArray:
    """A normal column, and bronze, silver or gold by about as much."""
    x = rng.normal(size=n)
    return np.column_stack((x, np.digitize(x + rng.normal(0, 0.4, n), [-0.5, 1])))


# ---- Functions and rings ------------------------------------------------------------------------------


@population()
def parabola_exact(rng: np.random.Generator, n: int) -> FloatArray:
    """Orders, and their squared distance from fifty: a curve without any width."""
    orders = rng.normal(50, 15, n)
    return np.column_stack((orders, (orders - 50) ** 2))


@population()
def wave(rng: np.random.Generator, n: int) -> FloatArray:
    """Two years of days, and a season's effect on top of little noise."""
    time = rng.uniform(0, 4 * np.pi, n)
    return np.column_stack((time, np.sin(time) + rng.normal(0, 0.05, n)))


@population()
def months_on_a_circle(rng: np.random.Generator, n: int) -> FloatArray:
    """Month of birth as sine and cosine: twelve places that all border on two others."""
    angle = rng.integers(0, 12, n) * np.pi / 6
    return np.column_stack((np.cos(angle), np.sin(angle)))


@population()
def ring(rng: np.random.Generator, n: int) -> FloatArray:
    """A ring with some width, empty inside."""
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack((np.cos(angle), np.sin(angle))) + rng.normal(0, 0.1, (n, 2))


@population()
def helix(rng: np.random.Generator, n: int) -> FloatArray:
    """Season as sine and cosine, and the time: a thread in three dimensions."""
    time = rng.uniform(0, 4 * np.pi, n)
    return np.column_stack((np.cos(time), np.sin(time), time / 4)) + rng.normal(0, 0.03, (n, 3))

"""One population in smooth columns: symmetric, skewed as money and visits are, or curved."""

import numpy as np

from bench.truth.answers import FloatArray
from bench.truth.populations.kinds import population

# ---- Symmetric ---------------------------------------------------------------------------------------


@population()
def uniform_2(rng: np.random.Generator, n: int) -> FloatArray:
    """A rectangle filled evenly: the usual reference without groups (Tibshirani et al., 2001)."""
    return rng.uniform(size=(n, 2))


@population()
def uniform_5(rng: np.random.Generator, n: int) -> FloatArray:
    """Five even columns: the corners of a box are what k-means likes to cut off."""
    return rng.uniform(size=(n, 5))


@population()
def gaussian_2(rng: np.random.Generator, n: int) -> FloatArray:
    """Two independent normal columns."""
    return rng.normal(size=(n, 2))


@population()
def gaussian_5(rng: np.random.Generator, n: int) -> FloatArray:
    """Five independent normal columns."""
    return rng.normal(size=(n, 5))


@population()
def gaussian_10(rng: np.random.Generator, n: int) -> FloatArray:
    """Ten independent normal columns."""
    return rng.normal(size=(n, 10))


@population()
def gaussian_50(rng: np.random.Generator, n: int) -> FloatArray:
    """Fifty independent normal columns: everyone is far from everyone."""
    return rng.normal(size=(n, 50))


@population()
def gaussian_correlated_3(rng: np.random.Generator, n: int) -> FloatArray:
    """Three normal columns mixed at random: an ellipsoid that invites a cut across its longest axis."""
    return rng.normal(size=(n, 3)) @ rng.normal(size=(3, 3))


@population()
def gaussian_correlated_10(rng: np.random.Generator, n: int) -> FloatArray:
    """Ten columns that share one factor, as answers to one questionnaire do: correlation 0.6."""
    return np.sqrt(0.6) * rng.normal(size=(n, 1)) + np.sqrt(0.4) * rng.normal(size=(n, 10))


@population()
def gaussian_line(rng: np.random.Generator, n: int) -> FloatArray:
    """Two columns of correlation 0.98, such as net and gross: a thin cigar."""
    return rng.multivariate_normal([0, 0], [[1, 0.98], [0.98, 1]], n)


@population()
def student_t(rng: np.random.Generator, n: int) -> FloatArray:
    """Three columns of Student's t with 3 degrees of freedom: normal with far values on both sides."""
    return rng.standard_t(3, (n, 3))


@population()
def triangular(rng: np.random.Generator, n: int) -> FloatArray:
    """Two columns that rise to a peak at one side and fall evenly (planned durations)."""
    return rng.triangular(0, 0.2, 1, (n, 2))


@population()
def disc(rng: np.random.Generator, n: int) -> FloatArray:
    """Latitude and longitude of homes spread evenly over a round district."""
    radius, angle = np.sqrt(rng.uniform(size=n)), rng.uniform(0, 2 * np.pi, n)
    return np.column_stack((48.2 + 0.1 * radius * np.sin(angle), 16.4 + 0.15 * radius * np.cos(angle)))


@population()
def city(rng: np.random.Generator, n: int) -> FloatArray:
    """Latitude and longitude of homes that grow rarer with the distance from one centre."""
    distance, angle = rng.exponential(0.05, n), rng.uniform(0, 2 * np.pi, n)
    return np.column_stack((48.2 + distance * np.sin(angle), 16.4 + 1.5 * distance * np.cos(angle)))


# ---- Skewed, as money and visits are -----------------------------------------------------------------


@population()
def exponential_1(rng: np.random.Generator, n: int) -> FloatArray:
    """One column of waiting times."""
    return rng.exponential(size=(n, 1))


@population()
def exponential_2(rng: np.random.Generator, n: int) -> FloatArray:
    """Two independent columns of waiting times."""
    return rng.exponential(30, (n, 2))


@population()
def exponential_3(rng: np.random.Generator, n: int) -> FloatArray:
    """Three independent columns of waiting times."""
    return rng.exponential(30, (n, 3))


@population()
def gamma_2(rng: np.random.Generator, n: int) -> FloatArray:
    """Two columns of mild skewness (1.4): sums of two waiting times."""
    return rng.gamma(2, 20, (n, 2))


@population()
def log_normal_2(rng: np.random.Generator, n: int) -> FloatArray:
    """Two independent log-normal columns: spend and basket size."""
    return np.exp(rng.normal([4, 2], 0.9, (n, 2)))


@population()
def log_normal_spend_6(rng: np.random.Generator, n: int) -> FloatArray:
    """Spend in six product groups, log-normal with one common factor: who buys much buys much of all."""
    return np.exp(4 + 0.8 * rng.normal(size=(n, 1)) + 0.7 * rng.normal(size=(n, 6)))


@population()
def pareto(rng: np.random.Generator, n: int) -> FloatArray:
    """Two columns by Pareto's law with exponent 2: a fifth of the customers brings most of the sum."""
    return 10 * (1 + rng.pareto(2, (n, 2)))


@population()
def gamma_poisson_rfm(rng: np.random.Generator, n: int) -> FloatArray:
    """Recency (days), orders and revenue of one shop (Schmittlein et al., 1987, without churn).

    Everyone buys at a constant rate of their own, gamma-distributed; an order's value is log-normal.
    """
    orders = 1 + rng.poisson(rng.gamma(1.2, 3.0, n))
    recency = np.floor(365 * rng.beta(1, orders))
    revenue = orders * np.exp(rng.normal(3.7, 0.5, n))
    return np.column_stack((recency, orders, revenue.round(2)))


@population()
def independent_rfm(rng: np.random.Generator, n: int) -> FloatArray:
    """Recency, orders and revenue drawn independently, each as skewed as it is in shops."""
    columns = rng.integers(0, 366, n), 1 + rng.poisson(rng.gamma(1, 2, n)), np.exp(rng.normal(4, 1, n))
    return np.column_stack(columns)


@population()
def poisson_counts(rng: np.random.Generator, n: int) -> FloatArray:
    """Visits, calls and returns: small counts of independent events."""
    return rng.poisson([3, 1.5, 0.7], (n, 3)).astype(np.float64)


def _zero_inflated(rng: np.random.Generator, n: int, zeros: float) -> FloatArray:
    """Spend of which a share is zero and the rest log-normal, beside months since the first contact."""
    spend = np.where(rng.random(n) < zeros, 0, np.exp(rng.normal(4, 0.8, n)))
    return np.column_stack((spend, rng.gamma(3, 10, n)))


@population()
def zero_inflated_30(rng: np.random.Generator, n: int) -> FloatArray:
    """Spend with 30 % zeros."""
    return _zero_inflated(rng, n, 0.3)


@population()
def zero_inflated_60(rng: np.random.Generator, n: int) -> FloatArray:
    """Spend with 60 % zeros."""
    return _zero_inflated(rng, n, 0.6)


@population()
def zero_inflated_90(rng: np.random.Generator, n: int) -> FloatArray:
    """Spend with 90 % zeros: hardly anybody buys."""
    return _zero_inflated(rng, n, 0.9)


@population()
def whale(rng: np.random.Generator, n: int) -> FloatArray:
    """A normal crowd and one customer a million times as large: an exception, not a group."""
    return np.vstack((rng.normal([50, 20], [10, 4], (n - 1, 2)), [5e7, 1e6]))


@population()
def skewed_whale(rng: np.random.Generator, n: int) -> FloatArray:
    """Log-normal spend and visits, and the line of totals that somebody forgot to remove."""
    customers = np.exp(rng.normal([4, 2], 0.8, (n - 1, 2)))
    return np.vstack((customers, customers.sum(axis=0)))


# ---- Curved ------------------------------------------------------------------------------------------


@population()
def banana(rng: np.random.Generator, n: int) -> FloatArray:
    """A normal column and its square with noise: one bent crowd."""
    x = rng.normal(size=n)
    return np.column_stack((x, x**2 / 2 + rng.normal(0, 0.3, n)))


@population()
def parabola(rng: np.random.Generator, n: int) -> FloatArray:
    """An even column and its square with noise, as sales over the price."""
    x = rng.uniform(-1, 1, n)
    return np.column_stack((x, x**2 + rng.normal(0, 0.1, n)))


@population()
def open_curve(rng: np.random.Generator, n: int) -> FloatArray:
    """Three quarters of a circle, thin and open: connected, yet with empty space inside."""
    angle = rng.uniform(0, 1.5 * np.pi, n)
    return np.column_stack((np.cos(angle), np.sin(angle))) + rng.normal(0, 0.06, (n, 2))


@population()
def funnel(rng: np.random.Generator, n: int) -> FloatArray:
    """Neal's funnel: the spread of one column grows with the other, as revenue's does with orders."""
    neck = rng.normal(size=n)
    return np.column_stack((neck, rng.normal(size=n) * np.exp(neck / 2)))

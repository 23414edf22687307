"""One population in columns of few values or with gaps, in a handful of customers, or beside a text."""

import numpy as np
from scipy.special import ndtr

from bench.truth.answers import FloatArray, TextColumn
from bench.truth.customer_sets import CustomerSet
from bench.truth.populations.kinds import population, population_with_text
from bench.truth.populations.smooth import gaussian_2, log_normal_2, uniform_2

# ---- Ratings, counts, yes and no ---------------------------------------------------------------------


@population()
def ratings_2(rng: np.random.Generator, n: int) -> FloatArray:
    """Two independent answers from 1 to 5, each as frequent as the others."""
    return rng.integers(1, 6, (n, 2)).astype(np.float64)


@population()
def ratings_4(rng: np.random.Generator, n: int) -> FloatArray:
    """Four independent answers from 1 to 5."""
    return rng.integers(1, 6, (n, 4)).astype(np.float64)


@population()
def ratings_skewed_2(rng: np.random.Generator, n: int) -> FloatArray:
    """Two ratings of mostly contented customers."""
    return rng.choice(np.arange(1.0, 6.0), (n, 2), p=[0.04, 0.06, 0.15, 0.35, 0.4])


@population()
def ratings_skewed_4(rng: np.random.Generator, n: int) -> FloatArray:
    """Four ratings of mostly contented customers."""
    return rng.choice(np.arange(1.0, 6.0), (n, 4), p=[0.04, 0.06, 0.15, 0.35, 0.4])


@population()
def yes_no_3_numbers_2(rng: np.random.Generator, n: int) -> FloatArray:
    """Three independent yes/no columns beside two normal ones."""
    return np.column_stack((rng.random((n, 3)) < [0.5, 0.3, 0.1], rng.normal(size=(n, 2))))


@population()
def yes_no_1_number_1(rng: np.random.Generator, n: int) -> FloatArray:
    """Newsletter yes or no beside the age: a cut between the two values says nothing new."""
    return np.column_stack((rng.random(n) < 0.4, rng.normal(45, 14, n)))


@population()
def yes_no_5(rng: np.random.Generator, n: int) -> FloatArray:
    """Five independent yes/no columns, half yes."""
    return (rng.random((n, 5)) < 0.5).astype(np.float64)


@population()
def yes_no_correlated_12(rng: np.random.Generator, n: int) -> FloatArray:
    """Twelve yes/no columns that share one factor (correlation 0.3 before the cut), of many shares."""
    latent = np.sqrt(0.3) * rng.normal(size=(n, 1)) + np.sqrt(0.7) * rng.normal(size=(n, 12))
    return (ndtr(latent) < np.linspace(0.15, 0.7, 12)).astype(np.float64)


@population()
def scores_and_visits(rng: np.random.Generator, n: int) -> FloatArray:
    """A score from 0 to 10 and the number of visits."""
    return np.column_stack((rng.binomial(10, 0.7, n), rng.poisson(4, n))).astype(np.float64)


@population()
def age_and_visits(rng: np.random.Generator, n: int) -> FloatArray:
    """Age in whole years and the number of visits."""
    return np.column_stack((rng.normal(42, 13, n).round().clip(18, 90), rng.poisson(6, n)))


# ---- Missing values ----------------------------------------------------------------------------------


def _with_gaps(rng: np.random.Generator, values: FloatArray, share: float) -> FloatArray:
    return np.where(rng.random(values.shape) < share, np.nan, values)


@population(missing="median")
def uniform_filled_20(rng: np.random.Generator, n: int) -> FloatArray:
    """Two even columns of which 20 % is filled in: the medians make a cross that nobody lives on."""
    return _with_gaps(rng, uniform_2(rng, n), 0.2)


@population(missing="median")
def uniform_filled_30(rng: np.random.Generator, n: int) -> FloatArray:
    """Two even columns of which 30 % is filled in."""
    return _with_gaps(rng, uniform_2(rng, n), 0.3)


@population(missing="median")
def uniform_filled_50(rng: np.random.Generator, n: int) -> FloatArray:
    """Two even columns of which 50 % is filled in."""
    return _with_gaps(rng, uniform_2(rng, n), 0.5)


@population(missing="median")
def gaussian_filled_30(rng: np.random.Generator, n: int) -> FloatArray:
    """Two normal columns of which 30 % is filled in."""
    return _with_gaps(rng, gaussian_2(rng, n), 0.3)


@population(missing="median")
def log_normal_filled_30(rng: np.random.Generator, n: int) -> FloatArray:
    """Two log-normal columns of which 30 % is filled in."""
    return _with_gaps(rng, log_normal_2(rng, n), 0.3)


@population()
def gaussian_left_out_30(rng: np.random.Generator, n: int) -> FloatArray:
    """Two normal columns of which 30 % is missing: half the customers take part."""
    return _with_gaps(rng, gaussian_2(rng, n), 0.3)


# ---- Few customers -----------------------------------------------------------------------------------


@population((60,))
def sixty_customers(rng: np.random.Generator, n: int) -> FloatArray:
    """Sixty customers, three normal columns."""
    return rng.normal(size=(n, 3))


@population((3,))
def three_customers(rng: np.random.Generator, n: int) -> FloatArray:
    """Three customers, two even columns."""
    return rng.uniform(size=(n, 2))


@population((6,))
def six_customers(rng: np.random.Generator, n: int) -> FloatArray:
    """Six customers, two even columns."""
    return rng.uniform(size=(n, 2))


@population((10,))
def ten_customers(rng: np.random.Generator, n: int) -> FloatArray:
    """Ten customers, two log-normal columns."""
    return log_normal_2(rng, n)


# ---- Texts that have nothing to do with the numbers --------------------------------------------------


def noise_text(rng: np.random.Generator, n: int, n_values: int = 8) -> TextColumn:
    """Draw a text whose values grow rarer, independent of everything."""
    shares = 0.66 ** np.arange(n_values)
    drawn = rng.choice(list("ABCDEFGHIJKL"[:n_values]), n, p=shares / shares.sum())
    return TextColumn("region", drawn.tolist())


@population_with_text
def noise_text_8(rng: np.random.Generator, n: int) -> CustomerSet:
    """Two normal columns beside a region of eight values."""
    return CustomerSet(rng.normal(size=(n, 2)), texts=(noise_text(rng, n),))


@population_with_text
def noise_text_2_skewed(rng: np.random.Generator, n: int) -> CustomerSet:
    """Two log-normal columns beside a text of two values."""
    return CustomerSet(log_normal_2(rng, n), texts=(noise_text(rng, n, 2),))

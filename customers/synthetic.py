"""Made-up customers in the layout of a shopping mall's loyalty cards, with five planted groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

# The bundled sample: `make_sample customers/sample/customers.csv --rows 200 --random-state 4` reproduces it
# byte for byte. With this state the elbow says five as well; small samples of these groups may bend at four.
SAMPLE_FILE = Path(__file__).parent / "sample" / "customers.csv"
SAMPLE_ROWS = 200
SAMPLE_RANDOM_STATE = 4

HEADER = "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"
CHUNK_ROWS = 50_000
LOWEST_AGE, HIGHEST_AGE = 18, 70
LOWEST_INCOME, HIGHEST_INCOME = 10, 150


@dataclass(frozen=True)
class Group:
    """A planted group: its share of all customers, and the mean and spread of each attribute."""

    share: float
    age: float
    age_spread: float
    income: float  # thousand dollars a year
    income_spread: float
    score: float
    score_spread: float


GROUPS = (
    Group(0.38, 43, 14, 55, 7, 50, 6),
    Group(0.19, 33, 4, 88, 9, 82, 6),
    Group(0.18, 41, 10, 89, 9, 17, 6),
    Group(0.13, 45, 12, 25, 6, 20, 7),
    Group(0.12, 25, 5, 26, 6, 79, 7),
)


def write_customers(stream: TextIO, rows: int, *, random_state: int = 0) -> None:
    """Write a CSV file of made-up customers in chunks.

    Parameters
    ----------
    stream
        Opened with ``newline=""``, so that the bytes are the same on every machine.
    rows
        Number of customers.
    random_state
        The same state and number of rows give the same bytes.
    """
    stream.write(HEADER)
    # numpy guarantees that its legacy generator's numbers never change, unlike those of the newer one.
    random = np.random.RandomState(random_state)
    for start in range(0, rows, CHUNK_ROWS):
        stream.writelines(_lines(random, start + 1, min(CHUNK_ROWS, rows - start)))


def _lines(random: np.random.RandomState, first_id: int, rows: int) -> Iterator[str]:
    group = random.choice(len(GROUPS), size=rows, p=[group.share for group in GROUPS])
    gender = np.where(random.random_sample(rows) < 0.56, "Female", "Male").tolist()
    age = _draw(random, group, "age", LOWEST_AGE, HIGHEST_AGE)
    income = _draw(random, group, "income", LOWEST_INCOME, HIGHEST_INCOME)
    score = _draw(random, group, "score", 1, 100)
    ids = range(first_id, first_id + rows)
    return map("{},{},{},{},{}\n".format, ids, gender, age, income, score)


def _draw(
    random: np.random.RandomState, group: np.ndarray, name: str, lowest: int, highest: int
) -> list[int]:
    """Draw whole numbers around each customer's group mean, within the bounds."""
    mean = np.array([getattr(planted, name) for planted in GROUPS])[group]
    spread = np.array([getattr(planted, f"{name}_spread") for planted in GROUPS])[group]
    values: list[int] = np.clip(np.rint(random.normal(mean, spread)), lowest, highest).astype(int).tolist()
    return values

"""Sets of customers with a known right answer, and how to ask about many of them."""

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.truth.answers import Answer, FloatArray, IntArray, TextColumn, answer

Task = TypeVar("Task")
Result = TypeVar("Result")

PROCESSES = int(os.environ.get("BENCH_PROCESSES", "1"))
MOST_K = 10


@dataclass(frozen=True, eq=False)
class CustomerSet:
    """Customers and the number of groups they were drawn from.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_numbers), original units, NaN for missing
    name : str
    texts : tuple of TextColumn
        Text attributes that take part as features.
    missing : {"leave-out", "median"}
        What the person who asks has chosen.
    groups : ndarray of int of shape (n_rows,) or None
        The group of each customer, where it is known.
    k : int or None
        The right number of groups; `None` for one population.
    k_max : int
        How far the sweep goes.
    """

    values: FloatArray
    name: str = ""
    texts: tuple[TextColumn, ...] = ()
    missing: str = "leave-out"
    groups: IntArray | None = None
    k: int | None = None
    k_max: int = MOST_K

    def ask(
        self, *, log1p: str = "auto", scaling: str = "standard", k: int | None = None, random_state: int = 0
    ) -> Answer:
        """Ask the product about these customers."""
        return answer(
            self.values,
            texts=self.texts,
            missing=self.missing,
            scaling=scaling,
            log1p=log1p,
            k=k,
            k_max=self.k_max,
            random_state=random_state,
        )

    @property
    def right_ks(self) -> set[int]:
        """The right numbers of groups: the one told, and that of the labels."""
        n_labels = None if self.groups is None else len(np.unique(self.groups))
        return {k for k in (self.k, n_labels) if k is not None}

    def is_right(self, k: int | None) -> bool:
        return k in self.right_ks

    def rows(self, chosen: IntArray) -> "CustomerSet":
        """Return the chosen customers, in this order."""
        return replace(
            self,
            values=self.values[chosen],
            texts=tuple(TextColumn(text.name, [text.values[row] for row in chosen]) for text in self.texts),
            groups=None if self.groups is None else self.groups[chosen],
        )

    def without_texts(self) -> "CustomerSet":
        """Return the same customers with their numbers alone."""
        return replace(self, texts=())


def read_columns(path: Path) -> dict[str, list[str]]:
    """Return the columns of a CSV file, gzipped or not, without the first, which holds the ids."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    columns = zip(header, zip(*rows, strict=True), strict=True)
    return {name: list(cells) for name, cells in list(columns)[1:]}


def numbers(cells: Iterable[str]) -> FloatArray:
    """Return the cells of one column as numbers, NaN where they are empty."""
    return np.array([float(cell) if cell else np.nan for cell in cells])


@contextmanager
def workers() -> Iterator[Callable[[Callable[[Task], Result], Iterable[Task]], Iterable[Result]]]:
    """Offer a `map` that keeps the order, over BENCH_PROCESSES processes (1: this one)."""
    if PROCESSES == 1:
        yield map
        return
    # A forked child would hang in the numeric libraries that its parent has used.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        yield pool.map


def judge(name: str, met: bool, found: str, bar: str) -> int:
    """Print one line of a report; return 1 if the bar is missed."""
    print(f"  {name:<58} {found:>12}  ({bar}) {'met' if met else 'MISSED'}", flush=True)
    return int(not met)

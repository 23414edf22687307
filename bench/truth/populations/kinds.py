"""The list of kinds of customers without groups, and how to draw sets of them."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bench.truth.answers import FloatArray
from bench.truth.customer_sets import CustomerSet

SIZES = (500, 1_200, 3_200)

Make = Callable[[np.random.Generator, int], FloatArray]
MakeSet = Callable[[np.random.Generator, int], CustomerSet]


@dataclass(frozen=True)
class Population:
    """One kind of customers without groups, and how many of them a set has, seed by seed."""

    name: str
    make: MakeSet
    sizes: tuple[int, ...]

    def draw(self, seed: int) -> CustomerSet:
        """Draw one set; the same for the same seed, whatever other kinds there are."""
        rng = np.random.default_rng((seed, zlib.crc32(self.name.encode())))
        return replace(self.make(rng, self.sizes[seed % len(self.sizes)]), name=self.name)


KINDS: list[Population] = []


def population(sizes: tuple[int, ...] = SIZES, *, missing: str = "leave-out") -> Callable[[Make], Make]:
    """Enter a generator of values into the list."""

    def enter(make: Make) -> Make:
        def made(rng: np.random.Generator, n: int) -> CustomerSet:
            return CustomerSet(make(rng, n), missing=missing)

        KINDS.append(Population(_in_words(make), made, sizes))
        return make

    return enter


def population_with_text(make: MakeSet) -> MakeSet:
    """Enter a generator of whole sets into the list."""
    KINDS.append(Population(_in_words(make), make, SIZES))
    return make


def _in_words(function: Callable[..., object]) -> str:
    return function.__name__.replace("_", " ")

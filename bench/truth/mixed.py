"""Texts as features beside numbers: one that is noise must not hide groups, one that informs must not harm.

Three groups in two numbers stand at the corners of an equilateral triangle, so many deviations apart.
"""

import numpy as np
from sklearn.metrics import adjusted_rand_score

from bench.truth.answers import Answer, IntArray, TextColumn
from bench.truth.customer_sets import CustomerSet, judge
from bench.truth.populations.coarse import noise_text

SETS = 3
CUSTOMERS = 1_200
K = 3
FAR, NEAR = 6.0, 2.5
CORNERS = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
SAME = 0.99
LOSS = 0.02
# What a text that informs says of each group: the likeliest of three values is right for 70 %.
TELLING = np.full((K, K), 0.15) + 0.55 * np.eye(K)


def main() -> int:
    """Print the verdicts and the adjusted Rand indices; return 1 if a bar is missed."""
    print(
        f"Texts beside numbers, {SETS} sets of {CUSTOMERS:,} customers in {K} groups; adjusted Rand indices"
    )
    return max(_noise_far_apart(), _noise_beside_touching_groups(), _text_that_informs())


def draw_mixed(number: int, apart: float, *, informs: bool) -> CustomerSet:
    """Draw three groups of the same size with a text, of eight values that say nothing or three that do."""
    rng = np.random.default_rng((number, 6))
    groups = np.repeat(np.arange(K), CUSTOMERS // K)
    values = rng.normal(apart * CORNERS[groups], 1.0)
    text = _telling_text(rng, groups) if informs else noise_text(rng, CUSTOMERS)
    return CustomerSet(values, texts=(text,), groups=groups, k=K)


def _telling_text(rng: np.random.Generator, groups: IntArray) -> TextColumn:
    return TextColumn("channel", ["ABC"[rng.choice(K, p=TELLING[group])] for group in groups])


def _noise_far_apart() -> int:
    """With the accepted answer: three clear groups, and nearly everyone in the right one."""
    sets = [draw_mixed(number, FAR, informs=False) for number in range(SETS)]
    answers = [each.ask() for each in sets]
    indices = [_agreement(each, answer) for each, answer in zip(sets, answers, strict=True)]
    ks = [answer.k_recommended for answer in answers]
    told = " ".join(str(k or "none") for k in ks)
    return max(
        judge(f"groups {FAR:g} deviations apart, a text of noise: k", ks == [K] * SETS, told, f"{K}"),
        judge("the same: everyone in the right group", min(indices) >= SAME, _listed(indices), f"≥ {SAME}"),
    )


def _noise_beside_touching_groups() -> int:
    sets = [draw_mixed(number, NEAR, informs=False) for number in range(SETS)]
    return _judge_against_numbers(sets, "a text of noise", -LOSS)


def _text_that_informs() -> int:
    sets = [draw_mixed(number, NEAR, informs=True) for number in range(SETS)]
    return _judge_against_numbers(sets, "a text that informs", 0.0)


def _judge_against_numbers(sets: list[CustomerSet], text: str, least: float) -> int:
    """Compare with the numbers alone, both in three segments."""
    with_text = [_agreement(each, each.ask(k=K)) for each in sets]
    alone = [_agreement(each, each.without_texts().ask(k=K)) for each in sets]
    gains = [here - there for here, there in zip(with_text, alone, strict=True)]
    print(f"  groups {NEAR:g} deviations apart: {_listed(alone)}, with {text} {_listed(with_text)}")
    return judge(
        f"{text}: above the numbers alone", min(gains) >= least, f"{min(gains):+.3f}", f"≥ {least:+.2f}"
    )


def _agreement(customers: CustomerSet, answer: Answer) -> float:
    assert customers.groups is not None
    return float(adjusted_rand_score(customers.groups, answer.labels))


def _listed(indices: list[float]) -> str:
    return " ".join(f"{index:.2f}" for index in indices)


if __name__ == "__main__":
    raise SystemExit(main())

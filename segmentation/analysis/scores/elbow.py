"""The elbow: where the inertia stops falling fast."""

from collections.abc import Sequence


def find_elbow(ks: Sequence[int], inertias: Sequence[float]) -> int | None:
    """Return the k at the elbow of the inertias, or `None` when the curve has none.

    Parameters
    ----------
    ks : sequence of int, ascending
    inertias : sequence of float

    References
    ----------
    Satopää, Albrecht, Irwin and Raghavan, "Finding a 'kneedle' in a haystack", 2011; through `kneed`.
    """
    if len(ks) < 3 or not max(inertias) > min(inertias):
        return None
    from kneed import KneeLocator

    elbow = KneeLocator(ks, inertias, curve="convex", direction="decreasing").elbow
    return None if elbow is None else int(elbow)

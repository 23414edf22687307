"""Hashes of rows: samples are chosen by content, so that the order of rows has no influence."""

import numpy as np
import numpy.typing as npt

from segmentation.analysis.results import FloatArray

HashArray = npt.NDArray[np.uint64]

CHUNK = 1 << 16


def hash_rows(X: FloatArray, seed: int = 0) -> HashArray:
    """Return a 64-bit hash of each row's values, shape (n_samples,).

    The values' bits are mixed, column after column, by the finaliser of SplitMix64 (Steele, Lea and Flood,
    "Fast splittable pseudorandom number generators", 2014).
    """
    hashes = np.empty(len(X), dtype=np.uint64)
    start = np.uint64((seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D) % 2**64)
    for begin in range(0, len(X), CHUNK):
        # Adding zero turns -0.0 into 0.0, which has other bits.
        bits = (X[begin : begin + CHUNK] + 0.0).view(np.uint64)
        mixed = np.full(len(bits), start)
        for column in bits.T:
            mixed += np.uint64(0x9E3779B97F4A7C15)
            mixed ^= column
            mixed ^= mixed >> np.uint64(30)
            mixed *= np.uint64(0xBF58476D1CE4E5B9)
            mixed ^= mixed >> np.uint64(27)
            mixed *= np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(31)
        hashes[begin : begin + CHUNK] = mixed
    return hashes


def sample_rows(X: FloatArray, n: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Return about n row numbers, or all of them, chosen and ordered by content.

    Equal rows are told apart by counting them, so that a value that many hold keeps its share. Permuting the
    rows changes nothing but which of equal rows stands for them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    n : int
    seed : int
    """
    hashes = hash_rows(X, seed)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    firsts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    if len(firsts) < len(X):
        counted = np.arange(len(X)) - np.repeat(firsts, np.diff(np.append(firsts, len(X))))
        ordered = ordered ^ (counted.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9))
        ordered ^= ordered >> np.uint64(30)
        ordered *= np.uint64(0x94D049BB133111EB)
        ordered ^= ordered >> np.uint64(31)
    if len(X) > n:
        chosen = ordered < np.uint64(int(2**64 * (n / len(X))))
        order, ordered = order[chosen], ordered[chosen]
    return np.asarray(order[np.argsort(ordered, kind="stable")])

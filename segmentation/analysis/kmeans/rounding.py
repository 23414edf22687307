"""Numbers without their last bits, which in a sum depend on the order of the rows."""

import numpy as np

from segmentation.analysis.samples import FloatArray


def rounded(values: FloatArray, bits: int = 40) -> FloatArray:
    """Return the values with this many significant bits, whatever their magnitude."""
    fractions, exponents = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(fractions * 2.0**bits), exponents - bits))

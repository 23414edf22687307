"""Dates as features: days before the newest date, so that the same file gives the same result on any day."""

from common.i18n import gettext as _
from segmentation.analysis.samples import FloatArray


def days_since(name: str) -> str:
    """Return the name of the feature made of a date: “days since Last order”."""
    return _("days since %(name)s") % {"name": name}


def days_before(days: FloatArray, reference: float) -> FloatArray:
    """Return how many days each date lies before the reference date.

    Parameters
    ----------
    days : ndarray of shape (n_rows,), days since any fixed day, NaN for missing
    reference : float
        The reference date, counted likewise: the newest date of the version.
    """
    return reference - days

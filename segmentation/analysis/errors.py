"""Errors a person can cause: each carries one sentence for that person."""


class AnalysisError(ValueError):
    """Base class; `str(error)` is a sentence that may be shown on a page."""


class InvalidSettingError(AnalysisError):
    """A setting is unknown or out of its range."""


class TooManyFeaturesError(AnalysisError):
    """No feature, or more than the analysis takes."""


class ConstantFeatureError(AnalysisError):
    """A feature has the same value for every customer."""


class MissingFeatureError(AnalysisError):
    """A feature has no value for any customer."""


class ValueRangeError(AnalysisError):
    """Values too large, too small or not finite for a distance to be computed."""


class TooFewCustomersError(AnalysisError):
    """Fewer customers, or fewer distinct customers, than clusters requested."""

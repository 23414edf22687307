"""Why a run cannot be started."""

from jobs.errors import JobRefusedError


class RunRefusedError(JobRefusedError):
    """A run cannot be started as requested; the text is one sentence for that person."""

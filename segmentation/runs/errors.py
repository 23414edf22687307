"""Why a run cannot be started."""

from jobs.errors import JobRefusedError


class RunRefusedError(JobRefusedError):
    """A run cannot be started as asked; the text is one sentence for the person who asked."""

"""What happens when two people change the same thing at once: the second one is told the truth."""


class ConflictError(Exception):
    """Somebody else was faster, and nothing was changed; the text says so in a sentence or two."""

"""Why a file cannot be imported, in a sentence for the person who brought it."""

from django.utils.translation import gettext as _

from jobs.errors import JobError


class ImportRefusedError(JobError):
    """The file cannot be imported as it is; nothing was written."""


class AmbiguousFileError(ImportRefusedError):
    """The file can be read in more than one way; `option` names what settles it on the command line."""

    def __init__(self, sentence: str, option: str, *, guess: str = "") -> None:
        text = _("%(sentence)s (On the command line: %(option)s.)")
        super().__init__(text % {"sentence": sentence, "option": option})
        self.sentence, self.option, self.guess = sentence, option, guess

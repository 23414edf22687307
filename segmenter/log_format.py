"""Logs for people: one line an event, whatever is in it."""

import logging


class OneLineFormatter(logging.Formatter):
    """Plain text. Line breaks that come from outside are written as \\n; a traceback keeps its own."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the base class
        line = super().formatMessage(record)
        return line.replace("\r", "\\r").replace("\n", "\\n")

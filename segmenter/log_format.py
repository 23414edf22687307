"""Logs: one event per line, whatever is in it; JSON where machines read them."""

from __future__ import annotations

import logging
from typing import Any

import structlog

PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]
# Structured values keep a name with a line break in it from writing a line of its own.
JSON: dict[str, Any] = {
    "()": structlog.stdlib.ProcessorFormatter,
    "foreign_pre_chain": PROCESSORS,
    "processors": [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
}


class OneLineFormatter(logging.Formatter):
    """Plain text. Line breaks that come from outside are written as \\n; a traceback keeps its own."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the base class
        line = super().formatMessage(record)
        return line.replace("\r", "\\r").replace("\n", "\\n")


def configure(form: str, *, level: str) -> dict[str, Any]:
    """Make structlog write through `logging`, and return Django's setting LOGGING.

    `form` is json or plain.
    """
    structlog.configure(
        processors=[*PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": JSON, "plain": {"()": "segmenter.log_format.OneLineFormatter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["console"], "level": level},
        # That requests wait is no event: those that wait in vain are logged.
        "loggers": {"waitress.queue": {"level": "ERROR"}},
    }

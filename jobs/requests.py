"""Requesting work only once, however often somebody clicks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import models, transaction

from jobs.errors import JobAlreadyActive

Holder = TypeVar("Holder", bound=models.Model)
Params = ParamSpec("Params")


def deduplicated(
    holders: type[Holder],
) -> Callable[[Callable[Params, Holder]], Callable[Params, Holder]]:
    """Decorate a function that creates a job and its holder, so that either both are created or neither.

    If an active job is already doing the same work, that job's holder is returned instead.
    """

    def decorate(ask: Callable[Params, Holder]) -> Callable[Params, Holder]:
        @wraps(ask)
        def asked(*args: Params.args, **kwargs: Params.kwargs) -> Holder:
            try:
                with transaction.atomic():
                    return ask(*args, **kwargs)
            except JobAlreadyActive as active:
                return holders._default_manager.get(job=active.job)

        return asked

    return decorate

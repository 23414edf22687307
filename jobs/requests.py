"""Asking for work that needs doing once, however often somebody clicks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import models, transaction

from jobs.errors import JobAlreadyActive

Holder = TypeVar("Holder", bound=models.Model)
Asked = ParamSpec("Asked")


def asked_once(
    holders: type[Holder],
) -> Callable[[Callable[Asked, Holder]], Callable[Asked, Holder]]:
    """Decorate a function that makes a job and what holds it: all of it happens, or nothing.

    While an active job does the very same work, what holds that job is returned.
    """

    def decorate(ask: Callable[Asked, Holder]) -> Callable[Asked, Holder]:
        @wraps(ask)
        def asked(*args: Asked.args, **kwargs: Asked.kwargs) -> Holder:
            try:
                with transaction.atomic():
                    return ask(*args, **kwargs)
            except JobAlreadyActive as active:
                return holders._default_manager.get(job=active.job)

        return asked

    return decorate

"""Results as plain data: a run freezes them as JSON and pages read them back."""

import dataclasses
import types
import typing
from typing import Any, TypeVar

Result = TypeVar("Result")


def to_json(result: Any) -> Any:
    """Return a result without arrays as dicts, lists and plain values that JSON can hold."""
    return dataclasses.asdict(result)


def from_json(kind: type[Result], data: Any) -> Result:
    """Return the result that `to_json` was given, from what it returned (also after a trip through JSON).

    What an earlier release froze and this one has no field for is passed over.
    """
    hints = typing.get_type_hints(kind)
    return kind(**{name: _restored(hints[name], data[name]) for name in data.keys() & hints.keys()})


def _restored(hint: Any, value: Any) -> Any:
    """Return `value` as the type that the hint names; lists become tuples, dicts dataclasses."""
    if value is None:
        return None
    if isinstance(hint, types.UnionType):
        hint = next(option for option in hint.__args__ if option is not type(None))
    if dataclasses.is_dataclass(hint):
        return from_json(typing.cast(type, hint), value)
    if typing.get_origin(hint) is tuple:
        options = typing.get_args(hint)
        if options[-1] is Ellipsis:
            return tuple(_restored(options[0], item) for item in value)
        return tuple(_restored(option, item) for option, item in zip(options, value, strict=True))
    return float(value) if hint is float else value

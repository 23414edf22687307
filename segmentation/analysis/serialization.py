"""Results as plain data: a run freezes them as JSON and pages read them back."""

import dataclasses
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

Result = TypeVar("Result")
Reader = Callable[[Any], Any]


def to_json(result: Any) -> Any:
    """Return a result without arrays as dicts, lists and plain values that JSON can hold."""
    return dataclasses.asdict(result)


def from_json(kind: type[Result], data: Any) -> Result:
    """Return the result that `to_json` was given, from what it returned (also after a trip through JSON).

    What an earlier release froze and this one has no field for is passed over.
    """
    return typing.cast(Result, _reader(typing.cast(Any, kind))(data))


@cache
def _reader(hint: Any) -> Reader:
    """Return what makes plain data the type that the hint names: lists become tuples, dicts dataclasses.

    Hints are looked at once, for a picture holds thousands of numbers.
    """
    if isinstance(hint, types.UnionType):
        return _reader(next(option for option in hint.__args__ if option is not type(None)))
    if dataclasses.is_dataclass(hint):
        return _dataclass_reader(typing.cast(type, hint))
    if typing.get_origin(hint) is tuple:
        return _tuple_reader(typing.get_args(hint))
    return _read_float if hint is float else _as_is


def _dataclass_reader(kind: type) -> Reader:
    readers = {name: _reader(hint) for name, hint in typing.get_type_hints(kind).items()}

    def read(data: Any) -> Any:
        if data is None:
            return None
        return kind(**{name: readers[name](data[name]) for name in data.keys() & readers.keys()})

    return read


def _tuple_reader(hints: tuple[Any, ...]) -> Reader:
    def read(values: Any) -> Any:
        if values is None:
            return None
        if hints[-1] is not Ellipsis:
            return tuple(reader(value) for reader, value in zip(readers, values, strict=True))
        return tuple(values) if readers[0] is _as_is else tuple(map(readers[0], values))

    readers = [_reader(hint) for hint in hints if hint is not Ellipsis]
    return read


def _read_float(value: Any) -> Any:
    return None if value is None else float(value)


def _as_is(value: Any) -> Any:
    return value

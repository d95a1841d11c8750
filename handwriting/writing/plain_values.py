"""Frozen dataclasses of numbers as plain values, for JSON, and back.

A field says by ``Annotated`` and :class:`Within` which numbers it may hold; they are checked on the way back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from handwriting.text import quoted

Fit = TypeVar("Fit")


@dataclass(frozen=True)
class Within:
    """The range of a number, both ends included.

    Attributes:
        least: The least.
        most: The largest.
        part: The field that it is about, where the value is a dataclass.
    """

    least: float
    most: float
    part: str = ""


WIDEST = Within(-1e9, 1e9)
"""The range of a number whose field names none."""
Share = Annotated[float, Within(0.0, 1.0)]
Spread = Annotated[float, Within(0.0, 200.0)]
"""A standard deviation."""
Length = Annotated[float, Within(-1000.0, 1000.0)]
"""A length or a place in x-heights: no page is as long."""
Count = Annotated[int, Within(0, 10**9)]


def to_plain(fit: Any) -> dict[str, Any]:
    """Return a dataclass of numbers, tuples, mappings and other such dataclasses as dictionaries, lists and numbers."""
    return {name: _plain(value) for name, value in asdict(fit).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def from_plain(kind: type[Fit], values: Any, name: str) -> Fit:
    """Return the dataclass that :func:`to_plain` turned into plain values.

    Args:
        kind: The dataclass.
        values: Its plain values.
        name: What messages name it.

    Raises:
        ValueError: If they do not fit its fields; the message says which, and what is allowed.
    """
    return _read(kind, values, name)


def _read(kind: Any, value: Any, name: str, within: Within = WIDEST) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        inner, within = arguments
        read = _read(inner, value, name, within)
        if within.part:
            _number(float, getattr(read, within.part), f"{name}.{within.part}", within)
        return read
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind, include_extras=True)
        names = [field.name for field in fields(kind)]
        if not isinstance(value, dict) or set(value) != set(names):
            raise ValueError(f"{name} does not have the fields {', '.join(names)}")
        return kind(**{part: _read(hints[part], value[part], f"{name}.{part}") for part in names})
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict) or "" in value:
            raise ValueError(f"{name} is no object of names")
        return {part: _read(arguments[1], one, f"{name}.{part}") for part, one in value.items()}
    if origin is tuple:
        if not isinstance(value, list) or (arguments[-1] is not Ellipsis and len(value) != len(arguments)):
            raise ValueError(f"{name} is no list of that length")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_read(one, part, f"{name}[{at}]") for at, (one, part) in enumerate(zip(kinds, value, strict=True)))
    return _number(kind, value, name, within)


def _number(kind: Any, value: Any, name: str, within: Within) -> Any:
    is_number = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
    if not is_number or not within.least <= value <= within.most:  # NaN is refused, too
        a_number = "whole number" if kind is int else "number"
        raise ValueError(f"{name}={quoted(str(value))} is no {a_number} from {within.least:,g} to {within.most:,g}")
    return kind(value)

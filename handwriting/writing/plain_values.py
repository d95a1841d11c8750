"""Frozen dataclasses of numbers as plain values, for JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Fit = TypeVar("Fit")


def to_plain(fit: Any) -> dict[str, Any]:
    """Return a dataclass of numbers, tuples, mappings and other such dataclasses as dictionaries, lists and numbers."""
    return {name: _plain(value) for name, value in asdict(fit).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def from_plain(kind: type[Fit], values: Any) -> Fit:
    """Return the dataclass that :func:`to_plain` turned into plain values.

    Args:
        kind: The dataclass.
        values: Its plain values.

    Raises:
        ValueError: If they do not fit its fields; the message says which, and why.
    """
    return _read(kind, values, kind.__name__)


def _read(kind: Any, value: Any, name: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        if not isinstance(value, dict) or set(value) != set(names):
            raise ValueError(f"{name} does not have the fields {', '.join(names)}")
        return kind(**{part: _read(hints[part], value[part], f"{name}.{part}") for part in names})
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ValueError(f"{name} is no object")
        return {part: _read(arguments[1], one, f"{name}.{part}") for part, one in value.items()}
    if origin is tuple:
        if not isinstance(value, list) or (arguments[-1] is not Ellipsis and len(value) != len(arguments)):
            raise ValueError(f"{name} is no list of that length")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_read(one, part, name) for one, part in zip(kinds, value, strict=True))
    is_number = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ValueError(f"{name} is no number")
    return kind(value)

"""MetricValue: one number about a model, with the caption and the heading that it is shown under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import FiniteFloat

CLASS_FID = "class_fid/"
"""The prefix of the FID of one class; the name of the class follows it."""


@dataclass(frozen=True)
class MetricValue:
    """One number about a model, as ``evaluation.json`` holds it.

    Attributes:
        value: The number.
        n: The number of glyphs that it was computed from; for a value of classes, the number of each class.
        unit: Its unit, such as ``nats``; empty for a pure number.
        floor: The real-versus-real baseline: the same metric of real training glyphs in place of generated ones. None
            where there is no such baseline.
        error: Its standard error; None where it is not estimated.
        better: Whether lower (``min``) or higher (``max``) values are better.
        classifier: The hash of the classifier whose features it was computed from; None where it needs none.
        accuracy: The share of real test glyphs that this classifier recognises, 0..1.
        caption: What the number is, in a few words; empty in files of earlier versions.
        heading: The group of metrics that it is shown in; empty in files of earlier versions.
    """

    value: FiniteFloat
    n: int
    unit: str = ""
    floor: FiniteFloat | None = None
    error: FiniteFloat | None = None
    better: Literal["min", "max"] = "min"
    classifier: str | None = None
    accuracy: FiniteFloat | None = None
    caption: str = ""
    heading: str = ""

    @property
    def from_floor(self) -> float | None:
        """The difference between the value and its floor."""
        return None if self.floor is None else self.value - self.floor

    def plain(self) -> dict[str, Any]:
        """Return the value as a dictionary that JSON can hold."""
        return asdict(self)


MetricValues = dict[str, MetricValue]
"""Metric values by name, in the order in which the metrics are configured."""


def of_one_class(name: str) -> bool:
    """Say whether a metric value describes one class only, such as ``class_fid/a``."""
    return "/" in name


def display_order(names: Iterable[str]) -> list[str]:
    """Return each name once, in the order of first appearance; names of a single class come last.

    >>> display_order(["kid", "class_fid/a", "fid", "kid"])
    ['kid', 'fid', 'class_fid/a']
    """
    return sorted(dict.fromkeys(names), key=of_one_class)


def by_heading(values: Mapping[str, MetricValue]) -> dict[str, MetricValues]:
    """Return the values of all classes together under their headings; both are in the order of first appearance."""
    groups: dict[str, MetricValues] = {}
    for name, value in values.items():
        if not of_one_class(name):
            groups.setdefault(value.heading, {})[name] = value
    return groups


def class_names(values: Mapping[str, MetricValue]) -> tuple[str, ...]:
    """Return the names of the classes that have an FID."""
    return tuple(name.removeprefix(CLASS_FID) for name in values if name.startswith(CLASS_FID))


def class_fids(
    values: Mapping[str, MetricValue], names: Sequence[str], field: Literal["value", "floor"]
) -> NDArray[np.float64] | None:
    """Return the FID of each class, or the floor of it.

    Args:
        values: Metric values by name.
        names: The names of the classes.
        field: ``value`` or ``floor``.

    Returns:
        float64 ``(C,)``, NaN for a class without an FID; None where no class has one.
    """
    fids = [getattr(values.get(CLASS_FID + name), field, None) for name in names]
    return None if all(fid is None for fid in fids) else np.array(fids, np.float64)

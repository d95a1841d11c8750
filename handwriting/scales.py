"""The scale of a parameter over many trials: numbers, linear or logarithmic, or names; for charts and statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

LOG_SCALE_MIN_RATIO = 5.0
"""Positive numbers whose largest is more than this many times the least have a logarithmic scale."""
ABSENT_POSITION = -0.1
"""The position of a missing value: a little before the least, which is at 0."""


@dataclass(frozen=True)
class Axis:
    """One parameter of many trials, with the scale of its values.

    Attributes:
        name: The key of the parameter.
        values: The value of each trial: numbers throughout, or texts throughout; None where a trial has no value.
    """

    name: str
    values: tuple[float | str | None, ...]

    @classmethod
    def read(cls, name: str, texts: Sequence[str | None]) -> Axis:
        """Return an axis of numbers where every text is a finite number, and of texts otherwise.

        >>> Axis.read("lr", ["1e-3", "0.1", None]).values, Axis.read("norm", ["1", "nan"]).values
        ((0.001, 0.1, None), ('1', 'nan'))
        """
        try:
            numbers = tuple(None if text is None else float(text) for text in texts)
        except ValueError:
            return cls(name, tuple(texts))
        finite = all(math.isfinite(number) for number in numbers if number is not None)
        return cls(name, numbers if finite else tuple(texts))

    @cached_property
    def distinct(self) -> list[float] | list[str]:
        """Each value once, in ascending order."""
        return sorted({value for value in self.values if value is not None})  # type: ignore[return-value]

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers."""
        return not any(isinstance(value, str) for value in self.distinct)

    @cached_property
    def is_log(self) -> bool:
        """Whether it has a logarithmic scale."""
        if not self.is_numeric or len(self.distinct) < 2:
            return False
        low, high = float(self.distinct[0]), float(self.distinct[-1])
        return low > 0 and high > LOG_SCALE_MIN_RATIO * low

    def position(self, value: float | str | None) -> float:
        """Return the position of a value: 0 for the least, 1 for the largest; names are sorted and equally spaced.

        >>> Axis("lr", (0.001, 0.01, 0.1)).position(0.01), Axis("count", (2.0, 4.0)).position(3.0)
        (0.5, 0.5)
        >>> Axis("norm", ("batch", "none", "instance")).position("instance"), Axis("lr", (1.0,)).position(None)
        (0.5, -0.1)
        """
        if value is None:
            return ABSENT_POSITION
        if not self.is_numeric:
            names: list[str] = self.distinct  # type: ignore[assignment]
            return names.index(str(value)) / (len(names) - 1) if len(names) > 1 else 0.5
        scale = math.log10 if self.is_log else float
        low, high = (scale(float(end)) for end in (self.distinct[0], self.distinct[-1]))
        return (scale(float(value)) - low) / (high - low) if high > low else 0.5

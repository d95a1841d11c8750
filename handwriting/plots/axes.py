"""What many trials differ in, as an axis to draw them along or to learn from: numbers on their scale, or names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

SPAN = 5.0
"""Positive numbers that span a larger factor are seen on a logarithmic scale."""
ABSENT_PLACE = -0.1
"""Where something without a number stands: a little before the least."""


@dataclass(frozen=True)
class Axis:
    """One thing about many: a number for each, or a text; None for those without.

    Attributes:
        name: What it is called.
        values: Of each.
    """

    name: str
    values: tuple[float | str | None, ...]

    @classmethod
    def read(cls, name: str, texts: Sequence[str | None]) -> Axis:
        """Return texts as numbers where all of them are finite ones.

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
    def known(self) -> list[float] | list[str]:
        """Each value once, in order."""
        return sorted({value for value in self.values if value is not None})  # type: ignore[return-value]

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers."""
        return not any(isinstance(value, str) for value in self.known)

    @cached_property
    def is_log(self) -> bool:
        """Whether it has a logarithmic scale."""
        if not self.is_numeric or len(self.known) < 2:
            return False
        low, high = float(self.known[0]), float(self.known[-1])
        return low > 0 and high > SPAN * low

    def place(self, number: float | None) -> float:
        """Return where on the scale a number stands, the least value at 0 and the largest at 1.

        >>> Axis("lr", (0.001, 0.01, 0.1)).place(0.01), Axis("count", (2.0, 4.0)).place(3.0)
        (0.5, 0.5)
        """
        if number is None:
            return ABSENT_PLACE
        scale = math.log10 if self.is_log else float
        low, high = (scale(float(end)) for end in (self.known[0], self.known[-1]))
        return (scale(number) - low) / (high - low) if high > low else 0.5

    def height(self, value: float | str | None) -> float:
        """Return where a value stands, a name as well: names are as far apart as each other, in order.

        >>> Axis("norm", ("batch", "none", "instance")).height("instance")
        0.5
        """
        if value is None or self.is_numeric:
            return self.place(value)  # type: ignore[arg-type]
        names: list[str] = self.known  # type: ignore[assignment]
        return names.index(str(value)) / (len(names) - 1) if len(names) > 1 else 0.5

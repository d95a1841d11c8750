"""Numbers as they are read in tables and beside bars."""

from __future__ import annotations

import math


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as it is read in a table, rounded to some significant digits.

    >>> [number(value) for value in (12345.6, 12.345, 0.5, 0.000123456, 0.0, 1.2e-9, None)]
    ['12,346', '12.3', '0.500', '0.000123', '0', '1.2e-09', '']
    """
    if value is None:
        return ""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    size = math.floor(math.log10(abs(rounded)))
    if not -5 < size < 7:
        return f"{value:.{digits - 1}g}"
    return f"{value:,.{max(0, digits - 1 - size)}f}"


def whole_or(value: float, digits: int = 3) -> str:
    """Return a whole number as it is, and any other rounded to some significant digits.

    >>> whole_or(64.0), whole_or(0.001), whole_or(34.2101)
    ('64', '0.00100', '34.2')
    """
    return f"{value:,.0f}" if abs(value) < 1e6 and float(value).is_integer() else number(value, digits)

"""ValidationMetrics two or more ways to do the same thing, in turn, and telling how they compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Benchmark = Callable[[float], float]
"""Runs for at least so many seconds, and returns what was done in each of them."""


@dataclass(frozen=True)
class PairedRates:
    """Rates measured in turn, so that what slows the machine for a while slows all of them.

    Attributes:
        rates: Of each way, by its name: one rate a round, per second.
    """

    rates: Mapping[str, Sequence[float]]

    def ratios(self, way: str, other: str) -> list[float]:
        """Return how many times as fast ``way`` is as ``other``, round by round."""
        return [one / two for one, two in zip(self.rates[way], self.rates[other], strict=True)]


def compare(ways: Mapping[str, Benchmark], rounds: int, seconds: float) -> PairedRates:
    """Benchmark every way in turn, ``rounds`` times, each for at least so many seconds."""
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, measure in ways.items():
            rates[way].append(measure(seconds))
    return PairedRates(rates)


def repeated(once: Callable[[], int], seconds: float, warm_up: int = 3) -> float:
    """Return how much ``once`` does a second, called over and over.

    Args:
        once: Does something and returns how much it did.
        seconds: How long to go on at least.
        warm_up: Calls that are not counted.
    """
    for _ in range(warm_up):
        once()
    done, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds or not done:
        done += once()
    return done / elapsed


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median, the smallest and the largest of some values.

    >>> spread([3.0, 1.0, 2.0], digits=1)
    '2.0 (1.0-3.0)'
    """
    middle, low, high = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} ({low}-{high})"

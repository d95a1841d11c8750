"""Timing several implementations of the same task in turn, and comparing their rates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Benchmark = Callable[[float], float]
"""Runs for at least the given number of seconds, and returns the rate: units of work per second."""


@dataclass(frozen=True)
class PairedRates:
    """Rates of several implementations, measured in turn: a slow phase of the machine affects all of them alike.

    Attributes:
        rates: The rate of each implementation in each round, by its name; per second.
    """

    rates: Mapping[str, Sequence[float]]

    def ratios(self, name: str, other: str) -> list[float]:
        """Return the speed of ``name`` relative to ``other``, round by round."""
        return [rate / other_rate for rate, other_rate in zip(self.rates[name], self.rates[other], strict=True)]


def compare(benchmarks: Mapping[str, Benchmark], rounds: int, seconds: float) -> PairedRates:
    """Run every benchmark in turn, ``rounds`` times, each for at least ``seconds`` seconds."""
    rates: dict[str, list[float]] = {name: [] for name in benchmarks}
    for _ in range(rounds):
        for name, benchmark in benchmarks.items():
            rates[name].append(benchmark(seconds))
    return PairedRates(rates)


def measure_rate(once: Callable[[], int], seconds: float, warm_up: int = 3) -> float:
    """Return the units of work per second that ``once`` does, called repeatedly.

    Args:
        once: Does some work and returns the number of units it did.
        seconds: The minimum duration.
        warm_up: The number of calls before the measurement.
    """
    for _ in range(warm_up):
        once()
    done, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds or not done:
        done += once()
    return done / elapsed


def with_range(values: Sequence[float], digits: int = 0) -> str:
    """Return the median, the minimum and the maximum of some values as text.

    >>> with_range([3.0, 1.0, 2.0], digits=1)
    '2.0 (1.0-3.0)'
    """
    middle, low, high = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} ({low}-{high})"

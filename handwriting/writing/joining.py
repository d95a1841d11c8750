"""Which letters a hand joins, and at which heights its strokes leave one letter and enter the next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np

from handwriting.writing.plain_values import Count, Length
from handwriting.writing.variation import robust_sd

LETTER_WEIGHT = 3.0
"""Pairs that speak for the whole hand's rate, against those that begin with the letter."""
PAIR_WEIGHT = 4.0
"""Pairs that speak for the letter's rate, against those of the two letters."""
JOINED_HAND = 0.5
"""Rate from which a hand is a joined one."""
MIN_STROKES = 5
"""Strokes of a letter from which its height counts."""
MAX_CLASSES = 3
"""Most heights of joins that are told apart."""
SPREADS = (0.02, 0.03, 0.045, 0.07, 0.1, 0.15)
"""Standard deviations of the letters of one class about its height that are tried, in x-heights."""

Joined = tuple[Count, Count]
"""How often two letters are joined, and how often they stand next to each other."""


@dataclass(frozen=True)
class JoinRates:
    """How often a hand joins a letter to the next.

    Attributes:
        pairs: Counts by the two letters.
    """

    pairs: Mapping[str, Joined] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """How often it joins any two letters, 0..1; 0 where it has no pair."""
        return self._total[0] / max(self._total[1], 1)

    @property
    def is_joined(self) -> bool:
        """Whether it is a joined hand, not a printed one."""
        return self.rate >= JOINED_HAND

    def of_letter(self, first: str) -> float:
        """Return how often it joins a letter to the next, drawn towards the rate of the hand."""
        joined, pairs = self._letters.get(first, (0, 0))
        return (joined + LETTER_WEIGHT * self.rate) / (pairs + LETTER_WEIGHT)

    def of_pair(self, first: str, second: str) -> float:
        """Return how often it joins two letters, drawn towards the rate of the first."""
        joined, pairs = self.pairs.get(first + second, (0, 0))
        return (joined + PAIR_WEIGHT * self.of_letter(first)) / (pairs + PAIR_WEIGHT)

    @cached_property
    def _letters(self) -> dict[str, Joined]:
        return {
            letter: _sum(count for pair, count in self.pairs.items() if pair[0] == letter)
            for letter in {pair[0] for pair in self.pairs}
        }

    @cached_property
    def _total(self) -> Joined:
        return _sum(self.pairs.values())


def count_joins(pairs: Iterable[tuple[str, str, bool]]) -> JoinRates:
    """Return the rates of pairs of letters that are joined or not."""
    counts = Counter((first + second, joined) for first, second, joined in pairs)
    names = sorted({name for name, _ in counts})
    return JoinRates({name: (counts[name, True], counts[name, True] + counts[name, False]) for name in names})


def _sum(counts: Iterable[Joined]) -> Joined:
    listed = list(counts)
    return sum(joined for joined, _ in listed), sum(pairs for _, pairs in listed)


@dataclass(frozen=True)
class JoinHeights:
    """At which heights a hand joins letters, in x-heights above the baseline.

    Attributes:
        leaving: Where strokes leave each letter, the median at the cut.
        entering: Where they enter each.
        levels: The heights that a hand has for this, from the lowest one: letters leave about one of them.
        classes: The number of its level, from 0, of each letter in ``leaving``.
    """

    leaving: Mapping[str, Length] = field(default_factory=dict)
    entering: Mapping[str, Length] = field(default_factory=dict)
    levels: tuple[Length, ...] = ()
    classes: Mapping[str, Count] = field(default_factory=dict)


def join_heights(joins: Iterable[tuple[str, str, float]]) -> JoinHeights:
    """Return the heights of joins.

    The number of levels is that of the integrated completed likelihood (Biernacki, Celeux and Govaert, 2000): of
    normal classes, each letter one observation with the error of its own median.

    Args:
        joins: Two letters, and the height of the stroke between them at the cut.
    """
    leaving, entering = defaultdict(list), defaultdict(list)
    for first, second, height in joins:
        leaving[first].append(height)
        entering[second].append(height)
    heights, errors = _medians(leaving)
    names = sorted(heights, key=lambda name: (heights[name], name))
    starts = _classes([heights[name] for name in names], [errors[name] for name in names])
    numbers = np.searchsorted(starts, np.arange(len(names)), side="right") - 1
    counts = np.array([len(leaving[name]) for name in names])
    levels = [
        float(np.average([heights[name] for name in names[start:stop]], weights=counts[start:stop]))
        for start, stop in pairwise([*starts, len(names)])
    ]
    return JoinHeights(
        dict(sorted(heights.items())),
        dict(sorted(_medians(entering)[0].items())),
        tuple(levels),
        dict(sorted(zip(names, numbers.tolist(), strict=True))),
    )


def _medians(values: Mapping[str, Sequence[float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the median of each letter with enough values, and its standard error."""
    known = {name: heights for name, heights in values.items() if len(heights) >= MIN_STROKES}
    return (
        {name: float(np.median(heights)) for name, heights in known.items()},
        {name: 1.25 * robust_sd(heights) / len(heights) ** 0.5 for name, heights in known.items()},
    )


def _classes(heights: Sequence[float], errors: Sequence[float]) -> list[int]:
    """Return where each class of ascending heights begins; none for none."""
    if not heights:
        return []
    values, count = np.array(heights), len(heights)
    best: tuple[float, list[int]] = (-np.inf, [0])
    for spread in SPREADS:
        variance = spread**2 + np.array(errors) ** 2
        # Sums up to each letter, so that the likelihood of any class is a difference.
        terms = np.stack([1 / variance, values / variance, values**2 / variance, np.log(variance)], 1)
        sums = np.concatenate([np.zeros((1, 4)), terms.cumsum(0)])
        for classes in range(1, min(MAX_CLASSES, count) + 1):
            for inner in combinations(range(1, count), classes - 1):
                edges = [0, *inner, count]
                sizes = np.diff(edges)
                weight, first, second, logs = np.diff(sums[edges], axis=0).T
                likelihood = -0.5 * (second - first**2 / weight + logs).sum() + (sizes * np.log(sizes / count)).sum()
                score = float(likelihood - 0.5 * 2 * classes * np.log(count))
                if score > best[0]:
                    best = score, edges[:-1]
    return best[1]

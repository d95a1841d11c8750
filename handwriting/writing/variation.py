"""How a measure of words varies from one to the next: its spread, and whether it drifts or is new with every word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handwriting.writing.plain_values import Count, Length, Spread, Within

MAD_TO_SD = 1.4826
"""Standard deviation of normal values whose median absolute deviation is 1."""
MAX_DEVIATION = 3.0
"""Robust standard deviations to which a value that lies further off is drawn in: a wrong box must not count more."""
MAX_LAG = 0.99
"""Largest autocorrelation."""
MIN_SHARED = 0.1
"""Share of the variance of a measure that is the word's, from which it can be said whether that drifts."""
MIN_WORDS = 6
"""Words of a page from which its own median is taken off; with fewer nothing can be said of the page."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Probabilities of the quantiles of a distribution."""
LENGTHS = np.geomspace(2.0, 100.0, 60)
"""Correlation lengths that are tried, in x-heights."""
FAR = 24.0
"""Distance from which values along a line have nothing to do with each other any more, in x-heights."""
DEFAULT_LENGTH = 12.0
"""Correlation length of what does not vary."""


Quantiles = tuple[Length, Length, Length, Length, Length]
"""Those of the probabilities ``QUANTILES``."""


@dataclass(frozen=True)
class Distribution:
    """Values of one measure.

    Attributes:
        count: How many there are.
        median: Their median; the ``default`` where there are none.
        sd: Their standard deviation, values far off drawn in.
        quantiles: Those of the probabilities ``QUANTILES``, for skewed measures.
    """

    count: Count
    median: Length
    sd: Spread
    quantiles: Quantiles


@dataclass(frozen=True)
class Drift:
    """How a measure varies from word to word.

    Attributes:
        sd: Its standard deviation between words, without what the measurement itself adds.
        lag: Its correlation between a word and the next, -1 to 1: about 0 where it is new with every word, and near 1
            where it drifts.
    """

    sd: Annotated[float, Within(0.0, 5.0)]
    lag: Annotated[float, Within(-1.0, 1.0)]


@dataclass(frozen=True)
class Wander:
    """How a measure varies along a line.

    Attributes:
        sd: Its standard deviation.
        length: The distance at which its correlation falls to 1/e, in x-heights.
    """

    sd: Annotated[float, Within(0.0, 10.0)]
    length: Annotated[float, Within(0.1, 1000.0)]


def robust_sd(values: ArrayLike) -> float:
    """Return the standard deviation of values by their median absolute deviation; 0 for none."""
    array = np.asarray(values, float)
    return float(MAD_TO_SD * np.median(np.abs(array - np.median(array)))) if len(array) else 0.0


def drawn_in(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values about their median, those far off drawn in to ``MAX_DEVIATION`` robust standard deviations."""
    deviation = values - np.median(values)
    limit = MAX_DEVIATION * robust_sd(values)
    return np.asarray(np.clip(deviation, -limit, limit) if limit else deviation)


def distribution(values: ArrayLike, default: float = 0.0) -> Distribution:
    """Return the distribution of values; one of none has the median ``default`` and does not spread."""
    array = np.asarray(values, float)
    if not len(array):
        return Distribution(0, default, 0.0, (default, default, default, default, default))
    lowest, low, middle, high, highest = np.quantile(array, QUANTILES).tolist()
    quantiles = lowest, low, middle, high, highest
    return Distribution(len(array), float(np.median(array)), float(drawn_in(array).std()), quantiles)


def drift(pages: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Drift:
    """Return how a measure varies between words that was made twice on each, on separate halves of its letters.

    What both halves share is the word's; the rest is the measurement's. So their covariance is the variance between
    words, and the covariance of neighbours, divided by it, their correlation. This is drawn towards 0 by its standard
    error: no more than that is no drift.

    Args:
        pages: For each page the measures of the two halves of its words, in reading order, float64 ``(n,)`` each; NaN
            where there is none. Both are the same array where a word is measured as a whole.
    """
    products, neighbours, squares, count, following = 0.0, 0.0, 0.0, 0, 0
    for halves in pages:
        known = np.isfinite(halves[0]) & np.isfinite(halves[1])
        if known.sum() < MIN_WORDS:
            continue
        first, second = (np.full(len(half), np.nan) for half in halves)
        for centred, half in ((first, halves[0]), (second, halves[1])):
            centred[known] = drawn_in(half[known])
            centred -= np.nanmean(centred)
        both = known[:-1] & known[1:]
        means = (first + second) / 2
        products += float(np.nansum(first * second))
        squares += float(np.nansum(first**2 + second**2)) / 2
        neighbours += float(np.nansum(means[:-1] * means[1:]))
        count, following = count + int(known.sum()), following + int(both.sum())
    if products <= MIN_SHARED * squares or not following:
        return Drift(float(np.sqrt(max(products, 0) / max(count, 1))), 0.0)
    lag = neighbours / following / (products / count)
    lag += (1 + 3 * lag) / following  # Kendall (1954): the mean was taken off
    error = squares / products / following**0.5  # of correlations about 0
    lag = lag * (1 - (error / lag) ** 2) if abs(lag) > error else 0.0
    return Drift(float(np.sqrt(products / count)), float(np.clip(lag, -MAX_LAG, MAX_LAG)))


def wander(places: Sequence[NDArray[np.float64]], values: Sequence[NDArray[np.float64]]) -> Wander:
    """Return how a measure varies along lines.

    The covariance at a distance ``d`` is taken for ``(variance + bias) * exp(-d / length) - bias``. The bias is what
    was lost with the straight line that was taken off: it shows far apart, where nothing else is left.

    Args:
        places: Where each value of a line was measured, in x-heights.
        values: The values of each line, about 0.
    """
    apart, products = [np.zeros(0)], [np.zeros(0)]
    for place, value in zip(places, values, strict=True):
        first, second = np.triu_indices(len(place), 1)
        apart.append(np.abs(place[first] - place[second]))
        products.append(value[first] * value[second])
    distance, product = np.concatenate(apart), np.concatenate(products)
    if not len(distance):
        return Wander(0.0, DEFAULT_LENGTH)
    variance = float(np.mean(np.concatenate(values) ** 2))
    far = product[distance > FAR]
    bias = max(0.0, -float(far.mean())) if len(far) else 0.0
    near = distance <= FAR
    shape = np.exp(-distance[near] / LENGTHS[:, None])
    error = ((product[near] - (variance + bias) * shape + bias) ** 2).sum(1)
    return Wander((variance + bias) ** 0.5, float(LENGTHS[error.argmin()]))

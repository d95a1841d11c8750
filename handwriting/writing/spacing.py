"""How far a hand sets the letters of a word apart: bearings of characters, and kerning of pairs, by least squares.

Where the pen is lifted between two letters, their distance is the least one between their facing contours. Where they
are joined, contours meet at the cut, wherever that is, and so the distance is that between the middles of their ink.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.contours import LetterSides, facing
from handwriting.writing.plain_values import Count, Length, Spread
from handwriting.writing.shapes import MARK_SHAPES, Side, base_of, shape_of
from handwriting.writing.variation import robust_sd

SHAPE_WEIGHT = 2.0
"""Pairs that speak for the shape of a character's side, against those of the character itself."""
MEAN_WEIGHT = 2.0
"""Pairs that speak for the mean of the hand, against those of a shape."""
KERNING_WEIGHT = 4.0
"""Pairs that speak for no kerning, against those of the pair."""
MAX_ERROR = 2.0
"""Robust standard deviations to which the error of a pair is drawn in."""
SWEEPS = 15
"""Sweeps of the fit; after ten, a distance changes by less than 0.001 x-heights."""
APART = 0.2
"""Distance of letters in a hand that is not known to lift its pen, in x-heights."""
PITCH = 1.4
"""Distance of the middles of letters in a hand that is not known to join them, in x-heights."""

MARK = 0.15
"""How much further off marks stand than letters, in x-heights, until a hand shows it; those of four forms by 0.27."""

Pair = tuple[str, str, float]
"""Two characters that stand next to each other, and their distance in x-heights."""


@dataclass(frozen=True)
class PairSpacing:
    """The distances of pairs of characters: ``mean + right[first] + left[second] + kerning[first + second]``.

    Attributes:
        mean: Of a pair of which nothing is known, in x-heights.
        right: What the first character adds, by characters.
        left: What the second character adds.
        kerning: What a pair adds, by its two characters.
        right_shapes: What a first character of a shape adds, where the hand has not drawn it.
        left_shapes: The same of a second character.
        spread: Robust standard deviation of the pairs about their fit.
        pairs: The number of pairs.
    """

    mean: Length
    right: Mapping[str, Length] = field(default_factory=dict)
    left: Mapping[str, Length] = field(default_factory=dict)
    kerning: Mapping[str, Length] = field(default_factory=dict)
    right_shapes: Mapping[str, Length] = field(default_factory=dict)
    left_shapes: Mapping[str, Length] = field(default_factory=dict)
    spread: Spread = 0.0
    pairs: Count = 0

    def bearing(self, character: str, side: Side) -> float:
        """Return what a character adds on a side: its own, else that of its base letter, else that of its shape."""
        known, shapes = (self.left, self.left_shapes) if side == "left" else (self.right, self.right_shapes)
        for name in (character, base_of(character)):
            if name in known:
                return known[name]
        shape = shape_of(character, side)
        return shapes.get(shape, _usual(shape))

    def distance(self, first: str, second: str) -> float:
        """Return the distance of two characters, in x-heights."""
        kerning = self.kerning.get(first + second, 0.0)
        return self.mean + self.bearing(first, "right") + self.bearing(second, "left") + kerning


@dataclass(frozen=True)
class LetterSpacing:
    """The distances of letters of a hand.

    Attributes:
        apart: Where the pen is lifted: between facing contours.
        joined: Where letters are joined: between the middles of their ink.
    """

    apart: PairSpacing
    joined: PairSpacing


def pair_distance(first: LetterSides, second: LetterSides, joined: bool) -> float:
    """Return the distance of two letters in one frame, in x-heights, as :class:`LetterSpacing` has it."""
    return second.middle - first.middle if joined else facing(first, second)


def fit_spacing(pairs: Sequence[Pair], mean: float) -> PairSpacing:
    """Return the spacing that fits pairs of a hand.

    Ridge regression by coordinate descent: a bearing is drawn towards that of its shape, a shape's towards the usual
    one, and kerning towards 0. Errors are drawn in, so that a wrong box has no more weight than an odd pair (Huber,
    1964).

    Args:
        pairs: Pairs of letters.
        mean: The mean distance of a hand that has none.
    """
    if not pairs:
        return PairSpacing(mean)
    rights = _Bearings([pair[0] for pair in pairs], "right")
    lefts = _Bearings([pair[1] for pair in pairs], "left")
    names, number = np.unique([first + second for first, second, _ in pairs], return_inverse=True)
    counts = np.bincount(number)
    distances = np.array([distance for *_, distance in pairs], float)
    mean = float(np.median(distances))
    kerning = np.zeros(len(names))
    for _ in range(SWEEPS):
        for bearings in (rights, lefts):
            error = distances - mean - rights.of_pairs - lefts.of_pairs - kerning[number]
            bearings.improve(_drawn_in(error))
        error = distances - mean - rights.of_pairs - lefts.of_pairs - kerning[number]
        target = np.bincount(number, kerning[number] + _drawn_in(error))
        kerning = target / (counts + KERNING_WEIGHT)
        error = distances - mean - rights.of_pairs - lefts.of_pairs - kerning[number]
        mean += float(_drawn_in(error).mean())
    error = distances - mean - rights.of_pairs - lefts.of_pairs - kerning[number]
    return PairSpacing(
        mean,
        rights.named(),
        lefts.named(),
        dict(zip(names.tolist(), kerning.tolist(), strict=True)),
        rights.named_shapes(),
        lefts.named_shapes(),
        robust_sd(error),
        len(pairs),
    )


def _usual(shape: str) -> float:
    """Return what a character of a shape adds in a hand that has none."""
    return MARK if shape in MARK_SHAPES else 0.0


class _Bearings:
    """The bearings of one side of all characters, while they are fitted."""

    def __init__(self, characters: Sequence[str], side: Side) -> None:
        self.names, self.number = np.unique(characters, return_inverse=True)
        self.counts = np.bincount(self.number)
        self.shapes, self.shape = np.unique([shape_of(name, side) for name in self.names], return_inverse=True)
        self.values = np.zeros(len(self.names))
        self.usual = np.array([_usual(shape) for shape in self.shapes])
        self.of_shape = self.usual.copy()

    @property
    def of_pairs(self) -> NDArray[np.float64]:
        """The bearing in each pair."""
        return self.values[self.number]

    def improve(self, error: NDArray[np.float64]) -> None:
        """Fit the bearings to the errors that are left."""
        target = np.bincount(self.number, self.of_pairs + error)
        prior = self.of_shape[self.shape]
        self.values = (target + SHAPE_WEIGHT * prior) / (self.counts + SHAPE_WEIGHT)
        weight = self.counts / (self.counts + SHAPE_WEIGHT)  # what the characters of a shape say of it
        total = np.bincount(self.shape, weight * self.values) + MEAN_WEIGHT * self.usual
        self.of_shape = np.where(self.shapes == "", 0, total / (np.bincount(self.shape, weight) + MEAN_WEIGHT))

    def named(self) -> dict[str, float]:
        return dict(zip(self.names.tolist(), self.values.tolist(), strict=True))

    def named_shapes(self) -> dict[str, float]:
        return {name: value for name, value in zip(self.shapes.tolist(), self.of_shape.tolist(), strict=True) if name}


def _drawn_in(error: NDArray[np.float64]) -> NDArray[np.float64]:
    limit = MAX_ERROR * robust_sd(error)
    return np.asarray(np.clip(error, -limit, limit) if limit else error)

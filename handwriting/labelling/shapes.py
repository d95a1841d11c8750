"""The shape that a hand gives each character: its width and how far it reaches above and below the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.pieces import Pieces

SHAPES_AT_FIRST: dict[str, tuple[float, float, float]] = {
    **dict.fromkeys("aceou", (1.05, 1.0, 0.0)),
    **dict.fromkeys("nvxz", (1.2, 1.0, 0.0)),
    **dict.fromkeys("rs", (0.9, 1.0, 0.0)),
    **dict.fromkeys("mw", (1.75, 1.0, 0.0)),
    **dict.fromkeys("bdhk", (1.15, 2.1, 0.0)),
    **dict.fromkeys("lt", (0.75, 2.0, 0.0)),
    **dict.fromkeys("gpqy", (1.1, 1.0, 0.9)),
    "f": (0.95, 2.1, 0.4),
    "i": (0.6, 1.4, 0.0),
    "j": (0.7, 1.4, 0.9),
    **dict.fromkeys(".,", (0.35, 0.2, 0.1)),
    **dict.fromkeys("'\"`", (0.5, 2.0, -1.2)),
    **dict.fromkeys("-=+~", (0.9, 0.7, -0.4)),
    **dict.fromkeys(":;!|", (0.4, 1.2, 0.0)),
}
"""Typical width, extent above and extent below the baseline of characters, in x-heights: those of no hand in
particular."""
OTHERS_AT_FIRST = (1.3, 2.0, 0.0)
"""The same for capitals, digits and all other characters."""
SPREADS_AT_FIRST = (0.4, 0.4, 0.35)
"""Standard deviation of the logarithm of the width, and of the two extents, in x-heights, before any is seen."""
MIN_SPREADS = (0.18, 0.15, 0.15)
"""Lower bounds of the same for a hand."""
PRIOR_COUNT = 3.0
"""Number of examples that the prior shape of a character counts as."""
MIN_WIDTH = 0.05
"""Width below which pieces are alike, in x-heights."""
MAX_TERM = 4.5
"""Largest cost of one measurement: three standard deviations; dots and tails go astray."""


@dataclass(frozen=True)
class Shapes:
    """Means and standard deviations of log width, extent above and extent below, by character.

    Attributes:
        mean: For each character, ``(3,)``.
        spread: The same.
        scale: The factor of this hand's widths to those of the prior.
    """

    mean: Mapping[str, NDArray[np.float64]]
    spread: Mapping[str, NDArray[np.float64]]
    scale: float = 1.0

    def of(self, character: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and spread of a character; the prior's where the hand has none."""
        if character in self.mean:
            return self.mean[character], self.spread[character]
        return prior(character, self.scale), np.array(SPREADS_AT_FIRST)

    def width(self, text: str) -> float:
        """Return the expected width of a text, in x-heights."""
        return float(sum(np.exp(self.of(character)[0][0]) for character in text))

    def cost(self, shape: NDArray[np.float64], characters: Sequence[str]) -> NDArray[np.float64]:
        """Return how unlike some characters pieces are, in nats, float64 ``(n, c)``.

        Args:
            shape: Log width, extent above and below of each piece, float64 ``(n, 3)``.
            characters: The characters.
        """
        costs = np.zeros((len(shape), len(characters)))
        for column, character in enumerate(characters):
            mean, spread = self.of(character)
            terms = 0.5 * ((shape - mean) / spread) ** 2
            costs[:, column] = np.minimum(terms, MAX_TERM).sum(axis=1) + np.log(spread[0])
        return costs

    def oddness(self, pieces: Pieces, chosen: NDArray[np.int64], text: str) -> NDArray[np.float64]:
        """Return how odd the shape of each character is, in nats, float64 ``(n,)``: 0 for the mean of its class.

        Args:
            pieces: The pieces of a word.
            chosen: The piece of each character, int64 ``(n,)``.
            text: The characters.
        """
        mean, spread = (np.array(values) for values in zip(*map(self.of, text), strict=True))
        return np.minimum(0.5 * ((measured(pieces)[chosen] - mean) / spread) ** 2, MAX_TERM).sum(axis=1)


def prior(character: str, scale: float = 1.0) -> NDArray[np.float64]:
    """Return the prior mean of a character: log width, extent above and below, ``(3,)``."""
    width, above, below = SHAPES_AT_FIRST.get(character, OTHERS_AT_FIRST)
    return np.array([np.log(width * scale), above, below])


def measured(pieces: Pieces) -> NDArray[np.float64]:
    """Return log width, extent above and extent below of each piece, float64 ``(n, 3)``."""
    return np.stack([np.log(np.maximum(pieces.width, MIN_WIDTH)), pieces.above, pieces.below], axis=1)


def learned(
    characters: Sequence[str], shape: NDArray[np.float64], weights: NDArray[np.float64], scale: float
) -> Shapes:
    """Return the shapes that a hand's labelled pieces show, drawn towards the prior where there are few.

    Args:
        characters: The label of each piece.
        shape: Log width, extent above and below of each, float64 ``(n, 3)``.
        weights: The confidence of each label, ``(n,)``.
        scale: The factor of this hand's widths to those of the prior.
    """
    means, spreads = {}, {}
    labels = np.array(characters)
    for character in sorted(set(characters)):
        chosen = labels == character
        at_first, values, weight = prior(character, scale), shape[chosen], weights[chosen]
        # Medians: dots and tails that belong to a neighbour are no measure of a letter.
        total = float(weight.sum())
        middle = np.median(values[weight >= np.median(weight)], axis=0)
        mean = (total * middle + PRIOR_COUNT * at_first) / (total + PRIOR_COUNT)
        off = np.minimum(np.abs(values - mean), 1.0)
        variance = (weight[:, None] * off**2).sum(axis=0) + PRIOR_COUNT * np.square(SPREADS_AT_FIRST)
        means[character] = mean
        spreads[character] = np.maximum(np.sqrt(variance / (total + PRIOR_COUNT)), MIN_SPREADS)
    return Shapes(means, spreads, scale)

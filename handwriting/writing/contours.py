"""The sides of letters: where one faces its neighbour, and where its middle lies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.source import INKED, SourceWord, apply

STEP = 0.1
"""Distance of the heights at which contours are taken, in x-heights."""
CONTOUR = np.arange(-0.2, 1.21, STEP)
"""Heights at which the contours of letters face each other, in x-heights."""
TALL_CONTOUR = np.arange(1.3, 3.5, STEP)
"""Heights at which ascenders face each other."""


class LetterSides(NamedTuple):
    """The sides of a letter in the frame of its word.

    Attributes:
        left: Its outermost ``u`` to the left at each height of ``CONTOUR``, float64 ``(15,)``. Where it has no ink, its
            outermost ink at the nearest height counts.
        right: The same to the right.
        tall_left: The same to the left at each height of ``TALL_CONTOUR``; infinitely far where there is no ink.
        tall_right: The same to the right.
        lowest: The height of its lowest ink.
        middle: The mean ``u`` of its ink between baseline and x-height.
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    tall_left: NDArray[np.float64]
    tall_right: NDArray[np.float64]
    lowest: float
    middle: float


def sides_of(word: SourceWord) -> list[LetterSides]:
    """Return the sides of each letter of a word."""
    rows, columns = np.nonzero((word.owner > 0) & (word.ink >= INKED))
    owner = word.owner[rows, columns]
    order = np.argsort(owner, kind="stable")
    points = apply(word.to_frame, columns[order], rows[order])
    starts = np.searchsorted(owner[order], np.arange(1, len(word) + 2))
    sides = []
    for letter in range(len(word)):
        own = points[starts[letter] : starts[letter + 1]]
        own = own if len(own) else word.frame_of(letter)
        sides.append(
            LetterSides(
                _contour(own, -1),
                _contour(own, 1),
                _outermost(own, TALL_CONTOUR, -1),
                _outermost(own, TALL_CONTOUR, 1),
                float(own[:, 1].min()),
                _middle(own),
            )
        )
    return sides


def facing(first: LetterSides, second: LetterSides) -> float:
    """Return the least distance between the right contour of one letter and the left one of the next.

    Ascenders face only each other, and so does what stands as high, such as a quotation mark.
    """
    apart = float((second.tall_left - first.tall_right).min())
    if np.isfinite(apart) and max(first.lowest, second.lowest) > CONTOUR[-1]:
        return apart
    return min(apart, float((second.left - first.right).min()))


def _outermost(points: NDArray[np.float64], heights: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    at = np.floor((points[:, 1] - heights[0]) / STEP + 0.5).astype(int)
    found = np.full(len(heights), -np.inf)
    inside = (at >= 0) & (at < len(heights))
    np.maximum.at(found, at[inside], side * points[inside, 0])
    return side * found


def _contour(points: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    found = _outermost(points, CONTOUR, side)
    known = np.flatnonzero(np.isfinite(found))
    if not len(known):
        return np.full(len(CONTOUR), side * (side * points[:, 0]).max())
    nearest = known[np.abs(np.arange(len(CONTOUR))[:, None] - known).argmin(1)]
    return found[nearest]


def _middle(points: NDArray[np.float64]) -> float:
    inside = points[(points[:, 1] >= 0) & (points[:, 1] <= 1)]
    return float((inside if len(inside) else points)[:, 0].mean())

"""The words found on a page, as plain numbers: where they stand, how large they are, and how dense their ink is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.strips import ink_above_baseline
from handwriting.segmentation.page import Segmented


@dataclass(frozen=True, eq=False)
class FoundWords:
    """The words of a page in reading order; all arrays are ``(n,)``, lengths are in x-heights.

    Attributes:
        line: The number of the line of each word, rising, int64.
        left: Its left end in its line; ends of words of one line are comparable.
        right: Its right end.
        above: How far its ink reaches above the baseline.
        below: How far its ink reaches below the baseline.
        density: The area of its ink, in squared x-heights, per x-height of its width.
    """

    line: NDArray[np.int64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    above: NDArray[np.float64]
    below: NDArray[np.float64]
    density: NDArray[np.float64]

    @property
    def width(self) -> NDArray[np.float64]:
        """The width of each word."""
        return self.right - self.left


def found_words(page: Segmented, slope: float = 0.0) -> FoundWords:
    """Measure the words of a segmented page.

    Args:
        page: The page.
        slope: The tangent of the writing's slant to the right; widths are measured with it removed.
    """
    _, columns, word, rise = ink_above_baseline(page)
    order = np.argsort(word, kind="stable")
    columns, word, rise = columns[order], word[order], rise[order]
    unit = page.x_height * page.scale
    upright = columns - slope * rise
    starts = np.flatnonzero(np.diff(word, prepend=-1))
    left = (np.minimum.reduceat(upright, starts) - 0.5) / unit
    right = (np.maximum.reduceat(upright, starts) + 0.5) / unit
    area = np.diff(np.append(starts, len(word))) / unit**2
    return FoundWords(
        page.lines.astype(np.int64),
        left,
        right,
        (np.maximum.reduceat(rise, starts) + 0.5) / unit,
        (0.5 - np.minimum.reduceat(rise, starts)) / unit,
        area / (right - left),
    )

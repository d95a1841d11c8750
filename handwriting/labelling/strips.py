"""Strips: the ink of one word each, upright and level, at one scale for every hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.page import Segmented, grown
from handwriting.segmentation.pixels import places

ROWS, BASELINE = 76, 48
"""Height of a strip, and its first row below the baseline, in pixels."""
INK_ROWS = 67.0
"""Height of all writing but the longest strokes of a hand, in rows of its strips."""
MIN_X_HEIGHT, MAX_X_HEIGHT = 13.0, 40.0
"""Bounds of the x-height of a strip, in pixels: long strokes or capitals alone would set it otherwise."""
EXTREME_PERCENTILES = (0.3, 99.7)
"""Percentiles of the height of a page's ink that are taken for the ends of its long strokes."""
MARGIN = 32
"""Columns of a strip to the left and right of its word."""
REACH = 0.12
"""Distance around its ink that belongs to a word, in x-heights: the width of blurred edges."""
FULL_PERCENTILE = 75
"""Percentile of the inked pixels that is full ink."""
FULL_RANGE = (0.5, 1.5)
"""Range of a word's full ink as a share of its page's: a pen fades slowly."""
GRAIN = 0.15
"""Share of full ink below which a pixel is paper."""
SLANTS = np.arange(-20.0, 50.1, 2.5)
"""Candidate slants, in degrees to the right."""
MIN_SHARPER = 1.01
"""Factor by which the profile of slanted writing is sharper than if it were upright."""


@dataclass(frozen=True, eq=False)
class Strip:
    """The ink of a word, upright and level; the baseline is above row ``BASELINE``.

    Attributes:
        ink: The word's own ink, uint8 ``(ROWS, W)``, 0 for paper and 255 for full ink.
        around: The same with the ink of its neighbours.
        to_working: The 2x3 affine matrix from points of the strip to points of the page's working frame.
        x_height: The x-height of the hand, in pixels of the strip.
    """

    ink: NDArray[np.uint8]
    around: NDArray[np.uint8]
    to_working: NDArray[np.float64]
    x_height: float

    @property
    def span(self) -> float:
        """The width of the word, in x-heights."""
        return (self.ink.shape[1] - 2 * MARGIN) / self.x_height


def strip_x_height(pages: Sequence[Segmented]) -> float:
    """Return the x-height that the strips of a hand have, in pixels, so that its long strokes just fit.

    A hand of long strokes and one of capitals alone then use the same number of pixels.
    """
    ends = []
    for page in pages:
        rise = ink_above_baseline(page)[3] / (page.x_height * page.scale)
        low, high = np.percentile(rise, EXTREME_PERCENTILES)
        ends.append(high - low)
    return float(np.clip(INK_ROWS / np.median(ends), MIN_X_HEIGHT, MAX_X_HEIGHT))


def ink_above_baseline(
    page: Segmented,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return row, column, word and height above the baseline, in working pixels, of each pixel of ink."""
    rows, columns = places(page.labels > 0)
    word = page.words[page.labels[rows, columns] - 1]
    return rows, columns, word, page.baselines[page.lines[word], columns] - rows


def slope_of(page: Segmented) -> float:
    """Return the tangent of the slant of the writing on a page, to the right; see :func:`sharpest_slope`."""
    _, columns, word, rise = ink_above_baseline(page)
    unit = page.x_height * page.scale
    return sharpest_slope(columns / unit, rise / unit, page.lines[word])


def sharpest_slope(across: NDArray[np.float64], rise: NDArray[np.float64], group: NDArray[np.integer]) -> float:
    """Return the tangent of the slant at which the profile of writing along its lines is sharpest.

    Writing that slants in many ways, or not at all, is upright.

    Args:
        across: Each pixel of ink along its line, in x-heights, float64 ``(n,)``.
        rise: Its height above the baseline, in x-heights.
        group: The number of its line, or of its word, from 0.
    """
    near = (rise > 0) & (rise < 3)  # tails swing
    across, rise, group = across[near], rise[near], group[near].astype(np.int64)

    def sharpness(degrees: float) -> float:
        upright = across - np.tan(np.deg2rad(degrees)) * rise
        cells = np.floor((upright - upright.min()) * 5).astype(np.int64)
        return float((np.bincount(group * (cells.max() + 1) + cells).astype(float) ** 2).sum())

    slant = max(SLANTS, key=sharpness)
    return float(np.tan(np.deg2rad(slant))) if sharpness(slant) > MIN_SHARPER * sharpness(0.0) else 0.0


class Stripper:
    """Cuts strips out of a page.

    Args:
        page: A segmented page.
        x_height: The x-height of its strips, in pixels: :func:`strip_x_height` of the hand's pages.
        slope: The tangent of its writing's slant to the right: :func:`slope_of` the page.
    """

    def __init__(self, page: Segmented, x_height: float, slope: float) -> None:
        self.page = page
        self.x_height = x_height
        self.unit = page.x_height * page.scale
        self.slope = slope
        reached = grown(page.labels, REACH * self.unit)
        self.owner = np.concatenate([[-1], page.words])[reached].astype(np.float32)
        rows, columns, self.number, _ = ink_above_baseline(page)
        order = np.argsort(self.number, kind="stable")
        self.rows, self.columns, self.number = rows[order], columns[order], self.number[order]
        self.starts = np.searchsorted(self.number, np.arange(len(page.lines) + 1))
        height, width = page.labels.shape
        self.dense = cv2.resize(page.ink, (width, height), interpolation=cv2.INTER_AREA)
        self.full = float(np.percentile(self.dense[page.labels > 0], FULL_PERCENTILE))

    def strip(self, words: Sequence[int]) -> Strip:
        """Return the strip of one word, or of neighbouring words of one line taken together.

        Args:
            words: The numbers of the words over the page, from 0, from the left.
        """
        pixels = np.concatenate([np.arange(self.starts[word], self.starts[word + 1]) for word in words])
        rows, columns = self.rows[pixels], self.columns[pixels]
        line = self.page.baselines[self.page.lines[words[0]]]
        first, last = int(columns.min()), int(columns.max())
        tilt = (line[last] - line[first]) / max(last - first, 1)
        rise = (line[first] + tilt * (columns - first) - rows) / self.unit
        upright = columns / self.unit - self.slope * rise
        ratio = self.unit / self.x_height  # working pixels in one of the strip
        left, right = upright.min() * self.x_height - MARGIN, upright.max() * self.x_height + MARGIN
        # A strip's point (u, v) is (x, y) of the page: y = base(x) + below, x = upright - slope * below.
        below = np.array([0, ratio, (0.5 - BASELINE) * ratio])
        across = np.array([ratio, 0, left * ratio])
        x = across - self.slope * below
        y = np.array([0, 0, line[first] - tilt * first]) + tilt * x + below
        to_working = np.stack([x, y])
        size = (int(np.ceil(right - left)) + 1, ROWS)
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        shown = cv2.warpAffine(self.dense, to_working, size, flags=flags)
        owner = cv2.warpAffine(
            self.owner, to_working, size, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST, borderValue=-1
        )
        own = np.isin(owner, np.asarray(words, np.float32))
        usual = float(np.percentile(self.dense[rows, columns], FULL_PERCENTILE))
        full = float(np.clip(usual, FULL_RANGE[0] * self.full, FULL_RANGE[1] * self.full))
        level = 255 * np.clip((np.arange(256) / full - GRAIN) / (1 - GRAIN), 0, 1)
        around = np.rint(level).astype(np.uint8)[shown]
        around[owner < 0] = 0
        return Strip(np.where(own, around, 0).astype(np.uint8), around, to_working, self.x_height)

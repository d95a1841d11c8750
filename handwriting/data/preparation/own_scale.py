"""Glyphs at the scale of the hand that wrote them: a full stop stays small, and all stand on one baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MARGIN = 1 / 28
"""The empty part of the square on each side of the largest glyphs that fit, as a share of its side."""
FITTING_SHARE = 0.95
"""The share of a hand's glyphs that fit at the common scale, on the baseline; most others are only moved a little.

A higher share costs all glyphs their size: on photographed cursive the last three per cent are pieces of other lines.
"""
MIN_X_HEIGHT = 0.1
"""The least x-height as a share of the square: a hand with endless flourishes stays legible, and these are shrunk."""
MAX_CANDIDATES = 50
"""Number of extents upwards that are tried for the frame."""
MIN_REACH = 1.5
"""The least extent of the square, in x-heights: a folder of nothing but full stops does not blow them up to blots."""


@dataclass(frozen=True)
class OwnScale:
    """Where and how large the glyphs of one hand stand in their squares.

    Attributes:
        size: Height and width of the square, in pixels.
        x_height: The x-height in the square, in pixels.
        baseline: The row of the baseline, in pixels from the upper edge of the square.
    """

    size: int
    x_height: float
    baseline: float

    @classmethod
    def fitting(
        cls, above: NDArray[np.float64], below: NDArray[np.float64], width: NDArray[np.float64], size: int
    ) -> OwnScale:
        """Return the largest scale at which ``FITTING_SHARE`` of the glyphs fit into the square on one baseline.

        Args:
            above: How far each glyph reaches above the baseline, in x-heights, float ``(N,)``; at least one.
            below: How far it reaches below it; negative where all ink lies above.
            width: Its width in x-heights.
            size: Height and width of the square, in pixels.
        """
        count = math.ceil(FITTING_SHARE * len(above))
        order = np.argsort(above)
        # For each extent upwards that leaves enough glyphs, the least extent downwards that leaves enough of those.
        candidates = np.unique(np.linspace(count, len(above), MAX_CANDIDATES).astype(int))
        reaches = [(above[order[n - 1]], np.partition(below[order[:n]], count - 1)[count - 1]) for n in candidates]
        up, down = min(reaches, key=lambda reach: reach[0] + reach[1])
        wide = np.quantile(width, FITTING_SHARE)
        x_height = max(MIN_X_HEIGHT * size, size * (1 - 2 * MARGIN) / max(up + down, wide, MIN_REACH))
        return cls(size, float(x_height), float(size / 2 + (up - down) / 2 * x_height))

    def place(self, crop: NDArray[np.uint8], x_height: float, above: float, below: float) -> NDArray[np.uint8]:
        """Return a crop in its square: at the common scale, on the common baseline, in the middle from left to right.

        A glyph that is larger than the square is shrunk, and one that would reach over an edge is moved inside. The
        crop is resampled once, by cubics, which average on the way down.

        Args:
            crop: Bright ink on dark, uint8 ``(h, w)``, with the same margin above and below, left and right.
            x_height: The x-height of its page, in pixels of the crop.
            above: How far its ink reaches above the baseline, in x-heights.
            below: How far it reaches below it.

        Returns:
            uint8 ``(size, size)``.
        """
        room = self.size * (1 - 2 * MARGIN)
        left, right = ink_columns(crop)
        unit = min(self.x_height, room / max(above + below, (right - left) / x_height))
        lowest_top = self.size * (1 - MARGIN) - (above + below) * unit
        top = min(max(self.baseline - above * unit, self.size * MARGIN), lowest_top)
        scale = unit / x_height
        # The part of the crop that the square shows; the middle row of the ink is that of the crop.
        height, width = crop.shape
        side = self.size / scale
        x, y = (left + right - side) / 2, height / 2 - (top / unit + (above + below) / 2) * x_height
        around = [max(0, int(np.ceil(reach)) + 1) for reach in (-y, y + side - height, -x, x + side - width)]
        padded = Image.fromarray(np.pad(crop, (around[:2], around[2:])))
        x, y = x + around[2], y + around[0]
        square = padded.resize((self.size, self.size), Image.Resampling.BICUBIC, box=(x, y, x + side, y + side))
        return np.asarray(square)


def ink_columns(crop: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the first column of a crop ``(h, w)`` that holds ink, and the column after the last; all without ink."""
    columns = np.flatnonzero(crop.any(axis=0))
    return (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, crop.shape[1])

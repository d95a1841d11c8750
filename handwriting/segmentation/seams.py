"""Seams: for every column of a line, the path from above the line to below it that crosses the least ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

REACH = 2.4
"""Distance above and below a line's middle over which seams run, in x-heights."""
SIDEWAYS = 0.12
"""Cost of a sideways step of a seam, in pixels of ink."""


class Pixels(NamedTuple):
    """Pixels of ink in a deslanted frame in which lines are horizontal; all ``(n,)``.

    Attributes:
        piece: The piece that each pixel belongs to, from 0.
        column: Its column after deslanting, from 1, so that a seam may run to the left of it.
        level: Its row; the middle of the x-height is at ``REACH`` x-heights.
        small: Whether its piece is a dot, a comma or similar.
    """

    piece: NDArray[np.int64]
    column: NDArray[np.int64]
    level: NDArray[np.int64]
    small: NDArray[np.bool_]

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Pixels:
        """Return the chosen pixels, given by a mask or by indices."""
        return Pixels(self.piece[chosen], self.column[chosen], self.level[chosen], self.small[chosen])


@dataclass(frozen=True)
class Seams:
    """The seams of every line.

    Attributes:
        cost: The cost of the seam through each column of each line's middle, in pixels of ink, float32 ``(L, W)``.
        upward: For the levels from above the lines down to their middle, the step (-1, 0, 1) of the seam to the
            previous level, int8 ``(levels, L, W)``.
        downward: The same for the levels from below the lines up to their middle.
    """

    cost: NDArray[np.float32]
    upward: NDArray[np.int8]
    downward: NDArray[np.int8]

    @classmethod
    def of(cls, ink: Pixels, line: NDArray[np.int64], count: int, middle: int) -> Seams:
        """Find the seams of some lines.

        Args:
            ink: The ink that seams cross.
            line: The line of each of its pixels, int64 ``(n,)``.
            count: The number of lines.
            middle: The level of the lines' middle.
        """
        band = np.zeros((2 * middle + 1, count, int(ink.column.max(initial=0)) + 2), np.float32)
        band[ink.level, line, ink.column] = 1
        return cls.of_band(band, middle)

    @classmethod
    def of_band(cls, band: NDArray[np.float32], middle: int, sideways: NDArray[np.float32] | None = None) -> Seams:
        """Find the seams of some lines, or of some words.

        Args:
            band: The ink at each level of each line, 0..1, float32 ``(levels, L, W)``.
            middle: The level of the lines' middle.
            sideways: The cost of a sideways step at each level, float32 ``(levels,)``; ``SIDEWAYS`` by default.
        """
        if sideways is None:
            sideways = np.full(len(band), SIDEWAYS, np.float32)
        above, upward = _swept(band[: middle + 1], sideways[: middle + 1])
        below, downward = _swept(band[middle:][::-1], sideways[middle:][::-1])
        return cls(above + below - band[middle], upward, downward)

    def through(self, columns: NDArray[np.int64], line: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column at each level of the seams through some columns of lines' middles, ``(n, levels)``."""
        up, down = [columns], [columns]
        for way, steps in ((up, self.upward), (down, self.downward)):
            for step in steps[:0:-1]:
                way.append(way[-1] + step[line, way[-1]])
        return np.stack(up[:0:-1] + down, axis=1)


def _swept(band: NDArray[np.float32], sideways: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return the cost of the cheapest path from the first level to each column of the last one, and its steps back.

    Args:
        band: The ink, 0..1, float32 ``(levels, L, W)``.
        sideways: The cost of a sideways step at each level, float32 ``(levels,)``.

    Returns:
        The costs, float32 ``(L, W)``, and the steps, int8 ``(levels, L, W)``.
    """
    levels, count, width = band.shape
    steps = np.zeros(band.shape, np.int8)
    walled = np.full((count, width + 2), 1e6, np.float32)
    cost, left, right = walled[:, 1:-1], walled[:, :-2], walled[:, 2:]
    cost[:] = band[0]
    for level in range(1, levels):
        side = np.minimum(left, right) + sideways[level]
        steps[level] = (side < cost) * np.where(left <= right, np.int8(-1), np.int8(1))
        cost[:] = np.minimum(cost, side) + band[level]
    return cost.copy(), steps

"""Grey ink traced to outlines that stay smooth when they are enlarged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.outlines import Outline


def trace(
    ink: NDArray[np.uint8], x_height: float, *, origin: tuple[float, float] = (0.0, 0.0), scale: float = 1.0
) -> Outline:
    """Return the outline of one drawing.

    Args:
        ink: Bright ink on dark with soft edges, uint8 ``(h, w)``. Beyond its border is paper.
        x_height: The x-height of the hand, in pixels of ``ink``.
        origin: Column and row that become (0, 0): the left edge of column 0 is 0.0, the upper edge of row 0 is 0.0.
            With the row of the baseline, y is the height above it.
        scale: Units of the outline for each pixel.

    Returns:
        The outline, y upwards; without contours where there is no ink.
    """
    raise NotImplementedError

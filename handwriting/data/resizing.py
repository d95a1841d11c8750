"""Bringing glyphs to the size that the networks see."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def resize(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Fit every image into a square, keeping its aspect; paper is added around an oblong one.

    Areas are averaged on the way down and cubics fitted on the way up, which keeps ink smooth both ways.

    Args:
        images: Bright ink on dark, uint8 ``(N, 1, H, W)``.
        size: Height and width of the square, in pixels.

    Returns:
        The same glyphs, uint8 ``(N, 1, size, size)``.
    """
    count, _, height, width = images.shape
    if (height, width) == (size, size):
        return images
    ratio = size / max(height, width)
    rows, columns = max(1, round(ratio * height)), max(1, round(ratio * width))
    top, left = (size - rows) // 2, (size - columns) // 2
    interpolation = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    resized = np.zeros((count, 1, size, size), np.uint8)
    for source, target in zip(images[:, 0], resized[:, 0], strict=True):
        target[top : top + rows, left : left + columns] = cv2.resize(
            source, (columns, rows), interpolation=interpolation
        )
    return resized

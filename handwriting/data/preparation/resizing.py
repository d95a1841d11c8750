"""Bringing glyphs to the size that the networks see."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", np.uint8, np.float32)


def resize(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Fit every image into a square, keeping its aspect; paper is added around an oblong one.

    Args:
        images: Bright ink on dark, uint8 ``(N, 1, H, W)``.
        size: Height and width of the square, in pixels.

    Returns:
        The same glyphs, uint8 ``(N, 1, size, size)``.
    """
    if images.shape[2:] == (size, size):
        return images
    resized = np.empty((len(images), 1, size, size), np.uint8)
    for source, target in zip(images[:, 0], resized[:, 0], strict=True):
        target[:] = fit(source, size)
    return resized


def fit(image: NDArray[Pixel], size: int, paper: float = 0.0) -> NDArray[Pixel]:
    """Fit one image into a square, keeping its aspect.

    Areas are averaged on the way down and cubics fitted on the way up, which keeps ink smooth both ways; cubics may
    leave the range of a float image a little.

    Args:
        image: uint8 or float32 ``(H, W)``.
        size: Height and width of the square, in pixels.
        paper: What is put around an oblong image.

    Returns:
        The image in the middle of the square, ``(size, size)``.
    """
    height, width = image.shape
    ratio = size / max(height, width)
    rows, columns = max(1, round(ratio * height)), max(1, round(ratio * width))
    top, left = (size - rows) // 2, (size - columns) // 2
    square = np.full((size, size), paper, image.dtype)
    square[top : top + rows, left : left + columns] = cv2.resize(
        image, (columns, rows), interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    )
    return square

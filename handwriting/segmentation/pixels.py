"""OpenCV's work on pixels, with the types of arrays kept, and sizes in the order of their shapes: rows, columns."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", np.uint8, np.float32)
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]


def dilated(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Return the largest value of each pixel's neighbourhood."""
    return np.asarray(cv2.dilate(image, np.ones((rows, columns), np.uint8)), image.dtype)


def eroded(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Return the smallest value of each pixel's neighbourhood, of which the picture's edge cuts off a part."""
    return np.asarray(cv2.erode(image, np.ones((rows, columns), np.uint8)), image.dtype)


def opened(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Return the picture without what is bright and smaller than a rectangle."""
    return np.asarray(cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((rows, columns), np.uint8)), image.dtype)


def closed(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Return the picture without what is dark and smaller than a rectangle; it goes on beyond its edge as it ends."""
    kernel = np.ones((rows, columns), np.uint8)
    return np.asarray(cv2.morphologyEx(image, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE), image.dtype)


def resized(image: NDArray[Pixel], shape: tuple[int, int]) -> NDArray[Pixel]:
    """Return the picture in another size: areas are averaged on the way down, and points joined on the way up."""
    smaller = shape[0] < image.shape[0] or shape[1] < image.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=method), image.dtype)


def within(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Return the shape of a picture made so small that it has at most ``side`` pixels a side."""
    return scaled(shape, min(1.0, side / max(shape[:2])))


def scaled(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    """Return the shape of a picture made larger or smaller, at least one pixel a side."""
    return max(1, round(factor * shape[0])), max(1, round(factor * shape[1]))


def warped(image: NDArray[Pixel], to_image: Matrix, shape: tuple[int, int], smooth: bool = True) -> NDArray[Pixel]:
    """Return what a frame shows.

    Args:
        image: The picture that it shows.
        to_image: The 3x3 matrix that takes the frame's points to the picture's.
        shape: Of the frame, in pixels.
        smooth: Whether neighbouring pixels are mixed.
    """
    flags = (cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(image, to_image, shape[::-1], flags=flags), image.dtype)


def places(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and the columns of a mask's pixels, row by row, each ``(n,)``; faster than NumPy in two steps."""
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows, columns


def spans(values: NDArray[np.float64], group: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return the least and the greatest value of each of ``count`` groups, ``(2, count)``; inf and -inf of empty ones.

    Args:
        values: Any, ``(n,)``.
        group: Of each of them, from 0.
        count: How many groups there are.
    """
    least, greatest = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(least, group, values)
    np.maximum.at(greatest, group, values)
    return np.stack([least, greatest])


def numbered(mask: Mask) -> tuple[NDArray[np.int32], int]:
    """Number the connected marks of a page.

    Args:
        mask: Where there is ink, ``(H, W)``.

    Returns:
        The number of each pixel's mark, from 1, int32 ``(H, W)``, 0 for paper; and one more than the highest of them.
    """
    # OpenCV's statistics of the marks, which are not asked for, take it five times as long as the marks.
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.asarray(numbers, np.int32), int(count)

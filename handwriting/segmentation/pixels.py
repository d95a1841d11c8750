"""OpenCV's operations on pixels with array types preserved, and sizes in the order of shapes: rows, columns."""

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
    """Return the maximum of each pixel's rectangular neighbourhood (dilation)."""
    return np.asarray(cv2.dilate(image, np.ones((rows, columns), np.uint8)), image.dtype)


def eroded(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Return the minimum of each pixel's rectangular neighbourhood (erosion), which the picture's edge truncates."""
    return np.asarray(cv2.erode(image, np.ones((rows, columns), np.uint8)), image.dtype)


def opened(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Return the morphological opening by a rectangle, which removes smaller bright regions."""
    return np.asarray(cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((rows, columns), np.uint8)), image.dtype)


def closed(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Return the morphological closing by a rectangle, which removes smaller dark regions; edges are replicated."""
    kernel = np.ones((rows, columns), np.uint8)
    return np.asarray(cv2.morphologyEx(image, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE), image.dtype)


def resized(image: NDArray[Pixel], shape: tuple[int, int]) -> NDArray[Pixel]:
    """Return the picture in another size, by area averaging or, if larger, by bilinear interpolation."""
    smaller = shape[0] < image.shape[0] or shape[1] < image.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=method), image.dtype)


def within(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Return the shape of a picture reduced to at most ``side`` pixels on its longer side."""
    return scaled(shape, min(1.0, side / max(shape[:2])))


def scaled(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    """Return the shape of a scaled picture, at least one pixel on each side."""
    return max(1, round(factor * shape[0])), max(1, round(factor * shape[1]))


def warped(image: NDArray[Pixel], to_image: Matrix, shape: tuple[int, int], smooth: bool = True) -> NDArray[Pixel]:
    """Resample a picture in another frame.

    Args:
        image: The picture.
        to_image: The 3x3 homography from points of the frame to points of the picture.
        shape: Height and width of the frame, in pixels.
        smooth: Whether to interpolate bilinearly rather than take the nearest pixel.
    """
    flags = (cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(image, to_image, shape[::-1], flags=flags), image.dtype)


def places(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of a mask's pixels, row by row, each ``(n,)``; faster than ``np.nonzero``."""
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows, columns


def spans(values: NDArray[np.float64], group: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return the minimum and maximum of each of ``count`` groups, ``(2, count)``; inf and -inf for empty groups.

    Args:
        values: float64 ``(n,)``.
        group: The group of each value, from 0, int64 ``(n,)``.
        count: The number of groups.
    """
    least, greatest = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(least, group, values)
    np.maximum.at(greatest, group, values)
    return np.stack([least, greatest])


def numbered(mask: Mask) -> tuple[NDArray[np.int32], int]:
    """Label the connected components of a mask, with 8-connectivity.

    Args:
        mask: bool ``(H, W)``.

    Returns:
        The label of each pixel's component, from 1, int32 ``(H, W)``, 0 for background; and the number of labels,
        background included.
    """
    # Not connectedComponentsWithStats: the statistics take five times as long as the components.
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.asarray(numbers, np.int32), int(count)

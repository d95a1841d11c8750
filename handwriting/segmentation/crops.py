"""Cropping words and characters from a sheet, each without its neighbours' ink."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.page import Box, Kind, Segmented, grown

MARGIN = 0.07
"""Margin on each side of a crop, as a share of its longer side; EMNIST's is 2 of 28 pixels."""
REACH = 0.12
"""Distance around its ink that belongs to a piece, in x-heights: the width of blurred edges."""
FULL = 75
"""Percentile of a page's inked pixels that is mapped to full ink, whatever the pen and the camera."""
GRAIN = 0.2
"""Share of full ink below which a pixel is paper or shows through from the other side."""
MIN_BRIGHTEST = 16
"""Level of 255 that the brightest pixel of a crop has at least; on a darker one nobody sees ink."""


def without_blank(page: Segmented) -> tuple[Segmented, list[NDArray[np.uint8]]]:
    """Drop the pieces whose crops would be blank, and count them as rejected for being ``pale``.

    The threshold that finds ink follows its surroundings, and the crops' brightness follows the whole page: what is
    far paler than most of a page's ink can pass the one and vanish by the other.

    Returns:
        The page without them, and the crops of its finest pieces.

    Raises:
        DataError: If no piece is left.
    """
    while True:
        cut = list(crops(page, page.kinds[-1]))
        blank = np.array([int(crop.max()) < MIN_BRIGHTEST for crop in cut])
        if not blank.any():
            return page, cut
        page = page.without(blank, "pale")  # the level of full ink follows what is left, so all are cut again


def crops(page: Segmented, kind: Kind) -> Iterator[NDArray[np.uint8]]:
    """Yield a crop of each piece of a kind, in the order of :meth:`Segmented.of`.

    Args:
        page: A segmented page.
        kind: The kind of pieces.

    Yields:
        Bright ink on dark, uint8 ``(h, w)`` at the sheet's resolution: the piece's box with ``MARGIN`` around it.
    """
    height, width = page.labels.shape
    inked = cv2.resize(page.ink, (width, height), interpolation=cv2.INTER_AREA)[page.labels > 0]
    full = max(float(np.percentile(inked, FULL)), 1.0)
    brightness = 255 * np.clip((np.arange(256) / full - GRAIN) / (1 - GRAIN), 0, 1)
    owners = np.concatenate([[-1], page.owners(kind)])[grown(page.labels, REACH * page.x_height * page.scale)]
    for number, piece in enumerate(page.of(kind)):
        x, y, w, h = piece.sheet_box
        around = _margin(max(w, h))
        window = Box(x - around, y - around, w + 2 * around, h + 2 * around)
        ink = brightness[_cut(page.ink, window)] * _share(owners, number, window, page.scale)
        yield np.rint(ink).astype(np.uint8)


def margin_of(crop: NDArray[np.uint8]) -> int:
    """Return the width of the margin around the box of a piece in its crop ``(h, w)``, in pixels."""
    longest = max(crop.shape)
    margins = range(int(MARGIN * longest), (longest + 1) // 2)
    return next((around for around in margins if _margin(longest - 2 * around) <= around), 0)  # it grows with the box


def _margin(longest: int) -> int:
    return math.ceil(MARGIN / (1 - 2 * MARGIN) * longest)


def _share(owners: NDArray[np.int64], number: int, window: Box, scale: float) -> NDArray[np.float32]:
    """Return the share of each pixel in a window of the sheet that belongs to one piece, 0..1, float32 ``(h, w)``.

    Args:
        owners: The number of the piece at each pixel of the working frame, int64 ``(H, W)``.
        number: The number of the piece.
        window: The window, in pixels of the sheet.
        scale: Working pixels in one pixel of the sheet.
    """
    # The part of the working frame in the window, with a border of one pixel for interpolation.
    x, y = math.floor(scale * window.x) - 1, math.floor(scale * window.y) - 1
    part = Box(x, y, math.ceil(scale * window.w) + 3, math.ceil(scale * window.h) + 3)
    mask = (_cut(owners, part, outside=-1) == number).astype(np.float32)
    dx, dy = scale * (window.x + 0.5) - 0.5 - x, scale * (window.y + 0.5) - 0.5 - y
    to_part = np.array([[scale, 0, dx], [0, scale, dy]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(mask, to_part, (window.w, window.h), flags=flags), np.float32)


def _cut(array: NDArray, window: Box, outside: int = 0) -> NDArray:
    """Return the part of an array ``(H, W)`` in a window, filled with ``outside`` beyond the array."""
    cut = np.full((window.h, window.w), outside, array.dtype)
    part = array[max(0, window.y) : window.y + window.h, max(0, window.x) : window.x + window.w]
    top, left = max(0, -window.y), max(0, -window.x)
    cut[top : top + part.shape[0], left : left + part.shape[1]] = part
    return cut

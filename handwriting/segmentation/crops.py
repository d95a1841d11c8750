"""Cutting words and characters out of a sheet, each without its neighbours' ink."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.page import Box, Kind, Segmented, grown

MARGIN = 0.07
"""The empty part of a crop's longer side before and after the ink: EMNIST's is 2 pixels of 28."""
REACH = 0.12
"""How far around its ink a piece reaches, in x-heights: as far as soft edges are soft."""
FULL = 75
"""The percentile of a page's inked pixels that is taken for full ink: pens and cameras differ."""
GRAIN = 0.2
"""What is fainter than this share of full ink is paper, or shines through it."""


def crops(page: Segmented, kind: Kind) -> Iterator[NDArray[np.uint8]]:
    """Yield what each piece of a kind looks like, in the order of :meth:`Segmented.of`.

    Args:
        page: A segmented page.
        kind: What to cut out.

    Yields:
        Bright ink on dark, uint8 ``(h, w)`` at the sheet's resolution: the piece's box, and ``MARGIN`` around it.
    """
    height, width = page.labels.shape
    inked = cv2.resize(page.ink, (width, height), interpolation=cv2.INTER_AREA)[page.labels > 0]
    full = max(float(np.percentile(inked, FULL)), 1.0)
    brightness = 255 * np.clip((np.arange(256) / full - GRAIN) / (1 - GRAIN), 0, 1)
    owners = np.concatenate([[-1], page.owners(kind)])[grown(page.labels, REACH * page.x_height * page.scale)]
    for number, piece in enumerate(page.of(kind)):
        x, y, w, h = piece.sheet_box
        around = math.ceil(MARGIN / (1 - 2 * MARGIN) * max(w, h))
        window = Box(x - around, y - around, w + 2 * around, h + 2 * around)
        ink = brightness[_cut(page.ink, window)] * _share(owners, number, window, page.scale)
        yield np.rint(ink).astype(np.uint8)


def _share(owners: NDArray[np.int64], number: int, window: Box, scale: float) -> NDArray[np.float32]:
    """Return how much of each pixel in a window of the sheet is one piece's, 0..1, float32 ``(h, w)``.

    Args:
        owners: The number of the piece at each working pixel.
        number: Which piece.
        window: In pixels of the sheet.
        scale: Working pixels in one pixel of the sheet.
    """
    # What of the working frame lies in the window, and a pixel around it to blend with.
    x, y = math.floor(scale * window.x) - 1, math.floor(scale * window.y) - 1
    part = Box(x, y, math.ceil(scale * window.w) + 3, math.ceil(scale * window.h) + 3)
    own = (_cut(owners, part, outside=-1) == number).astype(np.float32)
    dx, dy = scale * (window.x + 0.5) - 0.5 - x, scale * (window.y + 0.5) - 0.5 - y
    to_part = np.array([[scale, 0, dx], [0, scale, dy]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(own, to_part, (window.w, window.h), flags=flags), np.float32)


def _cut(array: NDArray, window: Box, outside: int = 0) -> NDArray:
    """Return what an array ``(H, W)`` shows in a window, which may reach beyond it."""
    cut = np.full((window.h, window.w), outside, array.dtype)
    part = array[max(0, window.y) : window.y + window.h, max(0, window.x) : window.x + window.w]
    top, left = max(0, -window.y), max(0, -window.x)
    cut[top : top + part.shape[0], left : left + part.shape[1]] = part
    return cut

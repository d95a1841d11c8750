"""Grain: dithered greys of a scanner, and the noise of a sensor, which are neither paper nor ink."""

from __future__ import annotations

import cv2
import numpy as np

from handwriting.segmentation.pixels import Grey, Mask

TILE = 32
"""Side of the tiles in which grain is looked for, in pixels."""
DEVIATION = 24
"""Levels by which a pixel of grain differs from the median around it at least."""
ALONE = 8
"""Maximum number of connected pixels of a grain."""
SHARE = 0.04
"""Minimum share of a tile's pixels that are grain."""
LEAST = 0.05
"""Share of a page that is grainy at least, or nothing is done about it; up to 0.02 on real pages."""
MOST = 0.6
"""Minimum share of grain in all pixels of a tile that differ from the median around them; those of writing connect."""


def find_grain(image: Grey) -> Mask:
    """Return where a picture is grainy: there, single dark pixels are no ink.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.

    Returns:
        ``(H, W)``, in whole tiles, each of which is surrounded by at least two others.
    """
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image, np.uint8)
    differs = cv2.absdiff(grey, cv2.medianBlur(grey, 5)) > DEVIATION
    _, labels, stats, _ = cv2.connectedComponentsWithStats(differs.astype(np.uint8), connectivity=4)
    alone = (stats[:, cv2.CC_STAT_AREA] <= ALONE)[labels] & differs
    height, width = (-(-side // TILE) for side in grey.shape)
    of_grain, of_all = (_tile_means(mask, height, width) for mask in (alone, differs))
    tiles = ((of_grain > SHARE) & (of_grain > MOST * of_all)).astype(np.float32)
    tiles = tiles * (cv2.boxFilter(tiles, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REPLICATE) >= 3)
    return np.kron(tiles > 0, np.ones((TILE, TILE), bool))[: grey.shape[0], : grey.shape[1]]


def _tile_means(mask: Mask, height: int, width: int) -> np.ndarray:
    padded = np.zeros((height * TILE, width * TILE), np.float32)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return padded.reshape(height, TILE, width, TILE).mean(axis=(1, 3))


def without_grain(image: Grey, grain: Mask) -> Grey:
    """Return a picture with its grainy part smoothed: every pixel there becomes the median around it.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.
        grain: Where it is grainy, ``(H, W)``.
    """
    smooth = cv2.medianBlur(image, 7)
    return np.where(grain[..., None] if image.ndim == 3 else grain, smooth, image)

"""Rules: long straight lines of ruled or squared paper, underlines and tables, removed without cutting strokes."""

from __future__ import annotations

import cv2
import numpy as np

from handwriting.segmentation.pixels import Grey, Mask, closed, dilated, eroded, opened, resized

SHORTEST_ACROSS, SHORTEST_DOWN = 12.0, 8.0
"""Minimum length of horizontal and vertical rules, in x-heights; no stroke of a letter or joined word is as long."""
SLOPES = np.linspace(-0.12, 0.12, 13)
"""The slopes that a rule, or a part of a curved one, may have."""
COARSE = 4
"""Number of pixels averaged along a rule, which preserves the rule and attenuates strokes across it."""
DENSER = 1.6
"""Density relative to the rule through a pixel from which the pixel is part of a stroke."""
ACROSS = 7
"""Width of a rule, with its blurred edges, up to which a stroke is reconnected across it; in pixels."""
FAINTEST = 8.0
"""Minimum density of a rule above paper, in levels of 255."""


def remove_rules(dense: Grey, x_height: float) -> tuple[Grey, Mask]:
    """Remove long straight lines from a page.

    The density of a rule at a pixel is the minimum along the best straight segment through it. It is subtracted, unless
    the pixel is much denser and so part of a stroke across the rule. Across a rule as dense as the ink, strokes are
    reconnected if they continue on both sides.

    Args:
        dense: The density of a page's ink, uint8 ``(H, W)``.
        x_height: The x-height, in pixels.

    Returns:
        The density without rules, uint8 ``(H, W)``, and the mask of rules.
    """
    left, found = dense, np.zeros(dense.shape, bool)
    across = _rules(dense, SHORTEST_ACROSS * x_height)
    down = _rules(np.ascontiguousarray(dense.T), SHORTEST_DOWN * x_height)
    for rules, (rows, columns) in ((across, (ACROSS, 1)), (None if down is None else down.T, (1, ACROSS))):
        if rules is None:
            continue
        ruled = rules > FAINTEST
        without = np.where(left > DENSER * rules, left, cv2.subtract(left, np.ascontiguousarray(rules)))
        joined = np.minimum(closed(without, rows, columns), left)
        left = np.where(ruled, np.maximum(without, joined), left)
        found |= ruled
    return left, found


def _rules(dense: Grey, length: float) -> Grey | None:
    """Return the density of horizontal rules at each pixel, uint8 ``(H, W)``; None without rules.

    The slopes present are found at half the resolution first: most pages have none, or one.
    """
    height, width = dense.shape
    columns = max(1, width // COARSE)
    thin = resized(eroded(dense, 1, 3), (height, columns))  # eroded to preserve small gaps between letters
    half = resized(thin, (max(1, height // 2), max(1, columns // 2)))
    present = [bool((_along(half, slope, length / COARSE / 2) > FAINTEST).any()) for slope in SLOPES]
    near = np.convolve(present, np.ones(3, int), "same") > 0
    if not near.any():
        return None
    best = np.max([_along(thin, slope, length / COARSE) for slope in SLOPES[near]], axis=0)
    return np.asarray(cv2.resize(best, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _along(thin: Grey, slope: float, length: float) -> Grey:
    """Return the opening by a straight segment of a picture reduced ``COARSE`` times in width."""
    height, columns = thin.shape
    wide = dilated(thin, 3, 1)  # tolerates rules that are not quite straight
    shear = np.array([[1, 0, 0], [-slope * COARSE, 1, slope * COARSE * columns / 2]])
    level = np.asarray(cv2.warpAffine(wide, shear, (columns, height), flags=cv2.INTER_LINEAR), np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(opened(level, 1, max(3, round(length))), shear, (columns, height), flags=flags), np.uint8
    )

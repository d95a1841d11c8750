"""Ruled and squared paper, margins, underlines and tables: long straight lines, taken out without cutting strokes."""

from __future__ import annotations

import cv2
import numpy as np

from handwriting.segmentation.pixels import Grey, Mask, closed, dilated, eroded, opened, resized

SHORTEST_ACROSS, SHORTEST_DOWN = 12.0, 8.0
"""A rule is at least so many x-heights long; no stroke of a letter is, nor the foot of a joined word."""
SLOPES = np.linspace(-0.12, 0.12, 13)
"""The slopes that a rule, or a part of a bent one, may have against the page."""
COARSE = 4
"""Along a rule, so many pixels are averaged: which leaves a rule as it is, and strokes across it faint."""
DENSER = 1.6
"""What is so many times as dense as the rule through it is a stroke."""
ACROSS = 7
"""Pixels: a stroke is joined again across a rule that is less wide than this, its soft edges counted."""
FAINTEST = 8.0
"""A rule is at least so many of 255 levels denser than paper."""


def remove_rules(dense: Grey, x_height: float) -> tuple[Grey, Mask]:
    """Take long straight lines out of a page.

    At each pixel, a rule is as dense as the faintest point of the best straight segment through it. That much is taken
    off, unless the pixel is much denser, which is a stroke that crosses the rule. Across a rule as dense as the ink,
    strokes are joined again where they go on above and below it.

    Args:
        dense: Ink on a page, uint8 ``(H, W)``.
        x_height: Of the page's hand, in pixels.

    Returns:
        The ink without rules, uint8 ``(H, W)``, and where the rules were.
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
    """Return how dense the rules that run across a page are at each pixel, uint8 ``(H, W)``; None without rules.

    Which slopes there are is found out in a picture of half the height: most pages have none, or one.
    """
    height, width = dense.shape
    columns = max(1, width // COARSE)
    thin = resized(eroded(dense, 1, 3), (height, columns))  # eroded, so that small gaps between letters stay
    half = resized(thin, (max(1, height // 2), max(1, columns // 2)))
    there = [bool((_along(half, slope, length / COARSE / 2) > FAINTEST).any()) for slope in SLOPES]
    near = np.convolve(there, np.ones(3, int), "same") > 0
    if not near.any():
        return None
    best = np.max([_along(thin, slope, length / COARSE) for slope in SLOPES[near]], axis=0)
    return np.asarray(cv2.resize(best, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _along(thin: Grey, slope: float, length: float) -> Grey:
    """Return the opening of a picture, narrowed ``COARSE`` times, by a straight segment."""
    height, columns = thin.shape
    wide = dilated(thin, 3, 1)  # a rule that is not quite straight is still one
    shear = np.array([[1, 0, 0], [-slope * COARSE, 1, slope * COARSE * columns / 2]])
    level = np.asarray(cv2.warpAffine(wide, shear, (columns, height), flags=cv2.INTER_LINEAR), np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(opened(level, 1, max(3, round(length))), shear, (columns, height), flags=flags), np.uint8
    )

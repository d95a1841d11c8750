"""How badly each character of a hand is drawn, compared with the others of its class."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

INKED = 128
"""Level from which a pixel of a crop counts as ink."""
MIN_PART = 0.06
"""Side of the smallest square whose area counts as a component of its own, in x-heights; a dot is 0.2."""
FEW = 5.0
"""Number of examples of a class at which its own usual values count as much as those of the whole hand."""
MIN_SPREADS = {"thickness": 0.02, "ink": 0.15, "level": 0.05, "parts": 0.7, "width": 0.15, "above": 0.15, "below": 0.15}
"""Lower bounds of the spread of each measurement in a class, in its own unit."""
HALF_BAD = 4.0
"""Deviation from the usual, in spreads, at which a drawing is half bad."""
TOO_MUCH = ("thickness", "ink", "parts")
"""Measurements of which only more than usual is bad: blots, overwritten strokes, fragments."""
TOO_LITTLE = ("level",)
"""Measurements of which only less than usual is bad: pale ink."""
BY_PEN = ("thickness", "level")
"""Measurements that follow from the pen, so that small classes are compared with the whole hand."""


def drawing_measurements(
    ink: NDArray[np.uint8], x_height: float, above: float, below: float, typical_level: float = 255.0
) -> dict[str, float]:
    """Measure one drawing.

    Args:
        ink: Its crop, bright on dark, uint8 ``(h, w)``.
        x_height: The x-height of its page, in pixels of the crop.
        above: How far its ink reaches above the baseline, in x-heights.
        below: How far its ink reaches below the baseline, in x-heights.
        typical_level: The level of full ink, 0..255.

    Returns:
        The thickest place in x-heights, the logarithm of the area of ink in squares of the x-height, the mean level of
        its ink 0..1, the number of its parts, the logarithm of its width in x-heights, and its extents.
    """
    inked = (ink >= INKED).astype(np.uint8)
    if not inked.any():
        inked = (ink >= ink.max()).astype(np.uint8)
    areas = cv2.connectedComponentsWithStats(inked, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    columns = np.flatnonzero(inked.any(axis=0))
    # A border of paper: a stroke that the crop's edge cuts is no thicker for it.
    depth = cv2.distanceTransform(np.pad(inked, 1), cv2.DIST_L2, 5)
    return {
        "thickness": 2 * float(depth.max()) / x_height,
        "ink": float(np.log(inked.sum() / x_height**2)),
        "level": float(ink[inked > 0].mean()) / typical_level,
        "parts": float((areas >= (MIN_PART * x_height) ** 2).sum()),
        "width": float(np.log((columns[-1] - columns[0] + 1) / x_height)),
        "above": above,
        "below": below,
    }


def badness(measurements: Sequence[dict[str, float]], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return how far each drawing is from the others of its class, by the measurement that is furthest.

    Each measurement's deviation ``z`` from the class's median, in robust spreads (1.4826 times the median absolute
    deviation), gives ``z^2 / (z^2 + HALF_BAD^2)``; the largest counts. Spreads of small classes are drawn towards the
    hand's, and so is what the pen makes usual; else a drawing that is alone in its class is as it should be.

    Args:
        measurements: What :func:`drawing_measurements` returned for each.
        labels: The class of each.

    Returns:
        From 0 for a clean drawing to nearly 1 for a blot, an overwritten, pale or broken one, or one of odd size,
        float64 ``(n,)``.
    """
    if not measurements:
        return np.zeros(0)
    names = list(MIN_SPREADS)
    values = np.array([[one[name] for name in names] for one in measurements])
    floors = np.array([MIN_SPREADS[name] for name in names])
    classes, members = np.unique(np.array(labels), return_inverse=True)
    middles = np.stack([np.median(values[members == number], axis=0) for number in range(len(classes))])
    counts = np.bincount(members)[:, None]
    by_pen = [names.index(name) for name in BY_PEN]
    of_all = np.median(values[:, by_pen], axis=0)
    middles[:, by_pen] = (counts * middles[:, by_pen] + FEW * of_all) / (counts + FEW)
    off = values - middles[members]
    of_hand = np.maximum(1.4826 * np.median(np.abs(off), axis=0), floors)
    deviation = np.empty_like(values)
    for number in range(len(classes)):
        own = members == number
        count = own.sum()
        spread = np.maximum(1.4826 * np.median(np.abs(off[own]), axis=0), floors)
        deviation[own] = off[own] / ((count * spread + FEW * of_hand) / (count + FEW))
    for column, name in enumerate(names):
        if name in TOO_MUCH:
            deviation[:, column] = np.maximum(deviation[:, column], 0)
        elif name in TOO_LITTLE:
            deviation[:, column] = np.minimum(deviation[:, column], 0)
        else:
            deviation[:, column] = np.abs(deviation[:, column])
    worst = np.abs(deviation).max(axis=1) ** 2
    return np.asarray(worst / (worst + HALF_BAD**2))

"""Where ink ends: a field over the pixels of a drawing that is positive on ink and zero at its edge.

One threshold for a whole drawing breaks strokes where the pen presses little, and fills the counters of small letters.
Here each pixel is first smoothed along the stroke on which it lies, or along the gap between two, but not across. Then
it is compared with the level of the stroke nearest to it.

Source: oriented filters as in W. T. Freeman and E. H. Adelson, The design and use of steerable filters, 1991; here they
are elongated, and one is computed for each orientation.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

ORIENTATIONS = 12
"""Orientations of the kernels, over half a turn."""
LENGTH = 0.13
"""Standard deviation of the kernels along the stroke, in x-heights: ragged edges and pale spots are this long."""
WIDTH = 0.035
"""Standard deviation of the smoothing across the stroke, in x-heights."""
RIDGE_WIDTH = 0.056
"""Standard deviation across the stroke of the kernels that find ridges, in x-heights: half of a thin stroke."""
SHARPENING = 0.4
"""How much of the ridge is added to the ink: thin strokes and narrow counters regain what blur took from them."""
VALLEY = 0.4
"""Weight of a valley, as a share of that of a ridge: where a stroke fades, it is followed further."""
STEP = 0.25
"""Kernels are shared by widths that are equal to this many pixels."""
BATCH = 512
"""Pixels that are filtered at once: their surroundings fit into a processor's cache."""

EDGE = 0.5
"""Level of the edge, as a share of the level of its stroke."""
OWN_SHARE = 0.5
"""Weight of a pixel's own level, unsmoothed, against its level along the stroke: the ends of strokes stay in place."""
MIN_OWN = 0.42
"""Own level of an inked pixel, as a share of that of its stroke: strokes do not grow beyond their ends."""
RIDGE_OWN = 0.5
"""Own level of a ridge, as a share of its sharpened level: what is bright only along its direction lies off an end."""
LEVEL_SPREAD = 0.05
"""Standard deviation over which the levels of ridges are averaged, in x-heights."""
MIN_RIDGE = 0.12
"""Level of the palest stroke, as a share of that of the drawing's full ink."""
MIN_EDGE = 0.08
"""Level of the lowest edge, as a share of that of full ink: grain of the paper is below."""
PRIOR = 0.005
"""Weight of the level of full ink where no ridge is near, as a share of the weight on a ridge."""
PEAK_PERCENTILE = 75.0
"""Percentile of the local maxima of a drawing that is its full ink."""
MIN_PEAK = 0.3
"""Share of the brightest pixel above which a local maximum is ink."""


def edge_field(ink: NDArray[np.uint8], x_height: float) -> NDArray[np.float32]:
    """Return how far each pixel is above the level of the edge next to it.

    Args:
        ink: Bright ink on dark with soft edges, uint8 ``(h, w)``. Beyond its border is paper.
        x_height: The x-height, in pixels.

    Returns:
        float32 ``(h, w)``, in levels of 255: positive on ink, zero at its edge, negative on paper.
    """
    full = _full_level(ink)
    grey = ink.astype(np.float32)
    own = np.asarray(cv2.GaussianBlur(grey, (0, 0), WIDTH * x_height, borderType=cv2.BORDER_CONSTANT), np.float32)
    # No edge lies where the ink is paler than MIN_OWN of the palest ridge.
    near = cv2.dilate((own >= MIN_OWN * MIN_RIDGE * full).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    sharpened, ridges = _smoothed_along_strokes(grey, near, x_height)
    on_ridge = (ridges & (own >= np.maximum(MIN_RIDGE * full, RIDGE_OWN * sharpened))).astype(np.float32)
    level, own_level = _spread_from(on_ridge, (sharpened, own), full, LEVEL_SPREAD * x_height)
    along = sharpened - np.maximum(EDGE * level, MIN_EDGE * full)
    blended = (1 - OWN_SHARE) * along + OWN_SHARE * (own - EDGE * own_level)
    return np.asarray(np.minimum(blended, own - MIN_OWN * own_level), np.float32)


def _spread_from(
    ridges: NDArray[np.float32], values: tuple[NDArray[np.float32], ...], usual: float, spread: float
) -> list[NDArray[np.float32]]:
    """Return each of several values as it is on the nearest ridges, float32 ``(h, w)``; ``usual`` far from all."""

    def blurred(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), spread, borderType=cv2.BORDER_CONSTANT), np.float32)

    weight = blurred(ridges)
    prior = PRIOR * float(weight.max()) + 1e-6
    return [(blurred(ridges * value) + prior * usual) / (weight + prior) for value in values]


def _full_level(ink: NDArray[np.uint8]) -> float:
    """Return the level of a drawing's full ink, at least 1."""
    peaks = (ink > MIN_PEAK * ink.max()) & (cv2.dilate(ink, np.ones((3, 3), np.uint8)) == ink)
    return max(1.0, float(np.percentile(ink[peaks], PEAK_PERCENTILE))) if peaks.any() else 255.0


def _smoothed_along_strokes(
    grey: NDArray[np.float32], near: NDArray[np.bool_], x_height: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the ink smoothed along strokes and sharpened across, float32 ``(h, w)``, and its ridges, bool.

    Both are computed ``near`` ink alone; elsewhere they are 0 and False.
    """
    kernels = _kernels(*(max(STEP, round(width * x_height / STEP) * STEP) for width in (LENGTH, WIDTH, RIDGE_WIDTH)))
    means, ridges = np.split(_filtered(grey, near, kernels), 2)
    # On a stroke the strongest ridge runs along it; in a gap the strongest valley does.
    weights = np.where(ridges > 0, ridges, VALLEY * ridges) ** 2
    strongest = weights.argmax(axis=0)
    weights = weights**2 + 1e-3
    weights /= weights.sum(axis=0)
    ridge = (weights * ridges).sum(axis=0)
    sharpened = np.zeros_like(grey)
    sharpened[near] = np.maximum((weights * means).sum(axis=0) + SHARPENING * ridge, 0)
    orientation = np.zeros(grey.shape, np.intp)
    orientation[near] = strongest
    on_ridge = np.zeros(grey.shape, bool)
    on_ridge[near] = ridge > 0
    return sharpened, on_ridge & _is_maximum_across(sharpened, orientation)


def _filtered(grey: NDArray[np.float32], near: NDArray[np.bool_], kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what kernels ``(k, n, n)`` of odd size give at the ``m`` pixels of a mask, float32 ``(k, m)``."""
    size = kernels.shape[1]
    weights = kernels.reshape(len(kernels), -1).T
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(grey, size // 2), (size, size))
    rows, columns = np.nonzero(near)
    found = np.empty((len(kernels), len(rows)), np.float32)
    for start in range(0, len(rows), BATCH):
        part = np.s_[start : start + BATCH]
        found[:, part] = (windows[rows[part], columns[part]].reshape(-1, size * size) @ weights).T
    return found


def _is_maximum_across(values: NDArray[np.float32], orientation: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return where no neighbour across the orientation, one of ``ORIENTATIONS``, is higher, bool ``(h, w)``."""
    height, width = values.shape
    padded = np.pad(values, 1)
    eighth = np.round((orientation / ORIENTATIONS + 0.5) * 4).astype(int) % 4
    maximum = np.zeros(values.shape, bool)
    for number, (dx, dy) in enumerate(((1, 0), (1, 1), (0, 1), (-1, 1))):
        one = padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        other = padded[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        maximum |= (eighth == number) & (values >= one) & (values >= other)
    return maximum


@lru_cache(maxsize=32)
def _kernels(length: float, width: float, ridge_width: float) -> NDArray[np.float32]:
    """Return kernels for standard deviations in pixels, float32 ``(2 * ORIENTATIONS, n, n)``.

    The first half, one for each orientation, are the mean along a stroke; the others the ridge, which is positive on a
    bright line.
    """
    reach = int(np.ceil(2.7 * length))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    means, ridges = [], []
    for number in range(ORIENTATIONS):
        angle = np.pi * number / ORIENTATIONS
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        mean = np.exp(-(along**2) / (2 * length**2) - across**2 / (2 * width**2))
        envelope = np.exp(-(along**2) / (2 * length**2) - across**2 / (2 * ridge_width**2))
        ridge = (1 - across**2 / ridge_width**2) * envelope
        ridge -= envelope * (ridge.sum() / envelope.sum())
        means.append(mean / mean.sum())
        ridges.append(2 * ridge / np.abs(ridge).sum())
    return np.stack([*means, *ridges]).astype(np.float32)

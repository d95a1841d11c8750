"""How large the writing on a page is, how it falls and how it slants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.marks import Marks

STEEPEST = 8.0
"""Degrees: no page lies more askew."""
SAMPLE = 50_000
"""So many pixels of ink are enough to tell an angle."""
SLANTS = np.arange(-30, 51, 2.5)
"""The slants that hands have, in degrees to the right."""


def mark_height(marks: Marks) -> float:
    """Return how tall the marks on a page are, in pixels: half of the writing, by its width, is at most so tall.

    Letters are one or two x-heights tall, joined words two or three: it is a first guess at the writing's size.

    Returns:
        The height; 0 where nothing looks like writing.
    """
    height, width = marks.shape
    _, _, wide, tall, area = marks.boxes.T.astype(float)
    usual = (tall >= 3) & (area >= 6) & (wide < width / 2) & (tall < max(height / 3, 60))
    if not usual.any():
        return 0.0
    order = np.argsort(tall[usual])
    total = np.cumsum(wide[usual][order])
    return float(tall[usual][order][np.searchsorted(total, total[-1] / 2)])


def skew(marks: Marks, height: float) -> float:
    """Return by how many degrees lines of writing fall to the right: projected along that angle, ink lies densest.

    Args:
        marks: Of a page.
        height: Of its marks, in pixels.
    """
    rows, columns = _sampled(marks)

    def sharpness(degrees: float) -> float:
        return _concentration((rows - np.tan(np.deg2rad(degrees)) * columns) / max(1.0, height / 6))

    rough = max(np.arange(-STEEPEST, STEEPEST + 0.1, 0.5), key=sharpness)
    return float(max(np.arange(rough - 0.5, rough + 0.51, 0.1), key=sharpness))


def slant(marks: Marks, x_height: float) -> float:
    """Return by how many degrees the upstrokes of a page lean to the right: projected along them, ink lies densest.

    Args:
        marks: Of a page without skew.
        x_height: In pixels.
    """
    rows, columns = _sampled(marks)
    band = np.floor(rows / (3 * x_height)) * 8 * (marks.shape[1] + 6 * x_height) / x_height  # each counts for itself

    def sharpness(degrees: float) -> float:
        moved = columns + np.tan(np.deg2rad(degrees)) * (rows % (3 * x_height))
        return _concentration(band + moved * 8 / x_height)

    return float(max(SLANTS, key=sharpness))


def _sampled(marks: Marks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    step = max(1, len(marks.rows) // SAMPLE)
    return marks.rows[::step].astype(float), marks.columns[::step].astype(float)


def _concentration(places: NDArray[np.float64]) -> float:
    if not places.size:
        return 0.0
    counts = np.bincount((places - places.min()).astype(np.int64))
    return float((counts.astype(float) ** 2).sum())

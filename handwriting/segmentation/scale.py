"""Size, skew and slant of the writing on a page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.components import Components

STEEPEST = 8.0
"""Maximum skew, in degrees."""
SAMPLE = 50_000
"""Number of pixels of ink sampled to estimate an angle."""
SLANTS = np.arange(-30, 51, 2.5)
"""Candidate slants, in degrees to the right."""


def component_height(components: Components) -> float:
    """Return the median height of the components on a page, weighted by width, in pixels.

    It is a first estimate of the writing's size: letters are one or two x-heights tall, joined words two or three.

    Returns:
        The height; 0 if nothing looks like writing.
    """
    height, width = components.shape
    _, _, wide, tall, area = components.boxes.T.astype(float)
    usual = (tall >= 3) & (area >= 6) & (wide < width / 2) & (tall < max(height / 3, 60))
    if not usual.any():
        return 0.0
    order = np.argsort(tall[usual])
    total = np.cumsum(wide[usual][order])
    return float(tall[usual][order][np.searchsorted(total, total[-1] / 2)])


def skew(components: Components, height: float) -> float:
    """Return the skew in degrees, above 0 if lines fall to the right: the angle of the sharpest projection profile.

    Args:
        components: The components of a page.
        height: Their typical height, in pixels.
    """
    rows, columns = _sampled(components)

    def sharpness(degrees: float) -> float:
        return _concentration((rows - np.tan(np.deg2rad(degrees)) * columns) / max(1.0, height / 6))

    rough = max(np.arange(-STEEPEST, STEEPEST + 0.1, 0.5), key=sharpness)
    return float(max(np.arange(rough - 0.5, rough + 0.51, 0.1), key=sharpness))


def slant(components: Components, x_height: float) -> float:
    """Return the slant of the writing, in degrees to the right: the angle of the sharpest projection profile.

    Args:
        components: The components of a deskewed page.
        x_height: The x-height, in pixels.
    """
    rows, columns = _sampled(components)
    band = (
        np.floor(rows / (3 * x_height)) * 8 * (components.shape[1] + 6 * x_height) / x_height
    )  # bands are separate profiles

    def sharpness(degrees: float) -> float:
        moved = columns + np.tan(np.deg2rad(degrees)) * (rows % (3 * x_height))
        return _concentration(band + moved * 8 / x_height)

    return float(max(SLANTS, key=sharpness))


def _sampled(components: Components) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    step = max(1, len(components.rows) // SAMPLE)
    return components.rows[::step].astype(float), components.columns[::step].astype(float)


def _concentration(places: NDArray[np.float64]) -> float:
    if not places.size:
        return 0.0
    counts = np.bincount((places - places.min()).astype(np.int64))
    return float((counts.astype(float) ** 2).sum())

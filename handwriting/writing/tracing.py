"""Grey ink traced to outlines that stay smooth when they are enlarged."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import cv2
import numpy as np
from contourpy import FillType, LineType, SerialContourGenerator, ZInterp
from numpy.typing import NDArray

from handwriting.writing.curve_fitting import evenly_spaced, fit_closed, smoothed
from handwriting.writing.ink_edges import edge_field
from handwriting.writing.outlines import Outline

FINE = 96
"""Pixels to the x-height of the grid whose edges are traced: 4 times as many as a photographed page has."""
BORDER = 3
"""Paper added around a drawing, in pixels: contours close there."""
STEP = 0.03
"""Distance of the points to which curves are fitted, in x-heights."""
SMOOTHING = 0.05
"""Standard deviation of the smoothing along an edge, in x-heights."""
TOLERANCE = 0.006
"""Largest distance of a curve from the edge, in x-heights: two pixels where an x-height has 300."""
MIN_INK = 0.008
"""Area of the smallest spot of ink that is no speck, in squares of the x-height; a dot has 0.03."""
MIN_HOLE = 0.004
"""Area of the smallest hole that is no grain, in squares of the x-height."""


def trace(
    ink: NDArray[np.uint8], x_height: float, *, origin: tuple[float, float] = (0.0, 0.0), scale: float = 1.0
) -> Outline:
    """Return the outline of one drawing.

    Args:
        ink: Bright ink on dark with soft edges, uint8 ``(h, w)``. Beyond its border is paper.
        x_height: The x-height of the hand, in pixels of ``ink``.
        origin: Column and row that become (0, 0): the left edge of column 0 is 0.0, the upper edge of row 0 is 0.0.
            With the row of the baseline, y is the height above it.
        scale: Units of the outline for each pixel.

    Returns:
        The outline, y upwards; without contours where there is no ink.
    """
    [outline] = trace_all([ink], x_height)
    return outline.transformed(scale, -scale * origin[0], scale * origin[1])


def trace_all(inks: Iterable[NDArray[np.uint8]], x_height: float) -> list[Outline]:
    """Return the outlines of drawings of one x-height, as :func:`trace` does; many at once take less time.

    Args:
        inks: The drawings.
        x_height: The x-height of the hand, in their pixels.

    Returns:
        Each in pixels to the right and up from the upper left corner of its drawing.
    """
    polygons = [_smooth_edges(ink, x_height) for ink in inks]
    contours = iter(fit_closed([polygon for own in polygons for polygon in own], TOLERANCE))
    return [Outline(tuple(contour * x_height for contour in islice(contours, len(own)))) for own in polygons]


def _smooth_edges(ink: NDArray[np.uint8], x_height: float) -> list[NDArray[np.complex128]]:
    """Return evenly spaced points of the edges of a drawing in x-heights, as :func:`trace_all` places them."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return []
    inked = np.pad(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], BORDER)
    edges = _edges(edge_field(inked, x_height), max(2, round(FINE / x_height)))
    upright = [(polygon + complex(columns[0], rows[0])).conj() / x_height for polygon in edges]
    kept = [polygon for polygon in upright if not -MIN_HOLE < _polygon_area(polygon) < MIN_INK]
    return [smoothed(evenly_spaced(polygon, STEP), SMOOTHING / STEP) for polygon in kept]


def _edges(field: NDArray[np.float32], enlargement: int) -> list[NDArray[np.complex128]]:
    """Return the closed polygons where the field of a padded drawing is zero, ink on their left once y is upwards.

    Args:
        field: float32 ``(h, w)``, positive on ink.
        enlargement: How much finer than the field the grid is whose edges are traced.

    Returns:
        complex128 ``(n,)`` each, x + iy in pixels of the drawing before it was padded; the first reaches from 0 to 1.
    """
    fine = cv2.resize(field, None, fx=enlargement, fy=enlargement, interpolation=cv2.INTER_CUBIC)
    fine[[0, -1]] = fine[:, [0, -1]] = min(float(field.min()), -1.0)
    columns, rows = np.meshgrid(*(np.arange(size, dtype=np.float64) for size in fine.shape[::-1]))
    # contourpy's own contour_generator() takes as long to look for what is masked as this takes to find the lines.
    contours = SerialContourGenerator(
        columns,
        rows,
        fine.astype(np.float64),
        None,  # type: ignore[arg-type]  # nothing is masked; its stubs do not say so
        corner_mask=True,
        line_type=LineType.Separate,
        fill_type=FillType.OuterOffset,
        quad_as_tri=False,
        z_interp=ZInterp.Linear,
    )
    lines = contours.lines(0.0)
    # The last point of a closed line is its first again.
    polygons = [np.ascontiguousarray(line[:0:-1]).view(np.complex128)[:, 0] for line in map(np.asarray, lines)]
    return [(polygon + 0.5 + 0.5j) / enlargement - complex(BORDER, BORDER) for polygon in polygons]


def _polygon_area(points: NDArray[np.complex128]) -> float:
    """Return the signed area of a closed polygon ``(n,)``: positive where it runs counter-clockwise."""
    return float((points.conj() * np.roll(points, -1)).imag.sum()) / 2

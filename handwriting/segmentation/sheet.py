"""The sheet of paper in a photograph: its outline and its corners."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.pixels import (
    Grey,
    Mask,
    Matrix,
    closed,
    dilated,
    eroded,
    numbered,
    opened,
    resized,
    within,
)

COARSE = 320
"""Maximum side of the reduced picture in which the sheet is found; lengths below are in its pixels."""
WRITING = 7
"""Side of the closing that removes writing from the paper."""
STEPS = (0.13, 0.25)
"""Minimum step of the logarithm of whiteness at the edge of a sheet. The smaller step also finds the fold between two
pages; if it finds shadows and rules rather than an edge, the larger one is used."""
AT_ONCE = 5
"""Side of the neighbourhood within which a step is measured."""
LEAKS = (21, 37)
"""Widths below which a connection of the sheet with its surroundings is cut. The smaller one preserves more of a sheet
with uncertain edges; the larger one may separate a sheet from a table as bright as paper."""
MIN_CONVEXITY = 0.85
"""Minimum share of its convex hull that a sheet fills."""
MIN_EDGE = 0.55
"""Minimum share of the sheet's outline along which the larger step occurs."""
MIN_AREA = 0.2
"""Minimum share of the picture that a sheet fills."""
MAX_AREA = 0.98
"""Share of the picture from which the sheet is the whole picture."""
MIN_QUADRILATERAL = 0.95
"""Minimum share of the quadrilateral between its sides that a sheet fills."""
MIN_CORNER_SINE = 0.5
"""Sine of the minimum angle between adjacent sides of a sheet."""
EDGE = 2
"""Width of the sheet's shadow at its edge."""


class Sheet(NamedTuple):
    """The position of the sheet.

    Attributes:
        mask: 1 on the sheet, uint8 ``(h, w)``, at a lower resolution than the image.
        corners: Its four corners, clockwise from the top left, float64 ``(4, 2)`` in pixels of the image; None if a
            corner lies outside of the picture or the sides are not straight.
    """

    mask: Grey
    corners: NDArray[np.float64] | None


def find_sheet(image: Grey) -> Sheet | None:
    """Find the sheet that fills most of a photograph.

    The whiteness of a pixel is its darkest channel times its greyness. It changes steeply at the paper's edge, and only
    slowly within the paper. The largest region without such steps is the sheet.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.

    Returns:
        The sheet; None if the picture shows paper alone, or no sheet is found.
    """
    small = closed(resized(image, within(image.shape, COARSE)), WRITING, WRITING)
    whiteness = _whiteness(np.asarray(cv2.medianBlur(small, 3), np.uint8))
    steps = dilated(whiteness, AT_ONCE, AT_ONCE) - eroded(whiteness, AT_ONCE, AT_ONCE)
    tried = (_solid(steps < least, leak) for least in STEPS for leak in LEAKS)
    regions = [region for region in tried if region is not None]
    # A step is found on both sides of an edge; the sheet is on one of them.
    found = [dilated(region, AT_ONCE, AT_ONCE) for region in regions if _ends(region, steps)]
    found = [region for region in found if MIN_AREA < region.mean() < MAX_AREA]
    if not found:
        return None
    ratio = np.divide(found[0].shape, image.shape[:2])[::-1]
    sides = [_corners(region) for region in found]
    for region, corners in zip(found[::-1], sides[::-1], strict=True):
        if corners is not None and _inside(corners, region.shape):  # a complete sheet, even if shadows cross it
            return Sheet(_within(region, corners), (corners + 0.5) / ratio - 0.5)
    return Sheet(_within(found[0], sides[0]), None)


def _inside(corners: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Return whether all corners lie inside of the picture; the picture's own edge is no side of the sheet."""
    return bool(((corners > EDGE) & (corners < np.array(shape[::-1]) - 1 - EDGE)).all())


def _within(region: Grey, corners: NDArray[np.float64] | None) -> Grey:
    """Return a region with the corners that a shadow cut off, without its outermost pixels."""
    if corners is not None:
        cv2.fillConvexPoly(region, np.round(corners).astype(np.int32), (1,))
    return eroded(region, 2 * EDGE + 1, 2 * EDGE + 1)


def _whiteness(image: Grey) -> NDArray[np.float32]:
    colours = np.atleast_3d(image).astype(np.float32)
    darkest, brightest = colours.min(axis=2), colours.max(axis=2)
    return np.asarray(np.log(darkest * (darkest / (brightest + 1)) + 8), np.float32)


def _solid(free: Mask, leak: int) -> Grey | None:
    """Return the convex hull of the largest region, 0 and 1; None if the region does not fill its hull."""
    core = _largest(opened(free.astype(np.uint8), leak, leak) > 0)
    # Restores the corners, which the opening removed.
    region = _largest((dilated(core, leak // 4, leak // 4) > 0) & free)
    if not region.any():
        return None
    hull = np.zeros_like(region)
    (outline,), _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.fillConvexPoly(hull, cv2.convexHull(outline), (1,))
    return hull if region.sum() >= MIN_CONVEXITY * hull.sum() else None


def _largest(mask: Mask) -> Grey:
    numbers, count = numbered(mask)
    if count < 2:
        return np.zeros(mask.shape, np.uint8)
    return (numbers == 1 + np.bincount(numbers.ravel())[1:].argmax()).astype(np.uint8)


def _ends(region: Grey, steps: NDArray[np.float32]) -> bool:
    """Return whether a region ends at a steep step along most of its outline inside of the picture."""
    outline = region > eroded(region, 3, 3)  # the picture's own edge is not eroded
    steep = dilated((steps >= STEPS[-1]).astype(np.uint8), 5, 5)
    return bool(not outline.any() or steep[outline].mean() >= MIN_EDGE)


def _corners(region: Grey) -> NDArray[np.float64] | None:
    """Return the intersections of the four longest sides of a convex region, clockwise from the top left, ``(4, 2)``.

    This restores corners that a shadow cut off. None if the region does not have four sides, or fills too little of the
    quadrilateral between them.
    """
    (contour,), _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = contour[:, 0].astype(np.float64)
    points = cv2.approxPolyDP(contour, 0.006 * cv2.arcLength(contour, True), True)[:, 0].astype(np.float64)
    along = np.roll(points, -1, axis=0) - points
    longest = np.sort(np.argsort(-np.linalg.norm(along, axis=1))[:4])
    if len(longest) < 4:
        return None
    along = along[longest] / np.linalg.norm(along[longest], axis=1, keepdims=True)
    outward = along[:, ::-1] * [1, -1]
    outward *= np.sign(((points[longest] - points.mean(axis=0)) * outward).sum(axis=1, keepdims=True))
    # A curved side is replaced by the tangent at its outermost point, so that nothing of the sheet is lost.
    through = outline[(outward @ outline.T).argmax(axis=1)]
    sides = np.column_stack([outward, -(outward * through).sum(axis=1)])  # ax + by + c = 0
    meet = np.cross(np.roll(sides, 1, axis=0), sides)
    if np.abs(meet[:, 2]).min() < MIN_CORNER_SINE:
        return None
    corners = meet[:, :2] / meet[:, 2:]
    if region.sum() < MIN_QUADRILATERAL * cv2.contourArea(corners.astype(np.float32)):
        return None
    angles = np.arctan2(*(corners - corners.mean(axis=0)).T[::-1])
    clockwise = corners[np.argsort(angles)]
    return np.roll(clockwise, -int(clockwise.sum(axis=1).argmin()), axis=0)


def flattening(corners: NDArray[np.float64]) -> tuple[Matrix, tuple[int, int]]:
    """Return the homography that corrects the perspective of a sheet.

    Args:
        corners: The corners clockwise from the top left, float64 ``(4, 2)`` in pixels of the image.

    Returns:
        The 3x3 matrix from points of the rectified sheet to points of the image, and the rectified height and width.
    """
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = round(max(top, bottom)), round(max(left, right))
    flat = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    return np.asarray(matrix, np.float64), (height, width)

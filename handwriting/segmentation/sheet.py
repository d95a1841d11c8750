"""The sheet of paper in a photograph: where it ends, and how it lies."""

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
"""The sheet is looked for in a picture of at most so many pixels a side; lengths below are in its pixels."""
WRITING = 7
"""A closing of this size wipes writing off the paper."""
STEPS = (0.13, 0.25)
"""How steeply light falls off at the edge of a sheet, as a change of its logarithm. The smaller step finds the fold
between two pages, too; where it finds shadows and rules rather than an edge, the larger one is taken."""
AT_ONCE = 5
"""A step is a change within so many pixels."""
LEAKS = (21, 37)
"""The sheet and what lies beside it are joined at places narrower than this by mistake only. The smaller one leaves
more of a sheet whose edges are in doubt; the larger one may find a whole sheet where a table shines as paper does."""
SOLID = 0.85
"""A sheet fills at least this share of its convex hull."""
ENDING = 0.55
"""The larger step runs along at least this share of the sheet's outline."""
SMALLEST = 0.2
"""A sheet fills at least this share of the picture; otherwise the picture is no photograph of one."""
WHOLE = 0.98
"""A sheet that fills this share of the picture is all of it."""
STRAIGHT = 0.95
"""A sheet with four sides fills this share of the quadrilateral between them."""
PARALLEL = 0.5
"""The sine of the smallest angle between neighbouring sides of a sheet."""
EDGE = 2
"""The sheet's outermost pixels are its shadow."""


class Sheet(NamedTuple):
    """Where the sheet lies.

    Attributes:
        mask: 1 where it shows, uint8 ``(h, w)``, coarser than the image.
        corners: Its four corners, from the top left clockwise, float64 ``(4, 2)`` in pixels of the image; None where
            one of them lies outside of the picture, or the sheet's sides are not straight.
    """

    mask: Grey
    corners: NDArray[np.float64] | None


def find_sheet(image: Grey) -> Sheet | None:
    """Find the sheet that most of a photograph shows.

    Paper is white: the brightness of each pixel's darkest channel, times how grey the pixel is, falls off steeply at
    the paper's edge, and only slowly within it. The largest region without such steps is the sheet.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.

    Returns:
        The sheet; None where the picture shows nothing but paper, or no sheet can be told.
    """
    small = closed(resized(image, within(image.shape, COARSE)), WRITING, WRITING)
    whiteness = _whiteness(np.asarray(cv2.medianBlur(small, 3), np.uint8))
    steps = dilated(whiteness, AT_ONCE, AT_ONCE) - eroded(whiteness, AT_ONCE, AT_ONCE)
    tried = (_solid(steps < least, leak) for least in STEPS for leak in LEAKS)
    regions = [region for region in tried if region is not None]
    # A step is found on both sides of an edge, of which the sheet is one.
    found = [dilated(region, AT_ONCE, AT_ONCE) for region in regions if _ends(region, steps)]
    found = [region for region in found if SMALLEST < region.mean() < WHOLE]
    if not found:
        return None
    ratio = np.divide(found[0].shape, image.shape[:2])[::-1]
    sides = [_corners(region) for region in found]
    for region, corners in zip(found[::-1], sides[::-1], strict=True):
        if corners is not None and _inside(corners, region.shape):  # a whole sheet, whatever shadows cross it
            return Sheet(_within(region, corners), (corners + 0.5) / ratio - 0.5)
    return Sheet(_within(found[0], sides[0]), None)


def _inside(corners: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Say whether the picture shows all corners; a side that it cuts off is no side of the sheet."""
    return bool(((corners > EDGE) & (corners < np.array(shape[::-1]) - 1 - EDGE)).all())


def _within(region: Grey, corners: NDArray[np.float64] | None) -> Grey:
    """Return a region, what a shadow cut off its corners given back, but its very edge left out."""
    if corners is not None:
        cv2.fillConvexPoly(region, np.round(corners).astype(np.int32), (1,))
    return eroded(region, 2 * EDGE + 1, 2 * EDGE + 1)


def _whiteness(image: Grey) -> NDArray[np.float32]:
    colours = np.atleast_3d(image).astype(np.float32)
    darkest, brightest = colours.min(axis=2), colours.max(axis=2)
    return np.asarray(np.log(darkest * (darkest / (brightest + 1)) + 8), np.float32)


def _solid(free: Mask, leak: int) -> Grey | None:
    """Return the convex hull of the largest region, 0 and 1; None where the region is torn."""
    core = _largest(opened(free.astype(np.uint8), leak, leak) > 0)
    # The corners, which the opening took away, are given back.
    region = _largest((dilated(core, leak // 4, leak // 4) > 0) & free)
    if not region.any():
        return None
    hull = np.zeros_like(region)
    (outline,), _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.fillConvexPoly(hull, cv2.convexHull(outline), (1,))
    return hull if region.sum() >= SOLID * hull.sum() else None


def _largest(mask: Mask) -> Grey:
    numbers, count = numbered(mask)
    if count < 2:
        return np.zeros(mask.shape, np.uint8)
    return (numbers == 1 + np.bincount(numbers.ravel())[1:].argmax()).astype(np.uint8)


def _ends(region: Grey, steps: NDArray[np.float32]) -> bool:
    """Say whether a region ends where the paper does: at a steep step along most of its outline within the picture."""
    outline = region > eroded(region, 3, 3)  # the picture's own edge is not eroded
    steep = dilated((steps >= STEPS[-1]).astype(np.uint8), 5, 5)
    return bool(not outline.any() or steep[outline].mean() >= ENDING)


def _corners(region: Grey) -> NDArray[np.float64] | None:
    """Return where the four longest sides of a convex region meet, from the top left clockwise, ``(4, 2)``.

    A corner that a shadow cut off comes back. None where the region has no four sides, or fills too little of what is
    between them.
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
    # A side that bulges is drawn through its outermost point, so that nothing of the sheet is cut off.
    through = outline[(outward @ outline.T).argmax(axis=1)]
    sides = np.column_stack([outward, -(outward * through).sum(axis=1)])  # ax + by + c = 0
    meet = np.cross(np.roll(sides, 1, axis=0), sides)
    if np.abs(meet[:, 2]).min() < PARALLEL:
        return None
    corners = meet[:, :2] / meet[:, 2:]
    if region.sum() < STRAIGHT * cv2.contourArea(corners.astype(np.float32)):
        return None
    angles = np.arctan2(*(corners - corners.mean(axis=0)).T[::-1])
    clockwise = corners[np.argsort(angles)]
    return np.roll(clockwise, -int(clockwise.sum(axis=1).argmin()), axis=0)


def flattening(corners: NDArray[np.float64]) -> tuple[Matrix, tuple[int, int]]:
    """Return how a sheet that was seen at an angle becomes a rectangle.

    Args:
        corners: From the top left clockwise, float64 ``(4, 2)`` in pixels of the image.

    Returns:
        The 3x3 matrix that takes points of the rectangle to points of the image, and the rectangle's height and width.
    """
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = round(max(top, bottom)), round(max(left, right))
    flat = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    return np.asarray(matrix, np.float64), (height, width)

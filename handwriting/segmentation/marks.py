"""Marks that are no writing: specks, blots, drawings and edges, told by their size and place."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.pixels import Grey, Mask, dilated, marks_of, opened

SPECK = 0.35
"""A mark smaller than this share of a dot, which is as wide and high as the stroke, is a speck."""
BLOT = 0.5
"""X-heights: a disc of this radius, which is wider than a stroke, too, fits into a blot and into no letter."""
SOLID, LARGE = 0.2, 6.0
"""What is denser than this share of the ink over an x-height in both directions, and larger than so many squares of it
in all, is no paper."""
MARGIN = 0.12
"""The outer share of a picture on each side in which its sheet may end."""
DRAWING = 10.0
"""X-heights: what is taller is a drawing, even where the writing of neighbouring lines touches."""
BORDER, LONG = 2.0, 5.0
"""What runs over the page's edge, is longer than so many x-heights and so many times as long as wide, is the edge."""


class Marks(NamedTuple):
    """Connected marks.

    Attributes:
        numbers: The number of the mark that each pixel belongs to, from 1, int32 ``(H, W)``; 0 for paper.
        boxes: The left column, the top row, columns, rows and pixels of each, the paper's first, int64 ``(n + 1, 5)``.
        stroke: How wide strokes are, in pixels.
    """

    numbers: NDArray[np.int32]
    boxes: NDArray[np.int64]
    stroke: float


def sort_out(ink: Mask, paper: Mask, x_height: float) -> tuple[Marks, dict[str, int]]:
    """Leave out what is no writing by its own shape.

    Args:
        ink: Where there is ink, ``(H, W)``.
        paper: Where there is paper to write on, ``(H, W)``.
        x_height: In pixels.

    Returns:
        The marks that may be writing, and how many were left out, by the reason.
    """
    numbers, boxes = marks_of(ink)
    _, _, wide, tall, area = boxes.T
    to_paper = np.asarray(cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    stroke = _stroke_width(to_paper)
    blotted, over_edge = np.zeros(len(boxes), bool), np.zeros(len(boxes), bool)
    blotted[np.unique(numbers[to_paper > max(BLOT * x_height, stroke)])] = True
    inside = cv2.erode(paper.astype(np.uint8), np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    over_edge[np.unique(numbers[np.asarray(inside) == 0])] = True
    long = (np.maximum(wide, tall) > BORDER * x_height) & (np.maximum(wide / tall, tall / wide) > LONG)

    reasons = {
        "edge": over_edge & (long | blotted),
        "drawing": tall > DRAWING * x_height,
        "blot": blotted,
        "speck": area < max(2.0, SPECK * stroke**2),
    }
    rejected = np.arange(len(boxes)) == 0  # the paper
    told = {}
    for reason, found in reasons.items():
        if new := int((found & ~rejected).sum()):
            told[reason] = new
        rejected |= found
    renumbered = np.where(rejected, 0, np.cumsum(~rejected)).astype(np.int32)
    kept = np.concatenate([[0], np.flatnonzero(~rejected)])
    return Marks(renumbered[numbers], boxes[kept], stroke), told


def _stroke_width(to_paper: NDArray[np.float32]) -> float:
    """Return how wide strokes are: the median in their middle, given each pixel's distance to the paper."""
    middle = (to_paper > 0) & (to_paper >= dilated(to_paper, 3, 3) - 1e-3)
    return float(2 * np.median(to_paper[middle]) - 1) if middle.any() else 1.0


def solid(dense: Grey, usual: float, x_height: float) -> Mask:
    """Return where there is no paper between the strokes: tables, fingers, dark corners and what lies beyond them.

    Args:
        dense: Ink, uint8 ``(H, W)``.
        usual: How dense ink usually is.
        x_height: In pixels.
    """
    side = max(3, round(x_height))
    numbers, boxes = marks_of(opened(dense, side, side) > SOLID * usual)
    large = boxes[:, cv2.CC_STAT_AREA] > LARGE * x_height**2
    large[0] = False
    if not large.any():
        return np.zeros(dense.shape, bool)
    found = dilated(large[numbers].astype(np.uint8), side, side) > 0
    # What lies beyond it, near the picture's edge, is no paper either.
    for outward in (found, found[:, ::-1], found.T, found.T[:, ::-1]):
        margin = outward[:, : round(MARGIN * outward.shape[1])]
        margin |= np.maximum.accumulate(margin[:, ::-1], axis=1)[:, ::-1]
    return found

"""Marks that are no writing: specks, blots, drawings and edges, told by their size and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.pixels import Grey, Mask, dilated, eroded, numbered, opened, places, spans

Value = TypeVar("Value", bound=np.generic)

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
RIM = 0.5
"""X-heights: nobody writes so near to the edge of a sheet; what lies there is the edge, or the table."""
BORDER, LONG = 2.0, 5.0
"""What runs over the page's edge, is longer than so many x-heights and so many times as long as wide, is the edge."""


@dataclass(frozen=True, eq=False)
class Marks:
    """Connected marks, as a list of their pixels: most of a page is paper.

    Attributes:
        shape: Height and width of the page, in pixels.
        rows: Of each pixel of ink, row by row, int64 ``(p,)``.
        columns: Of the same.
        owner: The mark that each of them belongs to, from 0, int64 ``(p,)``.
        boxes: The left column, the top row, columns, rows and pixels of each mark, int64 ``(n, 5)``.
    """

    shape: tuple[int, int]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    owner: NDArray[np.int64]
    boxes: NDArray[np.int64]

    @classmethod
    def of(cls, ink: Mask, sure: Mask | None = None) -> Marks:
        """Find the marks of a page.

        Args:
            ink: Where there may be ink, ``(H, W)``.
            sure: Where there certainly is some; a mark with none of it is left out. By default, all of ``ink``.
        """
        numbers, count = numbered(ink)
        rows, columns = places(ink)
        owner = numbers[rows, columns].astype(np.int64) - 1
        (left, right), (top, bottom) = (spans(ends.astype(float), owner, count - 1) for ends in (columns, rows))
        area = np.bincount(owner, minlength=count - 1)
        boxes = np.stack([left, top, right - left + 1, bottom - top + 1, area], axis=1).astype(np.int64)
        marks = cls((ink.shape[0], ink.shape[1]), rows, columns, owner, boxes)
        return marks if sure is None else marks.only(marks.having(marks.at(sure)))

    def __len__(self) -> int:
        """Return how many marks there are."""
        return len(self.boxes)

    def at(self, picture: NDArray[Value]) -> NDArray[Value]:
        """Return what a picture of the page, ``(H, W)``, has at each pixel of ink, ``(p,)``."""
        return picture[self.rows, self.columns]

    def having(self, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Say which marks have some of the pixels of ink, of which ``(p,)`` says which: ``(n,)``."""
        found = np.zeros(len(self), bool)
        found[self.owner[pixels]] = True
        return found

    def only(self, chosen: NDArray[np.bool_]) -> Marks:
        """Return some of the marks, of which ``chosen`` says which, ``(n,)``."""
        kept = chosen[self.owner]
        owner = (np.cumsum(chosen) - 1)[self.owner[kept]]
        return Marks(self.shape, self.rows[kept], self.columns[kept], owner, self.boxes[chosen])

    def between(self, top: float, bottom: float) -> slice:
        """Return which of the pixels lie in some rows, both of them included."""
        # Looked for by a fraction, all rows would first be turned into fractions.
        start, stop = np.searchsorted(self.rows, [int(np.ceil(top)), int(np.floor(bottom)) + 1])
        return slice(int(start), int(stop))

    def mask(self) -> Mask:
        """Return where there is ink, ``(H, W)``."""
        mask = np.zeros(self.shape, bool)
        mask[self.rows, self.columns] = True
        return mask

    def picture(self, values: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the page with a value, ``(p,)``, at each pixel of ink, int32 ``(H, W)``; 0 on paper."""
        picture = np.zeros(self.shape, np.int32)
        picture[self.rows, self.columns] = values
        return picture


class Sorted(NamedTuple):
    """What may be writing.

    Attributes:
        marks: The marks that may be.
        stroke: How wide strokes are, in pixels.
        rejected: How many marks were left out, by the reason.
    """

    marks: Marks
    stroke: float
    rejected: dict[str, int]


def sort_out(marks: Marks, paper: Mask, x_height: float, sheet: Mask | None = None) -> Sorted:
    """Leave out what is no writing by its own shape.

    Args:
        marks: Of a page.
        paper: Where there is paper to write on, ``(H, W)``.
        x_height: In pixels.
        sheet: Where the whole sheet is, ``(H, W)``, if its edges are known.
    """
    _, _, wide, tall, area = marks.boxes.T
    distance = np.asarray(cv2.distanceTransform(marks.mask().astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    to_paper = marks.at(distance)
    middle = to_paper >= marks.at(dilated(distance, 3, 3)) - 1e-3  # of strokes
    stroke = float(2 * np.median(to_paper[middle]) - 1) if len(marks) else 1.0
    blotted = marks.having(to_paper > max(BLOT * x_height, stroke))
    inside = cv2.erode(paper.astype(np.uint8), np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    over_edge = marks.having(marks.at(np.asarray(inside)) == 0)
    at_rim = np.zeros(len(marks), bool) if sheet is None else _at_rim(marks, sheet.astype(np.uint8), x_height)
    long = (np.maximum(wide, tall) > BORDER * x_height) & (np.maximum(wide / tall, tall / wide) > LONG)

    reasons = {
        "edge": at_rim | (over_edge & (long | blotted)),
        "drawing": tall > DRAWING * x_height,
        "blot": blotted,
        "speck": area < max(2.0, SPECK * stroke**2),
    }
    left = np.ones(len(marks), bool)
    rejected = {}
    for reason, found in reasons.items():
        if new := int((found & left).sum()):
            rejected[reason] = new
        left &= ~found
    return Sorted(marks.only(left), stroke, rejected)


def _at_rim(marks: Marks, sheet: Grey, x_height: float) -> NDArray[np.bool_]:
    """Say which marks touch the edge of the sheet, or lie beside it, ``(n,)``."""
    rim = 2 * round(RIM * x_height) + 1
    touching, away = marks.at(eroded(sheet, 3, 3)) == 0, marks.at(eroded(sheet, rim, rim)) > 0
    return marks.having(touching) | ~marks.having(away)


def solid(dense: Grey, usual: float, x_height: float) -> Mask:
    """Return where there is no paper between the strokes: tables, fingers, dark corners and what lies beyond them.

    Args:
        dense: Ink, uint8 ``(H, W)``.
        usual: How dense ink usually is.
        x_height: In pixels.
    """
    side = max(3, round(x_height))
    filled = opened(dense, side, side) > SOLID * usual
    if filled.sum() <= LARGE * x_height**2:
        return np.zeros(dense.shape, bool)
    numbers, _ = numbered(filled)
    large = np.bincount(numbers.ravel()) > LARGE * x_height**2
    large[0] = False
    found = dilated(large[numbers].astype(np.uint8), side, side) > 0
    # What lies beyond it, near the picture's edge, is no paper either.
    for outward in (found, found[:, ::-1], found.T, found.T[:, ::-1]):
        margin = outward[:, : round(MARGIN * outward.shape[1])]
        margin |= np.maximum.accumulate(margin[:, ::-1], axis=1)[:, ::-1]
    return found

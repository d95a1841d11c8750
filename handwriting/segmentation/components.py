"""Connected components of ink, and those that are no writing: specks, blots, drawings and edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.pixels import Grey, Mask, dilated, eroded, numbered, opened, places, spans

Value = TypeVar("Value", bound=np.generic)

SPECK = 0.35
"""Area below which a component is a speck, as a share of a dot as wide and high as the stroke."""
BLOT = 0.5
"""Radius of a disc that fits into a blot and into no letter, in x-heights."""
SOLID, LARGE = 0.2, 6.0
"""A region without paper is denser than ``SOLID`` of the ink over an x-height in both directions, and larger than
``LARGE`` squares of the x-height."""
MARGIN = 0.12
"""Outer share of the picture on each side in which the sheet may end."""
DRAWING = 10.0
"""Height above which a component is a drawing, in x-heights, even if the writing of neighbouring lines touches."""
RIM = 0.5
"""Width of the unwritten rim of a sheet, in x-heights; ink there is the sheet's edge or the table."""
BORDER, LONG = 2.0, 5.0
"""A component across the page's edge is part of the edge if it is longer than ``BORDER`` x-heights and ``LONG`` times
as long as wide."""


@dataclass(frozen=True, eq=False)
class Components:
    """Connected components (8-connectivity), stored as a list of their pixels: most of a page is paper.

    Attributes:
        shape: Height and width of the page, in pixels.
        rows: The row of each pixel of ink, ascending, int64 ``(p,)``.
        columns: The column of each pixel of ink, int64 ``(p,)``.
        owner: The component of each pixel, from 0, int64 ``(p,)``.
        boxes: Left column, top row, width, height and area of each component, int64 ``(n, 5)``.
    """

    shape: tuple[int, int]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    owner: NDArray[np.int64]
    boxes: NDArray[np.int64]

    @classmethod
    def of(cls, ink: Mask, sure: Mask | None = None) -> Components:
        """Find the connected components of a page.

        Args:
            ink: Pixels that may be ink, ``(H, W)``.
            sure: Pixels that certainly are ink; a component without any is dropped. By default all of ``ink``.
        """
        numbers, count = numbered(ink)
        rows, columns = places(ink)
        owner = numbers[rows, columns].astype(np.int64) - 1
        (left, right), (top, bottom) = (spans(ends.astype(float), owner, count - 1) for ends in (columns, rows))
        area = np.bincount(owner, minlength=count - 1)
        boxes = np.stack([left, top, right - left + 1, bottom - top + 1, area], axis=1).astype(np.int64)
        components = cls((ink.shape[0], ink.shape[1]), rows, columns, owner, boxes)
        return components if sure is None else components.select(components.containing(components.at(sure)))

    def __len__(self) -> int:
        """Return the number of components."""
        return len(self.boxes)

    def at(self, picture: NDArray[Value]) -> NDArray[Value]:
        """Return the values of a picture of the page, ``(H, W)``, at the pixels of ink, ``(p,)``."""
        return picture[self.rows, self.columns]

    def containing(self, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which components contain at least one of the pixels in a mask ``(p,)``; bool ``(n,)``."""
        found = np.zeros(len(self), bool)
        found[self.owner[pixels]] = True
        return found

    def select(self, chosen: NDArray[np.bool_]) -> Components:
        """Return the components in a mask ``(n,)``."""
        kept = chosen[self.owner]
        owner = (np.cumsum(chosen) - 1)[self.owner[kept]]
        return Components(self.shape, self.rows[kept], self.columns[kept], owner, self.boxes[chosen])

    def between(self, top: float, bottom: float) -> slice:
        """Return the slice of pixels whose rows lie between two rows, inclusive."""
        # Searching for a float would first convert all rows to floats.
        start, stop = np.searchsorted(self.rows, [int(np.ceil(top)), int(np.floor(bottom)) + 1])
        return slice(int(start), int(stop))

    def mask(self) -> Mask:
        """Return the mask of ink, ``(H, W)``."""
        mask = np.zeros(self.shape, bool)
        mask[self.rows, self.columns] = True
        return mask

    def picture(self, values: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return a map with the given values ``(p,)`` at the pixels of ink, int32 ``(H, W)``; 0 on paper."""
        picture = np.zeros(self.shape, np.int32)
        picture[self.rows, self.columns] = values
        return picture


class Filtered(NamedTuple):
    """The components that may be writing.

    Attributes:
        components: The components kept.
        stroke: The stroke width, in pixels.
        rejected: The number of rejected components by reason.
    """

    components: Components
    stroke: float
    rejected: dict[str, int]


def reject_non_writing(components: Components, paper: Mask, x_height: float, sheet: Mask | None = None) -> Filtered:
    """Reject components that are no writing by their own size, shape and position.

    Args:
        components: The components of a page.
        paper: The mask of paper, ``(H, W)``.
        x_height: The x-height, in pixels.
        sheet: The mask of the whole sheet, ``(H, W)``, if its edges are known.
    """
    _, _, wide, tall, area = components.boxes.T
    distance = np.asarray(cv2.distanceTransform(components.mask().astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    to_paper = components.at(distance)
    middle = to_paper >= components.at(dilated(distance, 3, 3)) - 1e-3  # the centre lines of strokes
    stroke = float(2 * np.median(to_paper[middle]) - 1) if len(components) else 1.0
    blotted = components.containing(to_paper > max(BLOT * x_height, stroke))
    inside = cv2.erode(paper.astype(np.uint8), np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    over_edge = components.containing(components.at(np.asarray(inside)) == 0)
    at_rim = np.zeros(len(components), bool) if sheet is None else _at_rim(components, sheet.astype(np.uint8), x_height)
    long = (np.maximum(wide, tall) > BORDER * x_height) & (np.maximum(wide / tall, tall / wide) > LONG)

    reasons = {
        "edge": at_rim | (over_edge & (long | blotted)),
        "drawing": tall > DRAWING * x_height,
        "blot": blotted,
        "speck": area < max(2.0, SPECK * stroke**2),
    }
    left = np.ones(len(components), bool)
    rejected = {}
    for reason, found in reasons.items():
        if new := int((found & left).sum()):
            rejected[reason] = new
        left &= ~found
    return Filtered(components.select(left), stroke, rejected)


def _at_rim(components: Components, sheet: Grey, x_height: float) -> NDArray[np.bool_]:
    """Return which components touch the edge of the sheet or lie within its rim, bool ``(n,)``."""
    rim = 2 * round(RIM * x_height) + 1
    touching, away = components.at(eroded(sheet, 3, 3)) == 0, components.at(eroded(sheet, rim, rim)) > 0
    return components.containing(touching) | ~components.containing(away)


def solid(dense: Grey, usual: float, x_height: float) -> Mask:
    """Return the mask of regions without paper: tables, fingers, dark corners and everything beyond them.

    Args:
        dense: The density of each pixel, uint8 ``(H, W)``.
        usual: The typical density of ink.
        x_height: The x-height, in pixels.
    """
    side = max(3, round(x_height))
    filled = opened(dense, side, side) > SOLID * usual
    if filled.sum() <= LARGE * x_height**2:
        return np.zeros(dense.shape, bool)
    numbers, _ = numbered(filled)
    large = np.bincount(numbers.ravel()) > LARGE * x_height**2
    large[0] = False
    found = dilated(large[numbers].astype(np.uint8), side, side) > 0
    # Pixels between such a region and the picture's edge are no paper either.
    for outward in (found, found[:, ::-1], found.T, found.T[:, ::-1]):
        margin = outward[:, : round(MARGIN * outward.shape[1])]
        margin |= np.maximum.accumulate(margin[:, ::-1], axis=1)[:, ::-1]
    return found

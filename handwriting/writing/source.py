"""The written words of a hand, letter by letter, and the upright frame in which they are measured.

A word stays as its photograph shows it. Its *frame* is where a place in it is named: ``u`` runs along the word's own
baseline from its first ink, ``v`` rises above it, both in x-heights and with the slant of the writing removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.page import grown

INKED = 90
"""Level from which a pixel belongs to a stroke, of 255."""
MARK_PARTS = {".": 1, ",": 1, "'": 1, "\u2019": 1, "-": 1, "\u2013": 1, ":": 2, ";": 2, '"': 2, "!": 2, "?": 2, "=": 2}
"""Parts that a mark consists of, in any hand; what more it has is a scrap of something else."""
SMALL_LETTERS = "acemnorsuvwxz"
"""Letters that reach from the baseline to the x-height."""


STROKE_LEVEL = 0.3
"""Share of a word's full ink above which a pixel may be of a stroke."""
FULL_PERCENTILE = 75
"""Percentile of a word's darker ink that is full ink."""
MIN_PART = 0.1
"""Side of a square as large as the smallest part of a letter, in x-heights; what is smaller is a speck."""
TERRITORY = 0.5
"""How far around its ink the paper is a letter's, in x-heights."""
EDGE = 0.12
"""Width of the soft edge of a stroke, in x-heights."""


@dataclass(frozen=True, eq=False)
class SourceWord:
    """A word on a page.

    Attributes:
        key: Its page, line and number in the line.
        ink: Its picture, bright ink on dark, uint8 ``(h, w)`` at the resolution of its page.
        owner: The letter that each pixel belongs to, from 1, int16 ``(h, w)``; 0 for none.
        labels: The character that each letter shows; empty where it is unknown or doubtful.
        badness: How oddly each is drawn, 0..1.
        x_height: The x-height of the page, in pixels.
        origin: Column and row of the frame's origin, in pixels of the picture.
        slope: How the word's own baseline falls to the right, in pixels a pixel.
        slant: The tangent of the page's slant to the right.
        place: The origin on the page, along level lines and down, in x-heights.
        offset: How far the word's own baseline lies below its line's there, in x-heights.
    """

    key: tuple[str, int, int]
    ink: NDArray[np.uint8]
    owner: NDArray[np.int16]
    labels: tuple[str, ...]
    badness: tuple[float, ...]
    x_height: float
    origin: tuple[float, float]
    slope: float
    slant: float
    place: tuple[float, float]
    offset: float

    def __len__(self) -> int:
        """Return the number of its letters."""
        return len(self.labels)

    @property
    def from_frame(self) -> NDArray[np.float64]:
        """The 2x3 affine matrix from points ``(u, v)`` of the frame to pixels of the picture."""
        (x, y), unit = self.origin, self.x_height
        return np.array(
            [
                [unit, unit * self.slant, x],
                [unit * self.slope, unit * self.slope * self.slant - unit, y],
            ]
        )

    @cached_property
    def to_frame(self) -> NDArray[np.float64]:
        """The inverse of :attr:`from_frame`."""
        return np.asarray(cv2.invertAffineTransform(self.from_frame), np.float64)

    @cached_property
    def territory(self) -> NDArray[np.int16]:
        """The letter that each pixel belongs to or lies nearest to, from 1, int16 ``(h, w)``; 0 far from all."""
        return grown(self.owner.astype(np.int32), TERRITORY * self.x_height).astype(np.int16)

    @cached_property
    def inked(self) -> NDArray[np.float64]:
        """The points of the frame of all owned pixels, float64 ``(n, 2)``."""
        rows, columns = np.nonzero(self.owner)
        return apply(self.to_frame, columns, rows)

    @cached_property
    def parts(self) -> list[tuple[slice, slice]]:
        """The rows and columns of the picture that hold the pixels of each letter; empty where it has none."""
        boxes = [cv2.boundingRect((self.owner == letter + 1).astype(np.uint8)) for letter in range(len(self))]
        return [(slice(top, top + height), slice(left, left + width)) for left, top, width, height in boxes]

    def pixels_of(self, letter: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return rows and columns of the inked pixels of one letter, in the order of its picture."""
        part = self.parts[letter]
        rows, columns = np.nonzero((self.owner[part] == letter + 1) & (self.ink[part] >= INKED))
        return rows + part[0].start, columns + part[1].start

    def frame_of(self, letter: int) -> NDArray[np.float64]:
        """Return the points of the frame of the inked pixels of one letter, float64 ``(n, 2)``, at least one."""
        rows, columns = self.pixels_of(letter)
        if not len(rows):
            rows, columns = np.nonzero(self.owner == letter + 1)
        return apply(self.to_frame, columns, rows) if len(rows) else np.zeros((1, 2))


def without_grain(ink: NDArray[np.uint8], x_height: float) -> NDArray[np.uint8]:
    """Return the ink of a word without what is no stroke: paper's grain, show-through and specks.

    Args:
        ink: Bright ink on dark, uint8 ``(h, w)``.
        x_height: The x-height, in pixels.
    """
    full = float(ink.max())
    if full > 0:  # grain may cover more pixels than strokes do
        full = float(np.percentile(ink[ink >= full / 2], FULL_PERCENTILE))
    strokes = ink > STROKE_LEVEL * full
    _, part, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    is_stroke = stats[:, cv2.CC_STAT_AREA] >= (MIN_PART * x_height) ** 2
    is_stroke[0] = False
    if not is_stroke.any():
        return ink
    reach = 2 * round(EDGE * x_height) + 1
    near = cv2.dilate(is_stroke[part].astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.where(near > 0, ink, 0).astype(np.uint8)


def apply(affine: NDArray[np.float64], x: NDArray, y: NDArray) -> NDArray[np.float64]:
    """Return points mapped by a 2x3 affine matrix, float64 ``(n, 2)``."""
    return np.stack([np.asarray(x, float), np.asarray(y, float), np.ones(len(x))], 1) @ affine.T

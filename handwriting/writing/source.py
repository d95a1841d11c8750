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

INKED = 90
"""Level from which a pixel belongs to a stroke, of 255."""


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
    def inked(self) -> NDArray[np.float64]:
        """The points of the frame of all owned pixels, float64 ``(n, 2)``."""
        rows, columns = np.nonzero(self.owner)
        return apply(self.to_frame, columns, rows)

    def frame_of(self, letter: int) -> NDArray[np.float64]:
        """Return the points of the frame of the inked pixels of one letter, float64 ``(n, 2)``, at least one."""
        rows, columns = np.nonzero((self.owner == letter + 1) & (self.ink >= INKED))
        if not len(rows):
            rows, columns = np.nonzero(self.owner == letter + 1)
        return apply(self.to_frame, columns, rows) if len(rows) else np.zeros((1, 2))


def apply(affine: NDArray[np.float64], x: NDArray, y: NDArray) -> NDArray[np.float64]:
    """Return points mapped by a 2x3 affine matrix, float64 ``(n, 2)``."""
    return np.stack([np.asarray(x, float), np.asarray(y, float), np.ones(len(x))], 1) @ affine.T

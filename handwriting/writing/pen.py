"""The pen of a hand as its pictures show it: width and darkness of strokes, and how sharp their edges are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.plain_values import Share, Within
from handwriting.writing.source import INKED, SourceWord

FULL_PERCENTILE = 85
"""Percentile of the inked pixels of a word that is full ink."""
FINE = 4
"""Factor by which a word is enlarged before its strokes are measured: they are a few pixels wide."""
FINEST = 12
"""The same for a word of thin strokes."""
MIN_WIDTH = 8.0
"""Width of a stroke in pixels of the enlarged word below which it is thin: by that, diagonal ones seem narrower."""
PAPER = 2
"""Pixels of paper around a word that are kept."""
LOW, HIGH = 0.2, 0.8
"""Shares of full ink between which a pixel lies on an edge; from the higher one it belongs to the dark core."""


@dataclass(frozen=True)
class PenFit:
    """What the pen of a hand, or of a word, does.

    Attributes:
        width: The width of strokes at half of full ink, in x-heights.
        full: Full ink, 0..1.
        core: The share of the ink's area at half of full ink or more that is dark core, 0..1.
        softness: The width of edges, from a fifth to four fifths of full ink, in x-heights.
    """

    width: Annotated[float, Within(0.001, 10.0)] = 0.2
    full: Share = 0.8
    core: Share = 0.6
    softness: Annotated[float, Within(0.0, 10.0)] = 0.1


def usual_pen(pens: Iterable[PenFit | None]) -> PenFit:
    """Return the median of what :func:`pen_of` says of words; a usual pen where none has ink."""
    measured = [astuple(one) for one in pens if one is not None]
    return PenFit(*np.median(np.array(measured), axis=0).tolist()) if measured else PenFit()


def pen_of(word: SourceWord) -> PenFit | None:
    """Return what the pen of one word does; None where it has no ink.

    The width is twice the median distance of the middle lines of strokes to the paper: where strokes cross or run over
    each other, few of these lie.
    """
    rows, columns = (np.flatnonzero((word.owner > 0).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    around = np.s_[max(0, rows[0] - PAPER) : rows[-1] + PAPER + 1, max(0, columns[0] - PAPER) : columns[-1] + PAPER + 1]
    ink = word.ink[around]
    inked = ink[ink >= INKED]
    if not len(inked):
        return None
    full = float(np.percentile(inked, FULL_PERCENTILE))
    share = np.pad(ink, PAPER).astype(np.float32) / np.float32(full)
    for scale in (FINE, FINEST):
        fine = cv2.resize(share, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) >= 0.5
        if (width := _usual_width(fine)) >= MIN_WIDTH:
            break
    edges, width, area = _length_of_edges(fine) / scale, width / scale, float(fine.sum()) / scale**2
    if not edges or not width:
        return None
    soft = float(((share >= LOW) & (share < HIGH)).sum())
    core = float((share >= HIGH).sum()) / area
    return PenFit(width / word.x_height, full / 255, min(core, 1.0), soft / edges / word.x_height)


def stroke_width(word: SourceWord) -> float:
    """Return the usual width of a word's strokes at half of full ink, in x-heights; 0 without ink."""
    measured = pen_of(word)
    return 0.0 if measured is None else measured.width


def _usual_width(stroke: NDArray[np.bool_]) -> float:
    depth = cv2.distanceTransform(np.pad(stroke, 1).astype(np.uint8), cv2.DIST_L2, 5)
    middle = depth[(depth >= cv2.dilate(depth, np.ones((3, 3)))) & (depth > 1)]
    # A stroke of an odd number of pixels is one less than twice the depth of its middle, and an even one twice that.
    return float(2 * np.median(middle) - 0.5) if len(middle) else 0.0


def _length_of_edges(stroke: NDArray[np.bool_]) -> float:
    """Return the length of the edges of ink in pixels, from the crossings of rows and columns (Cauchy, Crofton)."""
    crossings = (stroke[1:] != stroke[:-1]).sum() + (stroke[:, 1:] != stroke[:, :-1]).sum()
    return float(np.pi / 4 * crossings)

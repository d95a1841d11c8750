"""Extracting the ink from the picture of a glyph: ink is separated from paper, the paper removed, the ink framed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.data.preparation.resizing import fit

Polarity = Literal["auto", "dark_on_light", "light_on_dark"]

PAPER_SIDE = 64
"""Paper is estimated on a copy of at most this many pixels a side, because it varies slowly."""
MAX_SIDE = 512
"""Larger pictures are first reduced to this many pixels a side; cameras give 4,000."""
PAPER_WINDOW = 0.5
"""The side of the window in which some paper is visible, as a share of the picture's shorter side.

Strokes are narrower.
"""
PAPER_NOISE = 0.2
"""Marks fainter than this share of the ink count as paper, such as grain and bleed-through."""
MIN_CONTRAST = 8.0
"""The minimum contrast of ink and paper, in grey levels of 0..255."""
MIN_PART = 0.02
"""Parts smaller than this share of the glyph's largest part are dirt, and are removed."""
MIN_CUT_PART = 0.3
"""A part cut by the picture's edge belongs to the glyph only from this share of its largest part."""
RULE_MARGIN = 0.2
"""A part within this share of the picture from an edge, and along half of that edge, is a ruled line."""


@dataclass(frozen=True)
class Inking:
    """Turns the picture of a glyph into bright ink on dark.

    Attributes:
        polarity: Whether ink or paper is darker; ``auto`` decides by the picture's edge, see :func:`is_dark_on_light`.
        paper: ``remove``: the paper, shadows included, becomes 0 and the ink 255; ``keep``: the picture's greys stay.
        crop: ``ink``: the ink's bounding box fills a square with a margin, as in EMNIST; ``none``: the whole picture.
        margin: The empty part of the square on each side of cropped ink.
    """

    polarity: Polarity = "auto"
    paper: Literal["remove", "keep"] = "remove"
    crop: Literal["none", "ink"] = "ink"
    margin: float = 0.07

    def __call__(self, greys: NDArray[np.float32], size: int) -> NDArray[np.uint8] | None:
        """Return the ink of a picture.

        Args:
            greys: The picture, float32 ``(H, W)`` in 0..255.
            size: Height and width of the result, in pixels.

        Returns:
            Bright ink on dark, uint8 ``(size, size)``; None if the picture has no ink.
        """
        greys = _at_most(greys, max(MAX_SIDE, 4 * size))
        dark = is_dark_on_light(greys) if self.polarity == "auto" else self.polarity == "dark_on_light"
        bright = 255 - greys if dark else greys
        ink = np.maximum(bright - _paper_level(bright), 0)
        threshold = _otsu(ink)
        marks = ink > threshold
        if not marks.any() or np.median(ink[marks]) < MIN_CONTRAST:
            return None
        if self.paper == "keep":
            image, around = bright, float(np.median(bright[~marks]))
        else:
            image, around = ink, 0.0
        if self.crop == "ink":
            parts = _parts(marks)
            if self.paper == "remove":  # dirt next to the glyph may lie in its frame
                image = image * cv2.dilate(parts, np.ones((5, 5), np.uint8))
            image = _framed(image, parts, self.margin, around)
        square = fit(image, size, around)
        if self.paper == "remove":
            square = _stretched(square)
        return np.round(np.clip(square, 0, 255)).astype(np.uint8)


def is_dark_on_light(greys: NDArray[np.float32]) -> bool:
    """Return whether a picture's ink is darker than its paper, of which its edge shows more than ink.

    Each pixel is compared with its surroundings, so that a shadow over half of the paper does not count as ink.

    Args:
        greys: float32 ``(H, W)``, of any range.
    """
    small = _at_most(greys, PAPER_SIDE)
    local = small - cv2.GaussianBlur(small, (0, 0), 0.15 * max(small.shape))
    light = local > _otsu(local)
    edge = np.concatenate([light[0], light[-1], light[1:-1, 0], light[1:-1, -1]])
    return bool(edge.mean() > 0.5)


def _at_most(greys: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return the picture, reduced if its longer side exceeds ``side`` pixels."""
    height, width = greys.shape
    ratio = side / max(height, width)
    if ratio >= 1:
        return greys
    shape = max(1, round(ratio * width)), max(1, round(ratio * height))
    return np.asarray(cv2.resize(greys, shape, interpolation=cv2.INTER_AREA), np.float32)


def _paper_level(bright: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of the paper at each pixel of a picture with bright ink, by a morphological opening."""
    height, width = bright.shape
    small = cv2.blur(_at_most(bright, PAPER_SIDE), (3, 3))
    window = max(3, round(PAPER_WINDOW * min(small.shape)) | 1)
    opened = cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones((window, window), np.uint8))
    return np.asarray(cv2.resize(cv2.blur(opened, (window, window)), (width, height)), np.float32)


def _otsu(values: NDArray[np.float32]) -> float:
    """Return the threshold that separates values best into two groups.

    Source: N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return high
    levels = ((values - low) * (255 / (high - low))).astype(np.uint8)
    level, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return low + (level + 1) * (high - low) / 256


def _parts(marks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a mask of the marks that belong to the glyph, uint8 ``(H, W)`` of 0 and 1.

    Ruled lines along the picture's edge are removed, unless every part is a rule or cut by the edge. Small parts cut by
    the edge are then removed as parts of neighbours if the largest part is not cut. If it is, the glyph was cropped
    tightly, and keeps its dots.
    """
    height, width = marks.shape
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    left, top, wide, tall, area = boxes[1:].T
    right, bottom = width - left - wide, height - top - tall
    cut = np.min([left, top, right, bottom], axis=0) <= 1
    rule = (2 * wide >= width) & (np.minimum(height - top, height - bottom) <= RULE_MARGIN * height)
    rule |= (2 * tall >= height) & (np.minimum(width - left, width - right) <= RULE_MARGIN * width)
    kept = np.ones(len(area), bool) if (cut | rule).all() else ~rule
    largest = int(np.where(kept, area, 0).argmax())
    kept &= area >= MIN_PART * area[largest]
    if not cut[largest]:
        kept &= ~cut | (area >= MIN_CUT_PART * area[largest])
    return np.isin(numbers, 1 + np.flatnonzero(kept)).astype(np.uint8)


def _framed(image: NDArray[np.float32], parts: NDArray[np.uint8], margin: float, around: float) -> NDArray[np.float32]:
    """Return the square around the glyph's parts, centred on their bounding box, with a margin."""
    left, top, width, height = cv2.boundingRect(parts)
    side = max(width, height)
    padding = round(margin / (1 - 2 * margin) * side)
    x, y = padding + (side - width) // 2, padding + (side - height) // 2
    full = side + 2 * padding
    padded = cv2.copyMakeBorder(image, full, full, full, full, cv2.BORDER_CONSTANT, value=around)
    return np.asarray(padded[full + top - y :, full + left - x :][:full, :full], np.float32)


def _stretched(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the levels so that paper is 0 and the median of the ink 255, for pens and strokes of any strength."""
    marks = ink > _otsu(ink)
    high = float(np.median(ink[marks]))
    low = max(float(np.median(ink[~marks])), PAPER_NOISE * high)
    return np.asarray((ink - low) * (255 / (high - low)), np.float32)

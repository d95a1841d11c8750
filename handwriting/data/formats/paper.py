"""From the picture of one glyph to ink alone: which is ink and which is paper, the paper removed, the ink framed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.data.preparation.resizing import fit

Polarity = Literal["auto", "dark_on_light", "light_on_dark"]

SMALL = 64
"""Paper is judged on a picture of at most this many pixels a side: it changes slowly."""
LARGE = 512
"""A larger picture is first brought to this many pixels a side: a glyph needs no more, and a camera gives 4,000."""
PAPER_WINDOW = 0.5
"""Paper shows somewhere within so large a part of the picture's shorter side, which no stroke is as wide as."""
PAPER_NOISE = 0.2
"""Marks fainter than this share of the ink are paper: its grain, and what shines through."""
LEAST_CONTRAST = 8.0
"""Minimum contrast of ink and paper, in levels of 255."""
LEAST_PART = 0.02
"""A speck smaller than this share of the glyph's largest part is dirt, and does not widen its frame."""
LARGE_PART = 0.3
"""A part that runs over the picture's edge is the glyph's own from this share of its largest part on."""
EDGE = 0.2
"""A part within so large an outer share of a picture, and along half of that edge, is a ruled line."""


@dataclass(frozen=True)
class Inking:
    """How the picture of one glyph becomes bright ink on dark.

    Attributes:
        polarity: Which of ink and paper is darker: ``auto`` takes the paper to be what the picture's edge shows most.
        paper: ``remove``: the paper around each stroke, shadows included, becomes 0 and the ink 255; ``keep``: the
            picture's own greys stay.
        crop: ``ink``: the ink's bounding box fills a square with a margin, as in EMNIST; ``none``: the whole picture.
        margin: The empty part of the square on each side of cropped ink.
    """

    polarity: Polarity = "auto"
    paper: Literal["remove", "keep"] = "remove"
    crop: Literal["none", "ink"] = "ink"
    margin: float = 0.07

    def __call__(self, greys: NDArray[np.float32], size: int) -> NDArray[np.uint8] | None:
        """Ink one picture.

        Args:
            greys: The picture, float32 ``(H, W)`` in 0..255.
            size: Height and width of the result, in pixels.

        Returns:
            Bright ink on dark, uint8 ``(size, size)``; None for a picture without ink.
        """
        greys = _at_most(greys, max(LARGE, 4 * size))
        dark = is_dark_on_light(greys) if self.polarity == "auto" else self.polarity == "dark_on_light"
        bright = 255 - greys if dark else greys
        ink = np.maximum(bright - _paper_level(bright), 0)
        threshold = _otsu(ink)
        marks = ink > threshold
        if not marks.any() or np.median(ink[marks]) < LEAST_CONTRAST:
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
    """Say whether a picture's ink is darker than its paper: along the edge of a picture there is more paper than ink.

    Each pixel is compared with what surrounds it, so that a shadow over half of the paper does not count as ink.

    Args:
        greys: float32 ``(H, W)``, of any range.
    """
    small = _at_most(greys, SMALL)
    local = small - cv2.GaussianBlur(small, (0, 0), 0.15 * max(small.shape))
    light = local > _otsu(local)
    edge = np.concatenate([light[0], light[-1], light[1:-1, 0], light[1:-1, -1]])
    return bool(edge.mean() > 0.5)


def _at_most(greys: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return the picture, made smaller where its longer side has more than ``side`` pixels."""
    height, width = greys.shape
    ratio = side / max(height, width)
    if ratio >= 1:
        return greys
    shape = max(1, round(ratio * width)), max(1, round(ratio * height))
    return np.asarray(cv2.resize(greys, shape, interpolation=cv2.INTER_AREA), np.float32)


def _paper_level(bright: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of the paper at each pixel of a picture with bright ink: an opening wipes the strokes out."""
    height, width = bright.shape
    small = cv2.blur(_at_most(bright, SMALL), (3, 3))
    window = max(3, round(PAPER_WINDOW * min(small.shape)) | 1)
    opened = cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones((window, window), np.uint8))
    return np.asarray(cv2.resize(cv2.blur(opened, (window, window)), (width, height)), np.float32)


def _otsu(values: NDArray[np.float32]) -> float:
    """Return the level that divides values best into two groups.

    Source: N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return high
    levels = ((values - low) * (255 / (high - low))).astype(np.uint8)
    level, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return low + (level + 1) * (high - low) / 256


def _parts(marks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return which marks belong to the glyph, uint8 ``(H, W)`` of 0 and 1.

    Where anything stands free, ruled lines along the picture's edge do not belong to it. Where then the largest part
    stands free, small parts that run over the edge belong to its neighbours; a glyph that is cut out tightly touches
    the edge itself, and keeps its dots.
    """
    height, width = marks.shape
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    left, top, wide, tall, area = boxes[1:].T
    right, bottom = width - left - wide, height - top - tall
    cut = np.min([left, top, right, bottom], axis=0) <= 1
    rule = (2 * wide >= width) & (np.minimum(height - top, height - bottom) <= EDGE * height)
    rule |= (2 * tall >= height) & (np.minimum(width - left, width - right) <= EDGE * width)
    kept = np.ones(len(area), bool) if (cut | rule).all() else ~rule
    largest = int(np.where(kept, area, 0).argmax())
    kept &= area >= LEAST_PART * area[largest]
    if not cut[largest]:
        kept &= ~cut | (area >= LARGE_PART * area[largest])
    return np.isin(numbers, 1 + np.flatnonzero(kept)).astype(np.uint8)


def _framed(image: NDArray[np.float32], parts: NDArray[np.uint8], margin: float, around: float) -> NDArray[np.float32]:
    """Cut out the square around the glyph's parts, their bounding box in its middle."""
    left, top, width, height = cv2.boundingRect(parts)
    side = max(width, height)
    padding = round(margin / (1 - 2 * margin) * side)
    x, y = padding + (side - width) // 2, padding + (side - height) // 2
    full = side + 2 * padding
    padded = cv2.copyMakeBorder(image, full, full, full, full, cv2.BORDER_CONSTANT, value=around)
    return np.asarray(padded[full + top - y :, full + left - x :][:full, :full], np.float32)


def _stretched(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the paper to 0 and half of the ink to 255, whatever the pen, and however thin its strokes have become."""
    marks = ink > _otsu(ink)
    high = float(np.median(ink[marks]))
    low = max(float(np.median(ink[~marks])), PAPER_NOISE * high)
    return np.asarray((ink - low) * (255 / (high - low)), np.float32)

"""A page with the boxes of its lines, words and characters."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handwriting.segmentation.page import Kind, Piece

MAX_SIDE = 2000
"""Larger pages are reduced to this number of pixels on the longer side."""
WIDTHS: dict[Kind, float] = {"line": 1 / 1000, "word": 1 / 1000, "character": 1 / 2000}
"""The line widths of the boxes, as shares of the longer side."""
COLOURS: dict[Kind, tuple[int, int, int]] = {
    "line": (100, 143, 255),
    "word": (255, 176, 0),
    "character": (220, 38, 127),
}
"""Blue, gold and magenta, which are distinct without seeing red or green, on paper and on a dark table.

Source: IBM Design Library, Color blind safe palette.
"""


def draw_overlay(image: NDArray[np.uint8], pieces: Sequence[Piece]) -> Image.Image:
    """Draw the boxes of pieces over their page: lines below, then words, characters on top.

    Args:
        image: The page, uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.
        pieces: Pieces whose boxes are in pixels of that image.

    Returns:
        An RGB picture with at most ``MAX_SIDE`` pixels a side.
    """
    height, width = image.shape[:2]
    ratio = min(1.0, MAX_SIDE / max(height, width))
    shape = max(1, round(ratio * width)), max(1, round(ratio * height))
    small = cv2.resize(image, shape, interpolation=cv2.INTER_AREA) if ratio < 1 else image.copy()
    drawn = cv2.cvtColor(small, cv2.COLOR_GRAY2RGB) if small.ndim == 2 else small
    for kind, colour in COLOURS.items():
        for x, y, w, h in (piece.box for piece in pieces if piece.kind == kind):
            first = round(ratio * x), round(ratio * y)
            last = max(first[0], round(ratio * (x + w)) - 1), max(first[1], round(ratio * (y + h)) - 1)
            cv2.rectangle(drawn, first, last, colour, max(1, round(WIDTHS[kind] * max(shape))))
    return Image.fromarray(drawn)

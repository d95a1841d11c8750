"""A small drawn hand: words of humps joined at a known height, with the owner of every pixel."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.source import SourceWord

X_HEIGHT = 20.0
"""Pixels in one x-height."""
STROKE = 0.16
"""Width of the pen, in x-heights."""
SLANT = 0.3
FINE = 8
"""Pixels of the finer picture in which strokes are drawn, in one of the word's."""
JOIN = 0.25
"""Height at which letters join, in x-heights."""
SHAPES: dict[str, Sequence[tuple[float, float]]] = {
    # From the entry on the left to the exit on the right, in x-heights along and above the baseline.
    "n": [(0.0, JOIN), (0.4, 1.0), (0.6, 0.9), (0.7, 0.0), (0.85, 0.0), (1.15, JOIN)],
    "l": [(0.0, JOIN), (0.6, 1.9), (0.45, 2.1), (0.5, 0.0), (0.65, 0.0), (0.95, JOIN)],
    "u": [(0.0, JOIN), (0.35, 1.0), (0.4, 0.1), (0.7, 0.1), (0.95, 1.0), (1.0, 0.0), (1.15, 0.0), (1.45, JOIN)],
    "o": [(0.0, JOIN), (0.3, 0.1), (0.65, 0.1), (0.85, 0.55), (0.6, 1.0), (0.3, 0.6), (0.45, 0.0), (1.2, JOIN)],
}


def drawn_word(
    text: str,
    number: int = 0,
    *,
    joined: Sequence[bool] | None = None,
    gap: float = 0.4,
    rise: float = 0.0,
    level: float = 1.0,
    badness: float = 0.1,
) -> SourceWord:
    """Return a word of the letters in ``SHAPES``.

    Args:
        text: Its letters.
        number: Its number in the line, which seeds how its letters deviate.
        joined: Whether each letter is joined to the next; all unless given.
        gap: The paper between two letters that are not joined, in x-heights.
        rise: How far the second letter and all after it are lifted, in x-heights.
        level: The ink of the pen, 0..1.
        badness: Of each letter.
    """
    rng = np.random.default_rng(number)
    joined = [True] * (len(text) - 1) if joined is None else joined
    lines: list[NDArray[np.float64]] = []
    at = 0.0
    for place, letter in enumerate(text):
        shape = np.array(SHAPES[letter])
        shape[1:-1] += rng.normal(0, 0.03, (len(shape) - 2, 2))
        if place and not joined[place - 1]:
            at += gap + STROKE
        lines.append(shape + np.array([at, rise * bool(place)]))
        at = lines[-1][-1, 0]
    width, height = int((at + 2.8) * X_HEIGHT), int(5 * X_HEIGHT)
    origin = (0.7 * X_HEIGHT, 3.2 * X_HEIGHT)
    distances = []
    coverage = np.zeros((height, width), np.float32)
    for line in lines:
        x = origin[0] + X_HEIGHT * (line[:, 0] + SLANT * line[:, 1]) + 0.5
        y = origin[1] - X_HEIGHT * line[:, 1] + 0.5
        fine = np.zeros((height * FINE, width * FINE), np.uint8)
        points = np.rint(np.stack([x, y], 1) * FINE * 16 - 8).astype(np.int32)
        cv2.polylines(fine, [points], False, 255, round(STROKE * X_HEIGHT * FINE), cv2.LINE_AA, 4)
        coverage = np.maximum(coverage, cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA))
        distances.append(cv2.resize(cv2.distanceTransform(255 - fine, cv2.DIST_L2, 5), (width, height)))
    ink = np.rint(coverage * level).astype(np.uint8)
    # Of two letters whose strokes cover a pixel, the one on its side of the cut has it.
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    upright = (columns - origin[0] - SLANT * (origin[1] - rows)) / X_HEIGHT
    nearest = np.argmin(distances, 0)
    cuts = np.array([line[0, 0] - (0.0 if place and joined[place - 1] else 0.2) for place, line in enumerate(lines)])
    owner = np.where(np.min(distances, 0) == 0, np.searchsorted(cuts, upright, side="right"), nearest + 1)
    owner = np.where(ink > 0, np.clip(owner, 1, len(text)), 0).astype(np.int16)
    return SourceWord(
        key=("page.png", 0, number),
        ink=ink,
        owner=owner,
        labels=tuple(text),
        badness=(badness,) * len(text),
        x_height=X_HEIGHT,
        origin=origin,
        slope=0.0,
        slant=SLANT,
        place=(10.0 * number, 5.0),
        offset=0.0,
    )


def drawn_hand(texts: Sequence[str], **how: bool | float) -> list[SourceWord]:
    """Return one word for each text."""
    return [drawn_word(text, number, **how) for number, text in enumerate(texts)]  # type: ignore[arg-type]

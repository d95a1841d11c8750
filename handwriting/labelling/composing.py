"""Words composed of the characters of another hand: what a classifier learns from before a hand has labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.shapes import Shapes
from handwriting.labelling.strips import BASELINE, MARGIN, ROWS, Strip

INKED = 64
"""Level from which a pixel of a glyph counts as ink."""
SIZE_SPREAD, RISE_SPREAD = 0.08, 0.06
"""Standard deviations of the logarithm of a character's size, and of its place above the baseline, in x-heights."""
OVERLAP, OVERLAP_SPREAD = 0.06, 0.1
"""Mean and standard deviation of how far a character reaches into the next, in x-heights."""


@dataclass(frozen=True, eq=False)
class Composed:
    """A composed word.

    Attributes:
        strip: The word.
        text: What it says.
        ends: The columns of the cuts before and after each character, int64 ``(n, 2)``.
    """

    strip: Strip
    text: str
    ends: NDArray[np.int64]


def compose(
    glyphs: Mapping[str, Sequence[NDArray[np.uint8]]],
    texts: Sequence[str],
    shapes: Shapes,
    x_height: float,
    seed: int,
) -> list[Composed]:
    """Compose words of glyphs in the proportions of a hand; characters without glyphs are dropped.

    Args:
        glyphs: The glyphs of each character, bright ink on dark, uint8 ``(h, w)``; a letter without any is drawn by
            those of the other case.
        texts: The words.
        shapes: The shapes of the hand.
        x_height: The x-height of the strips, in pixels.
        seed: The seed of the choice of glyphs and of their sizes and places.
    """
    random = np.random.default_rng(seed)
    words = []
    for text in texts:
        written = [(character, _glyphs(glyphs, character)) for character in text]
        written = [(character, found) for character, found in written if found]
        if written:
            words.append(_word(written, shapes, x_height, random))
    return words


def _glyphs(glyphs: Mapping[str, Sequence[NDArray[np.uint8]]], character: str) -> Sequence[NDArray[np.uint8]]:
    return glyphs.get(character) or glyphs.get(character.swapcase()) or ()


def _word(
    written: Sequence[tuple[str, Sequence[NDArray[np.uint8]]]],
    shapes: Shapes,
    x_height: float,
    random: np.random.Generator,
) -> Composed:
    parts, left, ends = [], 0.0, []
    for character, choices in written:
        (log_width, above, below), _ = shapes.of(character)
        size = np.exp(SIZE_SPREAD * random.standard_normal())
        rise = RISE_SPREAD * random.standard_normal()
        ink = _cropped(choices[int(random.integers(len(choices)))])
        height = max(0.15, (above + below) * size) * x_height
        # Between the proportions of the glyph and those of the hand.
        width = np.sqrt(np.exp(log_width) * size * x_height * height * ink.shape[1] / ink.shape[0])
        shape = max(2, round(width)), max(2, round(height))
        shown = cv2.resize(ink, shape, interpolation=cv2.INTER_AREA if shape[1] < ink.shape[0] else cv2.INTER_LINEAR)
        top = BASELINE - round((above * size + rise) * x_height)
        parts.append((round(left), top, np.asarray(shown, np.uint8)))
        ends.append((left, left + shape[0]))
        left += shape[0] - (OVERLAP + OVERLAP_SPREAD * random.standard_normal()) * x_height
    start = min(x for x, _, _ in parts)
    ink = np.zeros((ROWS, 2 * MARGIN + max(x + part.shape[1] for x, _, part in parts) - start), np.uint8)
    for x, top, part in parts:
        above_strip = max(0, -top)
        part = part[above_strip : max(above_strip, ROWS - top)]
        row, column = max(0, top), x - start + MARGIN
        place = ink[row : row + part.shape[0], column : column + part.shape[1]]
        np.maximum(place, part[: place.shape[0]], out=place)
    lefts, rights = np.array(ends).T - start + MARGIN
    between = (rights[:-1] + lefts[1:]) / 2
    cuts = np.stack([np.append(lefts[0] - 1, between), np.append(between, rights[-1])], axis=1)
    return Composed(
        Strip(ink, ink, np.eye(3)[:2], x_height),
        "".join(character for character, _ in written),
        np.rint(cuts).astype(np.int64),
    )


def _cropped(glyph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    inked = glyph >= INKED
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return glyph[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]

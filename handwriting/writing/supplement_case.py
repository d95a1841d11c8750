"""The other case of a letter: its drawings in the other size, with strokes as wide as before."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from handwriting.writing.bank import Bank
from handwriting.writing.source import INKED, SourceWord, apply
from handwriting.writing.stroke_fonts import thinned
from handwriting.writing.supplement_drawn import VARIANTS
from handwriting.writing.supplement_marks import dot_of
from handwriting.writing.supplement_pen import MEASURED_AT, PAPER, RESOLUTION, TAILED, TALL, HandPen, depths

SAME_STROKE = 0.12
"""How far apart along a centre line two places are that belong to the same part of its stroke, in x-heights."""
MIN_SPUR = 0.12
"""Length of the shortest branch of a centre line, in x-heights."""
JOINED_BEFORE, JOINED_AFTER = 0.8, 0.25
"""Badness of the stroke that leads into a letter, and of the one that leads on, in its other case."""
MIN_HEIGHT = 0.2
"""Height that the smallest letter counts as having, in x-heights."""


def in_other_case(bank: Bank, label: str, wanted: str, pen: HandPen) -> list[SourceWord]:
    """Return drawings of a letter in the size of its other case, each a word of one letter.

    Args:
        bank: The drawings of the hand.
        label: A letter that it has; its best drawings that stand alone are taken before others.
        wanted: What they are to show: the letter's other case.
        pen: The hand's pen.
    """
    numbers = bank.by_label[label]
    drawings = [bank.drawings[number] for number in numbers]
    joins = [(one.entry is not None) * JOINED_BEFORE + (one.exit is not None) * JOINED_AFTER for one in drawings]
    best = numbers[np.argsort(bank.badness[numbers] + joins, kind="stable")][:VARIANTS]
    if wanted.isupper():
        edges = 0.0, pen.capital
    else:
        edges = (-pen.descender if wanted in "gjpy" else 0.0), (pen.ascender if wanted in TALL else pen.x_height)
    has_tail = label in TAILED or wanted in "gjpy"
    return [
        resized(bank.words[bank.drawings[number].word], bank.drawings[number].letter, wanted, edges, has_tail, order)
        for order, number in enumerate(best)
    ]


def resized(
    word: SourceWord, letter: int, label: str, edges: tuple[float, float], has_tail: bool, number: int = 0
) -> SourceWord:
    """Return a letter in another size, without a dot above it.

    Each pixel of the new letter lies as far from the centre line of its stroke as the one that it shows, so that
    strokes stay as wide as they were.

    Args:
        word: The word of the letter.
        letter: Its position in the word.
        label: The character that it is to show.
        edges: The new heights of its lower and its upper edge, in x-heights.
        has_tail: Whether it is its lowest point that comes to the lower edge; otherwise its baseline.
        number: Its number among the drawings of the character.
    """
    own = (word.owner == letter + 1) & ~dot_of(word, letter)
    ink = np.where(own, word.ink, 0).astype(np.uint8)
    lines, half = centre_lines_of(ink, word.x_height)
    framed = apply(word.to_frame, *lines.T)
    bottom, top = edges[0] + half, edges[1] - half
    lowest = float(framed[:, 1].min()) if has_tail else half
    factor = (top - bottom) / max(float(framed[:, 1].max()) - lowest, MIN_HEIGHT)
    moved = np.stack([framed[:, 0] * factor, bottom + (framed[:, 1] - lowest) * factor], 1)
    return redrawn(word, ink, lines, moved, label, word.badness[letter], number)


def redrawn(
    word: SourceWord,
    ink: NDArray[np.uint8],
    lines: NDArray[np.float64],
    moved: NDArray[np.float64],
    label: str,
    badness: float,
    number: int = 0,
) -> SourceWord:
    """Return a word of one letter whose centre lines lie elsewhere, with strokes as wide as before.

    Args:
        word: The word of the letter.
        ink: The ink of the letter alone, ``(h, w)`` as that of its word.
        lines: Points of its centre lines, column and row of the ink, ``(n, 2)``.
        moved: Where each of them comes to lie, in the frame of the new word, ``(n, 2)``.
        label: The character that it is to show.
        badness: How oddly it is drawn, 0..1.
        number: Its number among the drawings of the character.
    """
    x, y = (moved[:, 0] + word.slant * moved[:, 1]) * RESOLUTION, -moved[:, 1] * RESOLUTION
    around = round(PAPER * RESOLUTION)
    left, above = int(np.floor(x.min())) - around, int(np.floor(y.min())) - around
    width, height = int(np.ceil(x.max())) + around + 1 - left, int(np.ceil(y.max())) + around + 1 - above
    places = np.stack(np.meshgrid(np.arange(width) + left, np.arange(height) + above), -1).reshape(-1, 2)
    _, nearest = cKDTree(np.stack([x, y], 1)).query(places)
    shown = lines[nearest] + (places - np.stack([x, y], 1)[nearest]) * (word.x_height / RESOLUTION)
    _, own_nearest = cKDTree(lines).query(shown)
    # What lies nearer to another stroke belongs to that one.
    apart = np.linalg.norm(lines[nearest] - lines[own_nearest], axis=1) / word.x_height
    columns, rows = shown.astype(np.float32).T.reshape(2, height, width)
    carried = np.asarray(cv2.remap(ink, columns, rows, cv2.INTER_CUBIC), np.uint8)
    carried[(apart > SAME_STROKE).reshape(height, width)] = 0
    return SourceWord(
        key=(label, 0, number),
        ink=carried,
        owner=(carried > 0).astype(np.int16),
        labels=(label,),
        badness=(badness,),
        x_height=float(RESOLUTION),
        origin=(float(-left), float(-above)),
        slope=0.0,
        slant=word.slant,
        place=(0.0, 0.0),
        offset=0.0,
    )


def centre_lines_of(ink: NDArray[np.uint8], x_height: float) -> tuple[NDArray[np.float64], float]:
    """Return the centre lines of ink, finer than its pixels, and half of the width of its strokes.

    Args:
        ink: Bright ink on dark, ``(h, w)``.
        x_height: The x-height of its page, in pixels.

    Returns:
        Points, column and row, float64 ``(n, 2)``, at least one; half of the width at most places, in x-heights.
    """
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return np.array([[ink.shape[1] / 2, ink.shape[0] / 2]]), 0.0
    left, top = int(columns.min()), int(rows.min())
    scale = MEASURED_AT / x_height
    part = ink[top : rows.max() + 1, left : columns.max() + 1]
    fine = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) >= INKED
    line = thinned(fine, MEASURED_AT * MIN_SPUR)
    if not line.any():
        return np.array([[columns.mean(), rows.mean()]]), 0.0
    half = (float(np.median(depths(fine)[line])) - 0.5) / MEASURED_AT
    rows, columns = np.nonzero(line)
    lines = (np.stack([columns, rows], 1) + 0.5) / scale - 0.5 + [left, top]
    return np.asarray(lines, np.float64), half

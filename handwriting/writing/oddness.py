"""How far each drawing is from the others of its letter: half of it, a wrong label, a place off the line, a blot."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.source import INKED, MARK_PARTS, MIN_PART, SourceWord

CELLS = 8
"""Cells of a coarse picture in one x-height."""
LEFT, TOP = 1.2, 2.6
"""How far a coarse picture reaches to the left of the middle of a letter, and above the baseline, in x-heights."""
SIZE = (19, 32)
"""Width and height of a coarse picture, in cells."""
BLUR = 0.11
"""Standard deviation of the blur, in x-heights."""
NEAREST = 3
"""Drawings of the same letter with which each is compared: a letter may be written in two ways."""
MIN_DRAWINGS = 5
"""Drawings of a letter from which one can be odd."""
MIN_SPREAD = 0.02
"""Least spread of distances."""
MIN_REACH_SPREAD = 0.15
"""Least spread of how far letters reach above and below the baseline, in x-heights."""
HALF_ODD = 3.0
"""Spreads above the usual distance at which a drawing is half odd."""
MIN_THICKNESS_SPREAD = 0.03
"""Least spread of the thickest places of letters, in x-heights."""
HALF_BLOTTED = 4.0
"""Spreads above the usual thickest place at which a drawing is half odd."""


def oddness(words: Sequence[SourceWord], letters: Sequence[tuple[int, int]], labels: Sequence[str]) -> NDArray:
    """Return how odd each drawing is among those of its letter.

    The distance of a drawing is one minus its mean correlation with the :data:`NEAREST` others that are most like it,
    as coarse upright pictures on the baseline. It is compared with the median of the letter's drawings, and so is the
    number of its parts, and how far it reaches up and down: a letter that is broken, or has lost a stroke, is odd.
    So is one whose thickest place is far thicker than those of the others: a blot, or a stroke that was written over.
    How many parts a mark of :data:`~handwriting.writing.source.MARK_PARTS` has is known: one with more is odd at any
    rate.

    Args:
        words: Words.
        letters: The number of its word, and its position there, of each drawing.
        labels: The letter that each shows.

    Returns:
        From 0 for a usual drawing to nearly 1, float64 ``(n,)``; 0 where a letter has few drawings, but for the
        further parts of marks.
    """
    odd = np.zeros(len(letters))
    classes, members = np.unique(np.array(labels, dtype=str), return_inverse=True)
    for number in range(len(classes)):
        own = np.flatnonzero(members == number)
        places = [(words[word], letter) for word, letter in (letters[one] for one in own.tolist())]
        usual = MARK_PARTS.get(str(classes[number]))
        if len(own) < MIN_DRAWINGS:
            if usual is not None:
                surplus = np.array([max(_parts(word, letter) - usual, 0) for word, letter in places])
                odd[own] = 1 - 1 / (1 + surplus)
            continue
        pictures = np.stack([coarse_picture(word, letter) for word, letter in places])
        alike = pictures @ pictures.T
        np.fill_diagonal(alike, -1)
        distance = 1 - np.sort(alike, axis=1)[:, -NEAREST:].mean(1)
        middle = np.median(distance)
        spread = max(1.4826 * float(np.median(np.abs(distance - middle))), MIN_SPREAD)
        above = np.maximum(distance - middle, 0) / spread
        whole = 1 - above**2 / (above**2 + HALF_ODD**2)
        counts = np.array([_parts(word, letter) for word, letter in places])
        broken = np.maximum(counts - (np.median(counts) if usual is None else usual), 0)
        reaches = np.array([_reach(word, letter) for word, letter in places])
        cut = np.abs(reaches - np.median(reaches, axis=0))
        cut = (cut / np.maximum(1.4826 * np.median(cut, axis=0), MIN_REACH_SPREAD)).max(1)
        thickest = np.array([_thickest(word, letter) for word, letter in places])
        over = thickest - np.median(thickest)
        # To the fourth power: a full pen is somewhat thicker, a blot far more.
        over = (np.maximum(over, 0) / max(1.4826 * float(np.median(np.abs(over))), MIN_THICKNESS_SPREAD)) ** 4
        clean = 1 - over / (over + HALF_BLOTTED**4)
        odd[own] = 1 - whole / (1 + broken) * (1 - cut**2 / (cut**2 + HALF_ODD**2)) * clean
    return odd


def coarse_picture(word: SourceWord, letter: int) -> NDArray[np.float64]:
    """Return the coarse picture of a letter as a vector of length 1."""
    around = math.ceil(4 * BLUR * word.x_height) + 1  # as far as the blur reaches
    rows, columns = (slice(max(0, part.start - around), part.stop + around) for part in word.parts[letter])
    own = np.where(word.owner[rows, columns] == letter + 1, word.ink[rows, columns], 0).astype(np.float32)
    blurred = cv2.GaussianBlur(own, (0, 0), BLUR * word.x_height)
    middle = word.frame_of(letter)[:, 0].mean()
    to_frame = np.array([[1 / CELLS, 0, middle - LEFT], [0, -1 / CELLS, TOP]])
    to_picture = word.from_frame[:, :2] @ to_frame
    to_picture[:, 2] += word.from_frame[:, 2] - (columns.start, rows.start)
    cells = cv2.warpAffine(blurred, to_picture, SIZE, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR).ravel()
    return np.asarray(cells / max(float(np.linalg.norm(cells)), 1e-6), np.float64)


def _reach(word: SourceWord, letter: int) -> tuple[float, float]:
    """Return how far a letter reaches below and above its baseline."""
    heights = word.frame_of(letter)[:, 1]
    return float(heights.min()), float(heights.max())


def _parts(word: SourceWord, letter: int) -> int:
    """Return the number of parts of a letter's ink that are no specks."""
    strokes = _strokes(word, letter)
    areas = cv2.connectedComponentsWithStats(strokes, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return int((areas >= (MIN_PART * word.x_height) ** 2).sum())


def _thickest(word: SourceWord, letter: int) -> float:
    """Return the diameter of the largest circle that a letter's ink holds, in x-heights."""
    depth = cv2.distanceTransform(np.pad(_strokes(word, letter), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(2 * depth.max() - 1) / word.x_height


def _strokes(word: SourceWord, letter: int) -> NDArray[np.uint8]:
    """Return where a letter is inked, 1, in the window of its own."""
    part = word.parts[letter]
    return ((word.owner[part] == letter + 1) & (word.ink[part] >= INKED)).astype(np.uint8)

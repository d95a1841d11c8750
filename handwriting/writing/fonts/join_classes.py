"""The strokes by which the letters of a font join: one for each height at which the hand joins its letters.

Every letter that leaves or enters at a class ends in exactly this stroke, cut at the same point. So any two of them
meet, and programs need only set one next to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import Bank
from handwriting.writing.joins import SAMPLES, STEP, Stroke, strokes_between
from handwriting.writing.source import SourceWord
from handwriting.writing.supplement_pen import HandPen, inked

ROUNDS = 3
"""How often strokes are laid over their mean, and the mean is taken again."""
MAX_SLIDE = 4
"""By how many samples a stroke may slide along the mean."""
LEVEL_SPREAD, SLIDE_SPREAD = 0.1, 0.15
"""How far a stroke may lie above the mean, and how far it may slide, against its distance, in x-heights."""
OVERLAP = 0.03
"""How far a letter's stroke reaches over the point at which it meets the next one, in x-heights."""
FINE_STEP = 0.01
"""Distance of the points of a drawn stroke, in x-heights."""


@dataclass(frozen=True)
class JoinClass:
    """One height at which letters join.

    Attributes:
        number: Its number, from 1.
    """

    number: int

    @property
    def leaving(self) -> str:
        """The label of the drawing of the stroke up to the cut, in which letters that leave at this height end."""
        return f"leaving at {self.number}"

    @property
    def entering(self) -> str:
        """The label of the drawing of the stroke from the cut on, with which letters begin that are entered here."""
        return f"entering at {self.number}"


def join_classes(bank: Bank) -> list[JoinClass]:
    """Return the classes of a hand, the lowest first; none for a hand that does not join its letters."""
    if not bank.join_rates.is_joined:
        return []
    return [JoinClass(number) for number in range(1, len(bank.join_heights.levels) + 1)]


def class_words(bank: Bank, classes: Sequence[JoinClass], pen: HandPen) -> list[SourceWord]:
    """Return words that show the strokes of the classes, two for each: up to the cut, and from there on.

    Args:
        bank: The hand's own drawings.
        classes: Their classes.
        pen: The hand's pen.
    """
    words = []
    for one in classes:
        strokes = [
            drawing.exit
            for drawing in bank.drawings
            if drawing.exit is not None and bank.join_heights.classes.get(drawing.label) == one.number - 1
        ]
        path = mean_path(strokes)
        width = float(np.median([stroke.width for stroke in strokes]))
        level = float(np.median([stroke.level for stroke in strokes]))
        words += [_drawn(one.leaving, path, -1, width, level, pen), _drawn(one.entering, path, 1, width, level, pen)]
    return words


def mean_path(strokes: Sequence[Stroke]) -> NDArray[np.float64]:
    """Return the mean of strokes, slid along each other so that they lie one on the other.

    Args:
        strokes: At least one.

    Returns:
        Its points, with ``u`` counted from the middle one, float64 ``(2 * SAMPLES + 1, 2)``.
    """
    points = np.stack([stroke.points - [stroke.points[SAMPLES, 0], 0] for stroke in strokes])
    mean = np.median(points, axis=0)
    inner = np.arange(MAX_SLIDE, 2 * SAMPLES + 1 - MAX_SLIDE)
    for _ in range(ROUNDS):
        best = np.full(len(points), np.inf)
        slid = points.copy()
        for shift in range(-MAX_SLIDE, MAX_SLIDE + 1):
            at = np.arange(2 * SAMPLES + 1) + shift
            moved = points[:, np.clip(at, 0, 2 * SAMPLES)]
            moved = moved + (at - np.clip(at, 0, 2 * SAMPLES))[None, :, None] * _ends(points, shift)
            moved = moved - np.stack([(moved - mean)[:, inner, 0].mean(1), np.zeros(len(points))], 1)[:, None]
            apart = moved[:, inner] - mean[inner]
            rise = apart[..., 1].mean(1)
            cost = (rise / LEVEL_SPREAD) ** 2 + ((apart - apart.mean(1, keepdims=True)) ** 2).sum(-1).mean(1) / STEP**2
            cost += (shift * STEP / SLIDE_SPREAD) ** 2
            better = cost < best
            best, slid = np.where(better, cost, best), np.where(better[:, None, None], moved, slid)
        mean = np.median(slid, axis=0)
        mean[:, 0] -= mean[SAMPLES, 0]
    return np.asarray(mean)


def _ends(points: NDArray[np.float64], shift: int) -> NDArray[np.float64]:
    """Return the last step of each stroke on the side to which it is continued, ``(n, 1, 2)``."""
    return points[:, -1:] - points[:, -2:-1] if shift > 0 else points[:, 1:2] - points[:, :1]


def _drawn(label: str, path: NDArray[np.float64], side: int, width: float, level: float, pen: HandPen) -> SourceWord:
    """Return a word of the stroke on one side of the cut, as wide as the hand's joins are measured."""
    even = replace(pen, width_sd=0.0, level_sd=0.0, width_rise=0.0)
    for _ in range(2):
        word = _inked(label, path, side, even, level)
        stroke = next(one for one in strokes_between(word) if one is not None)
        even = replace(even, width=float(np.clip(even.width * width / stroke.width, pen.width / 2, pen.width * 2)))
    return _inked(label, path, side, even, level)


def _inked(label: str, path: NDArray[np.float64], side: int, pen: HandPen, level: float) -> SourceWord:
    low, high = (-np.inf, OVERLAP) if side == -1 else (-OVERLAP, np.inf)
    length = np.concatenate([[0], np.hypot(*np.diff(path, axis=0).T).cumsum()])
    length -= length[SAMPLES]
    at = np.arange(max(length[0], low), min(length[-1], high), FINE_STEP)
    points = np.stack([np.interp(at, length, path[:, axis]) for axis in (0, 1)], 1)
    # The neighbour on the other side of the cut has no label.
    owners = (at >= 0).astype(np.int64) + (side == 1)
    return inked(points, pen, label, level, np.random.default_rng(0), owners=owners)

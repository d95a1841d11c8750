"""Joins from nearby: where strokes run from one letter to the next in drawn words, and the ink around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.writing_words import Shown
from handwriting.writing.joins import SAMPLES, STEP, Stroke
from handwriting.writing.written_words import WordInk

RESOLUTION = 40
"""Pixels in an x-height where strokes are measured."""
CENTRE = (0.5, 0.5)
"""Where the origin of a measured word lies within its pixel."""
ACROSS = np.linspace(-0.3, 0.3, 49)
"""Where a stroke is sampled across its direction, in x-heights."""
NEAR = np.abs(ACROSS) <= 0.12
"""How far from the planned stroke the drawn one is looked for."""
INKED = 90
"""Level from which a pixel belongs to a stroke, of 255."""
WINDOW = 1.5
"""Side of the window around a join, in x-heights."""


@dataclass(frozen=True, eq=False)
class Join:
    """A stroke between two letters of a drawn word.

    Attributes:
        word: The word.
        path: Points of the stroke in the word's frame, every ``STEP``, the join in the middle, ``(n, 2)``.
        letters: The letters that it joins.
    """

    word: Shown
    path: NDArray[np.float64]
    letters: tuple[str, str]


def real_joins(words: Sequence[Shown]) -> list[Join]:
    """Return the joins within the runs of words: those of real words, as their pages show them."""
    joins = []
    for word in words:
        for one in word.placed:
            drawings = [word.composer.bank.drawings[number] for number in one.run.drawings]
            for first, second in pairwise(drawings):
                if first.exit is not None:
                    middle = _middle(first.exit)
                    places = np.clip(np.arange(-SAMPLES, SAMPLES + 1) + middle + SAMPLES, 0, 2 * SAMPLES)
                    joins.append(Join(word, first.exit.points[places] + one.at, (first.label, second.label)))
    return joins


def _middle(stroke: Stroke) -> int:
    first, last = np.flatnonzero(stroke.traced)[[0, -1]] - SAMPLES
    return round((first + last) / 2)


def seams(words: Sequence[Shown]) -> list[Join]:
    """Return the joins between the runs of written words."""
    joins = []
    window = np.arange(-SAMPLES, SAMPLES + 1)
    for word in words:
        drawings = word.composer.bank.drawings
        for one, other in pairwise(word.placed):
            if one.after is None:
                continue
            meeting = one.after[0]
            middle = round(sum(meeting.blend) / 2 / STEP)
            of_first = meeting.first.points[np.clip(window + middle + SAMPLES, 0, 2 * SAMPLES)] + one.at
            places = np.clip(window + middle + meeting.slide + SAMPLES, 0, 2 * SAMPLES)
            of_second = meeting.second.points[places] + other.at
            labels = drawings[one.run.drawings[-1]].label, drawings[other.run.drawings[0]].label
            joins.append(Join(word, np.where(window[:, None] <= 0, of_first, of_second), labels))
    return joins


def matched(wanted: Sequence[Join], among: Sequence[Join], rng: np.random.Generator) -> list[tuple[Join, Join]]:
    """Return each wanted join with another of the same letters, or of the same first letter; each is used once.

    Those without a partner are left out.
    """
    by_letters, by_first = defaultdict(list), defaultdict(list)
    for index in rng.permutation(len(among)).tolist():
        by_letters[among[index].letters].append(index)
        by_first[among[index].letters[0]].append(index)
    used: set[int] = set()
    pairs: list[tuple[Join, Join]] = []
    left = list(wanted)
    for groups, key in ((by_letters, lambda join: join.letters), (by_first, lambda join: join.letters[0])):
        rest = []
        for join in left:
            free = next((index for index in groups[key(join)] if index not in used), None)
            if free is None:
                rest.append(join)
            else:
                used.add(free)
                pairs.append((join, among[free]))
        left = rest
    return pairs


def to_pixels(word: Shown, points: NDArray[np.float64], drawn: WordInk, resolution: float) -> NDArray[np.float64]:
    """Return points of the word's frame as columns and rows of its picture drawn at ``CENTRE``."""
    u, v = points[..., 0], points[..., 1]
    return np.stack(
        [
            (u + word.composer.bank.slant * v) * resolution + CENTRE[0] - drawn.column - 0.5,
            -v * resolution + CENTRE[1] - drawn.row - 0.5,
        ],
        -1,
    )


def windows(joins: Sequence[Join], resolution: int, side: float = WINDOW) -> NDArray[np.uint8]:
    """Return the ink around joins, each drawn by one resampling, uint8 ``(n, h, h)``."""
    size = round(side * resolution)
    found = []
    last: tuple[Shown, WordInk] | None = None
    for join in joins:
        if last is None or last[0] is not join.word:
            last = join.word, join.word.draw(resolution, CENTRE)
        drawn = last[1]
        x, y = np.rint(to_pixels(join.word, join.path[SAMPLES], drawn, resolution)).astype(int)
        padded = np.pad(drawn.ink, size)
        top, left = (
            int(np.clip(at + size - size // 2, 0, edge - size)) for at, edge in zip((y, x), padded.shape, strict=True)
        )
        found.append(padded[top : top + size, left : left + size])
    return np.stack(found)


MEASURES = (
    "ink at the join, of that beside it",
    "ink: left against right",
    "width at the join, of that beside it",
    "widest near the join, of that beside it",
    "width: left against right",
    "step across the stroke",
    "turn at the join",
    "softness",
)
"""What is measured of each join."""
STEP_MEASURE = MEASURES.index("step across the stroke")


def measure(joins: Sequence[Join]) -> NDArray[np.float64]:
    """Return what ``MEASURES`` names of the drawn ink of joins, float64 ``(n, k)``; NaN where there is no stroke."""
    found = np.full((len(joins), len(MEASURES)), np.nan)
    last: tuple[Shown, WordInk] | None = None
    for number, join in enumerate(joins):
        if last is None or last[0] is not join.word:
            last = join.word, join.word.draw(RESOLUTION, CENTRE)
        found[number] = _measured(join, last[1])
    return found


def _measured(join: Join, drawn: WordInk) -> NDArray[np.float64]:
    path = to_pixels(join.word, join.path, drawn, RESOLUTION)
    smooth = np.stack([np.convolve(np.pad(axis, 2, "edge"), np.ones(5) / 5, "valid") for axis in path.T], 1)
    along = np.gradient(smooth, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-along[:, 1], along[:, 0]], 1)
    places = smooth[:, None] + normal[:, None] * (ACROSS * RESOLUTION)[None, :, None]
    ink = drawn.ink.astype(np.float32)
    profile = cv2.remap(ink, places[..., 0].astype(np.float32), places[..., 1].astype(np.float32), cv2.INTER_LINEAR)
    peak = np.where(NEAR, profile, -1).argmax(1)
    index = np.arange(len(ACROSS))
    is_inked = profile >= INKED
    before = np.where(~is_inked & (index <= peak[:, None]), index, -1).max(1)
    after = np.where(~is_inked & (index >= peak[:, None]), index, len(ACROSS)).min(1)
    run = (index > before[:, None]) & (index < after[:, None])
    weight = profile * run
    level = profile[np.arange(len(peak)), peak]
    width = run.sum(1) * (ACROSS[1] - ACROSS[0])
    middle = (weight * ACROSS).sum(1) / np.maximum(weight.sum(1), 1e-6)
    offset = np.arange(-SAMPLES, SAMPLES + 1)
    left, right, near = (offset >= -7) & (offset <= -3), (offset >= 3) & (offset <= 7), np.abs(offset) <= 2
    result = np.full(len(MEASURES), np.nan)
    x, y = np.rint(path[SAMPLES]).astype(int)
    reach = round(WINDOW / 2 * RESOLUTION)
    part = ink[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
    result[7] = softness(part)
    if min(is_inked[left].any(1).mean(), is_inked[right].any(1).mean()) < 0.6:
        return result
    levels, widths = (np.array([max(values[side].mean(), 1e-3) for side in (left, right)]) for values in (level, width))
    result[0] = level[near].min() / levels.mean()
    result[1] = abs(np.log(levels[0] / levels[1]))
    result[2] = width[near].min() / widths.mean()
    result[3] = width[near].max() / widths.mean()
    result[4] = abs(np.log(widths[0] / widths[1]))
    lines = [np.polyfit(offset[side] * STEP, middle[side], 1) for side in (left, right)]
    result[5] = abs(lines[0][1] - lines[1][1])
    result[6] = abs(np.arctan(lines[0][0]) - np.arctan(lines[1][0]))
    return result


def softness(ink: NDArray) -> float:
    """Return the energy of second over first differences: little where ink was blurred."""
    ink = ink.astype(np.float64)
    first = sum(float((np.diff(ink, axis=axis) ** 2).sum()) for axis in (0, 1))
    second = sum(float((np.diff(ink, 2, axis=axis) ** 2).sum()) for axis in (0, 1))
    return second / first if first else 0.0

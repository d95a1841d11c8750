"""New drawings of letters of which a hand has few: shapes between two of its own, and small changes of one.

A new drawing is one drawing whose strokes are moved part of the way to where those of another run. Its ink is that of
the one alone, so that strokes stay strokes; what joins it to its neighbours moves with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from handwriting.writing.bank import Bank, Drawing
from handwriting.writing.source import SourceWord, apply
from handwriting.writing.supplement_case import centre_lines_of
from handwriting.writing.supplement_drawn import seeded
from handwriting.writing.supplement_pen import PAPER, RESOLUTION, smooth_noise

MIN_COUNT = 5
"""Drawings of a letter from which no new ones are needed."""
PART = (0.35, 0.65)
"""Part of the way that strokes are moved towards those of the other drawing: from and to."""
SIGMAS = (0.6, 0.6, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.15, 0.15)
"""How far strokes move together, step by step from coarse to fine, in x-heights."""
MAX_STEP = 0.4
"""How far a stroke is drawn to another in one step, in x-heights: a loop that the other lacks stays."""
EXTENT = (3, 97)
"""Percentiles between which a letter's centre lines extend, without the ends of its strokes."""
MAX_FACTOR = 1.8
"""Factor by which a letter may be larger than another that it is matched with."""
MAX_STRAIN, SMOOTHER = 0.8, (0.25, 0.4, 0.6, 1.0)
"""Bound of how differently places next to each other move, as a share of their distance, beyond which strokes fold;
and over which distances movements are averaged until it holds, in x-heights."""
TURNED = 0.35
"""Distance that a stroke of another direction counts as further away, in x-heights for a right angle."""
BLEND = 0.12
"""Distance over which the movements of two strokes blend, in x-heights."""
EVERY = 3
"""Of so many points of a centre line, one is moved; the others follow it."""
NEIGHBOURS = 8
"""Points of the nearest strokes that say how a pixel moves."""
AROUND = 0.7
"""How much of the letters next to it a new drawing keeps, in x-heights: what their joining strokes need."""
EXTRA_BADNESS = 0.1
"""Badness of a new drawing beyond that of what it is made of."""
MIN_FOR_SPREAD = 5
"""Drawings of a letter from which its spread is measured."""
SPREAD_SHARE, MAX_SPREAD = 0.5, 0.12
"""Share of the hand's spread by which new drawings are changed, and its bound."""
WAVER, WAVER_LENGTH, ALONE_FACTOR = 0.025, 0.7, 2.0
"""How far strokes stray besides, and the distance over which they do so alike, in x-heights; and by which factor they
stray more where there is no other drawing to move to."""


@dataclass(frozen=True)
class LetterSpread:
    """How much drawings of one letter differ.

    Attributes:
        width: Standard deviation of the logarithm of the width.
        height: The same of the height.
        slant: Standard deviation of the tangent of the slant.
    """

    width: float
    height: float
    slant: float


def letter_spread(bank: Bank) -> LetterSpread:
    """Return how much the drawings of one letter of a hand differ, over the letters of which it has several."""
    spreads = []
    for numbers in bank.by_label.values():
        if len(numbers) < MIN_FOR_SPREAD:
            continue
        measures = []
        for number in numbers[:: max(1, len(numbers) // 20)]:
            drawing = bank.drawings[number]
            along, rise = bank.words[drawing.word].frame_of(drawing.letter).T
            lean = np.cov(along, rise)[0, 1] / max(float(np.var(rise)), 1e-3) if len(along) > 1 else 0.0
            measures.append((np.log(max(np.ptp(along), 0.1)), np.log(max(np.ptp(rise), 0.1)), lean))
        low, high = np.percentile(measures, [25, 75], axis=0)
        spreads.append((high - low) / 1.35)
    if not spreads:
        return LetterSpread(0.08, 0.08, 0.05)
    width, height, slant = np.minimum(np.median(spreads, 0) * SPREAD_SHARE, MAX_SPREAD).tolist()
    return LetterSpread(width, height, slant)


def new_drawings(
    bank: Bank, min_count: int = MIN_COUNT, seed: int = 0, labels: Iterable[str] | None = None
) -> list[SourceWord]:
    """Return words with new drawings of the letters of which a bank has too few.

    Each holds one new drawing, and beside it without a label as much of the letters next to it as joins need.

    Args:
        bank: The drawings of a hand.
        min_count: How many of each letter there are to be.
        seed: The seed of what is random; what is made of one letter does not depend on the others.
        labels: The letters to look at; all that the bank has unless given.
    """
    spread = letter_spread(bank)
    words = []
    for label in sorted(bank.by_label if labels is None else labels):
        numbers = bank.by_label.get(label, np.zeros(0, int))
        rng = seeded(seed, label)
        if 0 < len(numbers) < min_count:
            for order in range(min_count - len(numbers)):
                first, second = _pair(numbers, order)
                words.append(new_drawing(bank, first, second, spread, rng, order))
    return words


def _pair(numbers: NDArray[np.int64], order: int) -> tuple[int, int | None]:
    """Return the drawings of which a new one is made: every pair in both directions before one comes again."""
    count = len(numbers)
    if count == 1:
        return int(numbers[0]), None
    apart = 1 + (order // count) % (count - 1)
    return int(numbers[order % count]), int(numbers[(order + apart) % count])


def new_drawing(
    bank: Bank, first: int, second: int | None, spread: LetterSpread, rng: np.random.Generator, order: int = 0
) -> SourceWord:
    """Return a drawing between two, and a little changed.

    Args:
        bank: The drawings of the hand.
        first: The number of the one whose ink it has.
        second: The number of the one that it moves to; None to change the first only.
        spread: How much it may be changed.
        rng: Draws how far it is moved, and how it is changed.
        order: Its number among the new ones of the letter.
    """
    own = bank.drawings[first]
    word = bank.words[own.word]
    points = centre_lines(bank, own)
    moved = points.copy()
    badness = own.badness
    if second is not None:
        other = bank.drawings[second]
        moved = points + rng.uniform(*PART) * matched(points, centre_lines(bank, other))
        badness = max(badness, other.badness)
    middle = float(np.median(moved[:, 0]))
    width, height, lean = rng.normal(0, 1, 3).clip(-1.5, 1.5) * [spread.width, spread.height, spread.slant]
    along, rise = (moved - [middle, 0]).T
    moved = np.stack([middle + along * np.exp(width) + lean * rise, rise * np.exp(height)], 1)
    stray = WAVER if second is not None else ALONE_FACTOR * WAVER
    moved += stray * np.stack([smooth_noise(points, WAVER_LENGTH, rng) for _ in range(2)], 1)
    return _carried(word, own.letter, points, moved, min(1.0, badness + EXTRA_BADNESS), order)


def centre_lines(bank: Bank, drawing: Drawing) -> NDArray[np.float64]:
    """Return points of the centre lines of a drawing, in the frame of its word, ``(n, 2)``."""
    word = bank.words[drawing.word]
    ink = np.where(word.owner == drawing.letter + 1, word.ink, 0).astype(np.uint8)
    lines, _ = centre_lines_of(ink, word.x_height)
    return apply(word.to_frame, *lines[::EVERY].T)


def matched(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each point of one letter's centre lines lies from the same place of another's.

    The lines are first laid over each other, and then drawn together: in each step every point, and every point of the
    others, pulls towards the nearest one of like direction, and points that lie together move together.

    Args:
        points: Points of the frame of one letter, ``(n, 2)``.
        others: Points of the frame of the other, ``(m, 2)``.

    Returns:
        The movement of each point, with the second letter placed where it lies best, ``(n, 2)``.
    """
    others = others + np.array([_centre(points) - _centre(others), 0.0])
    low, high = np.percentile(points, EXTENT, axis=0)
    their_low, their_high = np.percentile(others, EXTENT, axis=0)
    size = np.clip((their_high - their_low) / np.maximum(high - low, 0.1), 1 / MAX_FACTOR, MAX_FACTOR)
    here = (points - (low + high) / 2) * size + (their_low + their_high) / 2
    directions, their_directions = _directions(points), _directions(others)
    squares = ((points[:, None] - points[None]) ** 2).sum(-1)
    for sigma in SIGMAS:
        cost = ((here[:, None] - others[None]) ** 2).sum(-1)
        cost += TURNED**2 * (1 - (directions @ their_directions.T) ** 2)
        to, back = cost.argmin(1), cost.argmin(0)
        pull, weight = others[to] - here, np.ones(len(here))
        np.add.at(pull, back, others - here[back])
        np.add.at(weight, back, 1.0)
        pull = pull / weight[:, None]
        length = np.linalg.norm(pull, axis=1, keepdims=True)
        pull *= np.minimum(1, MAX_STEP / np.maximum(length, 1e-9))
        here += _together(pull, squares, sigma, weight)
    movement = here - points
    for sigma in SMOOTHER:
        if _strain(points, movement) <= MAX_STRAIN:
            break
        movement = _together(movement, squares, sigma, np.ones(len(points)))
    return movement


def _together(
    movement: NDArray[np.float64], squares: NDArray[np.float64], sigma: float, weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return movements averaged with those of the points around each."""
    share = np.exp(-squares / (2 * sigma**2)) * weight[None]
    return np.asarray(share @ movement / share.sum(1, keepdims=True))


def _strain(points: NDArray[np.float64], movement: NDArray[np.float64]) -> float:
    """Return how much more or less points near each other move, as a share of their distance, nearly at most."""
    distance, near = cKDTree(points).query(points, k=min(NEIGHBOURS, len(points)))
    distance, last = distance.reshape(len(points), -1)[:, -1], near.reshape(len(points), -1)[:, -1]
    apart = np.linalg.norm(movement - movement[last], axis=1)
    return float(np.percentile(apart / np.maximum(distance, 1e-6), 98))


def _centre(points: NDArray[np.float64]) -> float:
    return float(np.percentile(points[:, 0], EXTENT).mean())


def _directions(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the direction of the line at each point, a unit vector of either sign, ``(n, 2)``."""
    _, near = cKDTree(points).query(points, k=min(NEIGHBOURS, len(points)))
    around = points[near.reshape(len(points), -1)]
    apart = around - around.mean(1, keepdims=True)
    xx, yy, xy = (apart[..., 0] ** 2).sum(1), (apart[..., 1] ** 2).sum(1), (apart[..., 0] * apart[..., 1]).sum(1)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def _carried(
    word: SourceWord,
    letter: int,
    points: NDArray[np.float64],
    moved: NDArray[np.float64],
    badness: float,
    order: int,
) -> SourceWord:
    """Return a letter, with the beginnings of the letters next to it, whose strokes are moved."""
    low, high = word.frame_of(letter).min(0), word.frame_of(letter).max(0)
    shift = np.concatenate([moved - points, np.zeros((1, 2))])
    low, high = low + shift.min(0) - [AROUND, PAPER], high + shift.max(0) + [AROUND, PAPER]
    corners = np.array([[u + word.slant * v, -v] for u in (low[0], high[0]) for v in (low[1], high[1])]) * RESOLUTION
    left, top = np.floor(corners.min(0)).astype(int)
    right, bottom = np.ceil(corners.max(0)).astype(int)
    columns, rows = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
    rise = -rows / RESOLUTION
    places = np.stack([columns / RESOLUTION - word.slant * rise, rise], -1)
    count = min(NEIGHBOURS, len(moved))
    distance, near = cKDTree(moved).query(places.reshape(-1, 2), k=count)
    distance, near = distance.reshape(-1, count), near.reshape(-1, count)
    weight = np.exp(-(distance**2 - distance[:, :1] ** 2) / (2 * BLEND**2))
    back = ((moved - points)[near] * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)
    source = places.reshape(-1, 2) - back
    x, y = (one.astype(np.float32).reshape(columns.shape) for one in apply(word.from_frame, *source.T).T)
    owner = cv2.remap(word.territory, x, y, cv2.INTER_NEAREST)
    first = max(letter - 1, 0)
    last = min(letter + 1, len(word) - 1)
    near_by = (owner > first) & (owner <= last + 1) & (places[..., 0] >= low[0]) & (places[..., 0] <= high[0])
    ink = np.where(near_by, np.clip(cv2.remap(word.ink, x, y, cv2.INTER_CUBIC), 0, 255), 0).astype(np.uint8)
    return SourceWord(
        key=(word.labels[letter], 0, order),
        ink=ink,
        owner=np.where(ink > 0, owner - first, 0).astype(np.int16),
        labels=tuple(word.labels[letter] if number == letter else "" for number in range(first, last + 1)),
        badness=tuple(badness if number == letter else 1.0 for number in range(first, last + 1)),
        x_height=float(RESOLUTION),
        origin=(float(-left), float(-top)),
        slope=0.0,
        slant=word.slant,
        place=(0.0, 0.0),
        offset=0.0,
    )

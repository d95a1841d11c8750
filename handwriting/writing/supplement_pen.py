"""The pen of a hand, measured from its drawings, and ink drawn by it along centre lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from handwriting.writing.bank import Bank
from handwriting.writing.source import SourceWord

RESOLUTION = 28
"""Pixels in one x-height of what is drawn."""
MEASURED_AT = 60
"""Pixels in one x-height at which strokes are measured: those of a photograph are only a few pixels wide."""
MAX_MEASURED_WORDS = 80
"""Words from which a pen is measured."""
PAPER = 0.5
"""Paper around what is drawn, in x-heights."""
FADE_LENGTH = 0.5
"""Length of a stroke over which its ink and its width stay alike, in x-heights."""
GRAIN_LENGTH = 0.08
"""Size of the grain of ink and of the roughness of its edges, in x-heights."""
WIDTH_SHARE = 0.6
"""Share of the spread of a word's widths that is not due to its crossings."""
MAX_SWELL = 2.0
"""Standard deviations by which a stroke is wider or narrower than usual, at most."""
MIN_LEVEL_RANGE = 0.2
"""Range of the logarithms of the levels of words from which the width is known to depend on the level."""
FLAT, TALL, TAILED = "acemnorsuvwxz", "bdfhklt", "gpqyj"
"""Small letters without and with an ascender, and with a descender."""
USUAL_STROKES = (0.1, 0.08, 0.1)
"""Spread of widths, softness and spread of levels of strokes where none can be measured."""
USUAL_JOIN = (0.25, 0.7)
"""Height in x-heights and angle in radians at which a hand joins letters of which no join is known."""
USUAL_CAPITAL = 2.2
"""Height of the capitals of a hand of which none is known, in x-heights."""


@dataclass(frozen=True)
class HandPen:
    """How a hand's strokes look and how high its letters are; lengths are in x-heights of its pages.

    Attributes:
        slant: The tangent of its slant to the right.
        width: The width of its strokes, as :class:`~handwriting.writing.pen.PenFit` measures it.
        width_rise: How the width grows with the level of a word's ink: the power.
        width_sd: Standard deviation of the logarithm of the width within a word.
        softness: Length over which the edge of a stroke rises from no ink to full ink.
        levels: The level of its ink in words from the palest to the darkest, 0..1, at least one.
        level_sd: How far the ink along a word's strokes falls below its level: standard deviation of the logarithm.
        x_height: The height of its small letters.
        ascender: The height of b, d, h and the like.
        descender: How far p, q and the like reach below the baseline.
        capital: The height of its capitals.
        join_height: The height at which most of its letters are joined.
        join_angle: The angle above the baseline at which the joining stroke rises there, in radians of the frame.
    """

    slant: float
    width: float
    width_rise: float
    width_sd: float
    softness: float
    levels: tuple[float, ...]
    level_sd: float
    x_height: float
    ascender: float
    descender: float
    capital: float
    join_height: float
    join_angle: float


def measure_hand_pen(bank: Bank) -> HandPen:
    """Return the pen of a hand; for what :class:`~handwriting.writing.bank.Bank` does not measure, some words are."""
    step = max(1, len(bank.words) // MAX_MEASURED_WORDS)
    strokes = [found for word in bank.words[::step] if (found := _strokes(word)) is not None]
    width_sd, softness, level_sd = np.median(strokes or [USUAL_STROKES], 0).tolist()
    levels = np.log(bank.levels)
    rise = 0.0
    if np.ptp(levels) > MIN_LEVEL_RANGE:
        rise = float(np.clip(np.polyfit(levels, np.log(np.maximum(bank.widths, 0.01)), 1)[0], 0, 1))
    joins = [(drawing.exit.height, drawing.exit.direction) for drawing in bank.drawings if drawing.exit is not None]
    join_height, join_angle = np.median(joins or [USUAL_JOIN], 0).tolist()
    x_height = _edge(bank, FLAT, 1, 1.0)
    ascender = _edge(bank, TALL, 1, USUAL_CAPITAL * x_height)
    capitals = [label for label in bank.by_label if len(label) == 1 and label.isupper()]
    return HandPen(
        slant=bank.slant,
        width=float(np.median(bank.widths)),
        width_rise=rise,
        width_sd=width_sd,
        softness=softness,
        levels=tuple(np.sort(bank.levels).tolist()),
        level_sd=level_sd,
        x_height=x_height,
        ascender=ascender,
        descender=-_edge(bank, TAILED, 0, -x_height),
        capital=_edge(bank, capitals, 1, ascender),
        join_height=join_height,
        join_angle=join_angle,
    )


def _strokes(word: SourceWord) -> tuple[float, float, float] | None:
    """Return spread of widths, softness and spread of levels of a word's strokes; None without ink."""
    scale = MEASURED_AT / word.x_height
    ink = cv2.resize(np.where(word.owner > 0, word.ink, 0), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    if not (ink > 60).any():
        return None
    full = float(np.percentile(ink[ink > 60], 75))
    depth = cv2.distanceTransform(np.pad((ink >= full / 2).astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[
        1:-1, 1:-1
    ]
    middle = (depth >= cv2.dilate(depth, np.ones((5, 5), np.uint8))) & (depth > 0.03 * MEASURED_AT)
    if middle.sum() < 3:
        return None
    # From the middle of a pixel to that of the nearest without ink.
    widths, levels = (2 * depth[middle] - 1) / MEASURED_AT, np.maximum(ink[middle], 1.0)
    smooth = cv2.GaussianBlur(ink.astype(np.float32), (0, 0), 1.0)
    steep = np.hypot(cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)) / 32
    edge = (depth > 0) & (depth < 1.5)
    softness = full / max(float(np.median(steep[edge])), 1e-3) / MEASURED_AT
    low, high = np.percentile(np.log(widths), [25, 75])
    pale, usual = np.percentile(np.log(levels), [10, 60])
    return float(high - low) / 1.35, softness, float(usual - pale) / 1.53


def depths(shape: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how far each pixel of a shape lies from the nearest pixel outside of it; paper surrounds the picture."""
    padded = np.pad(shape.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1], np.float32)


def _edge(bank: Bank, labels: Iterable[str], side: int, otherwise: float) -> float:
    """Return the median height of the upper edge (1) or the lower edge (0) of some letters."""
    numbers = [number for label in labels for number in bank.by_label.get(label, ())]
    edges = []
    for number in numbers[:: max(1, len(numbers) // 100)]:
        drawing = bank.drawings[number]
        rise = bank.words[drawing.word].frame_of(drawing.letter)[:, 1]
        edges.append(float(rise.max() if side else rise.min()))
    return float(np.median(edges)) if edges else otherwise


def inked(
    points: NDArray[np.float64],
    pen: HandPen,
    label: str,
    level: float,
    rng: np.random.Generator,
    number: int = 0,
    owners: NDArray[np.int64] | None = None,
) -> SourceWord:
    """Return a word of one letter that a pen draws along centre lines.

    Args:
        points: Points of its centre lines in the frame of the word, close enough to be drawn as strokes, ``(n, 2)``.
        pen: The pen.
        label: The character that it shows.
        level: The level of its ink, 0..1.
        rng: Draws how its ink and width vary along the strokes.
        number: Its number among the drawings of the character.
        owners: Whether each point belongs to the letter before (0), to the letter (1), or to the one after (2): the
            word then has letters without a label before and after it.
    """
    x, y = (points[:, 0] + pen.slant * points[:, 1]) * RESOLUTION, -points[:, 1] * RESOLUTION
    around = round(PAPER * RESOLUTION)
    left, top = int(np.floor(x.min())) - around, int(np.floor(y.min())) - around
    width, height = int(np.ceil(x.max())) + around + 1 - left, int(np.ceil(y.max())) + around + 1 - top
    line = np.stack([x - left, y - top], 1)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    own_width = pen.width * (level / float(np.median(pen.levels))) ** pen.width_rise
    # Beyond the widest stroke is paper, whichever point is nearest.
    reach = own_width / 2 * np.exp(MAX_SWELL * pen.width_sd * WIDTH_SHARE) + pen.softness
    places = np.stack([columns, rows], -1).reshape(-1, 2)
    distance, nearest = cKDTree(line).query(places, distance_upper_bound=reach * RESOLUTION)
    distance, nearest = distance.reshape(height, width) / RESOLUTION, np.minimum(nearest, len(line) - 1)
    fade, swell = (smooth_noise(points, FADE_LENGTH, rng)[nearest].reshape(height, width) for _ in range(2))
    grain, rough = (_grain(distance.shape, rng) for _ in range(2))
    swollen = np.clip((swell + rough) / np.sqrt(2), -MAX_SWELL, MAX_SWELL)
    half = own_width / 2 * np.exp(swollen * pen.width_sd * WIDTH_SHARE)
    rise = np.clip((half - distance) / pen.softness + 0.5, 0, 1)
    # Ink fails in places; it is seldom stronger than full.
    strength = level * np.exp(-pen.level_sd * np.maximum((fade + grain) / np.sqrt(2), -0.5))
    ink = np.rint(255 * np.clip(strength, 0, 1) * rise * rise * (3 - 2 * rise)).astype(np.uint8)
    labels = (label,) if owners is None else ("", label, "")
    owner = np.ones(ink.shape, np.int64) if owners is None else owners[nearest].reshape(ink.shape) + 1
    return SourceWord(
        key=(label, 0, number),
        ink=ink,
        owner=np.where(ink > 0, owner, 0).astype(np.int16),
        labels=labels,
        badness=tuple(0.0 if one else 1.0 for one in labels),
        x_height=float(RESOLUTION),
        origin=(float(-left), float(-top)),
        slope=0.0,
        slant=pen.slant,
        place=(0.0, 0.0),
        offset=0.0,
    )


def _grain(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    sigma = GRAIN_LENGTH * RESOLUTION
    grain = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), sigma)
    return np.asarray(grain * (2 * np.sqrt(np.pi) * sigma), np.float64)  # a standard deviation of 1 again


def smooth_noise(points: NDArray[np.float64], length: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a smooth random value at each point of a plane, with mean 0 and standard deviation 1.

    Args:
        points: Points, ``(n, 2)``.
        length: The distance over which the values stay alike.
        rng: Draws the field: a sum of waves of random directions and phases.
    """
    waves = 12
    angle, phase = rng.uniform(0, 2 * np.pi, (2, waves))
    frequency = np.abs(rng.normal(0, 1 / length, waves))
    along = np.cos(angle) * points[:, :1] + np.sin(angle) * points[:, 1:]
    return np.asarray(np.sqrt(2 / waves) * np.cos(along * frequency + phase).sum(1))

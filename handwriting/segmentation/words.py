"""Words: the pieces of a line between gaps that are wide for this page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.lines import Lines
from handwriting.segmentation.marks import Marks
from handwriting.segmentation.pixels import spans

CORE = 0.75
"""X-heights above and below a line's middle within which gaps are measured: ascenders and tails reach over them."""
WIDEST = 5.0
"""X-heights: wider gaps are a page's layout, and say nothing of its words."""
LEAN = 1.1
"""The gaps between words vary more than those within: the threshold lies nearer to them by this factor."""
FAR = 1.8
"""X-heights: a small mark farther from all letters, and than words are from each other, is a stray."""
BESIDE = 0.5
"""X-heights by which a dot may miss its stem."""
USUAL = ((0.15, 12), (1.3, 12))
"""Gaps within and between words, in x-heights, and how many of each count besides the page's own: a page may have
nothing but joined words, or a single one."""


@dataclass(frozen=True)
class Extents:
    """How far each piece reaches, in x-heights, once the hand's slant is taken out; all float64 ``(n,)``.

    Attributes:
        core_left: Its left end, of the ink near the line's middle; of all ink where there is none near.
        core_right: Its right end.
        left: The left end of all of its ink.
        right: The right end of all of its ink.
        top: Its top, below the line's middle.
        bottom: Its bottom, below the line's middle.
    """

    core_left: NDArray[np.float64]
    core_right: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]


def extents(
    marks: Marks,
    piece: NDArray[np.int64],
    line_of: NDArray[np.int64],
    lines: Lines,
    slant: float,
    x_height: float,
) -> Extents:
    """Measure pieces of ink.

    Args:
        marks: Of a page.
        piece: The piece that each of their pixels belongs to, from 0, int64 ``(p,)``.
        line_of: The line of each piece, int64 ``(n,)``.
        lines: The lines.
        slant: Of the hand, in degrees to the right.
        x_height: In pixels.
    """
    below = marks.rows - lines.middles[line_of[piece], marks.columns]
    upright = marks.columns + np.tan(np.deg2rad(slant)) * below
    core = np.abs(below) <= CORE * x_height

    def ends(values: NDArray[np.float64], chosen: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.float64]:
        low, high = spans(values[chosen], piece[chosen], len(line_of))
        return np.stack([low, high + 1]) / x_height

    everything, middle = ends(upright), ends(upright, core)
    middle = np.where(np.isfinite(middle), middle, everything)
    return Extents(*middle, *everything, *ends(below))


def is_small(reach: Extents, line_of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which pieces are dots, accents, commas, quotes or dashes, whose gaps tell nothing of words.

    What is shaped like a comma, but stands under a dot, is the stem of an i.
    """
    wide, tall = reach.right - reach.left, reach.bottom - reach.top
    dot = (tall < 0.55) & (wide < 0.9)
    dash = (tall < 0.4) & (wide < 1.8)
    comma = (tall < 1.7) & (wide < 0.8) & (reach.top > -0.3)
    quote = (tall < 1) & (wide < 1) & (reach.bottom < 0.1)
    floating = np.flatnonzero(dot | quote)
    for mark in np.flatnonzero(comma & ~dot & ~dash & ~quote):
        left, right = reach.left[mark] - BESIDE, reach.right[mark] + BESIDE
        aside = (reach.right[floating] < left) | (reach.left[floating] > right)
        over = (reach.bottom[floating] < reach.top[mark]) & (line_of[floating] == line_of[mark])
        comma[mark] = not (over & ~aside).any()
    return dot | dash | comma | quote


def find_words(line_of: NDArray[np.int64], reach: Extents) -> NDArray[np.int64]:
    """Return the word of each piece, from 0 over the page in reading order, int64 ``(n,)``; -1 for stray marks.

    A line without anything but small marks is stray as a whole.

    Args:
        line_of: The line of each piece.
        reach: Of each piece.
    """
    small = is_small(reach, line_of)
    rows = []
    for line in range(int(line_of.max(initial=-1)) + 1):
        members = np.flatnonzero(line_of == line)
        large = members[~small[members]]
        large = large[np.argsort(reach.core_left[large])]
        rows.append((members, large, _gaps(large, reach)))
    threshold = gap_threshold(np.concatenate([gaps for _, _, gaps in rows]) if rows else np.zeros(0))
    words = np.full(len(line_of), -1)
    first = 0
    for members, large, gaps in rows:
        if not len(large):
            continue
        words[large] = first + np.concatenate([[0], np.cumsum(gaps > threshold)])
        for mark in members[small[members]]:
            neighbour, away = _neighbour(mark, large, reach)
            if away <= max(FAR, threshold):
                words[mark] = words[neighbour]
        first = int(words[large].max()) + 1
    return words


def _gaps(pieces: NDArray[np.int64], reach: Extents) -> NDArray[np.float64]:
    """Return the gap before each piece of a line but the first, in x-heights, at least 0.

    Half of it is measured near the line's middle alone, and half between all of the ink: a bar that reaches over its
    neighbour says that both belong together, and so it does, but less surely, of a tail.
    """
    core = reach.core_left[pieces][1:] - np.maximum.accumulate(reach.core_right[pieces])[:-1]
    whole = reach.left[pieces][1:] - np.maximum.accumulate(reach.right[pieces])[:-1]
    return np.asarray(np.maximum(0, (core + np.maximum(whole, 0)) / 2))


def gap_threshold(gaps: NDArray[np.float64]) -> float:
    """Return the width, in x-heights, that divides the gaps within words from those between words.

    Otsu's criterion on the square root of the gaps, whose spread is then about the same for both.

    Args:
        gaps: Of a whole page, in x-heights, ``(n,)``; those of 0 are pieces that overlap, and left out, as are those
            above ``WIDEST``.
    """
    usual = np.concatenate([np.full(count, gap) for gap, count in USUAL])
    roots = np.sort(np.sqrt(np.concatenate([gaps[(gaps > 0) & (gaps <= WIDEST)], usual])))
    below = np.arange(1, len(roots))
    above = len(roots) - below
    total = np.cumsum(roots)[:-1]
    between = below * above * (total / below - (roots.sum() - total) / above) ** 2
    best = int(between.argmax())
    return LEAN * float(((roots[best] + roots[best + 1]) / 2) ** 2)


def _neighbour(mark: int, large: NDArray[np.int64], reach: Extents) -> tuple[int, float]:
    """Return the piece that a dot, a comma or a quote belongs to, and how far from it the mark is, in x-heights.

    It is what the mark lies over, or else the nearest, and rather the one before a comma than the one after it.
    """
    before = reach.left[mark] - reach.right[large]
    after = reach.left[large] - reach.right[mark]
    floats = reach.bottom[mark] < 0
    aside = np.maximum(0, np.maximum(before, after * (1 if floats else 3)))
    middle = (reach.left[mark] + reach.right[mark] - reach.left[large] - reach.right[large]) / 2
    nearest = int((aside + 1e-3 * np.abs(middle)).argmin())
    apart = max(0.0, reach.top[large[nearest]] - reach.bottom[mark], reach.top[mark] - reach.bottom[large[nearest]])
    return int(large[nearest]), float(np.hypot(aside[nearest], apart))

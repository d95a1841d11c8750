"""Words: the pieces of a line between gaps that are wide for the page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.components import Components
from handwriting.segmentation.lines import Lines
from handwriting.segmentation.pixels import spans

CORE = 0.75
"""Half height of the zone about a line's middle in which gaps are measured, in x-heights: no ascenders, no tails."""
MAX_GAP = 5.0
"""Maximum width of a gap between words, in x-heights; wider gaps belong to the page's layout."""
LEAN = 1.1
"""Factor that moves the threshold towards the gaps between words, which vary more than those within."""
STRAY_DISTANCE = 1.8
"""Distance from all letters beyond which a small component is a stray, in x-heights."""
MAX_DOT_DISTANCE = 0.5
"""Maximum horizontal distance of a dot from its stem, in x-heights."""
PRIOR_GAPS = ((0.15, 12), (1.3, 12))
"""Prior gaps within and between words, in x-heights, and their numbers, added to those of the page: it may have only
joined words, or a single one."""


@dataclass(frozen=True)
class Extents:
    """The extents of each piece in x-heights, after deslanting; all float64 ``(n,)``.

    Attributes:
        core_left: The left end of the ink near the line's middle; of all ink if none is near.
        core_right: The right end of the same ink.
        left: The left end of all ink.
        right: The right end of all ink.
        top: The top, measured downwards from the line's middle.
        bottom: The bottom, measured downwards from the line's middle.
    """

    core_left: NDArray[np.float64]
    core_right: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]


def extents(
    components: Components,
    piece: NDArray[np.int64],
    line_of: NDArray[np.int64],
    lines: Lines,
    slant: float,
    x_height: float,
) -> Extents:
    """Measure the extents of pieces of ink.

    Args:
        components: The components of a page.
        piece: The piece that each of their pixels belongs to, from 0, int64 ``(p,)``.
        line_of: The line of each piece, int64 ``(n,)``.
        lines: The lines.
        slant: The slant of the hand, in degrees to the right.
        x_height: The x-height, in pixels.
    """
    below = components.rows - lines.middles[line_of[piece], components.columns]
    upright = components.columns + np.tan(np.deg2rad(slant)) * below
    core = np.abs(below) <= CORE * x_height

    def ends(values: NDArray[np.float64], chosen: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.float64]:
        low, high = spans(values[chosen], piece[chosen], len(line_of))
        return np.stack([low, high + 1]) / x_height

    everything, middle = ends(upright), ends(upright, core)
    middle = np.where(np.isfinite(middle), middle, everything)
    return Extents(*middle, *everything, *ends(below))


def is_small(reach: Extents, line_of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pieces are dots, accents, commas, quotes or dashes, whose gaps do not separate words; bool ``(n,)``.

    A piece shaped like a comma under a dot is the stem of an ``i``.
    """
    wide, tall = reach.right - reach.left, reach.bottom - reach.top
    dot = (tall < 0.55) & (wide < 0.9)
    dash = (tall < 0.4) & (wide < 1.8)
    comma = (tall < 1.7) & (wide < 0.8) & (reach.top > -0.3)
    quote = (tall < 1) & (wide < 1) & (reach.bottom < 0.1)
    floating = np.flatnonzero(dot | quote)
    for component in np.flatnonzero(comma & ~dot & ~dash & ~quote):
        left, right = reach.left[component] - MAX_DOT_DISTANCE, reach.right[component] + MAX_DOT_DISTANCE
        aside = (reach.right[floating] < left) | (reach.left[floating] > right)
        over = (reach.bottom[floating] < reach.top[component]) & (line_of[floating] == line_of[component])
        comma[component] = not (over & ~aside).any()
    return dot | dash | comma | quote


def find_words(line_of: NDArray[np.int64], reach: Extents) -> NDArray[np.int64]:
    """Return the word of each piece, from 0 over the page in reading order, int64 ``(n,)``; -1 for strays.

    A line of small components alone is stray as a whole.

    Args:
        line_of: The line of each piece, int64 ``(n,)``.
        reach: The extents of each piece.
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
        for component in members[small[members]]:
            neighbour, away = _neighbour(component, large, reach)
            if away <= max(STRAY_DISTANCE, threshold):
                words[component] = words[neighbour]
        first = int(words[large].max()) + 1
    return words


def _gaps(pieces: NDArray[np.int64], reach: Extents) -> NDArray[np.float64]:
    """Return the gap before each piece of a line except the first, in x-heights, at least 0.

    It is the mean of the gap near the line's middle and the gap between all ink: a bar or tail that overlaps the
    neighbour indicates that both belong together.
    """
    core = reach.core_left[pieces][1:] - np.maximum.accumulate(reach.core_right[pieces])[:-1]
    whole = reach.left[pieces][1:] - np.maximum.accumulate(reach.right[pieces])[:-1]
    return np.asarray(np.maximum(0, (core + np.maximum(whole, 0)) / 2))


def gap_threshold(gaps: NDArray[np.float64]) -> float:
    """Return the width, in x-heights, that separates the gaps within words from those between words.

    It maximises Otsu's criterion on the square roots of the gaps, whose variance is then similar for both.

    Args:
        gaps: The gaps of a whole page, in x-heights, ``(n,)``; gaps of 0 (overlapping pieces) and above ``MAX_GAP`` are
            ignored.
    """
    prior = np.concatenate([np.full(count, gap) for gap, count in PRIOR_GAPS])
    roots = np.sort(np.sqrt(np.concatenate([gaps[(gaps > 0) & (gaps <= MAX_GAP)], prior])))
    below = np.arange(1, len(roots))
    above = len(roots) - below
    total = np.cumsum(roots)[:-1]
    between = below * above * (total / below - (roots.sum() - total) / above) ** 2
    best = int(between.argmax())
    return LEAN * float(((roots[best] + roots[best + 1]) / 2) ** 2)


def _neighbour(component: int, large: NDArray[np.int64], reach: Extents) -> tuple[int, float]:
    """Return the piece that a dot, a comma or a quote belongs to, and its distance, in x-heights.

    It is the piece below the component, or else the nearest; a comma prefers the piece before it.
    """
    before = reach.left[component] - reach.right[large]
    after = reach.left[large] - reach.right[component]
    floats = reach.bottom[component] < 0
    aside = np.maximum(0, np.maximum(before, after * (1 if floats else 3)))
    middle = (reach.left[component] + reach.right[component] - reach.left[large] - reach.right[large]) / 2
    nearest = int((aside + 1e-3 * np.abs(middle)).argmin())
    apart = max(
        0.0, reach.top[large[nearest]] - reach.bottom[component], reach.top[component] - reach.bottom[large[nearest]]
    )
    return int(large[nearest]), float(np.hypot(aside[nearest], apart))

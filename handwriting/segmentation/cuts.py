"""Cuts: of all ways to cut a word along seams, the cheapest, found by dynamic programming for all words at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.page import Score
from handwriting.segmentation.seams import Pixels, Seams

MIN_WIDTH, MAX_WIDTH = 0.1, 2.6
"""Minimum and maximum width of a character, in x-heights; ignored where a word has no candidate cut."""
GAP = 0.25
"""A seam that costs less runs through a gap between strokes; in stroke widths."""


@dataclass(frozen=True)
class Costs:
    """Weights of the costs of a segmentation, fitted to drawn pages; the width also to words of real letters.

    Attributes:
        cut: Cost of a cut per stroke width of ink that it crosses.
        most: Stroke widths above which the cost of a cut no longer grows.
        joint: Additional cost of a cut through ink on a page whose letters stand spacing; scaled down to 0 where all
            letters touch.
        gap: Cost of each gap within a character.
        character: Cost of each character.
        width: The most frequent width of a character, as a share of the character pitch.
        spread: Standard deviation of the logarithm of the width.
        look: Weight of a character's score.
    """

    cut: float = 0.5
    most: float = 2.5
    joint: float = 5.0
    gap: float = 40.0
    character: float = 1.3
    width: float = 0.9
    spread: float = 0.28
    look: float = 1.0


class Candidates(NamedTuple):
    """Candidate cuts: the ends of every word, and the seams between them at which it may be cut; in reading order.

    Attributes:
        word: The word of each candidate, from 0, int64 ``(n,)``.
        line: The line of its word, int64 ``(n,)``.
        column: Its column in the middle of the line, int64 ``(n,)``.
        cost: The cost of its seam, in pixels of ink, float32 ``(n,)``.
        is_minimum: Whether its cost is a local minimum, bool ``(n,)``.
        is_end: Whether it is an end of its word, bool ``(n,)``.
    """

    word: NDArray[np.int64]
    line: NDArray[np.int64]
    column: NDArray[np.int64]
    cost: NDArray[np.float32]
    is_minimum: NDArray[np.bool_]
    is_end: NDArray[np.bool_]

    @classmethod
    def of(
        cls, cost: NDArray[np.float32], line_of_word: NDArray[np.int64], bodies: list[Pixels], margin: int, spacing: int
    ) -> Candidates:
        """Find the candidate cuts of some words.

        Args:
            cost: The cost of the seam through each column of each line's middle, float32 ``(L, W)``.
            line_of_word: The line of each word.
            bodies: The ink of each word, without small components.
            margin: The number of columns at each end of a word that hold no candidate.
            spacing: The distance between candidates other than local minima, in columns.
        """
        first = np.array([body.column.min() for body in bodies], np.int64)
        span = np.array([body.column.max() for body in bodies], np.int64) - first
        word = np.repeat(np.arange(len(bodies)), span + 2)
        along = np.arange(len(word)) - np.repeat(np.cumsum(span + 2) - span - 1, span + 2)  # from -1 to the span
        line, column = line_of_word[word], first[word] + along
        is_end = (along < 0) | (along == span[word])
        is_minimum = local_minima(cost)[line, column] & ~is_end
        inside = (along >= margin) & (along <= span[word] - margin)
        at = is_end | (inside & (is_minimum | (along % spacing == 0)))
        return cls(word[at], line[at], column[at], cost[line, column][at], is_minimum[at], is_end[at])


def local_minima(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return a mask of the middles of each row's local minima."""
    change = np.sign(np.diff(np.round(values, 2), axis=1))
    rows, where = np.nonzero(change)
    falls = (rows[:-1] == rows[1:]) & (change[rows, where][:-1] < 0) & (change[rows, where][1:] > 0)
    found = np.zeros(values.shape, bool)
    found[rows[:-1][falls], (where[:-1][falls] + 1 + where[1:][falls]) // 2] = True
    return found


@dataclass(frozen=True)
class Segmentations:
    """The costs of all ways to cut the words.

    Attributes:
        candidates: The candidate cuts.
        cut_cost: The cost of a cut at each candidate, float64 ``(n,)``.
        character_cost: The cost of the character that ends at each candidate and starts 1, 2, ... k candidates before
            it, float64 ``(n, k)``; infinite where that is no possible character.
    """

    candidates: Candidates
    cut_cost: NDArray[np.float64]
    character_cost: NDArray[np.float64]

    @classmethod
    def of(
        cls, candidates: Candidates, x_height: float, stroke: float, usual: float, joint: float, costs: Costs
    ) -> Segmentations:
        """Compute the costs.

        Args:
            candidates: The candidate cuts.
            x_height: The x-height, in pixels.
            stroke: The stroke width, in pixels.
            usual: The most frequent width of a character, in x-heights.
            joint: The additional cost of a cut through ink.
            costs: The weights of the other costs.
        """
        strokes = candidates.cost / stroke
        is_gap = (strokes < GAP) & candidates.is_minimum
        cut_cost = np.where(candidates.is_end, 0, costs.cut * np.minimum(strokes, costs.most) + joint * ~is_gap)
        last = np.arange(len(cut_cost))[:, None]
        longest = MAX_WIDTH * x_height
        in_order = candidates.word * (candidates.column.max(initial=0) + longest + 1) + candidates.column
        back = int((last[:, 0] - np.searchsorted(in_order, in_order - longest)).max(initial=1))
        first = last - np.arange(1, max(back, 1) + 1)
        width = np.maximum(candidates.column[:, None] - candidates.column[first], 1) / x_height
        gaps = np.cumsum(is_gap)
        character_cost = 0.5 * (np.log(width / usual) / costs.spread) ** 2 + costs.character
        character_cost += costs.gap * (gaps[last - 1] - gaps[first])  # gaps within the character
        elsewhere = (first < 0) | (candidates.word[first] != candidates.word[:, None])
        character_cost[elsewhere | ((width > MAX_WIDTH) & (first < last - 1))] = np.inf
        return cls(candidates, cut_cost, character_cost)

    def best(self) -> NDArray[np.int64]:
        """Return the indices of the cuts in the cheapest segmentation of every word, without its ends, ``(m,)``."""
        starts, counts = np.unique(self.candidates.word, return_index=True, return_counts=True)[1:]
        total = np.zeros(len(self.cut_cost))
        came_from = np.zeros(len(self.cut_cost), np.int64)
        before = np.arange(1, self.character_cost.shape[1] + 1)
        for order in range(1, int(counts.max(initial=0))):
            at = starts[counts > order] + order
            ways = total[at[:, None] - before] + self.character_cost[at]
            came_from[at] = at - before[ways.argmin(axis=1)]
            total[at] = ways.min(axis=1) + self.cut_cost[at]
        is_cut = np.zeros(len(self.cut_cost), bool)
        at = came_from[starts + counts - 1]
        while len(at := at[~self.candidates.is_end[at]]):
            is_cut[at] = True
            at = came_from[at]
        return np.flatnonzero(is_cut)

    def scored(self, bodies: list[Pixels], seams: Seams, score: Score, weight: float) -> Segmentations:
        """Return the costs with the score of every possible character added.

        Args:
            bodies: The ink of each word, without small components.
            seams: The seams of all lines.
            score: Scores how little a piece of ink pictures like one character.
            weight: The weight of the scores.
        """
        character_cost = self.character_cost.copy()
        for word, body in enumerate(bodies):
            ends = np.flatnonzero(self.candidates.word == word)
            paths = seams.through(self.candidates.column[ends], self.candidates.line[ends])
            number = (body.column[None] > paths[:, body.level]).sum(axis=0)  # 1 in the first part
            lasts, back = np.nonzero(np.isfinite(character_cost[ends]))
            pictures = []
            for last, first in zip(lasts, lasts - 1 - back, strict=True):
                inside = (number > first) & (number <= last)
                pictures.append(_picture(body.column[inside], body.level[inside]))
            character_cost[ends[lasts], back] += weight * score(pictures)
        return Segmentations(self.candidates, self.cut_cost, character_cost)


def _picture(columns: NDArray[np.int64], levels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return a tightly cropped picture of some pixels, bright on dark; a single dark pixel if there are none."""
    if not len(columns):
        return np.zeros((1, 1), np.uint8)
    columns, levels = columns - columns.min(), levels - levels.min()
    picture = np.zeros((int(levels.max()) + 1, int(columns.max()) + 1), np.uint8)
    picture[levels, columns] = 255
    return picture

"""The cheapest way through the words found on a page and the words of its text, by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.word_costs import CostTables, Floats, Pairs

START_SKIPPING = 4.0
"""Cost of each run of found words, or of words of the text, that are skipped, besides that of each word."""
LINE_END_COST = 4.0
"""What each line end saves that page and text have in common, if lines are the page's."""
ACROSS_LINES_COST = 6.0
"""Cost of finding the last word of a line of the text and the first of the next as one, if lines are the page's."""
STEPS = ((1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (2, 2))
"""Numbers of found words and of words of the text that are matched in one step."""


@dataclass(frozen=True, eq=False)
class WordPath:
    """The cheapest way through page and text.

    Attributes:
        steps: ``(found, text, number of found words, number of texts, cost)`` of each step.
        cost: Of all steps, without what line ends save.
        shared_ends: Line ends that page and text have in common on it, as a share of the fewer of the two.
    """

    steps: Sequence[tuple[int, int, int, int, float]]
    cost: float
    shared_ends: float

    @property
    def pairs(self) -> Pairs:
        """Found word and word of the text of each step of one with one, ``(p, 2)``."""
        return np.array([step[:2] for step in self.steps if step[2:4] == (1, 1)], np.int64).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class LineEnds:
    """Where lines end.

    Attributes:
        page: Whether a line of the page starts at each found word but the first, bool ``(n + 1,)``.
        text: Whether a line of the text starts at each word but the first, bool ``(m + 1,)``.
    """

    page: NDArray[np.bool_]
    text: NDArray[np.bool_]

    @classmethod
    def of(cls, page: Pairs, text: Pairs) -> LineEnds:
        """Compare the number of each word's line with the one before, for the words of page and text."""
        return cls(*(np.concatenate([[False], np.diff(lines) != 0, [False]]) for lines in (page, text)))


def cheapest_path(tables: CostTables, ends: LineEnds, line_cost: float) -> WordPath:
    """Return the cheapest path.

    Args:
        tables: The cost of every step.
        ends: Where lines end.
        line_cost: ``LINE_END_COST`` if the text has the page's lines, otherwise 0.
    """
    # One row of the table, of all numbers of texts matched, is computed at a time.
    n, m = len(tables.skip_found), len(tables.skip_text)
    best = np.full((n + 1, m + 1), np.inf)
    step_of = np.full((n + 1, m + 1), -1, np.int8)
    skip_found_from = np.zeros((n + 1, m + 1), np.int32)
    skip_text_from = np.zeros((n + 1, m + 1), np.int32)
    open_found = np.full(m + 1, np.inf)  # cost of paths whose last step skips found words
    skipped_text = np.concatenate([[0.0], np.cumsum(tables.skip_text)])
    columns = np.arange(m + 1)
    options = np.empty((len(STEPS) + 1, m + 1))
    usable = []
    for number, step in enumerate(STEPS):
        if step in tables.match:
            # Two words found as one stand on one line.
            inside = np.zeros(m)
            for before in range(1, step[1]):
                inside[:-before] += ends.text[before:-1]
            usable.append((number, step, tables.match[step] + ACROSS_LINES_COST * (line_cost > 0) * inside))
    for row in range(n + 1):
        options[:] = np.inf
        if row == 0:
            options[0, 0] = 0.0
        else:
            for number, (height, wide), cost in usable:
                if row >= height:
                    options[number, wide:] = best[row - height, :-wide] + cost[row - height, : m + 1 - wide]
            opened = best[row - 1] + START_SKIPPING
            goes_on = open_found <= opened
            open_found = np.where(goes_on, open_found, opened) + tables.skip_found[row - 1]
            skip_found_from[row] = np.where(goes_on, skip_found_from[row - 1], row - 1)
            options[-1] = open_found
        step = options.argmin(axis=0)
        value = options[step, columns]
        bonus = np.where(ends.text & ends.page[row], line_cost, 0.0)
        # Skipping words of the text: the cheapest start of the run is the least value so far without the run's cost.
        level = value - bonus - skipped_text
        least = np.minimum.accumulate(level)
        start = np.maximum.accumulate(np.where(level <= least, columns, 0))
        skipped = np.full(m + 1, np.inf)
        skipped[1:] = least[:-1] + skipped_text[1:] + START_SKIPPING
        skip_text_from[row, 1:] = start[:-1]
        skips = skipped < value
        best[row] = np.where(skips, skipped, value) - bonus
        step_of[row] = np.where(skips, len(STEPS) + 1, step)
    return _traced(tables, ends, best, step_of, skip_found_from, skip_text_from, line_cost)


def _traced(
    tables: CostTables,
    ends: LineEnds,
    best: Floats,
    step_of: NDArray[np.int8],
    skip_found_from: NDArray[np.int32],
    skip_text_from: NDArray[np.int32],
    line_cost: float,
) -> WordPath:
    row, column = (size - 1 for size in best.shape)
    steps, shared = [], 0
    total = float(best[row, column])
    while row or column:
        shared += int(ends.page[row] and ends.text[column])
        kind = step_of[row, column]
        if kind == len(STEPS) + 1:
            height, wide = 0, column - int(skip_text_from[row, column])
            cost = START_SKIPPING + float(tables.skip_text[column - wide : column].sum())
        elif kind == len(STEPS):
            height, wide = row - int(skip_found_from[row, column]), 0
            cost = START_SKIPPING + float(tables.skip_found[row - height : row].sum())
        else:
            height, wide = STEPS[kind]
            cost = float(tables.match[height, wide][row - height, column - wide])
        row, column = row - height, column - wide
        steps.append((row, column, height, wide, cost))
    fewest = int(min(ends.page.sum(), ends.text.sum()))
    return WordPath(steps[::-1], total + line_cost * shared, shared / fewest if fewest else 0.0)

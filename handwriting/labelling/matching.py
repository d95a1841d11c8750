"""Matching the words found on a page to the words of its text.

Dynamic programming finds the cheapest sequence of steps through both: a word is a word; two or three words were found
as one, or one as two or three; a word is broken over the end of a line; some found words are no words of the text, and
some words of the text are not on the page. The first widths are those of no hand in particular. Each round learns the
hand's own from the words matched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.found_words import FoundWords
from handwriting.labelling.transcripts import Transcript
from handwriting.labelling.word_costs import (
    EXTENTS_OF_NO_HAND,
    CostTables,
    Floats,
    LetterWidths,
    PageCosts,
    Pairs,
    hyphenated,
    learned_extents,
    learned_widths,
)

ROUNDS = 4
"""Rounds of matching and learning."""
START_SKIPPING = 4.0
"""Cost of each run of found words, or of words of the text, that are skipped, besides that of each word."""
LINE_END_COST = 4.0
"""Cost of a line end of the text that is none of the page."""
ACROSS_LINES_COST = 6.0
"""Cost of finding the last word of a line of the text and the first of the next as one, if lines are the page's."""
MIN_SHARED_LINE_ENDS = 0.5
"""Share of line ends that page and text have in common from which the text is taken to have the page's lines."""
STEPS = ((1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (2, 2))


@dataclass(frozen=True)
class Match:
    """Found words that are words of the text.

    Attributes:
        found: The numbers of the found words, in reading order; several are parts of one word.
        texts: The numbers of the words of the text; several were found as one.
        written: What the found words show: the words of the text, or the part of one that stands on this line, with
            the hyphen that stands there.
        cost: How badly it fits, in nats.
    """

    found: tuple[int, ...]
    texts: tuple[int, ...]
    written: tuple[str, ...]
    cost: float


@dataclass(frozen=True)
class Matching:
    """How the words found on a page and the words of its text go together.

    Attributes:
        matches: In reading order. A word broken over the end of a line has two.
        skipped_found: The numbers of the found words that are no words of the text: crossed out, a page number ...
        skipped_texts: The numbers of the words of the text that were not found.
        widths: The widths of the hand's letters.
        has_lines: Whether the text has the line ends of the page.
        cost: Of all steps.
    """

    matches: tuple[Match, ...]
    skipped_found: tuple[int, ...]
    skipped_texts: tuple[int, ...]
    widths: LetterWidths
    has_lines: bool
    cost: float


@dataclass(frozen=True, eq=False)
class _Path:
    """The cheapest way through page and text.

    Attributes:
        steps: ``(found, text, number of found words, number of texts, cost)`` of each step.
        cost: Of all steps, without ``LINE_END_COST``.
        shared_ends: Line ends that page and text have in common on it, as a share of the fewer of the two.
    """

    steps: Sequence[tuple[int, int, int, int, float]]
    cost: float
    shared_ends: float

    @property
    def pairs(self) -> Pairs:
        """Found word and word of the text of each step of one with one, ``(p, 2)``."""
        return np.array([step[:2] for step in self.steps if step[2:4] == (1, 1)], np.int64).reshape(-1, 2)


def match(found: FoundWords, transcript: Transcript, width: Callable[[str], float]) -> Matching:
    """Match the words found on a page to the words of its text.

    Args:
        found: The found words.
        transcript: The text.
        width: Returns the usual width of a character in x-heights; a common factor does not matter.
    """
    costs = PageCosts(found, transcript.words)
    ends = _Ends.of(found.line, np.array(transcript.line_numbers))
    first = widths = costs.widths_at_first(width)
    extents = EXTENTS_OF_NO_HAND
    line_cost = LINE_END_COST
    for turn in range(ROUNDS):
        tables = costs.tables(widths, extents)
        path = _cheapest(tables, ends, line_cost)
        if turn < 2 and line_cost and path.shared_ends < MIN_SHARED_LINE_ENDS:
            line_cost = 0.0
            path = _cheapest(tables, ends, line_cost)
        if turn < ROUNDS - 1:
            widths, extents = learned_widths(costs, path.pairs, first, widths), learned_extents(costs, path.pairs)
    return _matching(path, transcript.words, tables, widths, bool(line_cost))


@dataclass(frozen=True, eq=False)
class _Ends:
    """Where lines end.

    Attributes:
        page: Whether a line of the page starts at each found word but the first, bool ``(n + 1,)``.
        text: Whether a line of the text starts at each word but the first, bool ``(m + 1,)``.
    """

    page: NDArray[np.bool_]
    text: NDArray[np.bool_]

    @classmethod
    def of(cls, page: Pairs, text: Pairs) -> _Ends:
        return cls(*(np.concatenate([[False], np.diff(lines) != 0, [False]]) for lines in (page, text)))


def _cheapest(tables: CostTables, ends: _Ends, line_cost: float) -> _Path:
    """Return the cheapest path by dynamic programming, a row of all texts at a time."""
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
    ends: _Ends,
    best: Floats,
    step_of: NDArray[np.int8],
    skip_found_from: NDArray[np.int32],
    skip_text_from: NDArray[np.int32],
    line_cost: float,
) -> _Path:
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
    return _Path(steps[::-1], total + line_cost * shared, shared / fewest if fewest else 0.0)


def _matching(path: _Path, texts: Sequence[str], tables: CostTables, widths: LetterWidths, has_lines: bool) -> Matching:
    matches: list[Match] = []
    skipped_found: list[int] = []
    skipped_texts: list[int] = []
    for row, column, height, wide, cost in path.steps:
        found, words = tuple(range(row, row + height)), tuple(range(column, column + wide))
        if not wide:
            skipped_found += found
        elif not height:
            skipped_texts += words
        elif (height, wide) == (2, 1) and (cut := int(tables.cut[row, column])):
            text = texts[column]
            for one, written in zip(found, (hyphenated(text[:cut]), text[cut:]), strict=True):
                matches.append(Match((one,), words, (written,), cost / 2))
        else:
            matches.append(Match(found, words, tuple(texts[word] for word in words), cost))
    return Matching(tuple(matches), tuple(skipped_found), tuple(skipped_texts), widths, has_lines, path.cost)

"""What it costs to say that found words are words of a text: by width, extents and ink, learned from the page itself.

Costs are in nats: the negative logarithm of how probable a measurement is, up to a constant. Lengths are in x-heights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.found_words import FoundWords

Floats = NDArray[np.float64]
Pairs = NDArray[np.int64]

TALL, MIDDLE, LOW_MARKS, LONG, TAILED = "bdfhkl", "tij!?:;", ".,_-~", "gjpqyQ", "fz,;("
"""Characters by how far they reach above the baseline (with capitals and digits: high; all others: as an ``x``) and
below it (far; in some hands)."""
QUOTES = "'\""
OPENING = QUOTES + "([-"
"""Marks that stand before a word as well."""
EXTENTS_AT_FIRST = np.array([[0.4, 1.2, 1.8, 2.2], [0.15, 0.5, 1.0, 0.15]])
"""Mean extents of words: above, for low marks, small, middle and tall letters; below, without, with doubtful and with
long tails; the last is unused."""
EXTENT_SPREAD_AT_FIRST, MIN_EXTENT_SPREAD = 0.6, 0.25
"""Standard deviation of an extent before any word is matched, and its lower bound for a hand."""
EXTENT_PRIOR_COUNT = 4.0
"""Number of words that the extents at first count as."""
MAX_EXTENT_COST = 3.0
"""The most that one extent costs: strokes of neighbouring lines go astray."""

RELATIVE_SPREAD, ABSOLUTE_SPREAD = 0.12, 0.22
"""Standard deviation of a word's width around its expectation: a share of it, and a length, added in squares."""
SPREAD_RANGE = (0.6, 2.0)
"""Bounds of the factor by which a page differs from these."""
LINEAR_FROM = 2.5
"""Standard deviations from which the cost of a width grows linearly: pale ink leaves parts of words out."""
LETTER_SPREAD = 0.3
"""Standard deviation of a letter's width in a hand around its width at first, as a share of it."""
EDGE_SPREAD = 0.3
"""Standard deviation of the constant that a word's width has besides its letters."""

MIN_DENSE_WIDTH = 1.0
"""Width from which the density of a word's ink is judged."""
MIN_DENSITY_SPREAD = 0.15
"""Lower bound of the standard deviation of the logarithm of density."""
DENSE_FROM, MAX_DENSE_COST = 2.5, 4.0
"""Standard deviations from which a word is dense as if scribbled out, and the most that matching it costs for that."""

NARROW_WIDTH, NARROW_ABOVE = 1.2, 0.7
"""Width and extent above up to which a found word is a speck, a dot or a mark."""
SKIP_FOUND, SKIP_NARROW, SKIP_TEXT, SKIP_MARK = 3.0, 0.0, 5.0, 0.0
"""Cost of leaving out a found word, a narrow one, a word of the text, and a mark that stands apart in it."""
JOIN_TEXTS, JOIN_MARK = 4.0, 1.0
"""Cost of finding two words of the text as one, and of a word with a mark that stands apart in the text."""
JOIN_FOUND, JOIN_NARROW, JOIN_FOUND_MARK = 5.0, 3.5, 1.5
"""Cost of finding a word as two, of finding a narrow part of it apart, and of finding a mark at its end apart."""
CROSS = 8.0
"""Cost of finding two words as two that are divided in another place."""
APART, APART_FROM, MARK_APART_FROM = 10.0, 0.5, 1.0
"""Cost of finding a word's parts apart, per usual gap of words, the gap from which it counts, and that for marks."""
TEXT_GAP, MARK_GAP = 0.4, 0.15
"""Paper between two words that are found as one, and before a mark."""
MAX_INNER_GAP = 0.3
"""How much of the paper between two found words belongs to the width of the word that they are."""
HYPHENATE = 4.0
"""Cost of breaking a word over the end of a line."""
MIN_HYPHENATED = 2
"""Letters of a word on each of two lines at least."""


@dataclass(frozen=True)
class LetterWidths:
    """The widths of a hand's letters.

    Attributes:
        width: Of each character, in x-heights.
        edge: What a word's ink is wider than its letters.
        spread: How much widths vary, as a factor of what they usually do.
    """

    width: dict[str, float]
    edge: float = 0.0
    spread: float = 1.0

    def of(self, text: str) -> float:
        """Return the expected width of a word's ink."""
        return max(sum(self.width[character] for character in text) + self.edge, 0.1)


@dataclass(frozen=True, eq=False)
class WordExtents:
    """How far words reach above and below the baseline.

    Attributes:
        mean: ``(2, 4)``, as ``EXTENTS_AT_FIRST``.
        spread: ``(2, 4)``.
    """

    mean: Floats
    spread: Floats

    def cost(self, side: int, measured: Floats) -> Floats:
        """Return the cost of extents ``(n,)`` for each kind of word and, in the last column, for any, ``(n, 5)``."""
        terms = 0.5 * ((measured[:, None] - self.mean[side]) / self.spread[side]) ** 2
        known = np.minimum(terms, MAX_EXTENT_COST)
        return np.column_stack([known, np.full(len(measured), 0.5)])


EXTENTS_OF_NO_HAND = WordExtents(EXTENTS_AT_FIRST, np.full((2, 4), EXTENT_SPREAD_AT_FIRST))


def is_mark(text: str) -> bool:
    """Whether a text holds no letter or digit."""
    return not any(character.isalnum() for character in text)


def kind_above(text: str) -> int:
    """Return the kind of a text by its extent above the baseline: 0..3 as ``EXTENTS_AT_FIRST``, -1 if unknown."""
    if all(character in QUOTES for character in text):  # some hands set them low
        return -1
    return max(_kind_above(character) for character in text)


def _kind_above(character: str) -> int:
    if character in LOW_MARKS:
        return 0
    if character in MIDDLE:
        return 2
    return 3 if character in TALL or character.isupper() or not character.isalpha() else 1


def kind_below(text: str) -> int:
    """Return the kind of a text by its extent below the baseline: 0..2 as ``EXTENTS_AT_FIRST``, -1 if it is unknown."""
    if is_mark(text):
        return -1
    if any(character in LONG for character in text):
        return 2
    return int(any(character in TAILED for character in text))


def huber(deviations: Floats) -> Floats:
    """Return half the square of deviations, linear from ``LINEAR_FROM``."""
    size = np.abs(deviations)
    return np.where(size < LINEAR_FROM, 0.5 * size**2, LINEAR_FROM * (size - LINEAR_FROM / 2))


def width_cost(measured: Floats, expected: Floats, spread: float) -> Floats:
    """Return the cost of measured widths for expected ones, of any shapes that go together."""
    deviation = np.sqrt(RELATIVE_SPREAD**2 + (ABSOLUTE_SPREAD / expected) ** 2) * spread
    return huber((np.log(np.maximum(measured, 0.05)) - np.log(expected)) / deviation)


def density_scores(found: FoundWords) -> Floats:
    """Return by how many standard deviations each word's ink is denser than usual, less ``DENSE_FROM``; at least 0."""
    logarithm = np.log(found.density)
    judged = found.width >= MIN_DENSE_WIDTH
    if not judged.any():
        return np.zeros(len(found.line))
    middle = np.median(logarithm[judged])
    spread = max(1.4826 * float(np.median(np.abs(logarithm[judged] - middle))), MIN_DENSITY_SPREAD)
    return np.where(judged, np.maximum((logarithm - middle) / spread - DENSE_FROM, 0.0), 0.0)


@dataclass(frozen=True, eq=False)
class CostTables:
    """The cost of every step of a matching of ``n`` found words and ``m`` words of a text.

    Attributes:
        match: For ``(found, texts)`` words at a time, the cost of matching those that start at each pair, ``(n, m)``;
            infinite where they do not exist.
        cut: How many letters stand on the first line if two found words are one hyphenated word, int64 ``(n, m)``.
        skip_found: ``(n,)``.
        skip_text: ``(m,)``.
    """

    match: dict[tuple[int, int], Floats]
    cut: Pairs
    skip_found: Floats
    skip_text: Floats


class PageCosts:
    """Costs between the found words of one page and the words of one text.

    Args:
        found: The found words.
        texts: The words of the text.
    """

    def __init__(self, found: FoundWords, texts: Sequence[str]) -> None:
        self.found, self.texts = found, tuple(texts)
        self.alphabet = sorted(set("".join(self.texts)) | {"-"})
        self._index = {character: number for number, character in enumerate(self.alphabet)}
        self.counts = self._counted(self.texts)
        self.above = np.array([kind_above(text) for text in self.texts])
        self.below = np.array([kind_below(text) for text in self.texts])
        self.marks = np.array([is_mark(text) for text in self.texts])
        self.opening = np.array([set(text) <= set(OPENING) for text in self.texts])
        self.dense = density_scores(found)
        self.narrow = (found.width < NARROW_WIDTH) & (found.above < NARROW_ABOVE)

    @cached_property
    def _apart(self) -> Floats:
        """The gap between each found word and the next, as a share of the usual one; 0 at line ends, ``(n - 1,)``."""
        gap = self.found.left[1:] - self.found.right[:-1]
        on_line = self.found.line[1:] == self.found.line[:-1]
        usual = max(float(np.median(gap[on_line])), MAX_INNER_GAP) if on_line.any() else 1.0
        return np.where(on_line, gap / usual, 0.0)

    def widths_at_first(self, width: Callable[[str], float]) -> LetterWidths:
        """Return letter widths of no hand in particular, scaled to this page by the median words."""
        letters = np.array([width(character) for character in self.alphabet])
        expected = self.counts @ letters
        scale = float(np.median(self.found.width) / np.median(expected))
        return LetterWidths(dict(zip(self.alphabet, (scale * letters).tolist(), strict=True)), 0.0, SPREAD_RANGE[1])

    def expected(self, widths: LetterWidths) -> Floats:
        """Return the expected width of each word of the text, ``(m,)``."""
        letters = np.array([widths.width[character] for character in self.alphabet])
        return np.maximum(self.counts @ letters + widths.edge, 0.1)

    def tables(self, widths: LetterWidths, extents: WordExtents) -> CostTables:
        """Return the costs of all steps for a hand."""
        found, n, m = self.found, len(self.found.line), len(self.texts)
        expected = self.expected(widths)
        above, below = extents.cost(0, found.above), extents.cost(1, found.below)
        dense_cost = np.minimum(self.dense, MAX_DENSE_COST)[:, None]

        match = {(1, 1): self._cost(found.width, expected, widths, above, below, self.above, self.below) + dense_cost}
        total, kind_a, kind_b, joins = expected, self.above, self.below, np.zeros(m)
        for count in (2, 3):
            if m < count:
                break
            later = slice(count - 1, None)
            opens = self.opening[count - 2 : m - 1]
            marked = self.marks[later] | opens
            joins = joins[:-1] + np.where(marked, JOIN_MARK, JOIN_TEXTS)
            total = total[:-1] + expected[later] - widths.edge + np.where(marked, MARK_GAP, TEXT_GAP)
            kind_a, kind_b = np.maximum(kind_a[:-1], self.above[later]), np.maximum(kind_b[:-1], self.below[later])
            cost = self._cost(found.width, total, widths, above, below, kind_a, kind_b) + dense_cost + joins
            match[1, count] = np.pad(cost, ((0, 0), (0, count - 1)), constant_values=np.inf)

        cut = np.zeros((n, m), np.int64)
        width, up, down, joins = found.width, found.above, found.below, np.zeros((n, 1))
        marked_ends = np.array([is_mark(text[0]) or is_mark(text[-1]) for text in self.texts])
        narrow_cost = np.where(marked_ends, JOIN_FOUND_MARK, JOIN_NARROW)
        gap = np.append(found.left[1:] - found.right[:-1], np.inf)
        for count in (2, 3):
            if n < count:
                break
            same_line = found.line[: n - count + 1] == found.line[count - 1 :]
            between = gap[count - 2 : n - 1]
            narrow = self.narrow[count - 2 : n - 1] | self.narrow[count - 1 :]
            apart = self._apart[count - 2 : n - 1, None]
            joins = joins[:-1] + np.where(
                narrow[:, None],
                narrow_cost + APART * np.maximum(apart - MARK_APART_FROM, 0.0),
                JOIN_FOUND + APART * np.maximum(apart - APART_FROM, 0.0),
            )
            width = width[:-1] + np.clip(between, 0.0, MAX_INNER_GAP) + found.width[count - 1 :]
            up = np.maximum(up[:-1], found.above[count - 1 :])
            down = np.maximum(down[:-1], found.below[count - 1 :])
            sides = extents.cost(0, up), extents.cost(1, down)
            cost = self._cost(width, expected, widths, *sides, self.above, self.below) + joins
            cost[~same_line] = np.inf
            match[count, 1] = np.pad(cost, ((0, count - 1), (0, 0)), constant_values=np.inf)
        if n >= 2 and m >= 2:
            match[2, 2] = self._crossed(widths, extents)
        if n >= 2:
            for first in np.flatnonzero(np.diff(found.line)):
                match[2, 1][first], cut[first] = self._hyphenated(int(first), widths, above, below)
        return CostTables(
            match,
            cut,
            np.where(self.narrow, SKIP_NARROW, SKIP_FOUND - np.minimum(self.dense, SKIP_FOUND)),
            np.where(self.marks, SKIP_MARK, SKIP_TEXT),
        )

    def _cost(
        self,
        measured: Floats,
        expected: Floats,
        widths: LetterWidths,
        above: Floats,
        below: Floats,
        kind_above: Pairs,
        kind_below: Pairs,
    ) -> Floats:
        by_width = width_cost(measured[:, None], expected[None], widths.spread)
        return by_width + above[:, kind_above] + below[:, kind_below]

    def _crossed(self, widths: LetterWidths, extents: WordExtents) -> Floats:
        """Return the cost of two words of the text found as two that are divided in another place, ``(n, m)``."""
        found = self.found
        expected = self.expected(widths)
        measured = found.width[:-1] + found.width[1:]
        total = expected[:-1] + expected[1:] - widths.edge
        above, below = (
            extents.cost(side, np.maximum(values[:-1], values[1:]))
            for side, values in enumerate((found.above, found.below))
        )
        kinds = (np.maximum(kinds[:-1], kinds[1:]) for kinds in (self.above, self.below))
        cost = self._cost(measured, total, widths, above, below, *kinds) + CROSS
        cost += APART * np.maximum(self._apart - APART_FROM, 0.0)[:, None]
        cost[found.line[:-1] != found.line[1:]] = np.inf
        return np.pad(cost, ((0, 1), (0, 1)), constant_values=np.inf)

    def _hyphenated(self, first: int, widths: LetterWidths, above: Floats, below: Floats) -> tuple[Floats, Pairs]:
        """Return the cost of each word broken over the end of a line, and its best cut, both ``(m,)``."""
        costs, cuts = np.full(len(self.texts), np.inf), np.zeros(len(self.texts), np.int64)
        broken = self._broken
        if not len(broken.word):
            return costs, cuts
        letters = np.array([widths.width[character] for character in self.alphabet])
        ends = (broken.head, broken.above[0], broken.below[0]), (broken.tail, broken.above[1], broken.below[1])
        each = np.where(broken.added, HYPHENATE, HYPHENATE / 2)
        for box, (counts, kind_above_, kind_below_) in zip((first, first + 1), ends, strict=True):
            expected = np.maximum(counts @ letters + widths.edge, 0.1)
            each += width_cost(self.found.width[box], expected, widths.spread)
            each += above[box, kind_above_] + below[box, kind_below_]
        order = np.lexsort((each, broken.word))
        best = order[np.flatnonzero(np.diff(broken.word[order], prepend=-1))]
        costs[broken.word[best]], cuts[broken.word[best]] = each[best], broken.cut[best]
        return costs, cuts

    @cached_property
    def _broken(self) -> _Broken:
        """All words in all their places where the end of a line may break them."""
        places = [
            (number, cut)
            for number, text in enumerate(self.texts)
            for cut in range(MIN_HYPHENATED, len(text) - MIN_HYPHENATED + 1)
            if text[cut - 1] == "-" or (text[cut - 1].isalpha() and text[cut].isalpha())
        ]
        heads = [hyphenated(self.texts[number][:cut]) for number, cut in places]
        tails = [self.texts[number][cut:] for number, cut in places]
        words, cuts = np.array(places, np.int64).reshape(-1, 2).T
        return _Broken(
            words,
            cuts,
            np.array([len(head) > cut for head, (_, cut) in zip(heads, places, strict=True)], bool),
            self._counted(heads),
            self._counted(tails),
            np.array([[kind_above(part) for part in parts] for parts in (heads, tails)], np.int64),
            np.array([[kind_below(part) for part in parts] for parts in (heads, tails)], np.int64),
        )

    def _counted(self, texts: Sequence[str]) -> Floats:
        """Return how often each character of the alphabet stands in each text, ``(texts, letters)``."""
        counts = np.zeros((len(texts), len(self.alphabet)))
        for row, text in enumerate(texts):
            np.add.at(counts[row], [self._index[character] for character in text], 1.0)
        return counts


class _Broken(NamedTuple):
    """Words broken in two, ``(b,)`` of them.

    Attributes:
        word: The number of the word in the text, rising.
        cut: How many of its characters stand on the first line.
        added: Whether a hyphen is added, which the word itself does not have there.
        head: How often each character stands on the first line, the hyphen included, ``(b, letters)``.
        tail: The same for the second line.
        above: The kinds of the two parts by their extent above the baseline, ``(2, b)``.
        below: The same below it.
    """

    word: Pairs
    cut: Pairs
    added: NDArray[np.bool_]
    head: Floats
    tail: Floats
    above: Pairs
    below: Pairs


def hyphenated(head: str) -> str:
    """Return the first part of a broken word as it stands at the end of its line.

    >>> hyphenated("con"), hyphenated("twenty-")
    ('con-', 'twenty-')
    """
    return head if head.endswith("-") else f"{head}-"


def learned_widths(costs: PageCosts, pairs: Pairs, first: LetterWidths, current: LetterWidths) -> LetterWidths:
    """Return the letter widths that matched words show: ridge regression towards those at first.

    Words that deviate much count less, so that a wrong match does little harm.

    Args:
        costs: The page.
        pairs: Found word and word of the text of each match of one with one, ``(p, 2)``.
        first: The prior.
        current: The widths by which the words were matched.
    """
    measured, counts = costs.found.width[pairs[:, 0]], costs.counts[pairs[:, 1]]
    prior = np.array([first.width[character] for character in costs.alphabet])
    # All letters may be wider together: the prior's common factor is fitted first, robustly.
    if len(pairs):
        prior = prior * float(np.exp(np.median(np.log(measured) - np.log(np.maximum(counts @ prior, 0.1)))))
    expected = costs.expected(current)[pairs[:, 1]]
    deviation = np.sqrt((RELATIVE_SPREAD * expected) ** 2 + ABSOLUTE_SPREAD**2)
    weight = 1 / np.maximum(1, np.abs(measured - expected) / deviation / 1.5) / deviation**2
    design = np.column_stack([counts, np.ones(len(pairs))])
    start = np.append(prior, 0.0)
    precision = np.append((LETTER_SPREAD * prior) ** -2.0, EDGE_SPREAD**-2.0)
    normal = (design * weight[:, None]).T @ design + np.diag(precision)
    fitted = start + np.linalg.solve(normal, design.T @ (weight * (measured - design @ start)))
    letters = np.maximum(fitted[:-1], 0.2 * prior)
    result = LetterWidths(dict(zip(costs.alphabet, letters.tolist(), strict=True)), float(fitted[-1]))
    if not len(pairs):
        return result
    expected = costs.expected(result)[pairs[:, 1]]
    deviation = np.sqrt(RELATIVE_SPREAD**2 + (ABSOLUTE_SPREAD / expected) ** 2)
    off = 1.4826 * float(np.median(np.abs(np.log(measured / expected)) / deviation))
    return replace(result, spread=float(np.clip(off, *SPREAD_RANGE)))


def learned_extents(costs: PageCosts, pairs: Pairs) -> WordExtents:
    """Return the extents that matched words show, drawn towards those at first.

    Args:
        costs: The page.
        pairs: Found word and word of the text of each match of one with one, ``(p, 2)``.
    """
    mean, spread = EXTENTS_AT_FIRST.copy(), np.full((2, 4), EXTENT_SPREAD_AT_FIRST)
    sides = (costs.found.above, costs.above), (costs.found.below, costs.below)
    for side, (measured, kinds) in enumerate(sides):
        for kind in range(4):
            values = measured[pairs[:, 0]][kinds[pairs[:, 1]] == kind]
            if len(values):
                share = len(values) / (len(values) + EXTENT_PRIOR_COUNT)
                middle = float(np.median(values))
                off = 1.4826 * float(np.median(np.abs(values - middle)))
                mean[side, kind] += share * (middle - mean[side, kind])
                spread[side, kind] += share * (max(off, MIN_EXTENT_SPREAD) - spread[side, kind])
    return WordExtents(mean, spread)

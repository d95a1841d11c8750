"""What is particular to a hand, measured on its labelled words: spacing, lines, pen, joins, and what varies how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import Bank
from handwriting.writing.contours import LetterSides
from handwriting.writing.joining import JoinHeights, JoinRates
from handwriting.writing.pen import PenFit, usual_pen
from handwriting.writing.plain_values import Count, Within
from handwriting.writing.source import SourceWord, apply
from handwriting.writing.spacing import LetterSpacing
from handwriting.writing.variation import (
    Distribution,
    Drift,
    Wander,
    distribution,
    drawn_in,
    drift,
    wander,
)
from handwriting.writing.written_words import LayoutStyle

MIN_LETTERS_FOR_SLOPE = 4
"""Letters of a word from which its own slope was measured."""
MIN_WORDS_OF_LINE = 4
"""Words of a line from which it is known how it wanders."""
PAPER_BEND = 8.0
"""Distance along lines over which the paper of a page is straight, in x-heights."""
MIN_SHARED = 8
"""Words within that distance, of all lines of a page, from which its bend is known."""
MIN_TALL = 0.5
"""Height of a character from which its size is measured, in x-heights."""
MIN_SPREAD = 0.3
"""Height of a character from which its slant is measured: the standard deviation of its ink's heights, in x-heights."""
MIN_PIXELS = 12
"""Inked pixels from which a letter is measured."""
REACH = 0.9
"""Quantile of the reaches of words above and below the baseline that is that of ordinary words."""
MAX_LINE_DISTANCE = 1.6
"""Factor on the usual distance from which a line between two was not found."""
LINE_DISTANCES = (1.0, 25.0)
"""Distances of lines of one text, in x-heights: what lies further apart are texts of their own."""


@dataclass(frozen=True)
class HandFit:
    """What is particular to a hand. Lengths are in x-heights.

    Attributes:
        letters: The number of letters that it was measured on.
        slant: Of the writing to the right, in degrees.
        pen: Its pen.
        word_space: From the end of a word to the start of the next.
        margin: Where lines start, from the left edge of their page's writing; indented ones as well.
        line_distance: From one baseline to the next.
        ascent: How far ordinary words reach above the baseline.
        descent: How far they reach below it.
        ridge: How the baselines of lines wander about straight ones.
        offset: Of the words' baselines from that of their line.
        slope: Of the words against their line, as a tangent.
        size: The logarithm of the size of words.
        slants: The tangent of the slant of words.
        level: The logarithm of the ink of words.
        spacing: How far letters stand apart.
        join_rates: How often letters are joined.
        join_heights: At which heights.
    """

    letters: Count
    slant: Annotated[float, Within(-80.0, 80.0)]
    pen: PenFit
    word_space: Annotated[Distribution, Within(0.05, 100.0, "median")]
    margin: Distribution
    line_distance: Annotated[Distribution, Within(*LINE_DISTANCES, "median")]
    ascent: Annotated[float, Within(-20.0, 20.0)]
    descent: Annotated[float, Within(-20.0, 20.0)]
    ridge: Wander
    offset: Drift
    slope: Drift
    size: Drift
    slants: Drift
    level: Drift
    spacing: LetterSpacing
    join_rates: JoinRates
    join_heights: JoinHeights

    def layout_style(self) -> LayoutStyle:
        """Return how the hand sets words on a page."""
        return LayoutStyle(
            word_space=self.word_space.median,
            word_space_sd=self.word_space.sd,
            line_distance=self.line_distance.median,
            margin_sd=self.margin.sd,
            offset_sd=self.offset.sd,
            ridge_sd=self.ridge.sd,
            ridge_length=self.ridge.length,
            ascent=self.ascent,
            descent=self.descent,
        )


def measure_hand(bank: Bank) -> HandFit:
    """Return what is particular to the hand of a bank.

    Words whose measures make no sense, as of a wrong box, are drawn in: medians and robust deviations stand for all.
    """
    usual = LayoutStyle()
    words = bank.words
    lines = _lines(words)
    measures = _word_measures(bank)
    reach = np.array([_reach(word) for word in words])
    return HandFit(
        letters=len(bank.drawings),
        slant=float(np.degrees(np.arctan(bank.slant))),
        pen=usual_pen(bank.word_pens),
        word_space=distribution(_word_spaces(bank, lines), usual.word_space),
        margin=distribution(_margins(bank, lines)),
        line_distance=distribution(_line_distances(words, lines), usual.line_distance),
        ascent=float(np.quantile(reach[:, 1], REACH)),
        descent=float(np.quantile(-reach[:, 0], REACH)),
        ridge=_ridge(words, lines),
        offset=drift([(page[:, 0, 0], page[:, 1, 0]) for page in measures]),
        slope=drift(_slopes(words, lines)),
        size=drift([(page[:, 0, 1], page[:, 1, 1]) for page in measures]),
        slants=drift([(page[:, 0, 2], page[:, 1, 2]) for page in measures]),
        level=drift([(page[:, 0, 3], page[:, 1, 3]) for page in measures]),
        spacing=bank.spacing,
        join_rates=bank.join_rates,
        join_heights=bank.join_heights,
    )


Lines = Mapping[tuple[str, int], Sequence[int]]
"""The numbers of the words of each line of a page, from left to right."""


def _lines(words: Sequence[SourceWord]) -> Lines:
    lines: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number in sorted(range(len(words)), key=lambda number: words[number].key):
        page, line, _ = words[number].key
        lines[page, line].append(number)
    return lines


def _ends(word: SourceWord, sides: Sequence[LetterSides]) -> tuple[float, float]:
    """Return where a word starts and ends on the page, along its line, as a written one does."""
    along = word.place[0]
    return along + float(sides[0].left.min()), along + float(sides[-1].right.max())


def _word_spaces(bank: Bank, lines: Lines) -> list[float]:
    spaces = []
    for numbers in lines.values():
        for first, second in pairwise(numbers):
            if bank.words[first].key[2] + 1 == bank.words[second].key[2]:
                end, start = (_ends(bank.words[one], bank.sides[one]) for one in (first, second))
                spaces.append(start[0] - end[1])
    return spaces


def _margins(bank: Bank, lines: Lines) -> list[float]:
    """Return where lines start, about the straight left edge of the writing of their page."""
    starts = defaultdict(list)
    for (page, _), numbers in lines.items():
        word = bank.words[numbers[0]]
        starts[page].append((word.place[1], _ends(word, bank.sides[numbers[0]])[0]))
    found: list[float] = []
    for of_page in starts.values():
        down, left = np.array(of_page).T
        found += _about_line(down, left).tolist()
    return found


def _about_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values about a straight line: through the medians of all pairs of points (Theil, 1950; Sen, 1968)."""
    slope = _slope(x, y)
    return np.asarray(y - slope * x - np.median(y - slope * x))


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    first, second = np.triu_indices(len(x), 1)
    apart = x[second] != x[first]
    if not apart.any():
        return 0.0
    return float(np.median((y[second] - y[first])[apart] / (x[second] - x[first])[apart]))


def _baselines(words: Sequence[SourceWord], numbers: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places along a line, and how far down its baseline lies there."""
    along, down, offset = np.array([(*words[one].place, words[one].offset) for one in numbers]).T
    return along, down - offset


def _line_distances(words: Sequence[SourceWord], lines: Lines) -> list[float]:
    distances: list[float] = []
    for _, of_page in groupby(lines.items(), key=lambda item: item[0][0]):
        items = [(key[1], *_baselines(words, numbers)) for key, numbers in of_page]
        middle = float(np.median(np.concatenate([along for _, along, _ in items])))
        slope = float(np.median([_slope(along, down) for _, along, down in items]))
        levels = [(line, float(np.median(down - slope * (along - middle)))) for line, along, down in items]
        distances += [below - above for (line, above), (following, below) in pairwise(levels) if following == line + 1]
    usual = np.median(distances) if distances else 0.0
    least, most = LINE_DISTANCES
    return [distance for distance in distances if least <= distance <= min(most, MAX_LINE_DISTANCE * usual)]


def _ridge(words: Sequence[SourceWord], lines: Lines) -> Wander:
    """Return how lines wander, without what all lines of a page share: that is the bend of the paper."""
    places: list[NDArray[np.float64]] = []
    values: list[NDArray[np.float64]] = []
    for _, of_page in groupby(lines.items(), key=lambda item: item[0][0]):
        found = [_baselines(words, numbers) for _, numbers in of_page if len(numbers) >= MIN_WORDS_OF_LINE]
        if found:
            places += (along := [one for one, _ in found])
            bent = np.concatenate([_about_line(*one) for one in found])
            bent -= _shared(np.concatenate(along), bent)
            values += np.split(bent, np.cumsum([len(one) for one in along])[:-1])
    if not values:
        return wander([], [])
    together = drawn_in(np.concatenate(values))
    return wander(places, np.split(together, np.cumsum([len(value) for value in values])[:-1]))


def _shared(along: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of the values of all lines around each place; 0 where there are few."""
    near = np.abs(along[:, None] - along) <= PAPER_BEND / 2
    medians = [np.median(values[row]) if row.sum() >= MIN_SHARED else 0.0 for row in near]
    return np.array(medians)


def _slopes(words: Sequence[SourceWord], lines: Lines) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return for each page how its words slope against their lines, twice; NaN where a word is too short."""
    pages = defaultdict(list)
    for (page, _), numbers in lines.items():
        slopes = np.array([words[one].slope for one in numbers])
        known = np.array([len(words[one]) >= MIN_LETTERS_FOR_SLOPE for one in numbers])
        about = slopes - (np.median(slopes[known]) if known.any() else 0)
        pages[page].append(np.where(known, about, np.nan))
    return [(whole, whole) for whole in map(np.concatenate, pages.values())]


def _reach(word: SourceWord) -> tuple[float, float]:
    heights = word.inked[:, 1]
    return (float(heights.min()), float(heights.max())) if len(heights) else (0.0, 0.0)


def _word_measures(bank: Bank) -> list[NDArray[np.float64]]:
    """Return the measures of the words of each page in reading order, on two halves of their letters.

    Returns:
        For each page offset, log size, slant and log level of each word, by every second letter and by the others,
        float64 ``(n, 2, 4)``; NaN where a half has no letter. What is usual of each character is taken off.
    """
    letters = np.array([_letter_measures(bank.words[one.word], one.letter) for one in bank.drawings])
    for numbers in bank.by_label.values():
        own = letters[numbers]
        known = np.isfinite(own).any(0)
        letters[numbers[:, None], np.flatnonzero(known)] -= np.nanmedian(own[:, known], axis=0)
    # The ink of letters stands above the baseline of their word, and that below its line's.
    letters[:, 0] *= -1
    halves = np.full((len(bank.words), 2, letters.shape[1]), np.nan)
    for word, drawings in _drawings_of_words(bank).items():
        for half in (0, 1):
            own = letters[drawings[half::2]]
            known = np.isfinite(own).any(0) if len(own) else np.zeros(letters.shape[1], bool)
            halves[word, half, known] = np.nanmean(own[:, known], axis=0)
    halves[:, :, 0] += np.array([word.offset for word in bank.words])[:, None]
    order = sorted(range(len(bank.words)), key=lambda number: bank.words[number].key)
    return [halves[list(numbers)] for _, numbers in groupby(order, key=lambda number: bank.words[number].key[0])]


def _drawings_of_words(bank: Bank) -> Mapping[int, list[int]]:
    words = defaultdict(list)
    for number, one in enumerate(bank.drawings):
        words[one.word].append(number)
    return words


def _letter_measures(word: SourceWord, letter: int) -> tuple[float, float, float, float]:
    """Return where a letter ends below, its log height, slant and log level; NaN for what cannot be measured."""
    rows, columns = word.pixels_of(letter)
    if len(rows) < MIN_PIXELS:
        return (np.nan,) * 4
    u, v = apply(word.to_frame, columns, rows).T
    low, high = np.quantile(v, (0.02, 0.98))
    size = float(np.log(high)) if high >= MIN_TALL else np.nan
    spread = float(v.std())
    slant = float(((u - u.mean()) * (v - v.mean())).mean()) / spread**2 if spread >= MIN_SPREAD else np.nan
    return float(low), size, slant, float(np.log(np.percentile(word.ink[rows, columns], 60)))

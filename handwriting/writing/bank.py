"""The bank: a person's own drawings of letters, with what decides whether two of them go together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.contours import LetterSides, sides_of
from handwriting.writing.joining import JoinHeights, JoinRates, count_joins, join_heights
from handwriting.writing.joins import Stroke, strokes_and_tears
from handwriting.writing.oddness import oddness
from handwriting.writing.pen import PenFit, pen_of
from handwriting.writing.source import INKED, SMALL_LETTERS, SourceWord
from handwriting.writing.spacing import APART, PITCH, LetterSpacing, Pair, fit_spacing, pair_distance

EDGE = ""
"""The neighbour of a letter at the edge of its word."""
MIN_PEN_PIXELS = 12
"""Pixels of ink from which a letter shows its pen."""
STEEP_PERCENTILE = 80
"""Percentile of the steepness of a letter's ink that is that of its edges."""
FULL_LEVEL_PERCENTILE = 60
"""Percentile of a word's inked pixels that stands for the level of its ink."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """One letter of a word.

    Attributes:
        word: The number of its word in the bank.
        letter: Its position in the word.
        label: The character that it shows.
        badness: How oddly it is drawn, 0..1.
        before: The label of the letter before it; :data:`EDGE` at the start of the word, None where it is unknown.
        after: The label of the letter after it.
        entry: The stroke that joins it to the letter before; None where the pen was lifted.
        exit: The stroke that joins it to the letter after.
        torn_before: Whether it touches the letter before in a second place, which a cut would tear.
        torn_after: The same of the letter after.
    """

    word: int
    letter: int
    label: str
    badness: float
    before: str | None
    after: str | None
    entry: Stroke | None
    exit: Stroke | None
    torn_before: bool
    torn_after: bool


class Bank:
    """All drawings of a hand.

    Args:
        words: The words of its pages, at least one with a known letter.

    Attributes:
        word_pens: What the pen of each word does; None where it has no ink.
    """

    def __init__(self, words: Sequence[SourceWord]) -> None:
        self.words: list[SourceWord] = []
        self.drawings: list[Drawing] = []
        self.by_label: dict[str, NDArray[np.int64]] = {}
        self.word_pens: list[PenFit | None] = []
        self.levels, self.widths, self.sizes = np.zeros((3, 0))
        self._add(words)
        self.slant = float(np.median([word.slant for word in self.words]))

    def extended(self, words: Sequence[SourceWord]) -> Bank:
        """Return a bank with more words that are made for a hand; what is measured of the hand stays.

        The numbers of words and drawings stay, too.
        """
        bank = Bank.__new__(Bank)
        bank.words, bank.drawings, bank.by_label = list(self.words), list(self.drawings), dict(self.by_label)
        bank.word_pens = list(self.word_pens)
        bank.levels, bank.widths, bank.sizes, bank.slant = self.levels, self.widths, self.sizes, self.slant
        bank._add(words)
        new = bank.drawings[len(self.drawings) :]
        bank.badness = np.append(self.badness, [drawing.badness for drawing in new])
        usual = np.median(self.pens - self._usual_pens(self.drawings), axis=0)
        bank.pens = np.concatenate([self.pens, bank._letter_pens(new, usual)])
        bank.sides = [*self.sides, *map(sides_of, words)]
        bank.join_rates, bank.join_heights, bank.spacing = self.join_rates, self.join_heights, self.spacing
        return bank

    def _add(self, words: Sequence[SourceWord]) -> None:
        by_label = defaultdict(list, {label: numbers.tolist() for label, numbers in self.by_label.items()})
        for number, word in enumerate(words, len(self.words)):
            between, tears = strokes_and_tears(word)
            strokes, torn = [None, *between, None], [False, *tears, False]
            names: list[str | None] = [EDGE, *(label or None for label in word.labels), EDGE]
            for letter, label in enumerate(word.labels):
                if label:
                    by_label[label].append(len(self.drawings))
                    self.drawings.append(
                        Drawing(
                            number,
                            letter,
                            label,
                            word.badness[letter],
                            names[letter],
                            names[letter + 2],
                            strokes[letter],
                            strokes[letter + 1],
                            torn[letter],
                            torn[letter + 1],
                        )
                    )
        self.by_label = {label: np.array(numbers) for label, numbers in sorted(by_label.items())}
        self.words += words
        self.levels = np.append(self.levels, [_level(word) for word in words])
        pens = list(map(pen_of, words))
        self.word_pens += pens
        self.widths = np.append(self.widths, [(pen or PenFit()).width for pen in pens])
        self.sizes = np.append(self.sizes, [_size(word) for word in words])

    @cached_property
    def word_of(self) -> NDArray[np.int64]:
        """The number of the word of each drawing."""
        return np.array([drawing.word for drawing in self.drawings])

    @cached_property
    def letter_of(self) -> NDArray[np.int64]:
        """The position in its word of each drawing."""
        return np.array([drawing.letter for drawing in self.drawings])

    @cached_property
    def badness(self) -> NDArray[np.float64]:
        """How bad each drawing is, 0..1: badly drawn, or odd among the drawings of its letter."""
        drawn = np.array([drawing.badness for drawing in self.drawings])
        places = [(drawing.word, drawing.letter) for drawing in self.drawings]
        odd = oddness(self.words, places, [drawing.label for drawing in self.drawings])
        return np.asarray(1 - (1 - drawn) * (1 - odd), np.float64)

    @cached_property
    def pens(self) -> NDArray[np.float64]:
        """Logarithms of ink, width of strokes and steepness of edges of each drawing, float64 ``(n, 3)``."""
        return self._letter_pens(self.drawings)

    def _usual_pens(self, drawings: Sequence[Drawing]) -> NDArray[np.float64]:
        """Return what :attr:`pens` says, of the word of each drawing; words have no measure of their edges."""
        of = np.array([drawing.word for drawing in drawings], int)
        edges = np.ones(len(self.words))
        return np.asarray(np.log(np.stack([self.levels, self.widths, edges], 1))[of])

    def _letter_pens(self, drawings: Sequence[Drawing], off: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return :attr:`pens` of some drawings; those too small to be measured lie ``off`` their words as others do."""
        usual = self._usual_pens(drawings)
        own = np.array([_letter_pen(self.words[one.word], one.letter) for one in drawings]).reshape(-1, 3)
        # Letters measure both in another way than words do.
        off = np.nanmedian(own - usual, axis=0) if off is None else off
        return np.asarray(np.where(np.isnan(own), usual + off, own), np.float64)

    @cached_property
    def sides(self) -> list[list[LetterSides]]:
        """The sides of the letters of each word."""
        return [sides_of(word) for word in self.words]

    @cached_property
    def join_rates(self) -> JoinRates:
        """How often the hand joins each letter to the next."""
        return count_joins((one.label, one.after, one.exit is not None) for one in self.drawings if one.after)

    @cached_property
    def join_heights(self) -> JoinHeights:
        """At which heights the hand joins letters."""
        return join_heights(
            (one.label, one.after, one.exit.height) for one in self.drawings if one.after and one.exit is not None
        )

    @cached_property
    def pairs(self) -> Mapping[bool, list[Pair]]:
        """The neighbours of the hand and how far they stand apart, by whether they are joined."""
        pairs: dict[bool, list[Pair]] = {False: [], True: []}
        for one in self.drawings:
            if one.after:
                joined = one.exit is not None
                first, second = self.sides[one.word][one.letter : one.letter + 2]
                pairs[joined].append((one.label, one.after, pair_distance(first, second, joined)))
        return pairs

    @cached_property
    def spacing(self) -> LetterSpacing:
        """How far the hand sets letters apart."""
        return LetterSpacing(fit_spacing(self.pairs[False], APART), fit_spacing(self.pairs[True], PITCH))


def _letter_pen(word: SourceWord, letter: int) -> tuple[float, float, float]:
    """Return logarithms of a letter's ink, the width of its strokes and the steepness of its edges; NaN for specks."""
    rows, columns = word.pixels_of(letter)
    if len(rows) < MIN_PEN_PIXELS:
        return np.nan, np.nan, np.nan
    part = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    inked = ((word.owner[part] == letter + 1) & (word.ink[part] >= INKED)).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(inked, 1), cv2.DIST_L2, 5)
    middle = depth[(depth >= cv2.dilate(depth, np.ones((3, 3)))) & (depth > 0)]
    level = word.ink[rows, columns].mean() / 255
    fine = (word.ink[part] / (255 * level)).astype(np.float32)
    steep = np.hypot(cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1))[inked > 0]
    sharpness = float(np.percentile(steep, STEEP_PERCENTILE)) * word.x_height
    return float(np.log(level)), float(np.log(2 * middle.mean() / word.x_height)), float(np.log(max(sharpness, 1e-3)))


def _level(word: SourceWord) -> float:
    inked = word.ink[word.ink > 90]
    return float(np.percentile(inked, FULL_LEVEL_PERCENTILE)) / 255 if len(inked) else 1.0


def _size(word: SourceWord) -> float:
    """Return the height of a word's small letters, in x-heights of its page."""
    tops = [
        float(word.frame_of(letter)[:, 1].max())
        for letter, label in enumerate(word.labels)
        if label and label in SMALL_LETTERS
    ]
    return float(np.median(tops)) if tops else 1.0

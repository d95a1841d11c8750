"""The bank: a person's own drawings of letters, with what decides whether two of them go together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.joins import Stroke, second_contacts, strokes_between
from handwriting.writing.source import SourceWord

EDGE = ""
"""The neighbour of a letter at the edge of its word."""
FULL_LEVEL_PERCENTILE = 60
"""Percentile of a word's inked pixels that stands for the level of its ink."""


Key = TypeVar("Key")
Counts = dict[Key, tuple[int, int]]
"""How often a pair of letters, or a letter and the next, are joined, and how often they stand next to each other."""


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
    """

    def __init__(self, words: Sequence[SourceWord]) -> None:
        self.words: list[SourceWord] = []
        self.drawings: list[Drawing] = []
        self.by_label: dict[str, NDArray[np.int64]] = {}
        self.levels, self.widths, self.sizes = np.zeros((3, 0))
        self._add(words)
        self.slant = float(np.median([word.slant for word in self.words]))

    def extended(self, words: Sequence[SourceWord]) -> Bank:
        """Return a bank of the same hand with more words; the numbers of words and drawings stay."""
        bank = Bank.__new__(Bank)
        bank.words, bank.drawings, bank.by_label = list(self.words), list(self.drawings), dict(self.by_label)
        bank.levels, bank.widths, bank.sizes, bank.slant = self.levels, self.widths, self.sizes, self.slant
        bank._add(words)
        return bank

    def _add(self, words: Sequence[SourceWord]) -> None:
        by_label = defaultdict(list, {label: numbers.tolist() for label, numbers in self.by_label.items()})
        for number, word in enumerate(words, len(self.words)):
            strokes = [None, *strokes_between(word), None]
            torn = [False, *second_contacts(word), False]
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
        self.widths = np.append(self.widths, [_width(word) for word in words])
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
        """The badness of each drawing."""
        return np.array([drawing.badness for drawing in self.drawings])

    def joined_rate(self, label: str, following: str) -> float:
        """Return how often the hand joins a letter to the next, drawn towards the letter's own rate."""
        own, of_pair = self._joined[0].get(label, (0, 0)), self._joined[1].get((label, following), (0, 0))
        total = self._joined[2]
        rate = (own[0] + 3 * total) / (own[1] + 3)
        return (of_pair[0] + 4 * rate) / (of_pair[1] + 4)

    @cached_property
    def _joined(self) -> tuple[dict[str, tuple[int, int]], dict[tuple[str, str], tuple[int, int]], float]:
        own: Counts[str] = defaultdict(lambda: (0, 0))
        pairs: Counts[tuple[str, str]] = defaultdict(lambda: (0, 0))
        total = (0, 0)
        for drawing in self.drawings:
            if drawing.after:
                joined = drawing.exit is not None
                pair = drawing.label, drawing.after
                own[drawing.label] = _counted(own[drawing.label], joined)
                pairs[pair] = _counted(pairs[pair], joined)
                total = _counted(total, joined)
        return dict(own), dict(pairs), total[0] / max(total[1], 1)


def _counted(counts: tuple[int, int], joined: bool) -> tuple[int, int]:
    return counts[0] + joined, counts[1] + 1


def _level(word: SourceWord) -> float:
    inked = word.ink[word.ink > 90]
    return float(np.percentile(inked, FULL_LEVEL_PERCENTILE)) / 255 if len(inked) else 1.0


def _width(word: SourceWord) -> float:
    """Return the usual width of a word's strokes, in x-heights."""
    inked = (word.ink > 110).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(inked, 1), cv2.DIST_L2, 5)
    ridge = depth[(depth >= cv2.dilate(depth, np.ones((3, 3)))) & (depth > 0)]
    return float(2 * np.median(ridge)) / word.x_height if len(ridge) else 0.2


def _size(word: SourceWord) -> float:
    """Return the height of a word's small letters, in x-heights of its page."""
    tops = [
        float(word.frame_of(letter)[:, 1].max())
        for letter, label in enumerate(word.labels)
        if label in "acemnorsuvwxz" and label
    ]
    return float(np.median(tops)) if tops else 1.0

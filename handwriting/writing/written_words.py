"""What pages and the hand that writes their words exchange.

The layout needs the size of a word before it knows its place, and its ink is to be resampled only once, at that place.
So a word is written in two steps: :data:`WriteWord` chooses its drawings, once, and answers with its measures, and
:attr:`WrittenWord.draw` makes its ink later, once for each page that shows it.

Lengths are in x-heights, to the right and down from the word's *origin*: the start of the word on its baseline. Pixel
``(row, column)`` covers the square from ``(column, row)`` to ``(column + 1, row + 1)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sign:
    """One character of a hand, as it stands in a word.

    Attributes:
        character: The character to write, one that the hand has unless ``drawn``.
        marks: Combining marks to put on it, such as U+0301 on the e of an é that the hand lacks.
        typed: What the message has in its place: another character where this one is its equivalent; empty where the
            sign before stands for it as well, as for the second dot of an ellipsis that is written as three.
        drawn: Whether the hand lacks the character and it is to be drawn in its style.
    """

    character: str
    marks: str = ""
    typed: str = ""
    drawn: bool = False


class InkBox(NamedTuple):
    """The box around the ink of a word, in x-heights to the right and down from its origin."""

    left: float
    top: float
    right: float
    bottom: float


class WordInk(NamedTuple):
    """The ink of a word in pixels.

    Attributes:
        ink: Bright ink on dark, uint8 ``(h, w)``, 0..255.
        column: Where its first column stands, counted from the pixel that holds the origin; usually negative.
        row: The same of its first row.
    """

    ink: NDArray[np.uint8]
    column: int
    row: int


DrawWord = Callable[[float, tuple[float, float]], WordInk]
"""Makes the ink of a word.

It is given the pixels in one x-height, and where the origin lies within its pixel, to the right and down, each in
[0, 1). The same arguments give the same ink.
"""


CutWord = Callable[[int, int, tuple[Sign, ...]], "WrittenWord"]
"""Makes a word of a part of another, with the same drawings.

It is given the first of its signs, the one after the last, and the signs to write after them, such as a hyphen.
"""


@dataclass(frozen=True, eq=False)
class WrittenWord:
    """A word whose drawings are chosen.

    Attributes:
        text: The word as it is typed.
        advance: The width from its origin to where it ends on the baseline, in x-heights. The space between two words
            is measured from there.
        box: The box around its ink; empty ink has a box without area.
        draw: Makes its ink.
        cut: Makes a word of a part of it.
    """

    text: str
    advance: float
    box: InkBox
    draw: DrawWord
    cut: CutWord


WriteWord = Callable[[tuple[Sign, ...]], WrittenWord]
"""Writes the next word of a message from left to right; one that does not fit on its line is then cut into parts."""


USUAL_WORD_SPACES = (0.7, 2.0)
"""Spaces between the words of a text, in x-heights: lists of words are written with wider ones."""


@dataclass(frozen=True)
class LayoutStyle:
    """How a hand sets words on a page. Lengths are in x-heights.

    Attributes:
        word_space: The mean space between two words.
        word_space_sd: Its standard deviation.
        line_distance: From one baseline to the next.
        margin_sd: Standard deviation of where lines start.
        offset_sd: Standard deviation of the words' baselines about that of their line, independent of each other.
        ridge_sd: Standard deviation of how a line wanders about its straight baseline. Lines on rules do not wander.
        ridge_length: The distance along the line at which that correlation falls to 1/e.
        ascent: How far ordinary words reach above the baseline.
        descent: How far they reach below it.
    """

    word_space: float = 2.0
    word_space_sd: float = 0.4
    line_distance: float = 4.3
    margin_sd: float = 0.3
    offset_sd: float = 0.1
    ridge_sd: float = 0.16
    ridge_length: float = 12.0
    ascent: float = 2.6
    descent: float = 1.6

    def with_word_space(self, space: float) -> LayoutStyle:
        """Return the same with another mean space between words, about which spaces vary in proportion."""
        return replace(self, word_space=space, word_space_sd=self.word_space_sd * space / self.word_space)

    def with_usual_word_space(self) -> LayoutStyle:
        """Return the same with a space between words in :data:`USUAL_WORD_SPACES`, the nearest one."""
        least, most = USUAL_WORD_SPACES
        space = min(max(self.word_space, least), most)
        return self if space == self.word_space else self.with_word_space(space)

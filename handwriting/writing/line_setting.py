"""Words set in lines: with the spaces, and the wandering baseline, of a hand.

A line is filled with words until the next does not fit. A word that does not fit is broken where it may be, at a
hyphen; one that is wider than a whole line is broken where the line ends, and a single sign as wide as that is written
smaller. So every word is within its line, whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from handwriting.writing.message import MessageWord, WordBreak
from handwriting.writing.written_words import LayoutStyle, WriteWord, WrittenWord

MIN_SPACE = 1.0
"""The narrowest space between two words unless the mean one is less, in x-heights: words do not run together."""
MAX_SPREAD = 2.5
"""How far a random measure leaves its mean, in standard deviations."""
FURTHER_SPACE = 0.5
"""What each further space between two words adds, in mean spaces."""
MAX_INDENT = 0.5
"""The widest indent, as a share of the line."""
LIKELY = 1.2
"""A part of a word is written to be measured where it is expected to be at most this many times as wide as its room."""


class SetWord(NamedTuple):
    """A word in a line. Lengths are in x-heights.

    Attributes:
        word: The word.
        x: Where its origin stands, from the left end of the line.
        y: How far it stands below the straight baseline.
        scale: Factor of its size: less than 1 for a single sign that is wider than a line.
        is_joined: Whether it goes on where the word before ends.
    """

    word: WrittenWord
    x: float
    y: float
    scale: float = 1.0
    is_joined: bool = False


@dataclass
class LineSetter:
    """Sets words in lines.

    Attributes:
        write: Writes the words.
        style: How the hand sets them.
        width: The width of a line, in x-heights.
        overhang: How far ink may stand to the left of it, in x-heights.
        rng: Draws the measures that vary.
    """

    write: WriteWord
    style: LayoutStyle
    width: float
    overhang: float
    rng: np.random.Generator

    def lines(self, words: Iterable[MessageWord]) -> Iterator[list[SetWord]]:
        """Yield the lines of a row of a message, at least one, which is empty where it has no words."""
        self._start_line()
        for group in _tied_groups(words):
            written = [self.write(word.signs) for word in group]
            if self._line and len(group) > 1 and self._end + _width(group, written, self.style) > self.width:
                yield self._line
                self._start_line()
                group[0] = replace(group[0], spaces=0)
            for word, drawn in zip(group, written, strict=True):
                yield from self._set(word, drawn)
        yield self._line

    def _start_line(self) -> None:
        self._line: list[SetWord] = []
        self._end = self._vary(0.0, self.style.margin_sd)
        self._ridge: tuple[float, float] | None = None

    def _set(self, word: MessageWord, written: WrittenWord) -> Iterator[list[SetWord]]:
        """Put a word at the end of the line; yield the line, and start another, where it is full."""
        while not self._put(written, word.spaces):
            is_new = not self._line
            if is_new and word.spaces:
                word = replace(word, spaces=0)  # what is indented too far to fit
                continue
            rest = self._put_part(word, written, word.breaks)
            if rest is None and (is_new or not word.spaces):  # it is wider than a line, or goes on from one that is
                rest = self._put_part(word, written, _possible_breaks(word))
            if rest is None and is_new:
                rest = self._put_smaller(word)
            yield self._line
            self._start_line()
            if rest is None:
                word = replace(word, spaces=0)
            elif rest.signs:
                word, written = rest, self.write(rest.signs)
            else:
                return

    def _put_part(self, word: MessageWord, written: WrittenWord, ends: Sequence[WordBreak]) -> MessageWord | None:
        """Put as much of a word as fits at the end of the line, and return the rest; None where no part fits."""
        room = LIKELY * (self.width - self._end)
        for place in reversed(ends):
            if written.box.right * place.end / len(word.signs) > room:
                continue
            if self._put(self.write(word.signs[: place.end] + place.hyphen), word.spaces):
                return _rest(word, place.end)
        return None

    def _put_smaller(self, word: MessageWord) -> MessageWord:
        """Put the first sign of a word, which alone is wider than a line, into the empty line."""
        places = _possible_breaks(word)
        end = places[0].end if places else len(word.signs)
        written = self.write(word.signs[:end])
        box = written.box
        scale = (self.width - max(0.0, self._end)) / (max(written.advance, box.right) - min(0.0, box.left))
        x = max(0.0, self._end) - scale * min(0.0, box.left)
        self._line.append(SetWord(written, x, 0.0, min(1.0, scale)))
        return _rest(word, end)

    def _put(self, written: WrittenWord, spaces: int) -> bool:
        """Put a word at the end of the line if it fits there, and return whether it does."""
        style = self.style
        space = style.word_space * (1 + FURTHER_SPACE * (spaces - 1)) if spaces else 0.0
        is_joined = bool(self._line) and not spaces
        if self._line and spaces:
            space = max(min(MIN_SPACE, space), space + self._vary(0.0, style.word_space_sd))
        elif not self._line:
            space = min(space, MAX_INDENT * self.width)
        x = self._end + space
        if not self._line:
            x = max(x, -written.box.left - self.overhang)
        if x + max(written.advance, written.box.right) > self.width:
            return False
        y = self._line[-1].y if is_joined else self._vary(0.0, style.offset_sd) + self._ridge_at(x)
        self._line.append(SetWord(written, x, y, 1.0, is_joined))
        self._end = x + written.advance
        return True

    def _ridge_at(self, x: float) -> float:
        """Return how far the line lies below its straight baseline at ``x``, further right than the last one asked for.

        It is a first-order autoregressive process: ``r' = c r + sqrt(1 - c^2) sd e`` with ``c = exp(-dx / length)``.
        """
        style = self.style
        noise = self._vary(0.0, style.ridge_sd)
        if self._ridge is not None:
            last_x, last = self._ridge
            kept = float(np.exp(-(x - last_x) / style.ridge_length))
            noise = kept * last + float(np.sqrt(1 - kept**2)) * noise
        self._ridge = x, noise
        return noise

    def _vary(self, mean: float, sd: float) -> float:
        return mean + sd * float(np.clip(self.rng.normal(), -MAX_SPREAD, MAX_SPREAD))


def _tied_groups(words: Iterable[MessageWord]) -> Iterator[list[MessageWord]]:
    """Yield words that stay on one line."""
    group: list[MessageWord] = []
    for word in words:
        if group and not word.is_tied:
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _width(group: Sequence[MessageWord], written: Sequence[WrittenWord], style: LayoutStyle) -> float:
    """Return the width of words side by side, with the space before the first of them."""
    spaces = sum(style.word_space for word in group if word.spaces)
    return spaces + sum(word.advance for word in written[:-1]) + max(written[-1].advance, written[-1].box.right)


def _possible_breaks(word: MessageWord) -> tuple[WordBreak, ...]:
    """Return the breaks between any two characters of a word."""
    return tuple(WordBreak(end) for end in range(1, len(word.signs)) if word.signs[end].typed)


def _rest(word: MessageWord, end: int) -> MessageWord:
    """Return what follows the first signs of a word."""
    breaks = tuple(WordBreak(place.end - end, place.hyphen) for place in word.breaks if place.end > end)
    return MessageWord(word.signs[end:], breaks, spaces=0)

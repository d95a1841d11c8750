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
TAB_PITCH = 10.0
"""From the left margin to the first tab stop, and from each to the next, in x-heights: about eight letters."""
MAX_INDENT = 0.5
"""The widest indent by spaces, as a share of the line."""
LIKELY = 1.2
"""A part of a word is written to be measured where it is expected to be at most this many times as wide as its room."""


class SetWord(NamedTuple):
    """A word in a line. Lengths are in x-heights.

    Attributes:
        word: The word.
        x: Where its origin stands, from the left end of the line.
        y: How far it stands below the straight baseline.
        scale: Factor of its size: less than 1 for a single sign that is wider than a line.
        is_joined: Whether it goes on where the word before ends, on its line or on the line before.
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
            if self._line and len(group) > 1 and self._end + self._width(group, written) > self.width:
                yield self._line
                self._start_line()
                group[0] = replace(group[0], spaces=0, tabs=0)
            for word, drawn in zip(group, written, strict=True):
                yield from self._set(word, drawn)
        yield self._line

    def _start_line(self) -> None:
        self._line: list[SetWord] = []
        self._end = self._vary(0.0, self.style.margin_sd)
        self._ridge: tuple[float, float] | None = None

    def _set(self, word: MessageWord, written: WrittenWord) -> Iterator[list[SetWord]]:
        """Put a word at the end of the line; yield the line, and start another, where it is full."""
        while not self._put(word, written):
            is_new = not self._line
            if is_new and (word.spaces or word.tabs):
                word = replace(word, spaces=0, tabs=0)  # what is indented too far to fit
                continue
            rest = self._put_part(word, written, word.breaks)
            if rest is None and (is_new or word.goes_on):  # it is wider than a line, or goes on from one that is
                rest = self._put_part(word, written, _possible_breaks(word))
            if rest is None and is_new:
                rest = self._put_smaller(word, written)
            yield self._line
            self._start_line()
            if rest is None:
                word = replace(word, spaces=0, tabs=0)
            elif rest.signs:
                start, end = len(word.signs) - len(rest.signs), len(word.signs)
                word, written = rest, written.cut(start, end, ())
            else:
                return

    def _put_part(self, word: MessageWord, written: WrittenWord, ends: Sequence[WordBreak]) -> MessageWord | None:
        """Put as much of a word as fits at the end of the line, and return the rest; None where no part fits."""
        room = LIKELY * (self.width - self._end)
        for place in reversed(ends):
            if written.box.right * place.end / len(word.signs) > room:
                continue
            if self._put(word, written.cut(0, place.end, place.hyphen)):
                return _rest(word, place.end)
        return None

    def _put_smaller(self, word: MessageWord, whole: WrittenWord) -> MessageWord:
        """Put the first sign of a word, which alone is wider than a line, into the empty line."""
        places = _possible_breaks(word)
        end = places[0].end if places else len(word.signs)
        written = whole.cut(0, end, ())
        box = written.box
        scale = (self.width - max(0.0, self._end)) / (max(written.advance, box.right) - min(0.0, box.left))
        x = max(0.0, self._end) - scale * min(0.0, box.left)
        self._line.append(SetWord(written, x, 0.0, min(1.0, scale), word.goes_on))
        return _rest(word, end)

    def _put(self, word: MessageWord, written: WrittenWord) -> bool:
        """Put a word, or its first part, at the end of the line if it fits there, and return whether it does."""
        style = self.style
        space = self._space(word)
        if self._line and word.spaces and not word.tabs:
            space = max(min(MIN_SPACE, space), space + self._vary(0.0, style.word_space_sd))
        elif not self._line and not word.tabs:
            space = min(space, MAX_INDENT * self.width)
        x = self._end + space
        if not self._line:
            x = max(x, -written.box.left - self.overhang)
        if x + max(written.advance, written.box.right) > self.width:
            return False
        goes_on = word.goes_on and bool(self._line)
        y = self._line[-1].y if goes_on else self._vary(0.0, style.offset_sd) + self._ridge_at(x)
        self._line.append(SetWord(written, x, y, 1.0, word.goes_on))
        self._end = x + written.advance
        return True

    def _space(self, word: MessageWord) -> float:
        """Return the mean space before a word; after tabs, up to the tab stop."""
        style = self.style
        if not word.tabs:
            return style.word_space * (1 + FURTHER_SPACE * (word.spaces - 1)) if word.spaces else 0.0
        before = float(np.ceil((self._end + min(MIN_SPACE, style.word_space)) / TAB_PITCH)) - 1 if self._line else 0.0
        return (before + word.tabs) * TAB_PITCH + style.word_space * FURTHER_SPACE * word.spaces - self._end

    def _width(self, group: Sequence[MessageWord], written: Sequence[WrittenWord]) -> float:
        """Return the width of words side by side, with the space before the first of them."""
        further = sum(bool(word.spaces or word.tabs) for word in group[1:])
        spaces = self._space(group[0]) + self.style.word_space * further
        return spaces + sum(word.advance for word in written[:-1]) + max(written[-1].advance, written[-1].box.right)

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


def _possible_breaks(word: MessageWord) -> tuple[WordBreak, ...]:
    """Return the breaks between any two characters of a word."""
    return tuple(WordBreak(end) for end in range(1, len(word.signs)) if word.signs[end].typed)


def _rest(word: MessageWord, end: int) -> MessageWord:
    """Return what follows the first signs of a word."""
    breaks = tuple(WordBreak(place.end - end, place.hyphen) for place in word.breaks if place.end > end)
    return MessageWord(word.signs[end:], breaks, spaces=0, goes_on=True)

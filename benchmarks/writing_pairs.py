"""Pairs of real and written words and lines, chosen so that no ink is seen twice on a set of sheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.writing_words import MIN_LETTERS, Hand, RealWord, Shown, Writer

WORD_PAIRS, LINE_PAIRS = 100, 24
"""Number of pairs in a set of sheets."""
LINE_WORDS = (5, 8)
"""Least and greatest number of words in a line that is shown."""
SPARE = 0.1
"""Texts chosen beyond those needed, as a share: one that can only be written as a whole word is left out."""
MIN_INK = 24
"""Level from which ink counts when a picture is trimmed, of 255."""


class SetWord(NamedTuple):
    """A word on its line: where its origin stands, to the right and down from the start of the line, in x-heights."""

    shown: Shown
    along: float
    down: float


@dataclass(frozen=True, eq=False)
class Pair:
    """The same text twice.

    Attributes:
        real: The words of the page; of a pair of words there is one.
        written: The same words, written.
        real_is_first: Whether the real one stands to the left, or above.
    """

    real: list[SetWord]
    written: list[SetWord]
    real_is_first: bool

    @property
    def text(self) -> str:
        """What it says."""
        return " ".join(word.shown.text for word in self.real)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs for a set of sheets.

    Attributes:
        pairs: The pairs.
        whole: The number of words whose first choice was a whole word of another place.
        words: The number of words written.
        lacking: Texts left out, because a letter has no drawing that is not on the sheets already.
    """

    pairs: list[Pair]
    whole: int
    words: int
    lacking: list[str]


def word_pairs(hand: Hand, count: int, seed: int) -> Pairs:
    """Return pairs of single words, drawn by chance from those of at least ``MIN_LETTERS`` letters."""
    return _pairs(hand, [[word] for word in hand.real if len(word.text) >= MIN_LETTERS], count, seed)


def line_pairs(hand: Hand, count: int, seed: int) -> Pairs:
    """Return pairs of parts of lines, drawn by chance."""
    least, most = LINE_WORDS
    parts = []
    for _, line in groupby(hand.real, key=lambda word: word.key[:2]):
        for run in _consecutive(list(line)):
            for start in range(0, len(run) - least + 1, least):
                end = start + least if start + 2 * least <= len(run) else min(len(run), start + most)
                parts.append(run[start:end])
    return _pairs(hand, parts, count, seed)


def _consecutive(words: Sequence[RealWord]) -> list[list[RealWord]]:
    """Return the words of a line in groups without a word missing between them."""
    return [[word for _, word in group] for _, group in groupby(enumerate(words), key=lambda at: at[1].key[2] - at[0])]


def _pairs(hand: Hand, texts: Sequence[list[RealWord]], count: int, seed: int) -> Pairs:
    """Write texts that are chosen by chance, each with drawings that are seen nowhere else on the sheets."""
    rng = np.random.default_rng(seed)
    order = [texts[index] for index in rng.permutation(len(texts))]
    chosen, lacking = _affordable(hand, order, round(count * (1 + SPARE)))
    seen = hand.own_drawings(word.number for text in chosen for word in text)
    writer = Writer(hand.bank)
    found: list[tuple[list[RealWord], list[Shown]]] = []
    for text in chosen:
        if len(found) == count:
            break
        barred = seen.copy()
        written = []
        for word in text:
            if (shown := writer.write(word.text, rng, barred)) is None:
                lacking.append(_said(text))
                break
            barred[list(shown.drawings)] = True
            written.append(shown)
        else:
            seen = barred
            found.append((text, written))
    first = rng.permutation(len(found)) % 2 == 0
    spaced = [_as_on_page(hand, text) for text in texts]
    pairs = [
        Pair(
            _as_on_page(hand, text),
            _spaced_like(written, spaced[rng.integers(len(spaced))], spaced[rng.integers(len(spaced))]),
            bool(is_first),
        )
        for (text, written), is_first in zip(found, first, strict=True)
    ]
    words = [word for _, written in found for word in written]
    return Pairs(pairs, sum(word.whole for word in words), len(words), lacking)


def _affordable(hand: Hand, order: Sequence[list[RealWord]], count: int) -> tuple[list[list[RealWord]], list[str]]:
    """Return the first texts whose letters all have drawings left once the real ones are barred, and those passed by.

    A letter that is shown twice, once real and once written, takes two drawings.
    """
    left = Counter({label: len(numbers) for label, numbers in hand.bank.by_label.items()})
    chosen: list[list[RealWord]] = []
    lacking = []
    for text in order:
        if len(chosen) == count:
            break
        taken = Counter(letter for word in text for letter in word.text)
        taken += Counter(label for word in text for label in hand.words[word.number].labels if label)
        if all(left[letter] >= number for letter, number in taken.items()):
            left -= taken
            chosen.append(text)
        else:
            lacking.append(_said(text))
    return chosen, lacking


def _said(text: Sequence[RealWord]) -> str:
    return " ".join(word.text for word in text)


def _as_on_page(hand: Hand, text: Sequence[RealWord]) -> list[SetWord]:
    """Return real words where they stand on their page, from a level line through them."""
    shown = [hand.shown(word) for word in text]
    places = np.array([hand.words[word.number].place for word in text])
    along = places[:, 0] - [one.placed[0].at[0] for one in shown]
    down = places[:, 1]
    down = down - np.polyval(np.polyfit(along, down, 1), along) if len(text) > 1 else np.zeros(1)
    return [SetWord(one, float(x), float(y)) for one, x, y in zip(shown, along - along[0], down, strict=True)]


def _spaced_like(written: Sequence[Shown], spaces: Sequence[SetWord], heights: Sequence[SetWord]) -> list[SetWord]:
    """Set written words with the spaces of one real line, and with the baselines of another, again if it is shorter."""
    gaps = [second.along - first.along - advance(first.shown) for first, second in pairwise(spaces)]
    along = 0.0
    words = []
    for number, shown in enumerate(written):
        words.append(SetWord(shown, along, heights[number % len(heights)].down))
        if gaps:
            along += advance(shown) + gaps[number % len(gaps)]
    return words


def advance(shown: Shown) -> float:
    """Return the width of a word from its origin to its end, in x-heights."""
    return shown.composer.advance(shown.placed)


class Picture(NamedTuple):
    """Ink, bright on dark, uint8 ``(h, w)``, and the row of its baseline."""

    ink: NDArray[np.uint8]
    baseline: int


def draw_words(words: Sequence[SetWord], resolution: float, phase: tuple[float, float] = (0.0, 0.0)) -> Picture:
    """Draw words on their line, each resampled once, and trim the picture to their ink.

    Args:
        words: The words.
        resolution: Pixels in one x-height.
        phase: Where the start of the line lies within its pixel, to the right and down, in [0, 1).
    """
    drawn = []
    for word in words:
        x, y = word.along * resolution + phase[0], word.down * resolution + phase[1]
        ink, column, row = word.shown.draw(resolution, (x - np.floor(x), y - np.floor(y)))
        drawn.append((ink, int(np.floor(x)) + column, int(np.floor(y)) + row))
    left, top = min(x for _, x, _ in drawn), min(y for _, _, y in drawn)
    right, bottom = max(x + ink.shape[1] for ink, x, _ in drawn), max(y + ink.shape[0] for ink, _, y in drawn)
    page = np.zeros((bottom - top, right - left), np.uint8)
    for ink, x, y in drawn:
        part = page[y - top : y - top + ink.shape[0], x - left : x - left + ink.shape[1]]
        np.maximum(part, ink, out=part)
    inked = page >= MIN_INK
    rows, columns = (np.flatnonzero(inked.any(axis)) for axis in (1, 0))
    if not len(rows):
        return Picture(page, -top)
    return Picture(page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], -top - int(rows[0]))

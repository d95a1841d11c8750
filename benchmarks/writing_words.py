"""A labelled hand under test: its real words, and the same words written, drawn by one path."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.answers import JUNK
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import character_key, read_labels
from handwriting.pages.source_words import read_source_words
from handwriting.writing.bank import Bank
from handwriting.writing.choosing import ChoiceCosts, Chooser
from handwriting.writing.composing import Composer, PlacedRun
from handwriting.writing.source import SourceWord
from handwriting.writing.written_words import WordInk

MIN_LETTERS = 3
"""Letters of a word that is shown: shorter ones hardly have a join."""
FAR = 1000
"""Characters between two words that are no neighbours on a page, so that no drawing counts as used lately."""
MAX_TRIES = 8
"""Choices of one word until it holds at least two runs."""
RANDOM_LETTERS = ChoiceCosts(
    join=0.0,
    height=np.inf,
    shape=np.inf,
    overlap=-np.inf,
    level=np.inf,
    width=np.inf,
    size=np.inf,
    letter_level=np.inf,
    letter_width=np.inf,
    sharpness=np.inf,
    drift_level=np.inf,
    mismatch=0.0,
    neighbour=0.0,
    edge=0.0,
    torn=0.0,
    badness=0.0,
    recent=0.0,
    earlier=0.0,
    noise=1.0,
)
"""Costs by which every drawing of a letter is as good as another."""


@dataclass(frozen=True, eq=False)
class RealWord:
    """A word of a page whose letters are all known.

    Attributes:
        number: Its number among the words of the hand.
        text: What it says, by its transcript or a person; doubtful letters included.
        key: Its page, line and number in the line.
    """

    number: int
    text: str
    key: tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class Shown:
    """A word that is ready to be drawn, real or written.

    Attributes:
        text: What it says.
        composer: What draws it.
        placed: Its runs; a real word is one.
        drawings: Its drawings in the bank; empty for a real word.
        sources: The numbers of the words that its ink comes from.
        whole: Whether the first choice was a whole word from elsewhere.
    """

    text: str
    composer: Composer
    placed: list[PlacedRun]
    drawings: tuple[int, ...]
    sources: frozenset[int]
    whole: bool = False

    def draw(self, resolution: float, offset: tuple[float, float] = (0.0, 0.0)) -> WordInk:
        """Return its ink; see :meth:`Composer.draw`."""
        return self.composer.draw(self.placed, resolution, offset)


@dataclass(eq=False)
class Hand:
    """The words of a labelled folder, and what writes them.

    Real and written words are drawn by the same composer, which resamples once: nothing but the writing differs.

    Attributes:
        words: The words of its pages, as the program reads them; doubtful letters have no label.
        bank: Its drawings.
        real: The words whose letters are all known, in reading order.
    """

    words: list[SourceWord]
    texts: list[tuple[str, ...]]
    bank: Bank = field(init=False)
    real: list[RealWord] = field(init=False)

    def __post_init__(self) -> None:
        """Build the bank, and one of all letters to draw real words."""
        self.bank = Bank(self.words)
        known = [replace(word, labels=text) for word, text in zip(self.words, self.texts, strict=True)]
        everything = Bank(known)
        self._real_composer = Composer(everything, Chooser(everything))
        self._first = np.searchsorted(everything.word_of, np.arange(len(known)))
        self.real = [
            RealWord(number, "".join(text), word.key)
            for number, (word, text) in enumerate(zip(self.words, self.texts, strict=True))
            if all(text)
        ]

    @classmethod
    def read(cls, folder: SegmentedFolder) -> Hand:
        """Read a labelled folder.

        Raises:
            DataError: If a table or a picture cannot be read.
        """
        words = read_source_words(folder)
        labels = read_labels(folder)
        letters: dict[tuple[str, int, int | None], list[str]] = {}
        for row in folder.rows("character"):
            if folder.has_picture(row):
                label = labels.get(character_key(row))
                name = label.label if label is not None else JUNK
                letters.setdefault((row.page, row.line, row.word), []).append(name)
        return cls(words, [tuple(letters[word.key]) for word in words])

    def own_drawings(self, numbers: Iterable[int]) -> NDArray[np.bool_]:
        """Return which drawings of the bank come from these words."""
        return np.isin(self.bank.word_of, np.fromiter(numbers, np.int64))

    def shown(self, word: RealWord) -> Shown:
        """Return a real word as one run of its own letters."""
        first = int(self._first[word.number])
        drawings = list(range(first, first + len(word.text)))
        placed = self._real_composer.place(drawings)
        return Shown(word.text, self._real_composer, placed, (), frozenset({word.number}))


class Writer:
    """Writes words for comparison with real ones.

    Args:
        bank: The drawings to write with.
        costs: What choices cost; by default the program's own.
        blended: Whether strokes are joined; otherwise letters stand side by side, as those of a font.
        one_each: Whether one drawing of each letter is used, the least bad one that is not barred.
    """

    def __init__(
        self, bank: Bank, costs: ChoiceCosts | None = None, blended: bool = True, one_each: bool = False
    ) -> None:
        if not blended:
            bank = copy.copy(bank)
            bank.drawings = [replace(drawing, entry=None, exit=None) for drawing in bank.drawings]
        self.composer = Composer(bank, Chooser(bank, costs))  # a chooser of its own: it remembers what it has used
        self.one_each = one_each
        self.position = 0

    def write(self, text: str, rng: np.random.Generator, barred: NDArray[np.bool_]) -> Shown | None:
        """Write a word of at least two runs; None if that takes a letter that the hand lacks, or barred drawings.

        Args:
            text: The word.
            rng: Draws what is random.
            barred: Drawings that may not be used.
        """
        bank, barred = self.composer.bank, barred.copy()
        if self.one_each:
            barred = self._all_but_one(barred)
        whole = False
        for _ in range(MAX_TRIES):
            if not all(label in bank.by_label and not barred[bank.by_label[label]].all() for label in text):
                return None
            self.position += FAR
            chosen = self.composer.chooser.choose(text, self.position, rng, barred)
            placed = self.composer.place(chosen, float(self.composer.chooser.pen[0]))
            if len(placed) > 1:
                sources = frozenset(int(number) for number in bank.word_of[chosen])
                return Shown(text, self.composer, placed, tuple(chosen), sources, whole)
            whole = True
            barred[rng.choice(chosen)] = True
        return None

    def _all_but_one(self, barred: NDArray[np.bool_]) -> NDArray[np.bool_]:
        allowed = np.zeros(len(barred), bool)
        for numbers in self.composer.bank.by_label.values():
            free = numbers[~barred[numbers]]
            if len(free):
                allowed[free[self.composer.bank.badness[free].argmin()]] = True
        return ~allowed


WRITERS = {
    "written": Writer,
    "letters at random": lambda bank: Writer(bank, RANDOM_LETTERS, blended=False),
    "one drawing a letter, as a template font has": lambda bank: Writer(
        bank, RANDOM_LETTERS, blended=False, one_each=True
    ),
}
"""The program's own way of writing, and two simpler ones, by name."""

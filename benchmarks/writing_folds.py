"""Real and written words for judges that learn: what they learn from and what they judge share no ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.writing_words import MIN_LETTERS, Hand, RealWord, Shown, Writer
from handwriting.writing.bank import Bank

_Origins = Sequence[tuple[Hand, Sequence[RealWord]]]
"""Hands, and words of each."""
SPLITS = 1
"""Random splits of the words into halves; each half is learned from once, and judged once."""


@dataclass(frozen=True, eq=False)
class Words:
    """Words of two classes that a judge is to tell apart.

    Attributes:
        real: Words of the page.
        written: Words that are written, or real ones that are taken for them where the floor is measured.
    """

    real: list[Shown]
    written: list[Shown]


@dataclass(frozen=True, eq=False)
class Fold:
    """What a judge learns from, and what it judges. They share neither words nor drawings."""

    learned: Words
    judged: Words


def written_folds(hand: Hand, writer: Writer, seed: int) -> list[Fold]:
    """Return the words of each half, and the same texts written with the drawings of that half alone.

    A word's own drawings are not used to write it, nor is any other whole word.
    """
    rng = np.random.default_rng(seed)
    folds = []
    for _ in range(SPLITS):
        halves = []
        for words in _halves(hand, rng):
            others = ~hand.own_drawings(word.number for word in words)
            written = [writer.write(word.text, rng, others | hand.own_drawings([word.number])) for word in words]
            halves.append(
                Words(
                    [hand.shown(word) for word in words if len(word.text) >= MIN_LETTERS],
                    [shown for shown in written if shown is not None and len(shown.text) >= MIN_LETTERS],
                )
            )
        folds += [Fold(*halves), Fold(*halves[::-1])]
    return folds


def model_folds(hand: Hand, run: str, seed: int) -> list[Fold]:
    """Return the words of each half, and the same texts written with letters of a run's model, other ones each.

    Raises:
        ConfigError: If the run's model draws no characters on request.
        RunError: If there is no such run.
    """
    from handwriting.models.lettering import letters_of

    rng = np.random.default_rng(seed)
    halves = []
    for number, words in enumerate(_halves(hand, rng)):
        letters = letters_of(run, 2 * seed + number)
        wanted = {character for word in words for character in word.text}
        writer = Writer(Bank(letters.words(sorted(wanted.intersection(letters.alphabet)))))
        free = np.zeros(len(writer.composer.bank.drawings), bool)
        written = [writer.write(word.text, rng, free) for word in words if len(word.text) >= MIN_LETTERS]
        halves.append(
            Words(
                [hand.shown(word) for word in words if len(word.text) >= MIN_LETTERS],
                [shown for shown in written if shown is not None],
            )
        )
    return [Fold(*halves), Fold(*halves[::-1])]


def floor_folds(hand: Hand, seed: int) -> list[Fold]:
    """Return real words of both classes: those of the upper half of each page, and those of its lower half."""
    middle = {
        page: np.median([word.key[1] for word in hand.real if word.key[0] == page])
        for page in {word.key[0] for word in hand.real}
    }
    upper = [word for word in hand.real if word.key[1] <= middle[word.key[0]]]
    lower = [word for word in hand.real if word.key[1] > middle[word.key[0]]]
    return _real_folds([(hand, upper)], [(hand, lower)], seed)


def other_folds(hand: Hand, others: Sequence[Hand], seed: int) -> list[Fold]:
    """Return real words of both classes: those of the hand, and those of other hands."""
    return _real_folds([(hand, hand.real)], [(other, other.real) for other in others], seed)


def _real_folds(first: _Origins, second: _Origins, seed: int) -> list[Fold]:
    """Return folds that tell real words of some origins from those of others."""
    rng = np.random.default_rng(seed)
    folds = []
    for _ in range(SPLITS):
        sides = []
        for origins in (first, second):
            words = [hand.shown(word) for hand, of in origins for word in of if len(word.text) >= MIN_LETTERS]
            sides.append([words[index] for index in rng.permutation(len(words))])
        halves = [Words(*(side[start::2] for side in sides)) for start in (0, 1)]
        folds += [Fold(*halves), Fold(*halves[::-1])]
    return folds


def _halves(hand: Hand, rng: np.random.Generator) -> tuple[Sequence[RealWord], Sequence[RealWord]]:
    order = [hand.real[index] for index in rng.permutation(len(hand.real))]
    return order[::2], order[1::2]

"""Real and written words for judges that learn: what they learn from and what they judge share no ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.writing_words import MIN_LETTERS, Hand, RealWord, Shown, Writer

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


def floor_folds(hand: Hand, seed: int) -> list[Fold]:
    """Return real words of both classes: those of the upper half of each page, and those of its lower half."""
    rng = np.random.default_rng(seed)
    middle = {
        page: np.median([word.key[1] for word in hand.real if word.key[0] == page])
        for page in {word.key[0] for word in hand.real}
    }
    folds = []
    for _ in range(SPLITS):
        halves = []
        for words in _halves(hand, rng):
            words = [word for word in words if len(word.text) >= MIN_LETTERS]
            upper = [word.key[1] <= middle[word.key[0]] for word in words]
            shown = [hand.shown(word) for word in words]
            halves.append(
                Words(
                    [one for one, is_upper in zip(shown, upper, strict=True) if is_upper],
                    [one for one, is_upper in zip(shown, upper, strict=True) if not is_upper],
                )
            )
        folds += [Fold(*halves), Fold(*halves[::-1])]
    return folds


def _halves(hand: Hand, rng: np.random.Generator) -> tuple[Sequence[RealWord], Sequence[RealWord]]:
    order = [hand.real[index] for index in rng.permutation(len(hand.real))]
    return order[::2], order[1::2]

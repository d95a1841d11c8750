"""The writer: words written one after another in a hand, as pages ask for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import Bank
from handwriting.writing.choosing import ChoiceCosts, Chooser
from handwriting.writing.composing import Composer, PlacedRun
from handwriting.writing.supplement import Supplement
from handwriting.writing.supplement_between import new_drawings
from handwriting.writing.written_words import Sign, WordInk, WrittenWord

MIN_DRAWINGS = 5
"""Drawings of a letter to choose from: where the hand has fewer, new ones lie between its own."""
MAX_FALL = 0.4
"""How far the end of a word may lie above or below its start, in x-heights."""


class HandWriter:
    """Writes words with the drawings of a bank; it is a :data:`~handwriting.writing.written_words.WriteWord`.

    It remembers what it has used, so that no drawing comes again soon. The same seed and words give the same ink.

    Args:
        bank: The drawings.
        seed: The seed of what is random.
        costs: What choices cost.
        barred: Numbers of drawings that are not used.
        slope_sd: Standard deviation of the tangent by which words fall off their lines.
    """

    def __init__(
        self,
        bank: Bank,
        seed: int = 0,
        costs: ChoiceCosts | None = None,
        barred: Collection[int] = (),
        slope_sd: float = 0.0,
    ) -> None:
        self.slope_sd, self.seed = slope_sd, seed
        self.bank = bank
        self.chooser = Chooser(bank, costs)
        self.composer = Composer(bank, self.chooser)
        self.supplement = Supplement(bank, seed)
        self._rng = np.random.default_rng(seed)
        self._barred: NDArray[np.bool_] | None = None
        if barred:
            self._barred = np.zeros(len(bank.drawings), bool)
            self._barred[list(barred)] = True
        self._position = 0

    def __call__(self, signs: tuple[Sign, ...]) -> WrittenWord:
        """Write a word of characters that the bank has, or that can be made for it."""
        self.supply(signs)
        chosen = self._choose([self.supplement.recipe(sign).label for sign in signs])
        return self._compose(signs, chosen, float(self.chooser.pen[0]))

    def _compose(
        self, signs: tuple[Sign, ...], chosen: Sequence[int], level: float, slope: float | None = None
    ) -> WrittenWord:
        """Return a word of chosen drawings, or a part of one, which falls by the ``slope`` of the whole."""
        recipes = [self.supplement.recipe(sign) for sign in signs]
        placed, marks = self.supplement.marked(self.bank, self.composer.place(chosen, level), recipes, self._rng)
        composer, runs = self.composer, [*placed, *marks]
        advance = composer.advance(placed)
        if slope is None:
            limit = MAX_FALL / max(advance, 1)
            slope = float(np.clip(self._rng.normal(0, self.slope_sd), -limit, limit))

        def draw(resolution: float, offset: tuple[float, float]) -> WordInk:
            return composer.draw(runs, resolution, offset, slope)

        def cut(start: int, end: int, after: tuple[Sign, ...]) -> WrittenWord:
            self.supply(after)
            further = [self.supplement.recipe(sign).label for sign in after]
            numbers = [*chosen[start:end], *(self._choose(further) if further else ())]
            return self._compose((*signs[start:end], *after), numbers, level, slope)

        return WrittenWord("".join(sign.typed for sign in signs), advance, composer.box(runs, slope), draw, cut)

    def supply(self, signs: Iterable[Sign]) -> None:
        """Make what signs need and the hand lacks or has too few of; to do so once for a message saves time."""
        signs = list(signs)
        few = {sign.character for sign in signs if 0 < len(self.bank.by_label.get(sign.character, ())) < MIN_DRAWINGS}
        words = self.supplement.missing_words(self.bank, signs)
        if few:
            words = [*words, *new_drawings(self.bank, MIN_DRAWINGS, self.seed, few)]
        if words:
            self.bank = self.bank.extended(words)
            self.chooser = self.chooser.extended(self.bank)
            self.composer = Composer(self.bank, self.chooser)
            if self._barred is not None:
                new = np.zeros(len(self.bank.drawings) - len(self._barred), bool)
                self._barred = np.append(self._barred, new)

    def place(self, characters: Sequence[str]) -> list[PlacedRun]:
        """Choose drawings for the characters of the next word, and place them."""
        return self.composer.place(self._choose(characters), float(self.chooser.pen[0]))

    def _choose(self, characters: Sequence[str]) -> list[int]:
        chosen = self.chooser.choose(characters, self._position, self._rng, self._barred)
        self._position += len(characters) + 1
        return chosen

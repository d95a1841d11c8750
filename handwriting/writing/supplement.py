"""What a hand lacks, made so that it fits: drawings to add to its bank, and marks to put on its letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from handwriting.writing.bank import Bank
from handwriting.writing.composing import LetterRun, PlacedRun
from handwriting.writing.source import SourceWord
from handwriting.writing.supplement_case import in_other_case
from handwriting.writing.supplement_drawn import VARIANTS, drawn_words
from handwriting.writing.supplement_marks import (
    DOTLESS,
    STRUCK,
    drawn_marks,
    mark_place,
    marks_of_hand,
    without_dots,
)
from handwriting.writing.supplement_pen import HandPen, measure_hand_pen
from handwriting.writing.written_words import Sign

DOT, DIAERESIS = "\u0307", "\u0308"
DOTS_APART = 0.2
"""Half of the distance between the dots of a diaeresis, in x-heights."""
LEVEL_SD = 0.2
"""Difference of the logarithms of ink by which a mark may differ from its letter."""


@dataclass(frozen=True)
class Recipe:
    """How a sign is written.

    Attributes:
        label: The label of the drawings to choose among.
        marks: The combining marks to put on the one that is chosen.
        is_dotless: Whether it loses its dot.
    """

    label: str
    marks: str = ""
    is_dotless: bool = False


class Supplement:
    """Makes what a hand lacks.

    Args:
        bank: The hand's own drawings.
        seed: The seed of what is random. What is made depends on it and on the hand alone, not on what was made before.
    """

    def __init__(self, bank: Bank, seed: int = 0) -> None:
        self.bank = bank
        self.seed = seed

    @cached_property
    def pen(self) -> HandPen:
        """The hand's pen."""
        return measure_hand_pen(self.bank)

    @cached_property
    def _own_marks(self) -> dict[str, list[SourceWord]]:
        return marks_of_hand(self.bank)

    def recipe(self, sign: Sign) -> Recipe:
        """Return how a sign is written."""
        label, marks = sign.character, sign.marks
        if sign.drawn and (base := DOTLESS.get(label)) in self.bank.by_label and base is not None:
            return Recipe(base, marks, is_dotless=True)
        if sign.drawn and label in STRUCK and STRUCK[label][0] in self.bank.by_label:
            base, stroke = STRUCK[label]
            return Recipe(base, stroke + marks)
        is_dotless = label in ("i", "j") and any(unicodedata.combining(mark) == 230 for mark in marks)
        return Recipe(_wanted_case(sign), marks, is_dotless)

    def missing_words(
        self, bank: Bank, signs: Iterable[Sign], count: Callable[[str], int] | None = None
    ) -> list[SourceWord]:
        """Return words to extend a bank by, so that it has all that signs need.

        Args:
            bank: The hand's bank, extended or not.
            signs: The signs of a word.
            count: How many drawings of a character to make of those that are drawn; ``VARIANTS`` unless given.
        """
        words: list[SourceWord] = []
        made: set[str] = set()
        for sign in signs:
            recipe = self.recipe(sign)
            if recipe.label not in bank.by_label and recipe.label not in made:
                made.add(recipe.label)
                words += self._letters(sign, recipe.label, VARIANTS if count is None else count(recipe.label))
            for mark in self._single(recipe.marks):
                if mark not in bank.by_label and mark not in made:
                    made.add(mark)
                    words += self._own_marks.get(mark) or drawn_marks(mark, self.pen, self.seed)
        return words

    def _letters(self, sign: Sign, label: str, count: int) -> list[SourceWord]:
        if sign.drawn:
            joined = self.bank.join_rates.is_joined
            return drawn_words(label, self.pen, joined, self.seed, count)
        return in_other_case(self.bank, sign.character, label, self.pen)

    def _single(self, marks: str) -> str:
        """Return marks with a diaeresis as the hand's own dots, where it has some."""
        if DIAERESIS in marks and DIAERESIS not in self._own_marks and DOT in self._own_marks:
            return marks.replace(DIAERESIS, DOT)
        return marks

    def marked(
        self, bank: Bank, placed: Sequence[PlacedRun], recipes: Sequence[Recipe], rng: np.random.Generator
    ) -> tuple[list[PlacedRun], list[PlacedRun]]:
        """Return the runs of a word without the dots that their letters lose, and the runs of their marks.

        Args:
            bank: A bank that has what the recipes need.
            placed: The runs of the word.
            recipes: How each of its letters is written.
            rng: Draws which marks are used.
        """
        runs: list[PlacedRun] = []
        marks: list[PlacedRun] = []
        rest = iter(recipes)
        for one in placed:
            letters = [(bank.drawings[number].letter, next(rest)) for number in one.run.drawings]
            word = bank.words[bank.drawings[one.run.drawings[0]].word]
            source = without_dots(word, frozenset(letter for letter, recipe in letters if recipe.is_dotless))
            runs.append(replace(one, source=source))
            for letter, recipe in letters:
                if recipe.marks:
                    body = without_dots(source, frozenset([letter])) if recipe.label in ("i", "j") else source
                    level = float(np.log(bank.levels[bank.drawings[one.run.drawings[0]].word]))
                    marks += self._marks_on(bank, body.frame_of(letter) + one.at, recipe.marks, level, rng)
        return runs, marks

    def _marks_on(
        self, bank: Bank, body: np.ndarray, marks: str, level: float, rng: np.random.Generator
    ) -> list[PlacedRun]:
        runs = []
        lowest = -np.inf
        for mark in marks:
            at = mark_place(body, mark, lowest, self.pen)
            single = self._single(mark)
            shifts = (-DOTS_APART, DOTS_APART) if single != mark else (0.0,)
            for shift in shifts:
                numbers = bank.by_label[single]
                other = (np.log(bank.levels[bank.word_of[numbers]]) - level) / LEVEL_SD
                cost = other**2 / 2 + bank.badness[numbers] + rng.exponential(1.0, len(numbers))
                chosen = int(numbers[cost.argmin()])
                source = bank.words[bank.drawings[chosen].word]
                place = at + np.array([shift * self.pen.x_height, 0.0])
                runs.append(PlacedRun(LetterRun((chosen,)), place, None, None, (1.0, 1.0)))
                upper = float(source.frame_of(0)[:, 1].max()) + place[1]
                lowest = max(lowest, upper) if at[1] > body[:, 1].mean() else lowest
        return runs


def _wanted_case(sign: Sign) -> str:
    """Return the character that a sign is to show: the other case of its own where the message has that."""
    typed = unicodedata.normalize("NFC", sign.typed)
    shown = unicodedata.normalize("NFC", sign.character + sign.marks)
    if typed == shown or typed.casefold() != shown.casefold() or len(sign.character) != 1:
        return sign.character
    other = sign.character.upper() if sign.character.islower() else sign.character.lower()
    return other if len(other) == 1 else sign.character

"""A hand as a font: its typical drawings in turns, joined as it joins them, and what it lacks drawn by its pen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handwriting.writing.bank import Bank
from handwriting.writing.choosing import Chooser
from handwriting.writing.contours import LetterSides
from handwriting.writing.fonts.bearings import Bearings
from handwriting.writing.fonts.characters import font_signs
from handwriting.writing.fonts.glyph_drawing import GlyphDrawer, GlyphTask
from handwriting.writing.fonts.join_classes import class_words, join_classes
from handwriting.writing.fonts.picking import Picker
from handwriting.writing.fonts.pieces import frequent_pieces
from handwriting.writing.fonts.specification import FontMetrics, FontNames, FontSpecification
from handwriting.writing.measuring import HandFit
from handwriting.writing.supplement import Recipe, Supplement
from handwriting.writing.supplement_between import new_drawings
from handwriting.writing.supplement_drawn import VARIANTS, drawn_words
from handwriting.writing.supplement_pen import HandPen

DRAWINGS = 5
"""Drawings of each small letter unless another number is asked for."""
OTHER_DRAWINGS = 3
"""Drawings of capitals, digits and marks, at most."""
MARKED_DRAWINGS, FIRST_RARE = 2, 0x100
"""Drawings of small letters with accents, at most, and the code point from which they have one: as rare as capitals."""
TALL_UNITS = 700
"""Height of letters like d and h in the font, of 1,000: as in other fonts, so that sizes mean the same."""
MIN_UNITS, MAX_UNITS = 220, 460
"""Height of small letters in the font."""
MAX_LINE_GAP = 0.25
"""Space between lines, as a share of their height: on ruled paper they may stand further apart."""


@dataclass(frozen=True)
class HandFont:
    """A hand's font, and what was made for it.

    Attributes:
        specification: All that it is built of.
        characters: What it can write, the space excluded.
        drawings: The number of the hand's own drawings in it.
        drawn: Characters that the hand lacks and its pen draws.
        composed: Letters that the hand lacks, made of a letter and its accents.
        pieces: Letters that it joins as the hand wrote them together.
        classes: The number of heights at which its letters join; 0 where they do not.
    """

    specification: FontSpecification
    characters: str
    drawings: int
    drawn: tuple[str, ...]
    composed: tuple[str, ...]
    pieces: tuple[str, ...]
    classes: int


def hand_font(bank: Bank, hand: HandFit, names: FontNames, *, drawings: int = DRAWINGS, seed: int = 0) -> HandFont:
    """Return the font of a hand. The same arguments give the same font.

    Args:
        bank: The hand's own drawings.
        hand: What is particular to it.
        names: What the font says of itself.
        drawings: Of each small letter, at most; as many as this, if new ones can be made between those of the hand.
        seed: The seed of what is made for it.
    """
    supplement = Supplement(bank, seed)
    signs = font_signs(bank)
    classes = join_classes(bank)

    def most(character: str) -> int:
        return drawings if character.islower() and character.isascii() else min(drawings, OTHER_DRAWINGS)

    def most_drawn(character: str) -> int:
        return min(most(character), VARIANTS if most(character) > OTHER_DRAWINGS else 1 + character.isascii())

    made = supplement.missing_words(bank, signs.values(), most_drawn)
    small = [label for label in bank.by_label if len(label) == 1 and label.islower()]
    made += new_drawings(bank, drawings, seed, small)
    if classes:
        made += class_words(bank, classes, supplement.pen)
        for label in filter(str.isascii, small):
            if all(bank.drawings[number].entry is None for number in bank.by_label[label]):
                made += drawn_words(label, supplement.pen, True, seed, drawings)
    full = bank.extended(made)
    chooser = Chooser(full)
    picker = Picker(full, chooser, classes)
    recipes = {character: supplement.recipe(sign) for character, sign in signs.items()}
    picked = {label: picker.letters(label, most(label)) for label in sorted({one.label for one in recipes.values()})}
    sides = {label: _sides(full, chosen[0][0].drawings[0]) for label, chosen in picked.items()}
    bearings = Bearings(hand.spacing.apart, sides, bool(classes))
    unit = float(np.clip(TALL_UNITS / supplement.pen.ascender, MIN_UNITS, MAX_UNITS))
    drawer = GlyphDrawer(full, chooser, classes, bearings, supplement, unit)
    tasks: list[GlyphTask] = []
    for character, recipe in recipes.items():
        several = not recipe.marks or (character.islower() and ord(character) < FIRST_RARE)
        for number, variants in enumerate(
            picked[recipe.label][: (MARKED_DRAWINGS if recipe.marks else None) if several else 1]
        ):
            tasks += [GlyphTask(character, number, one, recipe) for one in variants]
    pieces = frequent_pieces(full)
    for text, runs in pieces.items():
        for number, variants in enumerate(picker.runs(runs, min(drawings, OTHER_DRAWINGS))):
            tasks += [GlyphTask(text, number, one, Recipe(text)) for one in variants]
    kerning = {pair: round(unit * value) for pair, value in bearings.kerning().items()}
    specification = FontSpecification(tuple(drawer.draw(tasks)), names, _metrics(hand, supplement.pen, unit), kerning)
    return HandFont(
        specification,
        "".join(recipes),
        len({number for task in tasks for number in task.picked.drawings if number < len(bank.drawings)}),
        tuple(sorted({recipe.label for recipe in recipes.values()} - set(bank.by_label), key=_listed)),
        tuple(character for character, recipe in recipes.items() if recipe.marks),
        tuple(pieces),
        len(classes),
    )


def _listed(character: str) -> tuple[bool, bool, bool, str]:
    """Return what puts letters before digits and marks, and rare characters last."""
    return not character.isascii(), not character.isalpha(), not character.isdigit(), character


def _sides(bank: Bank, number: int) -> LetterSides:
    return bank.sides[bank.drawings[number].word][bank.drawings[number].letter]


def _metrics(hand: HandFit, pen: HandPen, unit: float) -> FontMetrics:
    style = hand.layout_style()
    height = style.ascent + style.descent
    return FontMetrics(
        ascender=round(unit * style.ascent),
        descender=round(unit * style.descent),
        x_height=round(unit * pen.x_height),
        cap_height=round(unit * pen.capital),
        space=round(unit * style.with_usual_word_space().word_space),
        line_gap=round(unit * float(np.clip(style.line_distance - height, 0, MAX_LINE_GAP * height))),
        slant=round(hand.slant, 1),
    )

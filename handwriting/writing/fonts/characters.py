"""The characters of a font of Western and Central European texts, and how a hand writes each."""

from __future__ import annotations

import unicodedata

from handwriting.writing.bank import Bank
from handwriting.writing.stroke_fonts import drawable
from handwriting.writing.supplement_marks import DOTLESS, MARKS, STRUCK
from handwriting.writing.written_words import Sign

RANGES = ((0x21, 0x7E), (0xA1, 0xAC), (0xAE, 0xFF), (0x100, 0x17F), (0x218, 0x21B))
"""Code points: ASCII, Latin-1, Latin Extended-A, and the Romanian letters with a comma below."""
SIGNS = "\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026\u2039\u203a\u20ac\u1e9e"
"""Further characters: marks of punctuation, the euro, and the capital of ß."""
OWN_ONLY = "\u2018\u2019\u201c\u201d"
"""Marks that are never drawn: straight ones stand in for them."""


def font_signs(bank: Bank) -> dict[str, Sign]:
    """Return how each character of a font is written: as the hand writes it, of a letter and its marks, or drawn.

    Args:
        bank: The hand's own drawings. Characters that it has beyond the usual ones come last.
    """
    usual = [chr(code) for first, last in RANGES for code in range(first, last + 1)] + list(SIGNS)
    own = [label for label in bank.by_label if len(label) == 1 and label not in usual and not label.isspace()]
    signs = {}
    for character in [*usual, *own]:
        if (sign := _sign(bank, character)) is not None:
            signs[character] = sign
    return signs


def _sign(bank: Bank, character: str) -> Sign | None:
    if character in bank.by_label:
        return Sign(character, typed=character)
    decomposed = unicodedata.normalize("NFD", character)
    base, marks = decomposed[0], decomposed[1:]
    if marks and MARKS.issuperset(marks):
        return Sign(base, marks, character, drawn=base not in bank.by_label)
    if character in OWN_ONLY or not (character in DOTLESS or character in STRUCK or drawable(character)):
        return None
    return Sign(character, typed=character, drawn=True)

"""The drawings of a font in order, with the names of their glyphs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from fontTools.agl import UV2AGL

from handwriting.errors import DataError
from handwriting.writing.fonts.specification import FontGlyph

SPACE = "space"
"""Name of the glyph of the space."""
MAX_NAME = 63
"""Characters of the longest glyph name that every program reads."""


class EntryVariant(NamedTuple):
    """One glyph of the font."""

    name: str
    glyph: FontGlyph


class FontDrawing(NamedTuple):
    """One drawing of a text.

    Attributes:
        variants: Its glyphs by the class of their entry, the lowest first.
    """

    variants: dict[int, EntryVariant]

    @property
    def default(self) -> EntryVariant:
        """The variant that stands where no other fits."""
        return next(iter(self.variants.values()))


def drawings_by_text(glyphs: Iterable[FontGlyph]) -> dict[str, tuple[FontDrawing, ...]]:
    """Return the drawings of each text in their order, texts of one character first, in the order of Unicode.

    The default variant of a text's first drawing has the name of its character, or of several joined by underscores, by
    which programs find the text again.

    Raises:
        DataError: If a text is empty or a space, or two glyphs are the same variant of the same drawing.
    """
    found: dict[str, dict[int, dict[int, FontGlyph]]] = {}
    for glyph in glyphs:
        text = unicodedata.normalize("NFC", glyph.text)
        if not text or text.isspace():
            raise DataError(f"A glyph of a font has the text {glyph.text!r}: give it at least one visible character.")
        variants = found.setdefault(text, {}).setdefault(glyph.drawing, {})
        if glyph.entry in variants:
            raise DataError(
                f"Two glyphs of a font are drawing {glyph.drawing} of {glyph.text!r} with entry {glyph.entry}: "
                "give them other numbers."
            )
        variants[glyph.entry] = glyph
    return {
        text: tuple(
            FontDrawing(
                {
                    entry: EntryVariant(_glyph_name(text, number, place), variants[entry])
                    for place, entry in enumerate(sorted(variants))
                }
            )
            for number, (_, variants) in enumerate(sorted(found[text].items()))
        )
        for text in sorted(found, key=lambda text: (len(text), text))
    }


def _glyph_name(text: str, drawing: int, place: int) -> str:
    base = "_".join(_character_name(character) for character in text)
    suffix = f".{drawing + 1}" if drawing or place else ""
    if place:
        suffix += f".{place + 1}"
    return base[: MAX_NAME - len(suffix)] + suffix


def _character_name(character: str) -> str:
    code = ord(character)
    return str(UV2AGL.get(code, f"uni{code:04X}" if code <= 0xFFFF else f"u{code:05X}"))

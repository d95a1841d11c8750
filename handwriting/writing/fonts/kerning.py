"""Kerning between characters, as OpenType's table GPOS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fontTools.otlLib.builder import buildLookup, buildPairPosClassesSubtable, buildValue

from handwriting.writing.fonts.drawings import FontDrawing
from handwriting.writing.fonts.layout import layout_table
from handwriting.writing.shapes import base_of


def kerning_table(
    kerning: Mapping[tuple[str, str], float], drawings: Mapping[str, Sequence[FontDrawing]], glyph_order: Sequence[str]
) -> Any | None:
    """Return the table GPOS with the feature ``kern``; None without a pair of which the font has both characters.

    Args:
        kerning: What is added to the advance between two characters, in units. Letters with accents that are not
            named are kerned as without. A glyph that is entered by a join is not kerned on that side.
        drawings: The drawings of each text. A piece is its last character on the left, its first on the right.
        glyph_order: The names of all glyphs of the font in the order of their numbers.
    """
    kerned = {character for pair in kerning for character in pair}
    on_left: dict[str, list[str]] = defaultdict(list)
    on_right: dict[str, list[str]] = defaultdict(list)
    for text, drawn in drawings.items():
        for drawing in drawn:
            for name, glyph in drawing.variants.values():
                on_left[_kerned_as(text[-1], kerned)].append(name)
                if not glyph.entry:
                    on_right[_kerned_as(text[0], kerned)].append(name)
    pairs = {
        (tuple(on_left[first]), tuple(on_right[second])): (buildValue({"XAdvance": round(value)}), None)
        for (first, second), value in sorted(kerning.items())
        if first in on_left and second in on_right and round(value)
    }
    if not pairs:
        return None
    numbers = {name: number for number, name in enumerate(glyph_order)}
    lookup = buildLookup([buildPairPosClassesSubtable(pairs, numbers)])
    return layout_table("GPOS", [("kern", [0])], [lookup])


def _kerned_as(character: str, kerned: Collection[str]) -> str:
    return character if character in kerned else base_of(character)

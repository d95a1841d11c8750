"""What a font is built of: its glyphs, its names and its measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from handwriting.writing.outlines import Outline


@dataclass(frozen=True, eq=False)
class FontGlyph:
    """One drawing of a character, or of several in a piece, in one of its entry variants.

    Attributes:
        text: The character, or the characters of a piece: ``"e"``, ``"th"``.
        outline: Its contours, in units of the font: the baseline at y = 0, the left bearing within x.
        advance: From its origin to the next glyph's, in units.
        drawing: Which drawing of this text it is. Drawings of one text take turns in the order of these numbers.
        entry: The class of the height at which its entry stroke begins; 0 where it joins nothing on its left. Glyphs of
            one text and drawing differ in it: they are the drawing's entry variants. The one of the lowest class stands
            where none fits.
        exit: The class of the height at which its exit stroke leaves; 0 where it joins nothing on its right. After it
            stands the variant of the next drawing whose ``entry`` is the same class.
    """

    text: str
    outline: Outline
    advance: float
    drawing: int = 0
    entry: int = 0
    exit: int = 0


@dataclass(frozen=True)
class FontNames:
    """What the font says of itself.

    Attributes:
        family: The name in menus.
        style: The style's name in menus.
        version: As ``"1.000"``.
        copyright: Whose handwriting it is.
        licence: The terms under which it may be used.
        licence_url: Where they are found.
        vendor: Four characters at most.
        description: One sentence.
        designer: Who wrote.
    """

    family: str
    style: str = "Regular"
    version: str = "1.000"
    copyright: str = ""
    licence: str = ""
    licence_url: str = ""
    vendor: str = ""
    description: str = ""
    designer: str = ""


@dataclass(frozen=True)
class FontMetrics:
    """The measures of a font, in its units.

    Attributes:
        ascender: From the baseline up to the top of a line.
        descender: From the baseline down to the bottom of a line; positive.
        x_height: Of letters like x.
        cap_height: Of capitals.
        space: Advance of the space.
        line_gap: Added between lines.
        slant: Of the writing to the right, in degrees.
        units_per_em: How many units the font's size is.
    """

    ascender: float
    descender: float
    x_height: float
    cap_height: float
    space: float
    line_gap: float = 0.0
    slant: float = 0.0
    units_per_em: int = 1000


@dataclass(frozen=True, eq=False)
class FontSpecification:
    """Everything that a font is built of.

    Attributes:
        glyphs: All drawings in all their variants.
        names: What it says of itself.
        metrics: Its measures.
        kerning: What is added to the advance between two characters, in units. It holds for all drawings of both; a
            piece is its last character for what follows, and its first for what precedes.
    """

    glyphs: tuple[FontGlyph, ...]
    names: FontNames
    metrics: FontMetrics
    kerning: Mapping[tuple[str, str], float] = field(default_factory=dict)

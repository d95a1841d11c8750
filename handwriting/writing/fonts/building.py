"""A font built from its specification."""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.misc.timeTools import timestampFromString

from handwriting.errors import DataError
from handwriting.writing.fonts.charstrings import charstrings
from handwriting.writing.fonts.drawings import SPACE, FontDrawing, drawings_by_text
from handwriting.writing.fonts.kerning import kerning_table
from handwriting.writing.fonts.specification import FontGlyph, FontMetrics, FontNames, FontSpecification
from handwriting.writing.fonts.substitution import substitution_table
from handwriting.writing.outlines import Outline

MISSING = ".notdef"
"""Name of the glyph of characters that the font lacks: an empty space, as a writer would leave."""
STAND_INS = {
    "\u00a0": SPACE,
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2010": "-",
    "\u2011": "-",
    "\u2013": "-",
}
"""Characters that programs put in by themselves, and what stands for them where the hand has no drawing of them."""
CREATED = timestampFromString("Mon Jan  1 00:00:00 2024")
"""When every font was made, by its own account: the same drawings give the same bytes."""
SCRIPT_PANOSE = 3
"""Class of fonts like handwriting in PANOSE."""
REGULAR, TYPOGRAPHIC_METRICS = 1 << 6, 1 << 7
"""Flags of OS/2: neither bold nor italic; lines are as high as the ascender and descender say."""
MAX_POSTSCRIPT_NAME = 63
"""Characters of the longest PostScript name."""
RIBBI = ("Regular", "Bold", "Italic", "Bold Italic")
"""Styles that menus of four styles know."""


def build_font(specification: FontSpecification) -> bytes:
    """Return an OpenType font of PostScript curves (OTF); the same specification gives the same bytes.

    Raises:
        DataError: If a text is empty or a space, two glyphs are the same variant of the same drawing, the family has no
            name, or the version is not two numbers.
    """
    names, metrics = specification.names, specification.metrics
    _check(names)
    drawings = drawings_by_text(specification.glyphs)
    glyphs = {
        MISSING: FontGlyph("", Outline(), metrics.space),
        SPACE: FontGlyph(" ", Outline(), metrics.space),
        **{
            name: glyph for drawn in drawings.values() for drawing in drawn for name, glyph in drawing.variants.values()
        },
    }
    builder = FontBuilder(metrics.units_per_em, isTTF=False)
    builder.font.recalcTimestamp = builder.font.recalcBBoxes = False
    # Installed next to fontTools, HarfBuzz would pack the tables in another order.
    builder.font.cfg["fontTools.ttLib.tables.otBase:USE_HARFBUZZ_REPACKER"] = False
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(_character_map(drawings))
    boxes = [_box(glyph) for glyph in glyphs.values()]
    _set_outlines(builder, glyphs, names, boxes)
    _set_metrics(builder, metrics, names, boxes)
    builder.setupNameTable(_name_records(names), mac=False)
    order = builder.font.getGlyphOrder()
    tables = {
        "GSUB": substitution_table(drawings, order),
        "GPOS": kerning_table(specification.kerning, drawings, order),
    }
    for tag, table in tables.items():
        if table is not None:
            builder.font[tag] = table
    # A character and the next one, or a piece.
    builder.font["OS/2"].usMaxContext = max(2, *map(len, drawings))
    stream = BytesIO()
    builder.font.save(stream)
    return stream.getvalue()


def _check(names: FontNames) -> None:
    if not names.family.strip():
        raise DataError("The family of the font has no name: give it one.")
    if not re.fullmatch(r"\d{1,3}\.\d{1,3}", names.version):
        raise DataError(f"The version of the font is {names.version!r}: give two numbers, as in 1.000.")


def _character_map(drawings: Mapping[str, Sequence[FontDrawing]]) -> dict[int, str]:
    characters = {text: drawn[0].default.name for text, drawn in drawings.items() if len(text) == 1}
    characters[" "] = SPACE
    for character, other in STAND_INS.items():
        if (name := SPACE if other == SPACE else characters.get(other)) is not None:
            characters.setdefault(character, name)
    return {ord(character): name for character, name in sorted(characters.items())}


def _box(glyph: FontGlyph) -> tuple[int, int, int, int]:
    left, bottom, right, top = glyph.outline.bounds
    return math.floor(left), math.floor(bottom), math.ceil(right), math.ceil(top)


def _set_outlines(
    builder: FontBuilder, glyphs: Mapping[str, FontGlyph], names: FontNames, boxes: Sequence[tuple[int, int, int, int]]
) -> None:
    programs, subroutines = charstrings(glyphs)
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    information = {"version": names.version, "FullName": f"{names.family} {names.style}", "FamilyName": names.family}
    information = {key: value for key, value in information.items() if value.isascii()}
    box = [min(lefts), min(bottoms), max(rights), max(tops)]
    builder.setupCFF(_postscript_name(names), {**information, "FontBBox": box}, programs, {})
    for subroutine in subroutines:
        builder.font["CFF "].cff.GlobalSubrs.append(subroutine)
    advances = {name: (round(glyph.advance), left) for (name, glyph), left in zip(glyphs.items(), lefts, strict=True)}
    builder.setupHorizontalMetrics(advances)


def _set_metrics(
    builder: FontBuilder, metrics: FontMetrics, names: FontNames, boxes: Sequence[tuple[int, int, int, int]]
) -> None:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    ascender, descender, gap = round(metrics.ascender), round(metrics.descender), round(metrics.line_gap)
    advances = [advance for advance, _ in builder.font["hmtx"].metrics.values()]
    builder.setupHead(
        unitsPerEm=metrics.units_per_em,
        fontRevision=float(names.version),
        created=CREATED,
        modified=CREATED,
        xMin=min(lefts),
        yMin=min(bottoms),
        xMax=max(rights),
        yMax=max(tops),
    )
    builder.setupHorizontalHeader(
        ascent=ascender,
        descent=-descender,
        lineGap=gap,
        advanceWidthMax=max(advances),
        minLeftSideBearing=min(lefts),
        minRightSideBearing=min(advance - right for advance, right in zip(advances, rights, strict=True)),
        xMaxExtent=max(rights),
        caretSlopeRise=1000,
        caretSlopeRun=round(1000 * math.tan(math.radians(metrics.slant))),
    )
    builder.setupOS2(
        sTypoAscender=ascender,
        sTypoDescender=-descender,
        sTypoLineGap=gap,
        # Windows cuts what lies beyond these.
        usWinAscent=max(ascender, *tops),
        usWinDescent=max(descender, *(-bottom for bottom in bottoms)),
        sxHeight=round(metrics.x_height),
        sCapHeight=round(metrics.cap_height),
        xAvgCharWidth=round(sum(advances) / len(advances)),
        achVendID=names.vendor[:4].ljust(4),
        fsSelection=REGULAR | TYPOGRAPHIC_METRICS,
        version=4,
    )
    builder.font["OS/2"].panose.bFamilyType = SCRIPT_PANOSE
    builder.font["OS/2"].recalcUnicodeRanges(builder.font)
    builder.font["OS/2"].recalcCodePageRanges(builder.font)
    builder.setupPost(italicAngle=-metrics.slant, keepGlyphNames=False)


def _name_records(names: FontNames) -> dict[str, Any]:
    plain = names.style in RIBBI
    records = {
        "copyright": names.copyright,
        "familyName": names.family if plain else f"{names.family} {names.style}",
        "styleName": names.style if plain else "Regular",
        "uniqueFontIdentifier": f"{names.version};{names.vendor};{_postscript_name(names)}",
        "fullName": f"{names.family} {names.style}",
        "version": f"Version {names.version}",
        "psName": _postscript_name(names),
        "designer": names.designer,
        "description": names.description,
        "licenseDescription": names.licence,
        "licenseInfoURL": names.licence_url,
        "typographicFamily": "" if plain else names.family,
        "typographicSubfamily": "" if plain else names.style,
    }
    return {key: value for key, value in records.items() if value}


def _postscript_name(names: FontNames) -> str:
    """Return the family and style in the letters and digits that every program reads in PostScript names.

    Letters lose their accents. A checksum of the whole name stands for letters of other scripts and for what is too
    long, so that two fonts have two names.
    """
    style = re.sub(r"[^A-Za-z0-9]", "", names.style) or "Regular"
    room = MAX_POSTSCRIPT_NAME - len(f"-{style}")
    parts = unicodedata.normalize("NFKD", names.family)
    family = re.sub(r"[^A-Za-z0-9]", "", parts)
    is_lost = any(not sign.isascii() and unicodedata.category(sign)[0] not in "MPZ" for sign in parts)
    if is_lost or not family or len(family) > room:
        checksum = f"{zlib.crc32(unicodedata.normalize('NFC', names.family).encode()):08x}"
        family = (family or "Handwriting")[: room - len(checksum)] + checksum
    return f"{family}-{style}"

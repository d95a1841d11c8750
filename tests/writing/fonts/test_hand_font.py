"""The font of a hand: what it holds, that its letters join, and that the same hand gives the same bytes."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from itertools import pairwise, product
from pathlib import Path

import cv2
import numpy as np
import ots
import pytest
import uharfbuzz
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

from handwriting.writing.bank import Bank
from handwriting.writing.fonts.building import build_font
from handwriting.writing.fonts.hand_font import HandFont, hand_font
from handwriting.writing.fonts.specification import FontNames
from handwriting.writing.measuring import measure_hand
from tests.writing.hands import drawn_hand

TEXTS = ["nolun", "ulno", "lonu", "ounl", "nunol", "lulo", "onun", "uloln", "noon", "lull"]
PIXELS = 40
"""Pixels in one x-height of what is drawn here."""


def made(*, joined: bool = True) -> tuple[HandFont, bytes]:
    return _made(joined)


@cache
def _made(joined: bool) -> tuple[HandFont, bytes]:
    words = drawn_hand(TEXTS * 2, **({} if joined else {"joined": [False] * 4}))
    bank = Bank(words)
    font = hand_font(bank, measure_hand(bank), FontNames("Drawn"))
    return font, build_font(font.specification)


@cache
def opened(data: bytes) -> TTFont:
    return TTFont(BytesIO(data))


def shaped(data: bytes, text: str, **features: bool) -> list[tuple[str, float]]:
    """Return the name of each glyph, and where it stands in units."""
    font = uharfbuzz.Font(uharfbuzz.Face(data))
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer, features)
    order = opened(data).getGlyphOrder()
    starts = np.cumsum([0, *(position.x_advance for position in buffer.glyph_positions)])
    return [(order[one.codepoint], float(at)) for one, at in zip(buffer.glyph_infos, starts, strict=False)]


def ink(data: bytes, text: str, **features: bool) -> np.ndarray:
    """Return the ink of a line of text, bool."""
    font = opened(data)
    scale = PIXELS / font["OS/2"].sxHeight
    glyphs = font.getGlyphSet()
    placed = shaped(data, text, **features)
    image = np.zeros((8 * PIXELS, int(placed[-1][1] * scale) + 8 * PIXELS), np.uint8)
    for name, at in placed:
        pen = DecomposingRecordingPen(glyphs)
        glyphs[name].draw(pen)
        contours: list[list[np.ndarray]] = []
        for operator, points in pen.value:
            if operator == "moveTo":
                contours.append([np.array(points[0], float)])
            elif operator == "lineTo":
                contours[-1].append(np.array(points[0], float))
            elif operator == "curveTo":
                start, (first, second, end) = contours[-1][-1], np.array(points, float)
                for t in np.linspace(0.1, 1, 10):
                    s = 1 - t
                    contours[-1].append(s**3 * start + 3 * s * s * t * first + 3 * s * t * t * second + t**3 * end)
        one = np.zeros_like(image)
        polygons = [
            np.rint(np.array(contour) * [scale, -scale] + [at * scale + 3 * PIXELS, 5 * PIXELS]).astype(np.int32)
            for contour in contours
        ]
        cv2.fillPoly(one, polygons, 255)
        image |= one
    return image > 0


def test_words_of_a_joined_hand_are_one_line_of_ink() -> None:
    _, data = made()
    texts = ["".join(letters) for letters in product("nulo", repeat=3)]
    pieces = [cv2.connectedComponents(ink(data, text).astype(np.uint8))[0] - 1 for text in texts]
    assert np.mean([count == 1 for count in pieces]) >= 0.93


def test_letters_of_a_printed_hand_stand_apart() -> None:
    font, data = made(joined=False)
    assert font.classes == 0
    assert not any(glyph.entry or glyph.exit for glyph in font.specification.glyphs)
    count, *_ = cv2.connectedComponents(ink(data, "nulo").astype(np.uint8))
    assert count - 1 == 4


@pytest.mark.parametrize("joined", [True, False])
def test_browsers_accept_the_font(joined: bool, tmp_path: Path) -> None:
    (tmp_path / "font.otf").write_bytes(made(joined=joined)[1])
    checked = ots.sanitize(str(tmp_path / "font.otf"), str(tmp_path / "checked.otf"), capture_output=True)
    assert checked.returncode == 0, checked.stderr


def test_letters_take_turns() -> None:
    names = [name for name, _ in shaped(made()[1], "nnnnn lllll")]
    assert all(first != second for first, second in pairwise(names))
    assert len(set(names[:5])) == 5


def test_western_european_texts_can_be_written() -> None:
    font, data = made()
    words = "Voilà l\u2019été à Łódź: \u201cGröße\u201d, \u2018çœur\u2019 — señor Åström, € … ¿qué? Žižek 3,5 % (sic)"
    cmap = opened(data).getBestCmap()
    assert not [character for character in words if ord(character) not in cmap]
    assert set("abcdefghijkmpqrstvwxyzABCXYZ0123456789") <= set(font.drawn)
    assert "é" in font.composed
    assert "n" not in font.drawn


def test_the_same_hand_gives_the_same_bytes() -> None:
    bank = Bank(drawn_hand(TEXTS * 2))
    again = build_font(hand_font(bank, measure_hand(bank), FontNames("Drawn")).specification)
    assert again == made()[1]

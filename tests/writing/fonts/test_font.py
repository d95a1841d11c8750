"""Fonts: what programs accept and show, how drawings take turns, how letters join, and the same bytes every time."""

from __future__ import annotations

import re
import string
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import ots
import pytest
import uharfbuzz
from fontTools.pens.areaPen import AreaPen
from fontTools.ttLib import TTFont

from handwriting.errors import DataError
from handwriting.labelling.copy_text import sentences
from handwriting.writing.fonts.building import build_font
from handwriting.writing.fonts.drawings import drawings_by_text
from handwriting.writing.fonts.specification import FontGlyph, FontMetrics, FontNames, FontSpecification
from handwriting.writing.outlines import Outline

LOW, HIGH = 1, 2
"""Classes of joins: after most letters, and after those that end high."""
HIGH_EXITS = "bovw"
METRICS = FontMetrics(ascender=800, descender=300, x_height=250, cap_height=500, space=200, line_gap=50, slant=20)
NAMES = FontNames("Hand of a Test", version="1.002", copyright="Its writer", licence="Free", vendor="HAND")
PIECES = {"th": 3, "the": 2, "ll": 2, "of": 1}
KERNING = {("A", "v"): -40, ("r", "."): -30}
LINE = 60


def loop(number: int) -> Outline:
    """Return a ring; other numbers have other shapes."""
    angles = np.linspace(0, 2 * np.pi, 9)[1:]
    contours = []
    for radius, turn in ((100 + number % 40, 1), (60 + number % 7, -1)):
        points = radius * np.stack([np.cos(turn * angles), np.sin(turn * angles)], axis=1) + (150, 120)
        before = np.roll(points, 1, axis=0)
        contours.append(np.stack([before + (points - before) / 3, before + (points - before) * 0.7, points], axis=1))
    return Outline(tuple(contours))


def glyphs_of(text: str, drawings: int, joined: bool, entries: Sequence[int] = (0, LOW, HIGH)) -> list[FontGlyph]:
    joins = joined and text.islower()
    leaving = (HIGH if text[-1] in HIGH_EXITS else LOW) if joins else 0
    return [
        FontGlyph(text, loop(97 * sum(map(ord, text)) + 7 * drawing + entry), 260 + drawing, drawing, entry, leaving)
        for drawing in range(drawings)
        for entry in (entries if joins else (0,))
    ]


def specification(
    drawings: int | Callable[[str], int] = 5,
    *,
    joined: bool = True,
    pieces: Mapping[str, int] | None = None,
    kerning: Mapping[tuple[str, str], float] | None = None,
) -> FontSpecification:
    characters = string.ascii_letters + string.digits + ".,;:!?'\"-()&@+=/%"
    count = drawings if callable(drawings) else lambda _: drawings
    glyphs = [glyph for character in characters for glyph in glyphs_of(character, count(character), joined)]
    glyphs += [glyph for text, number in (pieces or {}).items() for glyph in glyphs_of(text, number, joined)]
    return FontSpecification(tuple(glyphs), NAMES, METRICS, kerning or {})


class Shaped:
    """A font and what HarfBuzz makes of texts with it."""

    def __init__(self, made_of: FontSpecification) -> None:
        self.data = build_font(made_of)
        self.font = uharfbuzz.Font(uharfbuzz.Face(self.data))
        self.drawings = {
            name: (text, number, glyph)
            for text, drawn in drawings_by_text(made_of.glyphs).items()
            for number, drawing in enumerate(drawn)
            for name, glyph in drawing.variants.values()
        }
        self.order = TTFont(BytesIO(self.data)).getGlyphOrder()
        # The names are not in the file; programs do not need them.
        self.names = [".notdef", "space", *self.drawings]

    def shape(self, text: str, **features: bool) -> list[tuple[str, int, int]]:
        """Return name, place in the text and advance of each glyph."""
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        uharfbuzz.shape(self.font, buffer, features)
        return [
            (self.names[information.codepoint], information.cluster, position.x_advance)
            for information, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        ]

    def turns(self, text: str, **features: bool) -> list[tuple[str, int]]:
        """Return text and drawing of each glyph but spaces."""
        return [self.drawings[name][:2] for name, *_ in self.shape(text, **features) if name in self.drawings]


@cache
def joined_hand() -> Shaped:
    return Shaped(specification(pieces=PIECES, kerning=KERNING))


@cache
def plain_hand() -> Shaped:
    return Shaped(specification(5, joined=False))


def repeats(hand: Shaped, lines: Sequence[str]) -> tuple[float, float]:
    """Return which share of the glyphs is drawn as one within the 10 characters before, and before in their line."""
    near = within_line = count = 0
    last: dict[tuple[str, int], int] = {}
    start = 0
    for line in lines:
        for name, place, _ in hand.shape(line):
            if name in hand.drawings:
                drawing = hand.drawings[name][:2]
                before = last.get(drawing, -1000)
                near += start + place - before <= 10
                within_line += before >= start
                count += 1
                last[drawing] = start + place
        start += len(line) + 1
    return near / count, within_line / count


@cache
def text() -> str:
    return " ".join(sentences())


def test_the_sanitizer_of_browsers_accepts_the_font(tmp_path: Path) -> None:
    for name, made_of in {"joined": joined_hand().data, "plain": plain_hand().data}.items():
        (tmp_path / name).write_bytes(made_of)
        checked = ots.sanitize(str(tmp_path / name), str(tmp_path / f"{name}.checked"), capture_output=True)
        assert checked.returncode == 0, checked.stderr


def test_the_same_drawings_give_the_same_bytes() -> None:
    assert build_font(specification(5, pieces=PIECES, kerning=KERNING)) == joined_hand().data


def test_no_drawing_comes_back_soon() -> None:
    """A font of one drawing repeats 35% within 10 characters and 60% within a line; the goals are 0.5% and 20%."""
    lines = textwrap.wrap(text(), LINE)
    near, within_line = repeats(Shaped(specification(1, joined=False)), lines)
    assert near > 0.25
    assert within_line > 0.45
    for hand in (plain_hand(), joined_hand()):
        near, within_line = repeats(hand, [text()])
        assert near < 0.002, "a paragraph in one piece"
        near, within_line = repeats(hand, lines)
        assert near < 0.01, "lines that know nothing of each other"
        assert within_line < 0.06


def test_a_character_goes_through_all_its_drawings() -> None:
    hand = joined_hand()
    words = "even seven eels were there where the cheese melts " * 3
    drawn = [number for character, number in hand.turns(words, liga=False) if character == "e"]
    assert all(sorted(drawn[i : i + 5]) == [0, 1, 2, 3, 4] for i in range(len(drawn) - 4))


def test_where_a_text_begins_the_neighbour_decides_on_the_drawing() -> None:
    hand = plain_hand()
    first = {hand.turns(f"a{other}")[0][1] for other in string.ascii_lowercase}
    assert first == {0, 1, 2, 3, 4}


def test_a_glyph_enters_where_the_one_before_leaves() -> None:
    hand = joined_hand()
    pairs = [
        (hand.drawings[first][2], hand.drawings[second][2])
        for (first, *_), (second, *_) in zip(hand.shape(text()), hand.shape(text())[1:], strict=False)
        if first in hand.drawings and second in hand.drawings and hand.drawings[second][0].islower()
    ]
    assert len(pairs) > 4000
    assert {glyph.exit for glyph, _ in pairs} == {0, LOW, HIGH}
    assert all(before.exit == after.entry for before, after in pairs)


def test_a_word_begins_with_a_glyph_that_joins_nothing() -> None:
    hand = joined_hand()
    shaped = hand.shape("over one oven")
    assert [hand.drawings[name][2].entry for name, place, _ in shaped if place in (0, 5, 9)] == [0, 0, 0]


def test_a_drawing_without_the_fitting_entry_gives_way_to_the_next_that_has_it() -> None:
    glyphs = [*glyphs_of("o", 1, True), *glyphs_of("n", 1, True, (0, LOW))]
    glyphs += [FontGlyph("n", loop(5), 300, drawing=1, entry=HIGH, exit=LOW)]
    hand = Shaped(FontSpecification(tuple(glyphs), NAMES, METRICS))
    assert [hand.drawings[name][1] for name, *_ in hand.shape("on")] == [0, 1]
    assert hand.drawings[hand.shape("on")[1][0]][2].entry == HIGH


def test_pieces_take_turns_and_then_fall_apart() -> None:
    drawn = joined_hand().turns("cloth bath path moth death oath both")
    pieces = [number for written, number in drawn if written == "th"]
    assert pieces == [0, 1, 2], "three drawings, then the letters alone"
    assert "".join(written for written, _ in drawn).count("th") == 7
    far = joined_hand().turns("moth bath path " + "sugar is in a can " * 5 + "moth")
    assert [number for written, number in far if written == "th"] == [0, 1, 2, 0]


def test_a_long_piece_falls_apart_into_a_shorter_one() -> None:
    drawn = joined_hand().turns("the the the")
    assert [written for written, _ in drawn] == ["the", "the", "th", "e"]


def test_pieces_and_turns_are_features_that_can_be_switched_off() -> None:
    hand = joined_hand()
    assert [written for written, _ in hand.turns("the", liga=False)] == ["t", "h", "e"]
    assert hand.turns("the the", liga=False, calt=False) == [(letter, 0) for letter in "thethe"]


def test_kerning_holds_for_all_drawings_and_pieces() -> None:
    hand = joined_hand()
    for word, expected in {"Av": -40, "r.": -30, "vA": 0}.items():
        for repetition in range(4):
            shaped = hand.shape(f"{word} " * 4, liga=False)[3 * repetition]
            assert shaped[2] - hand.drawings[shaped[0]][2].advance == expected


def test_a_font_of_four_hundred_glyphs_is_small() -> None:
    shares = dict(zip("etaoinshr", (8, 7, 7, 6, 6, 6, 6, 6, 6), strict=True))
    shares |= dict.fromkeys("jkqxz", 2) | dict.fromkeys(".,", 4)
    made_of = specification(lambda character: shares.get(character, 3 if character.islower() else 1), pieces=PIECES)
    assert 300 < len(made_of.glyphs) < 450
    hand = Shaped(made_of)
    substitution = TTFont(BytesIO(hand.data)).reader["GSUB"]
    assert len(substitution) < 60_000
    assert repeats(hand, [text()])[0] < 0.005


@pytest.mark.parametrize("drawings", [12, 25])
def test_many_drawings_shorten_the_memory_and_not_the_rules(drawings: int) -> None:
    hand = Shaped(specification(lambda character: drawings if character == "e" else 2, joined=False))
    assert len(TTFont(BytesIO(hand.data)).reader["GSUB"]) < 65_536
    drawn = [number for character, number in hand.turns("see here " * 20) if character == "e"]
    assert len(set(drawn[:drawings])) == drawings


def test_the_file_says_what_it_was_told() -> None:
    font = TTFont(BytesIO(joined_hand().data))
    expected = {0: "Its writer", 1: "Hand of a Test", 2: "Regular", 4: "Hand of a Test Regular", 5: "Version 1.002"}
    expected |= {6: "HandofaTest-Regular", 13: "Free"}
    assert {number: font["name"].getDebugName(number) for number in expected} == expected
    assert (font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap) == (800, -300, 50)
    assert (font["OS/2"].sxHeight, font["OS/2"].sCapHeight, font["OS/2"].achVendID) == (250, 500, "HAND")
    assert font["head"].unitsPerEm == 1000
    assert font["post"].italicAngle == -20


def test_outlines_are_drawn_as_they_were_given() -> None:
    font = TTFont(BytesIO(joined_hand().data))
    glyphs = font.getGlyphSet()
    for name, (_, _, glyph) in list(zip(font.getGlyphOrder()[2:], joined_hand().drawings.values(), strict=True))[::50]:
        pen = AreaPen(glyphs)
        glyphs[name].draw(pen)
        assert pen.value == pytest.approx(glyph.outline.area, rel=0.02)
        assert font["hmtx"][name][0] == glyph.advance


def test_spaces_and_typographic_marks_have_glyphs() -> None:
    cmap = TTFont(BytesIO(joined_hand().data)).getBestCmap()
    assert cmap[0xA0] == cmap[0x20]
    assert cmap[0x2019] == cmap[ord("'")]
    assert joined_hand().shape("\u00a0")[0] == ("space", 0, 200)
    assert ord("é") not in cmap


@pytest.mark.parametrize(
    ("glyphs", "names", "message"),
    [
        ([FontGlyph("", Outline(), 1)], NAMES, "visible character"),
        ([FontGlyph(" ", Outline(), 1)], NAMES, "visible character"),
        (
            [FontGlyph("a", Outline(), 1), FontGlyph("a", Outline(), 2)],
            NAMES,
            "Two glyphs of a font are drawing 0 of 'a'",
        ),
        ([], FontNames(" "), "has no name"),
        ([], FontNames("Hand", version="new"), "two numbers"),
    ],
)
def test_what_makes_no_font_is_refused(glyphs: list[FontGlyph], names: FontNames, message: str) -> None:
    with pytest.raises(DataError, match=message):
        build_font(FontSpecification(tuple(glyphs), names, METRICS))


def named(family: str) -> TTFont:
    data = build_font(FontSpecification(tuple(glyphs_of("a", 1, False)), FontNames(family), METRICS))
    return TTFont(BytesIO(data))


def test_names_outside_of_ascii_are_kept() -> None:
    font = named("手書き")
    assert font["name"].getDebugName(1) == "手書き"
    assert font["CFF "].cff.fontNames == [font["name"].getDebugName(6)]


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("Anna's Hand", "AnnasHand-Regular"),
        ("Zoë \u2013 Ångström", "ZoeAngstrom-Regular"),
        ("手書き", r"Handwriting[0-9a-f]{8}-Regular"),
        ("Hand 手", r"Hand[0-9a-f]{8}-Regular"),
        ("(){}[]<>/%", r"Handwriting[0-9a-f]{8}-Regular"),
        ("x" * 31, "x" * 31 + "-Regular"),
        ("ﷺ" * 31, r"Handwriting[0-9a-f]{8}-Regular"),
        ("㎢" * 31, r"(km2)+k?m?[0-9a-f]{8}-Regular"),
    ],
)
def test_postscript_names_are_ascii_and_at_most_63_characters(family: str, expected: str) -> None:
    name = named(family)["name"].getDebugName(6)
    assert re.fullmatch(expected, name)
    assert len(name) <= 63


def test_fonts_of_two_names_in_another_script_have_two_postscript_names() -> None:
    families = ["手書き", "手紙", "почерк", "Hand 手", "Hand 紙"]
    assert len({named(family)["name"].getDebugName(6) for family in families}) == len(families)

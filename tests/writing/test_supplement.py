"""What a hand lacks: drawn by its pen, its letters with accents, in their other case; the writer uses all of it."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase

import cv2
import numpy as np
import pytest

from handwriting.writing.bank import Bank
from handwriting.writing.graphemes import graphemes
from handwriting.writing.pen import stroke_width
from handwriting.writing.source import SourceWord
from handwriting.writing.spelling import MARKS as SPELT_MARKS
from handwriting.writing.spelling import Missing, spell
from handwriting.writing.stroke_fonts import centre_lines, drawable, thinned
from handwriting.writing.supplement import Supplement
from handwriting.writing.supplement_case import resized
from handwriting.writing.supplement_drawn import drawn_words
from handwriting.writing.supplement_marks import MARKS, dot_of, drawn_marks, marks_of_hand
from handwriting.writing.supplement_pen import HandPen, measure_hand_pen
from handwriting.writing.writer import HandWriter
from handwriting.writing.written_words import Sign
from tests.writing.hands import JOIN, SLANT, STROKE, drawn_hand, drawn_word

TEXTS = ["nulon", "lunnou", "ounlun", "nnuull", "luonol", "unonlu"]


def with_dots(word: SourceWord) -> SourceWord:
    """Return a word whose u has become an i: a dot above its middle."""
    ink, owner = word.ink.copy(), word.owner.copy()
    labels = tuple("i" if label == "u" else label for label in word.labels)
    for letter, label in enumerate(labels):
        if label == "i":
            middle = float(np.median(word.frame_of(letter)[:, 0]))
            column, row = np.rint(word.from_frame @ [middle, 1.6, 1.0]).astype(int)
            dot = np.zeros_like(ink)
            cv2.circle(dot, (int(column), int(row)), 2, 255, -1, cv2.LINE_AA)
            owner[dot > 0] = letter + 1
            ink = np.maximum(ink, dot)
    return replace(word, ink=ink, owner=owner, labels=labels)


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank([*drawn_hand([text for text in TEXTS for _ in range(3)]), *map(with_dots, drawn_hand(["nul", "lun"]))])


@pytest.fixture(scope="module")
def pen(bank: Bank) -> HandPen:
    return measure_hand_pen(bank)


def top(word: SourceWord, letter: int = 0) -> float:
    return float(word.frame_of(letter)[:, 1].max())


def test_the_pen_is_that_of_the_hand(pen: HandPen) -> None:
    assert pen.slant == pytest.approx(SLANT)
    assert pen.width == pytest.approx(STROKE, rel=0.12)
    assert pen.x_height == pytest.approx(1.05, abs=0.1)
    assert pen.ascender == pytest.approx(2.15, abs=0.1)


def test_drawn_characters_have_the_slant_the_stroke_and_the_heights_of_the_hand(pen: HandPen) -> None:
    words = [word for character in "HIEFTL" for word in drawn_words(character, pen, False, 0)]
    straight = [replace(word, slant=0.0).frame_of(0) for word in words if word.labels[0] == "I"]
    slope = np.mean([np.polyfit(points[:, 1], points[:, 0], 1)[0] for points in straight])
    assert abs(np.rad2deg(np.arctan(slope) - np.arctan(SLANT))) < 3
    assert np.median([stroke_width(word) for word in words]) == pytest.approx(STROKE, rel=0.12)
    assert np.median([top(word) for word in words]) == pytest.approx(pen.capital, rel=0.08)
    small = [top(word) for character in "aces" for word in drawn_words(character, pen, False, 0)]
    assert np.median(small) == pytest.approx(pen.x_height, rel=0.12)
    greek = [word.frame_of(0)[:, 1] for character in "\u03c0\u03c9" for word in drawn_words(character, pen, False, 0)]
    assert np.median([rise.max() for rise in greek]) == pytest.approx(pen.x_height, rel=0.12)
    assert np.median([rise.min() for rise in greek]) == pytest.approx(0.0, abs=0.12)


def test_drawn_characters_differ_from_each_other_and_not_from_run_to_run(pen: HandPen) -> None:
    first, again = drawn_words("5", pen, False, 7), drawn_words("5", pen, False, 7)
    assert [word.ink.tobytes() for word in first] == [word.ink.tobytes() for word in again]
    assert len({word.ink.tobytes() for word in first}) == len(first) >= 3


@pytest.mark.parametrize("character", [*"!\"'(),-.:;?&09Zz", "€", "ß", "Ж", "ω", "¿", "½"])
def test_many_characters_can_be_drawn(character: str, pen: HandPen) -> None:
    assert drawable([character]) == {character}
    for word in drawn_words(character, pen, True, 0):
        assert [label for label in word.labels if label] == [character]
        assert word.ink.max() > 150


def mean_reach(character: str, pen: HandPen) -> tuple[float, float]:
    """Return how far the drawings of a character reach below and above the baseline."""
    rise = [word.frame_of(0)[:, 1] for word in drawn_words(character, pen, True, 0)]
    return float(np.mean([one.min() for one in rise])), float(np.mean([one.max() for one in rise]))


def test_a_drawn_comma_is_no_full_stop(pen: HandPen) -> None:
    thin = replace(pen, width=0.07, width_rise=0.0)
    for one in (pen, replace(pen, slant=0.45), thin):
        (stop_low, stop_top), (low, high) = mean_reach(".", one), mean_reach(",", one)
        assert high - low > 2 * (stop_top - stop_low)
        assert low < stop_low - 0.3 * one.x_height
        assert high < 0.5 * one.x_height
        assert mean_reach(";", one)[0] == pytest.approx(low, abs=0.1)
        assert mean_reach(";", one)[1] == pytest.approx(mean_reach(":", one)[1], abs=0.1)
    commas = [stroke_width(word) for word in drawn_words(",", pen, True, 0)]
    assert np.median(commas) == pytest.approx(STROKE, rel=0.2)


def bend(character: str) -> float:
    """Return how far the middle of a line lies to the right of the straight line between its ends."""
    x, y = centre_lines(character).T
    top, bottom, middle = (int(np.abs(y - height).argmin()) for height in (y.max(), y.min(), (y.min() + y.max()) / 2))
    return float(x[middle] - (x[top] + x[bottom]) / 2)


def test_typographic_quotes_are_curved_each_its_own_way_and_stand_where_they_belong(pen: HandPen) -> None:
    for character in "\u2019,\u201a":
        assert bend(character) > 0.03
    assert bend("\u2018") < -0.03
    for character in "\u2018\u2019\u201c\u201d":
        assert mean_reach(character, pen)[0] > pen.x_height
    for character in "\u201a\u201e":
        assert mean_reach(character, pen) == pytest.approx(mean_reach(",", pen), abs=0.15)


@pytest.mark.parametrize("character", ["😀", "♥", "あ", "\u0301", "א", " ", "\n", "ab"])
def test_what_has_no_strokes_is_not_drawn(character: str) -> None:
    assert not drawable([character])


def test_a_thinned_bar_is_its_middle_line() -> None:
    bar = np.zeros((21, 60), bool)
    bar[5:16, 5:55] = True
    rows, columns = np.nonzero(thinned(bar, 8))
    assert set(rows.tolist()) == {10}
    assert np.ptp(columns) > 35


def test_script_letters_are_upright_before_they_take_the_slant_of_the_hand() -> None:
    tall = centre_lines("l", script=True)
    assert abs(float(np.polyfit(tall[:, 1], tall[:, 0], 1)[0])) < 0.2


def test_drawn_letters_of_a_joined_hand_join_where_its_own_do(pen: HandPen) -> None:
    assert pen.join_height == pytest.approx(JOIN, abs=0.05)
    joined = Bank([word for letter in ascii_lowercase for word in drawn_words(letter, pen, True, 0)[:2]]).drawings
    entries = [one.entry for one in joined if one.entry is not None]
    exits = [one.exit for one in joined if one.exit is not None]
    assert len(entries) > 0.9 * len(joined)
    assert len(exits) > 0.9 * len(joined)
    assert np.median([abs(one.height - pen.join_height) for one in entries]) < 0.1
    assert np.median([abs(one.height - pen.join_height) for one in exits]) < 0.1
    apart = Bank([word for letter in "aoz" for word in drawn_words(letter, pen, False, 0)]).drawings
    assert all(one.entry is None and one.exit is None for one in apart)


def test_a_hand_of_one_letter_has_a_pen() -> None:
    alone = Bank([drawn_word("n")])
    pen = measure_hand_pen(alone)
    assert 0.1 < pen.width < 0.25
    assert pen.capital > pen.x_height
    writer = HandWriter(alone)
    assert writer((Sign("n", "\u0303", "ñ"), Sign("q", typed="q", drawn=True))).draw(20.0, (0.0, 0.0)).ink.max() > 150


def test_a_letter_in_its_other_case_keeps_the_width_of_its_strokes(bank: Bank, pen: HandPen) -> None:
    word = next(word for word in bank.words if word.labels[0] == "o")
    large = resized(word, 0, "O", (0.0, 2.0), has_tail=False)
    assert top(large) == pytest.approx(2.0, abs=0.1)
    assert stroke_width(large) == pytest.approx(stroke_width(word), rel=0.15)
    assert large.labels == ("O",)


def test_the_dots_of_the_hand_are_its_marks(bank: Bank) -> None:
    marks = marks_of_hand(bank)
    assert set(marks) == {"\u0307"}
    for word in marks["\u0307"]:
        assert word.frame_of(0)[:, 1].min() == pytest.approx(0, abs=0.1)
        assert top(word) < 0.5


@pytest.mark.parametrize("mark", sorted(MARKS))
def test_every_mark_is_drawn(mark: str, pen: HandPen) -> None:
    words = drawn_marks(mark, pen, 0)
    assert len(words) >= 3
    assert all(word.ink.max() > 150 for word in words)


def test_an_accent_stands_above_its_letter_and_leaves_its_joins(bank: Bank) -> None:
    plain, marked = HandWriter(bank, 3), HandWriter(bank, 3)
    signs = tuple(Sign(character, "\u0301" if place == 2 else "", character) for place, character in enumerate("nunol"))
    word = marked(signs)
    runs = plain.place("nunol")
    without = plain.composer.draw(runs, 40.0, (0.0, 0.0))
    ink = word.draw(40.0, (0.0, 0.0))
    assert word.advance == pytest.approx(plain.composer.advance(runs))
    low = round(-1.2 * 40)  # the row of the highest ink without the mark
    column = without.column - ink.column
    same = ink.ink[low - ink.row :, column : column + without.ink.shape[1]]
    np.testing.assert_array_equal(same, without.ink[low - without.row :])


def test_the_mark_is_above_the_letter(bank: Bank) -> None:
    supplement = Supplement(bank)
    signs = (Sign("n"), Sign("o", "\u0302\u0301"), Sign("l", "\u030c"))
    writer = HandWriter(bank, 1)
    writer.supply(signs)
    placed = writer.place("nol")
    recipes = [supplement.recipe(sign) for sign in signs]
    _, marks = supplement.marked(writer.bank, placed, recipes, np.random.default_rng(0))
    labels = [writer.bank.drawings[one.run.drawings[0]].label for one in marks]
    assert labels == ["\u0302", "\u0301", "\u030c"]
    edges = []
    for one in (*placed, *marks):
        for number in one.run.drawings:
            drawing = writer.bank.drawings[number]
            rise = writer.bank.words[drawing.word].frame_of(drawing.letter)[:, 1] + one.at[1]
            edges.append((float(rise.min()), float(rise.max())))
    lows, tops = zip(*edges, strict=True)
    lows = lows[3:]
    assert lows[0] > tops[1]
    assert lows[1] > tops[3]
    assert lows[2] > tops[2]


@pytest.mark.parametrize("sign", [Sign("\u0131", typed="\u0131", drawn=True), Sign("i", "\u0302", "î")])
def test_an_i_loses_its_dot(bank: Bank, sign: Sign) -> None:
    writer = HandWriter(bank, 2)
    recipe = writer.supplement.recipe(sign)
    assert (recipe.label, recipe.is_dotless) == ("i", True)
    placed = writer.place("lin")
    plain = [Supplement(bank).recipe(Sign(character)) for character in "ln"]
    runs, _ = writer.supplement.marked(bank, placed, [plain[0], replace(recipe, marks=""), plain[1]], writer._rng)
    for before, after in zip(placed, runs, strict=True):
        for number in before.run.drawings:
            letter = bank.drawings[number].letter
            if bank.drawings[number].label == "i":
                word = bank.words[bank.drawings[number].word]
                assert dot_of(word, letter).any()
                assert after.source is not None
                assert not dot_of(after.source, letter).any()
                assert top(after.source, letter) < 1.3 < top(word, letter)


def test_a_diaeresis_is_two_of_the_hands_own_dots(bank: Bank) -> None:
    writer = HandWriter(bank, 0)
    sign = Sign("o", "\u0308", "ö")
    writer.supply([sign])
    assert "\u0308" not in writer.bank.by_label
    placed = writer.place("o")
    _, marks = writer.supplement.marked(writer.bank, placed, [writer.supplement.recipe(sign)], np.random.default_rng(0))
    assert [writer.bank.drawings[one.run.drawings[0]].label for one in marks] == ["\u0307"] * 2
    assert marks[1].at[0] - marks[0].at[0] > 0.3


def test_a_word_of_all_kinds_is_written_and_the_same_seed_gives_the_same_ink(bank: Bank) -> None:
    signs = (
        Sign("n", typed="N"),
        Sign("u", "\u0308", "ü"),
        Sign("ø", typed="ø", drawn=True),
        Sign("z", typed="z", drawn=True),
        Sign("7", typed="7", drawn=True),
        Sign("i", "\u0303", "ĩ"),
        Sign("!", typed="!", drawn=True),
    )

    def ink(seed: int, before: str) -> bytes:
        writer = HandWriter(bank, seed, barred=[0, 1])
        writer.supply(Sign(character, drawn=True) for character in before)
        word = writer(signs)
        assert word.text == "Nüøz7ĩ!"
        drawn = word.draw(30.0, (0.5, 0.25))
        assert drawn.ink.max() > 150
        return drawn.ink.tobytes()

    assert ink(1, "") == ink(1, "")
    assert ink(1, "") != ink(2, "")


def test_what_was_made_before_does_not_change_what_is_made(bank: Bank) -> None:
    alone, after = Supplement(bank, 5), Supplement(bank, 5)
    after.missing_words(bank, [Sign("7", drawn=True), Sign("n", "\u0301")])
    sign = Sign("8", drawn=True)
    first, second = (one.missing_words(bank, [sign]) for one in (alone, after))
    assert [word.ink.tobytes() for word in first] == [word.ink.tobytes() for word in second]


def test_words_end_at_punctuation(bank: Bank) -> None:
    """So that the last letter before it leads to nothing."""
    writer = HandWriter(bank, 0)
    signs = (*(Sign(character) for character in "unol"), Sign(".", drawn=True))
    writer.supply(signs)
    last = writer.place("unol.")[-2]
    assert writer.bank.drawings[last.run.drawings[-1]].exit is None


def test_what_is_measured_of_a_hand_stays_when_its_bank_is_extended(bank: Bank, pen: HandPen) -> None:
    extended = bank.extended([*drawn_words("7", pen, True, 0), *drawn_words("n", pen, True, 0)])
    count = len(bank.drawings)
    assert len(extended.drawings) == count + 10
    np.testing.assert_array_equal(extended.badness[:count], bank.badness)
    np.testing.assert_array_equal(extended.pens[:count], bank.pens)
    assert extended.pens.shape == (count + 10, 3)
    assert np.isfinite(extended.pens).all()
    assert len(extended.sides) == len(extended.words)
    assert (extended.join_rates, extended.spacing) == (bank.join_rates, bank.spacing)


@pytest.mark.parametrize(("text", "missing"), [("Nûñ", "case"), ("É: 7€, Šø… ĩ", "drawn")])
def test_a_message_is_written_as_it_is_spelt(bank: Bank, text: str, missing: Missing) -> None:
    characters = [character for character in graphemes(text) if character != " "]
    can = drawable([*"E.S", *characters])
    spelling = spell(characters, bank.by_label, [missing], drawable=can if missing == "drawn" else ())
    writer = HandWriter(bank)
    writer.supply(sign for signs in spelling.signs.values() for sign in signs)
    extended = writer.bank
    for word in text.split():
        written = writer(tuple(sign for character in graphemes(word) for sign in spelling.signs[character]))
        assert written.text == word
        assert written.draw(25.0, (0.0, 0.0)).ink.max() > 150
    assert writer.bank is extended  # all was made at once


def test_every_mark_that_is_spelt_can_be_drawn() -> None:
    assert SPELT_MARKS <= MARKS

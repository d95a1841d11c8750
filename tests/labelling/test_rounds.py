"""What is asked in rounds, and what the answers lead to."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.data.sources.digits import Digits
from handwriting.glyphs import Glyphs
from handwriting.labelling.answers import SheetAnswer, read_answer, read_name, read_numbers
from handwriting.labelling.descriptors import framed, glyph_views, joint_view
from handwriting.labelling.rounds import SHEET_GLYPHS, Rounds, RoundSheet
from handwriting.labelling.spreading import Surroundings


@pytest.fixture(scope="module")
def digits() -> Glyphs:
    return Digits().read()[0]


@pytest.fixture(scope="module")
def around(digits: Glyphs) -> Surroundings:
    return Surroundings.of(joint_view(glyph_views(digits.images)))


def answer_of(sheet: RoundSheet, digits: Glyphs) -> SheetAnswer:
    """SheetAnswer as a person does who names a sheet where at least 70 % agree."""
    labels = digits.labels[list(sheet.glyphs)]
    counts = np.bincount(labels, minlength=10)
    if counts.max() < 0.7 * len(labels):
        return SheetAnswer(sheet.glyphs, None)
    wrong = [glyph for glyph, label in zip(sheet.glyphs, labels, strict=True) if label != counts.argmax()]
    return SheetAnswer(sheet.glyphs, digits.alphabet[counts.argmax()], tuple(wrong))


def ask(rounds: Rounds, digits: Glyphs, answers: int) -> list[RoundSheet]:
    asked = []
    for _ in range(answers):
        (sheet,) = rounds.sheets()
        rounds.answer(answer_of(sheet, digits))
        asked.append(sheet)
    return asked


def right(rounds: Rounds, digits: Glyphs) -> np.ndarray:
    labelled = rounds.labelled()
    return np.array([*labelled.names, "?"])[labelled.best] == np.array(digits.alphabet)[digits.labels]


def test_twenty_answers_label_the_digits(digits, around):
    rounds = Rounds(around)
    sheets = ask(rounds, digits, 20)
    assert all(len(sheet.glyphs) <= SHEET_GLYPHS for sheet in sheets)
    assert right(rounds, digits).mean() > 0.95
    labelled = rounds.labelled()
    assert right(rounds, digits)[labelled.by_person].all()
    assert (labelled.confidence[labelled.by_person] == 1).all()
    assert labelled.confidence[right(rounds, digits)].mean() > labelled.confidence[~right(rounds, digits)].mean()


def test_the_same_answers_lead_to_the_same_sheets_and_undo_takes_the_last_back(digits, around):
    one, other = Rounds(around), Rounds(around)
    first = ask(one, digits, 6)
    assert ask(other, digits, 5) == first[:5]
    assert one.undo() == answer_of(first[5], digits)
    assert len(one.answers) == 5
    assert np.array_equal(one.labelled().confidence, other.labelled().confidence)
    assert Rounds(around).undo() is None


def test_a_guess_is_offered_only_where_most_of_the_sheet_is_that_character(digits, around):
    sheets = ask(Rounds(around), digits, 30)
    guessed = [sheet for sheet in sheets if sheet.guess is not None]
    share = [np.mean([digits.alphabet[digits.labels[g]] == sheet.guess for g in sheet.glyphs]) for sheet in guessed]
    assert guessed
    assert min(share) > 0.5
    assert all(sheet.guess is None for sheet in sheets[:2])


def test_work_goes_on_from_the_answers_given(digits, around):
    rounds = Rounds(around)
    ask(rounds, digits, 5)
    again = Rounds(around, answers=rounds.answers)
    assert np.array_equal(again.labelled().confidence, rounds.labelled().confidence)


def test_sheets_of_one_round_share_no_glyph(around):
    sheets = Rounds(around).sheets(12)
    shown = [glyph for sheet in sheets for glyph in sheet.glyphs]
    assert len(sheets) == 12
    assert len(shown) == len(set(shown))


def test_a_named_glyph_is_never_asked_again_and_a_struck_one_loses_the_label(digits, around):
    rounds = Rounds(around)
    (sheet,) = rounds.sheets()
    wrong = sheet.glyphs[:2]
    rounds.answer(SheetAnswer(sheet.glyphs, "x", wrong))
    shown = {glyph for sheet in rounds.sheets(30) for glyph in sheet.glyphs}
    assert not shown & set(sheet.glyphs[2:])
    labelled = rounds.labelled()
    assert set(labelled.best[list(sheet.glyphs[2:])]) == {0}
    assert set(labelled.best[list(wrong)]) == {-1}


def test_a_mixed_sheet_is_split_and_names_nothing(digits, around):
    rounds = Rounds(around)
    (sheet,) = rounds.sheets()
    rounds.answer(SheetAnswer(sheet.glyphs, None))
    assert not rounds.labelled().by_person.any()
    parts = [other for other in rounds.sheets(60) if set(other.glyphs) <= set(sheet.glyphs)]
    assert len(parts) >= 2


def test_junk_is_a_label_like_others(around):
    rounds = Rounds(around)
    (sheet,) = rounds.sheets()
    rounds.answer(SheetAnswer(sheet.glyphs, ""))
    assert rounds.labelled().names == ("",)
    assert rounds.labelled().by_person.sum() == len(sheet.glyphs)


def test_everything_named_leaves_nothing_to_ask(around):
    rounds = Rounds(around)
    rounds.answer(SheetAnswer(tuple(range(len(around.view))), "a"))
    assert rounds.sheets() == []


@pytest.mark.parametrize("count", [2, 3, 13])
def test_a_handful_of_glyphs_can_be_labelled(digits, count):
    few = digits[:count]
    rounds = Rounds(Surroundings.of(joint_view(glyph_views(few.images))))
    for _ in range(60):
        sheets = rounds.sheets()
        if not sheets:
            break
        rounds.answer(answer_of(sheets[0], few))
    assert right(rounds, few).all()


def test_empty_and_equal_glyphs_have_finite_views():
    images = np.zeros((30, 1, 20, 20), np.uint8)
    images[10:, :, 5:15, 8:10] = 255
    around = Surroundings.of(joint_view(glyph_views(images)))
    assert np.isfinite(around.view).all()
    assert np.isfinite(around.graph.data).all()
    assert not framed(images[:1]).any()
    assert Rounds(around).sheets()


def test_slanted_strokes_are_set_upright():
    image = np.zeros((1, 1, 40, 40), np.uint8)
    for row in range(5, 35):
        image[0, 0, row, 30 - row // 2 : 33 - row // 2] = 255
    leaning, upright = (np.ptp(np.flatnonzero(framed(image, way)[0].max(axis=0))) for way in (False, True))
    assert upright < leaning / 2


@pytest.mark.parametrize(
    ("text", "label", "wrong"),
    [("a", "a", ()), ("a -3 -1", "a", (10, 12)), (" - 2", "-", (11,)), ("Junk 1", "", (10,)), ("mixed", None, ()),
     ("e\u0301", "\u00e9", ()), ("7 1-2", "7", (10, 11))],
)  # fmt: skip
def test_typed_answers_are_read(text, label, wrong):
    assert read_answer(text, [10, 11, 12]) == SheetAnswer((10, 11, 12), label, wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no label"), ("ab", "'ab' is not a label. Give one character, such as a, or"),
     ("a -4", "glyphs 1 to 3"), ("a x", "'x' is not the number"),
     ("mixed 1", "takes no numbers"), ("a 0", "no glyph 0"), ("a 3-1", "no glyph 3-1")],
)  # fmt: skip
def test_other_words_are_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message):
        read_answer(text, [10, 11, 12])


def test_names_and_numbers_are_read_in_any_usual_form():
    assert read_name(" A ") == "A"
    assert read_numbers("3, 1;2-3", 3) == (0, 1, 2)
    assert read_numbers("", 3) == ()

"""A model's letters as words: as high as what they show, whichever way its glyphs stand in their squares."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.glyphs import Glyphs
from handwriting.writing.bank import Bank
from handwriting.writing.model_letters import DRAWINGS, ModelLetters, measure_scale
from handwriting.writing.pen import stroke_width
from handwriting.writing.source import SourceWord
from handwriting.writing.stroke_fonts import centre_lines
from handwriting.writing.supplement_drawn import drawn_words
from handwriting.writing.supplement_pen import measure_hand_pen
from handwriting.writing.written_words import Sign
from tests.writing.hands import drawn_hand

LETTERS = "abcdeghklnopqsuvyxzHX27.-"
SIZE, X_HEIGHT, BASELINE, PEN = 56, 14, 38, 2.2
"""Of squares at a hand's own scale, in pixels."""


def stroked(character: str, own_scale: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a character of a stroke font in a square: at one scale on one baseline, or filling it."""
    points = centre_lines(character) * (1 + 0.02 * rng.standard_normal())
    points = points - [(points[:, 0].max() + points[:, 0].min()) / 2, 0]
    unit, base = X_HEIGHT * 1.5, float(BASELINE)
    if not own_scale:
        low, high = points.min(0), points.max(0)
        unit = (SIZE - 12) / max(*(high - low), 0.05)
        base = SIZE / 2 + unit * (low[1] + high[1]) / 2
    fine = np.zeros((SIZE * 4, SIZE * 4), np.uint8)
    for u, v in points:
        cv2.circle(fine, (round(4 * (SIZE / 2 + u * unit)), round(4 * (base - v * unit))), round(2 * PEN), 255, -1)
    return np.asarray(cv2.resize(fine, (SIZE, SIZE), interpolation=cv2.INTER_AREA))


def glyphs(characters: Sequence[str], count: int, seed: int, own_scale: bool, blank: str = "") -> Glyphs:
    """Return what a model might draw: characters of a stroke font, each a little different."""
    rng = np.random.default_rng(seed)
    images = [stroked(one, own_scale, rng) * (one not in blank) for one in characters for _ in range(count)]
    labels = [LETTERS.index(one) for one in characters for _ in range(count)]
    return Glyphs(np.stack(images)[:, None].astype(np.uint8), labels, alphabet=tuple(LETTERS))


def drawing(own_scale: bool, blank: str = "") -> ModelLetters:
    """Return the letters of a stand-in for a model."""
    return ModelLetters(LETTERS, partial(glyphs, own_scale=own_scale, blank=blank), 1)


def reach(words: Sequence[SourceWord], character: str) -> tuple[float, float]:
    """Return how high the lower and the upper edge of a character lie, in x-heights."""
    rises = [word.frame_of(0)[:, 1] for word in words if word.labels == (character,)]
    return float(np.median([rise.min() for rise in rises])), float(np.median([rise.max() for rise in rises]))


@pytest.fixture(scope="module", params=[True, False], ids=["own scale", "filling"])
def words(request: pytest.FixtureRequest) -> list[SourceWord]:
    return drawing(request.param).words("gypshxH2")


@pytest.mark.parametrize(
    ("characters", "bottom", "top"),
    [("sx", (-0.15, 0.15), (0.85, 1.15)), ("hH2", (-0.15, 0.15), (1.4, 2.1)), ("gpy", (-1.2, -0.35), (0.85, 1.15))],
    ids=["small", "tall", "with a tail"],
)
def test_letters_have_the_height_of_what_they_show(
    words: list[SourceWord], characters: str, bottom: tuple[float, float], top: tuple[float, float]
) -> None:
    for character in characters:
        low, high = reach(words, character)
        assert bottom[0] < low < bottom[1], character
        assert top[0] < high < top[1], character


def test_strokes_of_all_letters_are_equally_wide(words: list[SourceWord]) -> None:
    widths = {one: np.median([stroke_width(word) for word in words if word.labels == (one,)]) for one in "sxhHg"}
    assert max(widths.values()) < 1.4 * min(widths.values())


def test_the_glyphs_tell_whether_they_have_their_own_scale() -> None:
    scales = [measure_scale(glyphs(LETTERS, 2, 0, own)) for own in (True, False)]
    assert scales[0].baseline == pytest.approx(BASELINE, abs=2)
    assert scales[0].x_height == pytest.approx(X_HEIGHT, rel=0.2)
    assert scales[1].baseline is None


def test_marks_that_fill_their_squares_become_small_and_stand_where_they_belong() -> None:
    words = drawing(own_scale=False).words(".-")
    low, high = reach(words, ".")
    assert -0.15 < low < 0.15
    assert high < 0.5
    low, high = reach(words, "-")
    assert 0.2 < low < high < 1.0


def test_a_hand_keeps_its_own_drawings_and_gets_those_of_which_it_has_few() -> None:
    own = Bank(
        [
            *drawn_hand(["nulon", "lunnou", "nnuull"]),
            *drawn_words("z", measure_hand_pen(Bank(drawn_hand(["nul"]))), False, 0)[:1],
        ]
    )
    bank, by_model = drawing(own_scale=False).bank(own, [Sign(one) for one in "nuzk"])
    assert by_model == ["k", "z"]
    assert bank.words[: len(own.words)] == own.words
    assert len(bank.by_label["n"]) == len(own.by_label["n"])
    assert len(bank.by_label["z"]) == DRAWINGS + 1
    pen = measure_hand_pen(own)
    new = bank.words[len(own.words) :]
    assert np.median([stroke_width(word) for word in new]) == pytest.approx(pen.width, rel=0.25)
    assert reach(new, "k")[1] == pytest.approx(pen.ascender, abs=0.2)


def test_a_hand_with_enough_drawings_needs_none() -> None:
    own = Bank(drawn_hand(["nulon", "lunnou", "nnuull"]))
    bank, by_model = drawing(own_scale=True).bank(own, [Sign("n"), Sign("u")])
    assert (bank, by_model) == (own, [])


def test_a_model_that_draws_nothing_is_named() -> None:
    with pytest.raises(DataError, match="nothing that can be seen for k"):
        drawing(own_scale=False, blank="k").words("kl")
    with pytest.raises(DataError, match="nothing that can be seen"):
        drawing(own_scale=False, blank=LETTERS).words("kl")

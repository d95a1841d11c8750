"""Joining strokes are found where they are, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handwriting.writing.joins import SAMPLES, strokes_and_tears, strokes_between
from tests.writing.hands import JOIN, STROKE, drawn_word


def test_a_joining_stroke_has_the_height_width_and_ink_of_the_drawn_one() -> None:
    (stroke,) = strokes_between(drawn_word("nn"))
    assert stroke is not None
    assert stroke.height == pytest.approx(JOIN, abs=0.06)
    assert stroke.width == pytest.approx(STROKE, abs=0.08)
    assert stroke.level == pytest.approx(1, abs=0.1)
    assert 0 < stroke.direction < np.pi / 2


def test_a_joining_stroke_runs_from_left_to_right_along_the_ink() -> None:
    word = drawn_word("unu")
    for stroke in strokes_between(word):
        assert stroke is not None
        traced = stroke.points[stroke.traced]
        assert len(traced) >= 5
        assert traced[-1, 0] > traced[0, 0]
        pixels = np.rint(traced @ word.from_frame[:, :2].T + word.from_frame[:, 2]).astype(int)
        assert (word.ink[pixels[:, 1], pixels[:, 0]] > 128).all()


def test_no_stroke_joins_letters_where_the_pen_was_lifted() -> None:
    assert strokes_between(drawn_word("nlu", joined=[False, True]))[0] is None
    assert strokes_between(drawn_word("nlu", joined=[False, True]))[1] is not None
    assert strokes_between(drawn_word("n")) == []


def test_paler_ink_is_traced_as_well() -> None:
    (stroke,) = strokes_between(drawn_word("nn", level=0.6))
    assert stroke is not None
    assert stroke.level == pytest.approx(0.6, abs=0.08)


def test_letters_that_touch_in_two_places_are_torn_by_a_cut() -> None:
    word = drawn_word("nn")
    assert strokes_and_tears(word)[1] == [False]
    ink, owner = word.ink.copy(), word.owner.copy()
    bar = np.s_[14:18, 20:60]
    ink[bar], owner[bar] = 255, np.where(np.arange(20, 60) < 38, 1, 2)
    barred = replace(word, ink=ink, owner=owner)
    assert strokes_and_tears(barred)[1] == [True]
    stroke = strokes_between(barred)[0]
    assert stroke is not None
    assert stroke.points.shape == (2 * SAMPLES + 1, 2)

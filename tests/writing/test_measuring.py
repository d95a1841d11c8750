"""What is particular to a hand, measured on words whose truth is known."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from handwriting.writing.bank import Bank
from handwriting.writing.measuring import HandFit, measure_hand
from handwriting.writing.pen import stroke_width
from handwriting.writing.plain_values import from_plain, to_plain
from handwriting.writing.source import SourceWord
from tests.writing.hands import SLANT, STROKE, drawn_word

TEXTS = ("nulon", "lunnou", "ounlun", "nnuull", "luonol", "unonlu", "oolnnu", "lnuoul")
LINES, WORDS_OF_LINE = 14, 8
WORD_SPACE, LINE_DISTANCE, GAP = 2.0, 4.5, 0.35
OFFSET_SD, LEVEL_SD, LEVEL_LAG = 0.12, 0.18, 0.8


def drifting(count: int, sd: float, lag: float, rng: np.random.Generator) -> list[float]:
    """Return values of an autoregressive process of the first order."""
    values = [rng.normal(0, sd)]
    for _ in range(count - 1):
        values.append(lag * values[-1] + rng.normal(0, sd * (1 - lag**2) ** 0.5))
    return values


@cache
def drawn(text: str, seed: int, joined: bool) -> SourceWord:
    return drawn_word(text, seed, joined=[joined] * (len(text) - 1), gap=GAP)


@cache
def written(joined: bool = True) -> tuple[SourceWord, ...]:
    """Return the words of a page in reading order."""
    rng = np.random.default_rng(1)
    levels = drifting(LINES * WORDS_OF_LINE, LEVEL_SD, LEVEL_LAG, rng)
    words = []
    for line in range(LINES):
        along = rng.normal(0, 0.3)
        for number in range(WORDS_OF_LINE):
            seed = line * WORDS_OF_LINE + number
            text = TEXTS[rng.integers(len(TEXTS))]
            word = drawn(text, seed % 3, joined)
            level = float(np.clip(0.65 * np.exp(levels[seed]), 0.4, 1))
            start, end = ink_ends(word)
            offset = rng.normal(0, OFFSET_SD)
            place = (along - start, line * LINE_DISTANCE + offset)
            ink = np.rint(word.ink * level).astype(np.uint8)
            words.append(replace(word, ink=ink, key=("page.png", line, number), place=place, offset=offset))
            along += end - start + rng.normal(WORD_SPACE, 0.2)
    return tuple(words)


def ink_ends(word: SourceWord) -> tuple[float, float]:
    """Return where a word's ink starts and ends: near the baseline, where letters of these shapes are widest."""
    u, v = word.inked[(word.ink[word.owner > 0] >= 60)].T
    near = (v > -0.2) & (v < 1.2)
    return float(u[near].min()), float(u[near].max())


@cache
def fit(joined: bool = True) -> HandFit:
    return measure_hand(Bank(written(joined)))


def test_word_spaces_and_line_distances_are_those_of_the_page() -> None:
    style = fit().layout_style()
    assert style.word_space == pytest.approx(WORD_SPACE, rel=0.05)
    assert style.word_space_sd == pytest.approx(0.2, rel=0.35)
    assert style.line_distance == pytest.approx(LINE_DISTANCE, rel=0.02)
    assert style.margin_sd == pytest.approx(0.3, abs=0.15)


@pytest.mark.parametrize("pixels", [1.4, 2.2, 4.0])
def test_a_stroke_is_as_wide_whichever_way_it_runs(pixels: float) -> None:
    widths = []
    for angle in np.radians([0, 30, 45, 90]):
        fine = np.zeros((480, 480), np.uint8)
        ends = [np.rint(240 + side * 140 * np.array([np.cos(angle), np.sin(angle)])) for side in (-1, 1)]
        cv2.line(fine, *(tuple(map(int, end)) for end in ends), 255, round(8 * pixels))
        ink = np.asarray(cv2.resize(fine, (60, 60), interpolation=cv2.INTER_AREA), np.uint8)
        widths.append(stroke_width(replace(drawn_word("n"), ink=ink, owner=(ink > 0).astype(np.int16), x_height=20.0)))
    assert max(widths) < 1.25 * min(widths)


def test_slant_and_strokes_are_those_of_the_pen() -> None:
    assert fit().slant == pytest.approx(np.degrees(np.arctan(SLANT)), abs=2)
    assert fit().pen.width == pytest.approx(STROKE, rel=0.08)


def test_what_is_new_with_every_word_is_told_from_what_drifts() -> None:
    assert 0.8 * OFFSET_SD <= fit().offset.sd <= 1.25 * OFFSET_SD
    assert fit().offset.lag == pytest.approx(0, abs=0.25)
    assert fit().level.lag == pytest.approx(LEVEL_LAG, abs=0.15)
    assert fit().level.sd == pytest.approx(LEVEL_SD, rel=0.35)


def test_letters_that_are_lifted_stand_as_far_apart_as_they_were_drawn() -> None:
    spacing = fit(joined=False).spacing
    assert spacing.apart.pairs > 300
    assert not spacing.joined.pairs
    for pair in ("nu", "lo", "uu"):
        assert spacing.apart.distance(*pair) == pytest.approx(GAP, abs=0.05)


def test_a_hand_that_joins_is_told_from_one_that_prints() -> None:
    assert fit().join_rates.is_joined
    assert not fit(joined=False).join_rates.is_joined


def test_words_in_wrong_boxes_do_not_spoil_the_fit() -> None:
    words: list[SourceWord] = list(written())
    rng = np.random.default_rng(2)
    for number in rng.choice(len(words), len(words) // 20, replace=False):
        word = words[number]
        along, down = word.place
        words[number] = replace(
            word,
            ink=np.ascontiguousarray(word.ink[::-1]),
            offset=word.offset + rng.choice([-3, 3]),
            place=(along + rng.uniform(-8, 8), down),
        )
    spoiled, clean = measure_hand(Bank(words)), fit()
    assert spoiled.word_space.median == pytest.approx(clean.word_space.median, rel=0.05)
    assert spoiled.offset.sd <= 1.6 * clean.offset.sd
    assert spoiled.level.lag == pytest.approx(clean.level.lag, abs=0.15)
    assert spoiled.pen.width == pytest.approx(clean.pen.width, rel=0.03)
    for pair in ("nu", "lo"):
        wanted = clean.spacing.joined.distance(*pair)
        assert spoiled.spacing.joined.distance(*pair) == pytest.approx(wanted, abs=0.04)


def test_a_hand_of_one_word_is_measured() -> None:
    style = measure_hand(Bank([drawn_word("nu")])).layout_style()
    assert all(np.isfinite(value) for value in vars(style).values())
    assert style.word_space > 0


def test_a_fit_survives_json() -> None:
    stored = json.dumps(to_plain(fit()))
    assert from_plain(HandFit, json.loads(stored), "hand") == fit()
    assert json.dumps(to_plain(measure_hand(Bank(written())))) == stored


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slant": "7"}, "hand.slant='7' is no number from -80 to 80"),
        ({"slant": float("nan")}, "hand.slant='nan' is no number from -80 to 80"),
        ({"slant": 90}, "hand.slant='90' is no number from -80 to 80"),
        ({"letters": 10**400}, "hand.letters='1000"),
        ({"letters": 1.5}, "hand.letters='1.5' is no whole number from 0 to 1e+09"),
        ({"ascent": True}, "hand.ascent='True' is no number from -20 to 20"),
        ({"pen": {"width": 1}}, "hand.pen does not have the fields width, full, core, softness"),
        ({"pen": []}, "hand.pen does not have the fields"),
        (
            {"pen": {"width": 0, "full": 1, "core": 1, "softness": 0}},
            "hand.pen.width='0' is no number from 0.001",
        ),
        ({"pen": {"width": 1, "full": 2, "core": 1, "softness": 0}}, "hand.pen.full='2' is no number from 0 to 1"),
        ({"ridge": {"sd": -1, "length": 9}}, "hand.ridge.sd='-1' is no number from 0 to 10"),
        ({"size": {"sd": 1, "lag": 1.5}}, "hand.size.lag='1.5' is no number from -1 to 1"),
        ({"margin": {"count": 0, "median": 0, "sd": 0, "quantiles": []}}, "hand.margin.quantiles is no list of that"),
        (
            {"word_space": {"count": 0, "median": 0, "sd": 0, "quantiles": [0] * 5}},
            "hand.word_space.median='0.0' is no",
        ),
        ({"line_distance": {"count": 0, "median": 1e6, "sd": 0, "quantiles": [0] * 5}}, "hand.line_distance.median="),
        ({"join_rates": {"pairs": {"": [1, 1]}}}, "hand.join_rates.pairs is no object of names"),
        ({"join_rates": {"pairs": {"ab": [1, -1]}}}, "hand.join_rates.pairs.ab[1]='-1' is no whole number"),
        ({"more": 1}, "hand does not have the fields letters, slant"),
    ],
)
def test_a_fit_of_other_values_is_refused_with_its_field_and_what_it_may_be(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        from_plain(HandFit, to_plain(fit()) | change, "hand")

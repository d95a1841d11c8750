"""Distances of pairs: bearings, kerning drawn towards none, and stand-ins for what a hand has not drawn."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.writing.spacing import APART, Pair, fit_spacing

RIGHT = {letter: value for letter, value in zip("abcdeo", (0.1, -0.1, 0.15, 0.0, -0.05, 0.05), strict=True)}
LEFT = {letter: value for letter, value in zip("nmuloe", (0.2, 0.15, 0.1, -0.1, -0.2, -0.15), strict=True)}
MEAN, SPREAD = 0.5, 0.08


def written_pairs(count: int, seed: int = 0, kerned: float = 0.0) -> list[Pair]:
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        first, second = rng.choice(list(RIGHT)), rng.choice(list(LEFT))
        kerning = kerned if first + second == "au" else 0.0
        pairs.append((first, second, MEAN + RIGHT[first] + LEFT[second] + kerning + rng.normal(0, SPREAD)))
    return pairs


def errors(spacing_of: list[Pair], tested: list[Pair]) -> float:
    spacing = fit_spacing(spacing_of, APART)
    return float(np.median([abs(spacing.distance(first, second) - value) for first, second, value in tested]))


def test_pairs_of_another_page_are_predicted_as_well_as_the_writer_repeats_them() -> None:
    best = 0.6745 * SPREAD  # the median error of the true distances
    assert errors(written_pairs(900), written_pairs(900, 1)) <= 1.1 * best


def test_a_pair_that_was_never_written_follows_from_its_bearings() -> None:
    pairs = [pair for pair in written_pairs(900) if pair[:2] != ("c", "l")]
    assert fit_spacing(pairs, APART).distance("c", "l") == pytest.approx(MEAN + RIGHT["c"] + LEFT["l"], abs=0.04)


def test_kerning_is_drawn_towards_none_where_pairs_are_few() -> None:
    many = fit_spacing(written_pairs(2000, kerned=0.3), APART).kerning["au"]
    rare = [pair for pair in written_pairs(2000) if pair[:2] != ("a", "u")]
    few = fit_spacing([*rare, ("a", "u", MEAN + RIGHT["a"] + LEFT["u"] + 0.3)], APART).kerning["au"]
    assert many > 0.2
    assert 0 < few < 0.08


def test_wrong_boxes_do_not_move_distances() -> None:
    pairs = written_pairs(900)
    wrong = [(first, second, value + 5.0) if number % 20 == 0 else (first, second, value)
             for number, (first, second, value) in enumerate(pairs)]  # fmt: skip
    assert errors(wrong, written_pairs(900, 1)) <= 1.15 * errors(pairs, written_pairs(900, 1))


def test_an_accented_letter_stands_as_its_base_does() -> None:
    spacing = fit_spacing(written_pairs(900), APART)
    assert spacing.distance("c", "\u00f6") == pytest.approx(spacing.distance("c", "o") - spacing.kerning["co"])


def test_a_letter_never_written_stands_as_those_of_its_shape() -> None:
    spacing = fit_spacing(written_pairs(900), APART)
    assert spacing.distance("c", "q") < spacing.distance("c", "r")  # round like o and e; a stem like n and m


def test_a_mark_never_written_stands_a_little_further_off_than_letters() -> None:
    spacing = fit_spacing(written_pairs(900), APART)
    usual = spacing.mean + spacing.bearing("c", "right")
    assert usual < spacing.distance("c", ",") < usual + 0.3


def test_a_hand_that_sets_its_marks_close_is_believed() -> None:
    pairs = [*written_pairs(900), *[("c", ".", MEAN + RIGHT["c"] - 0.3)] * 40]
    spacing = fit_spacing(pairs, APART)
    assert spacing.distance("c", ".") == pytest.approx(MEAN + RIGHT["c"] - 0.3, abs=0.05)
    assert spacing.bearing(",", "left") < fit_spacing(written_pairs(900), APART).bearing(",", "left")


def test_a_hand_without_pairs_has_the_usual_distance() -> None:
    assert fit_spacing([], APART).distance("x", "y") == APART


def test_the_order_of_pairs_does_not_matter() -> None:
    pairs = written_pairs(200)
    one, other = fit_spacing(pairs, APART), fit_spacing(pairs[::-1], APART)
    assert one.distance("a", "n") == pytest.approx(other.distance("a", "n"), abs=1e-9)

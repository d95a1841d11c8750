"""Curves: what becomes of values before they are drawn, and what metrics are chosen by."""

from __future__ import annotations

import math

import numpy as np
import pytest

from handwriting.plots.curves import (
    COUNTED,
    FAMILIES,
    LOG_SCALE_MIN_FALL,
    MAX_POINTS,
    falls,
    family,
    metrics_of,
    series,
    smoothed,
    thinned,
)
from tests.metrics.declared import declared_names

VALUES = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
LOSSES = {"loss", "generator_loss", "discriminator_loss", "generator_auxiliary_loss", "discriminator_auxiliary_loss",
          "reconstruction", "kl"}  # fmt: skip
"""What models log of their losses."""


# Smoothing


def test_no_smoothing_changes_nothing():
    assert smoothed(VALUES, 0) == VALUES


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.9, 0.999])
def test_a_constant_stays_constant(weight: float):
    assert smoothed([0.7] * 50, weight) == pytest.approx([0.7] * 50, rel=1e-12)


def test_each_value_weighs_as_much_less_as_it_is_further_back():
    expected = [np.average(VALUES[: n + 1], weights=0.5 ** np.arange(n, -1, -1)) for n in range(len(VALUES))]
    assert smoothed(VALUES, 0.5) == pytest.approx(expected)


def test_more_smoothing_leaves_less_of_a_rise_and_fall():
    spans = [np.ptp(smoothed(VALUES, weight)) for weight in (0.0, 0.5, 0.9)]
    assert spans == sorted(spans, reverse=True)
    assert len(set(spans)) == 3


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 2, 6])
def test_a_value_that_is_not_finite_stays_and_changes_no_other(odd: float, place: int):
    found = smoothed([*VALUES[:place], odd, *VALUES[place:]], 0.8)
    assert found.pop(place) == pytest.approx(odd, nan_ok=True)
    assert found == smoothed(VALUES, 0.8)


def test_nothing_and_no_finite_value_are_smoothed_too():
    assert smoothed([], 0.5) == []
    assert all(map(math.isnan, smoothed([math.nan, math.nan], 0.5)))


# Thinning


def test_a_short_line_is_drawn_as_it_is():
    x = [float(n) for n in range(MAX_POINTS)]
    assert thinned(x, [-value for value in x]) == (x, [-value for value in x])


def test_a_long_line_becomes_means_of_stretches():
    x, y = thinned([0, 1, 2, 3, 4, 5], VALUES, max_points=3)
    assert (x, y) == ([0.5, 2.5, 4.5], [2.0, 2.5, 7.0])


@pytest.mark.parametrize("count", [0, 1, 7, 201, 1999])
def test_no_line_has_more_points_than_asked(count: int):
    x, y = thinned(range(count), range(count), max_points=7)
    assert len(x) == len(y) == min(count, 7)
    assert x == sorted(x)


# Metrics


def test_metrics_are_what_was_measured_on_training_or_validation_glyphs():
    rows = [
        {"epoch": 0, "batches": 1, "samples": 16, "seconds": 1, "train/loss": 1},
        {"val/loss": 1, "val/class_fid/a": 2, "floor/fid": 3, "train/gradient_norm": 4},
    ]
    assert metrics_of(rows) == {"loss", "class_fid/a", "gradient_norm"}
    assert metrics_of([]) == set()


def test_every_metric_has_a_family():
    measures = set(declared_names())
    families = {name: family(name) for name in measures | LOSSES | {"class_fid/a", "accuracy_fake", "gradient_norm"}}
    assert set(families.values()) == set(FAMILIES), "and every family has a metric"
    assert {name for name in LOSSES if families[name] != "Losses"} == set()
    others = {name for name, own in families.items() if own == "Others"}
    assert others <= {"checkerboard", "nearest_training_distance", "copies", "importance_weighted_bound",
                      "gradient_norm"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("fid", "FID"),
        ("fid_infinity", "FID"),
        ("inception_fid", "FID"),
        ("class_fid_worst", "FID"),
        ("class_fid/kid", "FID"),
        ("kid", "KID"),
        ("kl", "Losses"),
        ("class_kl", "KL and JS"),
        ("pixel_js", "KL and JS"),
        ("classification_accuracy", "Accuracy"),
        ("worst_class_accuracy", "Accuracy"),
        ("coverage", "Precision and recall"),
        ("density", "Precision and recall"),
        ("negative_elbo", "Losses"),
        ("kidney", "Others"),
        ("", "Others"),
    ],
)
def test_families_go_by_whole_words(name: str, own: str):
    assert family(name) == own


# Series and scales


@pytest.mark.parametrize("by", COUNTED)
def test_a_series_is_counted_in_what_was_asked_for(by: str):
    rows = [{"epoch": n, "samples": 100 * n, "seconds": n / 2, "val/fid": 9 - n} for n in range(4)]
    assert series(rows, "val/fid", by) == ([row[by] for row in rows], [9, 8, 7, 6])


def test_rows_that_lack_the_value_or_the_count_are_left_out():
    rows = [{"samples": 1, "val/fid": 5}, {"samples": 2}, {"seconds": 3, "val/fid": 6}, {"samples": 4, "val/fid": 7}]
    assert series(rows, "val/fid") == ([1, 4], [5, 7])
    assert series(rows, "val/fid", "seconds") == ([3], [6])
    assert series(rows, "val/fid", "epoch") == ([], [])


@pytest.mark.parametrize(
    ("lines", "does"),
    [
        ([[1.01 * LOG_SCALE_MIN_FALL, 1.0]], True),
        ([[LOG_SCALE_MIN_FALL, 1.0]], False),
        ([[1.0, 2 * LOG_SCALE_MIN_FALL]], False),
        ([[2 * LOG_SCALE_MIN_FALL, 1.0], [1.0, 2.0]], False),
        ([[2 * LOG_SCALE_MIN_FALL, LOG_SCALE_MIN_FALL], [1.0, 1.0]], True),
        ([[2 * LOG_SCALE_MIN_FALL, 0.0]], False),
        ([[2 * LOG_SCALE_MIN_FALL, 1.0, -1.0]], False),
    ],
)
def test_lines_fall_where_all_do_and_stay_positive(lines: list[list[float]], does: bool):
    assert falls(lines) is does

"""Spread and drift of measures that are made with errors."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.writing.variation import distribution, drift, wander


def process(count: int, sd: float, lag: float, rng: np.random.Generator) -> np.ndarray:
    values = [rng.normal(0, sd)]
    for _ in range(count - 1):
        values.append(lag * values[-1] + rng.normal(0, sd * (1 - lag**2) ** 0.5))
    return np.array(values)


@pytest.mark.parametrize("lag", [0.0, 0.5, 0.85])
def test_the_error_of_a_measure_is_neither_spread_nor_drift(lag: float) -> None:
    rng = np.random.default_rng(1)
    values = process(400, 0.1, lag, rng)
    found = drift([tuple(values + rng.normal(0, 0.1, 400) for _ in range(2))])
    assert 0.8 * values.std() <= found.sd <= 1.25 * values.std()
    assert found.lag == pytest.approx(lag, abs=0.15)


def test_what_is_new_with_every_word_does_not_drift_even_where_words_are_few() -> None:
    lags = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = rng.normal(0, 0.05, 50)
        lags.append(drift([tuple(values + rng.normal(0, 0.1, 50) for _ in range(2))]).lag)
    assert np.median(np.abs(lags)) == 0
    assert np.quantile(np.abs(lags), 0.8) < 0.5


def test_pages_are_not_told_apart_by_drift() -> None:
    """Each has its own median, as of its light."""
    rng = np.random.default_rng(0)
    pages = [rng.normal(level, 0.1, 100) for level in (0.0, 2.0)]
    found = drift([(page, page) for page in pages])
    assert found.sd == pytest.approx(0.1, rel=0.15)
    assert found.lag == pytest.approx(0, abs=0.2)


def test_missing_and_few_values_are_no_error() -> None:
    assert drift([]).sd == 0
    values = np.array([np.nan] * 5 + [0.0])
    assert drift([(values, values)]).lag == 0
    assert wander([], []).sd == 0
    assert distribution([], 2.0).median == 2.0


def test_lines_that_wander_slowly_are_told_from_quick_ones() -> None:
    rng = np.random.default_rng(0)
    lengths = []
    for length in (4.0, 16.0):
        places = [np.arange(0, 80, 4.0)] * 60
        lines = [process(20, 0.2, float(np.exp(-4.0 / length)), rng) for _ in places]
        found = wander(places, lines)
        assert found.sd == pytest.approx(0.2, rel=0.25)
        lengths.append(found.length)
    assert lengths[0] == pytest.approx(4, rel=0.4)
    assert lengths[1] == pytest.approx(16, rel=0.4)


def test_values_far_off_hardly_count() -> None:
    values = np.random.default_rng(0).normal(2, 0.3, 200)
    wrong = distribution([*values, *[40.0] * 10])
    assert wrong.median == pytest.approx(2, abs=0.1)
    assert wrong.sd == pytest.approx(0.3, rel=0.3)

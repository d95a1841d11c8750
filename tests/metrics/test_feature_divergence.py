from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from handwriting.errors import DataError
from handwriting.metrics.feature_divergence import FeatureDivergence, js_estimate, kl_estimate, log_ratios
from tests.metrics.samples import gaussian, make_evaluation, make_sample


def test_from_exact_ratios_both_estimates_are_exact():
    # N(1, 1) and N(-1, 1): log p/q = 2x, KL = 2; JS by quadrature.
    p, q = gaussian(200_000, 1, 0, 1.0)[:, 0].double().numpy(), gaussian(200_000, 1, 1, -1.0)[:, 0].double().numpy()
    x = np.linspace(-9, 9, 20_001)
    density = [np.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi) for mean in (1, -1)]
    middle = (density[0] + density[1]) / 2
    expected = sum(np.trapezoid(d * np.log(d / middle), x) for d in density) / 2
    for (value, error), truth in ((kl_estimate(2 * p), 2.0), (js_estimate(2 * p, 2 * q), expected)):
        assert error < 0.01
        assert value == pytest.approx(truth, abs=3 * error)


@pytest.mark.parametrize(("shift", "scale"), [(0.25, 1.0), (0.0, 0.7), (0.0, 1.4)])
def test_kl_of_gaussians_comes_close_from_below(shift: float, scale: float):
    dimensions = 16
    of_p, _ = log_ratios(gaussian(1500, dimensions, 0) * scale + shift, gaussian(1500, dimensions, 1))
    truth = dimensions * (scale**2 + shift**2 - 1 - 2 * math.log(scale)) / 2
    value, error = kl_estimate(of_p)
    assert 0.8 * truth < value < truth + 3 * error


def test_two_samples_of_one_distribution_lie_within_two_errors_of_none():
    near = []
    for seed in range(12):
        of_p, of_q = log_ratios(gaussian(200, 16, 2 * seed), gaussian(200, 16, 2 * seed + 1), seed)
        near += [abs(value) <= 2 * error + 1e-9 for value, error in (kl_estimate(of_p), js_estimate(of_p, of_q))]
    assert sum(near) >= 20


def test_identical_sets_have_none():
    vectors = gaussian(300, 16)
    of_p, of_q = log_ratios(vectors, vectors.clone())
    for value, error in (kl_estimate(of_p), js_estimate(of_p, of_q)):
        assert abs(value) <= 2 * error + 1e-9


def test_sides_that_never_meet_are_as_far_apart_as_js_can_say_and_finite():
    of_p, of_q = log_ratios(gaussian(200, shift=30), gaussian(150, seed=1))
    assert js_estimate(of_p, of_q)[0] == pytest.approx(math.log(2), abs=1e-3)
    assert 5 < kl_estimate(of_p)[0] <= 50


def test_a_feature_that_never_varies_does_no_harm():
    vectors = torch.cat([gaussian(120), torch.zeros(120, 3)], dim=1)
    assert np.isfinite(np.concatenate(log_ratios(vectors[:60], vectors[60:]))).all()


def test_the_measures_come_with_errors_and_floor_and_few_glyphs_are_refused():
    generated, real, floor = (
        make_sample(gaussian(100, seed=s, shift=shift)) for s, shift in ((0, 1.0), (1, 0), (2, 0))
    )
    found = FeatureDivergence().compute(make_evaluation(generated, real, floor))
    assert set(found) == {"feature_kl", "feature_js"}
    assert all(measure.value > 10 * max(measure.floor, measure.error) for measure in found.values())
    with pytest.raises(DataError, match="at least 50 glyphs on each side, and there are 100 and 49"):
        log_ratios(gaussian(100), gaussian(49))

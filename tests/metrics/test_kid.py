from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from handwriting.errors import DataError
from handwriting.metrics.kid import KID, kernel_distance
from tests.metrics.samples import gaussian, make_evaluation, make_sample


def test_it_equals_torchmetrics_on_all_glyphs():
    one, other = gaussian(700).double(), gaussian(700, seed=1, shift=0.3).double()
    assert kernel_distance(one, other)[0] == pytest.approx(poly_mmd(one, other).item(), abs=1e-9)


def test_sides_of_different_size_equal_the_sums_written_out():
    one, other = gaussian(7).double().numpy(), gaussian(4, seed=1).double().numpy()

    def kernel(x, y):
        return (x @ y / 8 + 1) ** 3

    own = [kernel(x, y) for i, x in enumerate(one) for j, y in enumerate(one) if i != j]
    others = [kernel(x, y) for i, x in enumerate(other) for j, y in enumerate(other) if i != j]
    between = [kernel(x, y) for x in one for y in other]
    expected = np.mean(own) + np.mean(others) - 2 * np.mean(between)
    assert kernel_distance(torch.tensor(one), torch.tensor(other))[0] == pytest.approx(expected, abs=1e-12)


def test_identical_sets_lie_within_two_errors_of_none_or_below():
    vectors = gaussian(300)
    value, error = kernel_distance(vectors, vectors.clone())
    assert value <= 2 * error


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_the_estimate_is_unbiased_and_its_error_is_what_it_scatters_by(shift: float):
    found = np.array([kernel_distance(gaussian(150, 8, 2 * s), gaussian(150, 8, 2 * s + 1, shift)) for s in range(60)])
    values, errors = found.T
    truth = kernel_distance(gaussian(4000, 8, 1000), gaussian(4000, 8, 1001, shift))[0]
    assert values.mean() == pytest.approx(truth, abs=3 * values.std() / 60**0.5)
    # At equal distributions it is too large by the root of two, as said.
    assert 0.8 < errors.mean() / values.std() < 1.8


def test_at_most_so_many_glyphs_are_taken_and_the_global_random_numbers_left_alone():
    state = torch.get_rng_state()
    sides = [make_sample(gaussian(200, seed=seed)) for seed in range(3)]
    found = KID(max_glyphs=50).compute(make_evaluation(*sides))["kid"]
    assert found.n == 50
    assert found == KID(max_glyphs=50).compute(make_evaluation(*sides))["kid"]
    assert found.floor is not None
    assert torch.equal(torch.get_rng_state(), state)


def test_one_glyph_is_refused():
    with pytest.raises(DataError, match="at least 2 glyphs"):
        kernel_distance(gaussian(1), gaussian(9))

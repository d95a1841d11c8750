from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from handwriting.errors import DataError
from handwriting.features.moments import Moments
from handwriting.metrics.fid import FID, fid_infinity, frechet_distance
from tests.metrics.samples import gaussian, make_evaluation, make_sample


class Identity(nn.Module):
    """What torchmetrics takes for an extractor: the images are the features."""

    num_features = 16

    def train(self, mode: bool = True) -> Identity:
        return super().train(False)

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)


def correlated(n: int, seed: int, dimensions: int = 16) -> Tensor:
    return gaussian(n, dimensions, seed).double() @ gaussian(dimensions, dimensions, 99).double()


def of_gaussian(mean: Tensor, covariance: Tensor, n: int = 11) -> Moments:
    return Moments(n, mean.double(), covariance.double() * (n - 1))


def test_it_equals_the_square_root_of_scipy():
    one, other = correlated(300, 0), 1.3 * correlated(200, 1) + 0.5
    moments = [Moments.of(side) for side in (one, other)]
    a, b = (side.covariance.numpy() for side in moments)
    apart = moments[0].mean - moments[1].mean
    expected = float(apart @ apart) + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(*moments) == pytest.approx(expected, abs=1e-6)


def test_it_equals_torchmetrics():
    metric = FrechetInceptionDistance(Identity(), input_img_size=(1, 4, 4)).set_dtype(torch.float64)
    one, other = correlated(300, 0), correlated(200, 1) + 0.5
    for side, real in ((one, True), (other, False)):
        metric.update(side.view(-1, 1, 4, 4), real=real)
    assert frechet_distance(Moments.of(one), Moments.of(other)) == pytest.approx(metric.compute().item(), abs=1e-6)


def test_gaussians_have_the_closed_form():
    generator = torch.Generator().manual_seed(0)
    means, deviations = (torch.rand(2, 5, generator=generator, dtype=torch.float64) * 3 for _ in range(2))
    expected = (means[0] - means[1]).square().sum() + (deviations[0] - deviations[1]).square().sum()
    diagonal = [of_gaussian(mean, deviation.square().diag()) for mean, deviation in zip(means, deviations, strict=True)]
    assert frechet_distance(*diagonal) == pytest.approx(expected.item(), abs=1e-6)
    turn, _ = torch.linalg.qr(torch.rand(5, 5, generator=generator, dtype=torch.float64))
    commuting = [of_gaussian(turn @ side.mean, turn @ side.covariance @ turn.T) for side in diagonal]
    assert frechet_distance(*commuting) == pytest.approx(expected.item(), abs=1e-6)


@pytest.mark.parametrize(
    "vectors",
    [
        gaussian(500, 64),
        gaussian(40, 128),  # fewer than dimensions
        gaussian(500, 64).relu() * (torch.arange(64) < 20),  # features that are dead
        gaussian(500, 8) @ gaussian(8, 64, 1) * 30,
        torch.ones(10, 64),
    ],
)
def test_identical_sets_have_none_even_where_covariances_are_singular(vectors: Tensor):
    assert frechet_distance(Moments.of(vectors), Moments.of(vectors.clone())) == pytest.approx(0, abs=1e-8)


def test_a_stream_of_batches_equals_all_at_once():
    vectors, other = correlated(500, 0), Moments.of(correlated(300, 1))
    first, *rest = (Moments.of(batch) for batch in vectors.split(64))
    streamed = sum(rest, start=first)
    assert frechet_distance(streamed, other) == pytest.approx(frechet_distance(Moments.of(vectors), other), abs=1e-9)


def test_at_infinity_two_samples_of_one_gaussian_are_none_apart():
    near = 0
    for seed in range(20):
        one, other = gaussian(800, 32, 2 * seed), gaussian(800, 32, 2 * seed + 1)
        value, error = fid_infinity(one, other, seed)
        near += abs(value) <= 2 * error
        assert frechet_distance(Moments.of(one), Moments.of(other)) > 3 * error
    assert near >= 18


def test_at_infinity_the_bias_is_gone_between_different_gaussians():
    found = [
        (fid_infinity(one, other)[0], frechet_distance(Moments.of(one), Moments.of(other)))
        for one, other in ((gaussian(800, 32, 2 * s), gaussian(800, 32, 2 * s + 1, shift=0.5)) for s in range(10))
    ]
    extrapolated, plain = np.mean(found, axis=0)
    assert extrapolated == pytest.approx(32 * 0.25, rel=0.02)
    assert plain > 32 * 0.25 * 1.04


def test_the_extrapolation_is_seeded_and_leaves_the_global_random_numbers_alone():
    state = torch.get_rng_state()
    one, other = gaussian(100), gaussian(90, seed=1)
    assert fid_infinity(one, other, 3) == fid_infinity(one, other, 3) != fid_infinity(one, other, 4)
    assert torch.equal(torch.get_rng_state(), state)


def test_too_few_glyphs_are_refused_and_few_are_not_extrapolated():
    with pytest.raises(DataError, match="at least 2 glyphs on each side, and there are 1 and 5"):
        frechet_distance(Moments.of(gaussian(1)), Moments.of(gaussian(5)))
    with pytest.raises(DataError, match="at least 64 glyphs on each side, and there are 100 and 63"):
        fid_infinity(gaussian(100), gaussian(63))
    assert set(FID().compare(make_sample(gaussian(63)), make_sample(gaussian(100)))) == {"fid"}


def test_the_measures_come_with_their_floor():
    sides = [make_sample(gaussian(100, seed=seed, shift=shift)) for seed, shift in ((0, 2.0), (1, 0.0), (2, 0.0))]
    found = FID().compute(make_evaluation(*sides))
    assert set(found) == {"fid", "fid_infinity"}
    assert found["fid"].floor == frechet_distance(sides[2].moments, sides[1].moments)
    assert found["fid"].value > 10 * found["fid"].floor
    assert found["fid_infinity"].error > 0
    assert found["fid"].n == 100

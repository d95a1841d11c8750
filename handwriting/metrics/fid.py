"""FID: the Fréchet distance between Gaussians fitted to the features of generated and of real glyphs."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.features.moments import Moments
from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric
from handwriting.metrics.checks import in_float64, refuse_too_few

EXTRAPOLATION_SIZES = 12
"""Sample sizes that the extrapolation fits a line through."""
MIN_VECTORS = 64
"""Vectors that each side needs for the extrapolation."""
MAX_SINGLE_THREAD_DIMENSIONS = 512
"""Dimensions up to which more threads do not make a decomposition faster."""


def frechet_distance(one: Moments, other: Moments) -> float:
    r"""Return the squared Fréchet distance between the Gaussians with these moments.

    :math:`\lVert \mu_1 - \mu_2 \rVert^2 + \mathrm{Tr}(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2})`
    (Dowson and Landau, 1982; Heusel et al., 2017).

    >>> frechet_distance(Moments.of(torch.tensor([[0.0], [2.0]])), Moments.of(torch.tensor([[3.0], [5.0]])))
    9.0

    Returns:
        From 0, which equal moments have, in the square of the features' unit. It is biased upwards by about ``1/N``.

    Raises:
        DataError: If a side has fewer than two vectors.
    """
    refuse_too_few("fid", 2, one.n, other.n)
    # The trace of the root is the sum of the singular values of S1^(1/2) S2^(1/2), which rotations of the roots do not
    # change. The eigenvalues of the symmetric S1^(1/2) S2 S1^(1/2) are their squares: where a covariance is
    # singular these are mere rounding, and their roots keep half the digits (50 equal glyphs a side in 128
    # dimensions: 4e-6 off that way, 1e-13 this way; both take 3 ms).
    with _one_thread(len(one.mean)):
        cross = torch.linalg.svdvals(_root(one.covariance).T @ _root(other.covariance)).sum()
    spread = one.covariance.trace() + other.covariance.trace() - 2 * cross
    return max(0.0, ((one.mean - other.mean).square().sum() + spread).item())


@contextmanager
def _one_thread(dimensions: int) -> Iterator[None]:
    """Decompose small matrices in one thread: two are no faster, and on shared cores they wait for each other.

    With two other busy processes on two cores, 0.2 s of extrapolation became 19 s.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if dimensions <= MAX_SINGLE_THREAD_DIMENSIONS else threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _root(covariance: Tensor) -> Tensor:
    """Return an ``R`` with ``R R^T`` the covariance ``(D, D)``: a rotation away from the symmetric root."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt()


def fid_infinity(one: Tensor, other: Tensor, seed: int = 0) -> tuple[float, float]:
    r"""Return the Fréchet distance extrapolated to infinitely many vectors.

    The distance grows linearly in :math:`1/N`, so a line through the distances at several :math:`N` is extrapolated to
    :math:`1/N = 0` (Chong and Forsyth, 2020). They subsample only generated images, against 50,000 real ones. Here the
    real side is as small as the generated one, so both are subsampled to the same :math:`N`, and the intercept is free
    of the bias of either. The sizes are evenly spaced in :math:`1/N`, from a quarter of the smaller side to all of it,
    with one subset without replacement each.

    Args:
        one: ``(N, D)``.
        other: ``(M, D)``.
        seed: The seed of the subsets.

    Returns:
        The intercept, which may fall below 0, and its standard error, estimated from the residuals; it does not include
        that all distances come from the same two samples. In the square of the features' unit.

    Raises:
        DataError: If a side has fewer than 64 vectors, or a value is not finite.
    """
    one, other = in_float64("fid", MIN_VECTORS, one, other)
    n = min(len(one), len(other))
    generator = torch.Generator().manual_seed(seed)
    sizes = (n / torch.linspace(4, 1, EXTRAPOLATION_SIZES, dtype=torch.float64)).round().long().tolist()
    with _one_thread(one.shape[1]):
        distances = [
            frechet_distance(
                *(Moments.of(side[torch.randperm(len(side), generator=generator)[:size]]) for side in (one, other))
            )
            for size in sizes
        ]
    return _intercept(1 / torch.tensor(sizes, dtype=torch.float64), torch.tensor(distances, dtype=torch.float64))


def _intercept(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Return the intercept of the least-squares line through points ``(N,)``, and its standard error."""
    centred = x - x.mean()
    slope = (centred * y).sum() / centred.square().sum()
    value = y.mean() - slope * x.mean()
    variance = (y - value - slope * x).square().sum() / (len(x) - 2)
    error = (variance * (1 / len(x) + x.mean() ** 2 / centred.square().sum())).sqrt()
    return value.item(), error.item()


@dataclass(eq=False, kw_only=True)
class FID(TwoSampleMetric):
    """``fid``, and ``fid_infinity`` with its standard error where both sides have 64 glyphs or more."""

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {
        "fid": "Frechet distance of features (FID)",  # no accent: the font of pictures lacks it
        "fid_infinity": "FID at infinitely many glyphs",
    }
    heading: ClassVar[str] = "Similarity to real glyphs"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return the distance at this number of glyphs, and at infinitely many."""
        values = {"fid": MetricValue(frechet_distance(sample.moments, real.moments), len(sample))}
        if min(len(sample), len(real)) >= MIN_VECTORS:
            value, error = fid_infinity(sample.features, real.features)
            values["fid_infinity"] = MetricValue(value, len(sample), error=error)
        return values

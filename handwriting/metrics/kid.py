"""KID: the maximum mean discrepancy between generated and real features under a cubic kernel."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torchmetrics.image.kid import poly_kernel

from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric, subset
from handwriting.metrics.checks import in_float64

ROWS_PER_BLOCK = 100
"""Vectors whose kernels with all others are computed at once: few enough for the cache."""


def kernel_distance(one: Tensor, other: Tensor) -> tuple[float, float]:
    r"""Return the unbiased estimate of the squared maximum mean discrepancy (Bińkowski et al., 2018).

    :math:`\mathrm{MMD}^2 = E\,k(x, x') + E\,k(y, y') - 2 E\,k(x, y)` with the kernel of torchmetrics,
    :math:`k(x, y) = (x^T y / D + 1)^3`, over all pairs of different vectors (Gretton et al., 2012, equation 3).
    The usual mean over 50 random subsets of 1,000 estimates the same number less precisely, and takes longer. Its
    subsets overlap, so their scatter is no standard error; below 1,000 vectors they are all equal.

    The standard error is that of the first order of a U-statistic: with :math:`a_i = \mathrm{mean}_j k(x_i, x_j) -
    \mathrm{mean}_j k(x_i, y_j)` and the like :math:`b_j`, its square is :math:`4\,\mathrm{var}(a)/N +
    4\,\mathrm{var}(b)/M`. Where both are of one distribution it is too large, by :math:`\sqrt 2`.

    Args:
        one: ``(N, D)``.
        other: ``(M, D)``.

    Returns:
        The estimate, which may fall below 0, and its standard error; pure numbers.

    Raises:
        DataError: If a side has fewer than two vectors, or a value is not finite.
    """
    one, other = in_float64("kid", 2, one, other)
    first, second = (_within_similarity(side) for side in (one, other))
    first, second = first - _similarity(one, other), second - _similarity(other, one)
    value = first.mean() + second.mean()
    error = 2 * (first.var() / len(first) + second.var() / len(second)).sqrt()
    return value.item(), error.item()


def _similarity(vectors: Tensor, others: Tensor) -> Tensor:
    """Return the mean kernel of each vector with all ``others``, ``(N,)``."""
    return torch.cat([poly_kernel(part, others).mean(dim=1) for part in vectors.split(ROWS_PER_BLOCK)])


def _within_similarity(vectors: Tensor) -> Tensor:
    """Return the mean kernel of each vector with all vectors but itself, ``(N,)``."""
    n, dimensions = vectors.shape
    to_itself = (vectors.square().sum(dim=1) / dimensions + 1) ** 3
    return (n * _similarity(vectors, vectors) - to_itself) / (n - 1)


@dataclass(eq=False, kw_only=True)
class KID(TwoSampleMetric):
    """``kid``, with its standard error.

    Attributes:
        max_glyphs: The largest number of glyphs of each side; of more, a random subset is used.
    """

    while_training: bool = True
    max_glyphs: int = 5_000

    captions: ClassVar[Mapping[str, str]] = {"kid": "kernel distance of features (KID)"}
    heading: ClassVar[str] = "Similarity to real glyphs"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return the unbiased estimate."""
        one, other = (side.features[subset(len(side), self.max_glyphs, seed=0)] for side in (sample, real))
        value, error = kernel_distance(one, other)
        return {"kid": MetricValue(value, len(one), error=error)}

"""Precision, recall, density and coverage of generated glyphs among real ones."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric, subset
from handwriting.metrics.checks import in_float64

ROWS_PER_BLOCK = 500
"""Vectors whose distances to all others are in memory at once."""
ROUNDING_SLACK = 1e-6
"""The rounding error of a distance of 0, in mean lengths of a vector."""


class Neighbourhoods(NamedTuple):
    """Precision, recall, density and coverage; see :func:`neighbourhoods`."""

    precision: float
    recall: float
    density: float
    coverage: float


def radii(vectors: Tensor, k: int) -> Tensor:
    """Return the distance from each vector to its ``k``-th nearest neighbour.

    >>> radii(torch.tensor([[0.0], [1.0], [3.0]]), k=1).tolist()
    [1.0, 1.0, 2.0]

    Args:
        vectors: ``(N, D)``.
        k: 1..``N - 1``.

    Returns:
        float64 ``(N,)``.

    Raises:
        DataError: If there are not more than ``k``, or a value is not finite.
    """
    (vectors,) = in_float64("precision_recall", k + 1, vectors)
    # One more than k, because each vector is its own nearest neighbour.
    nearest = [torch.cdist(part, vectors).topk(k + 1, largest=False).values for part in vectors.split(ROWS_PER_BLOCK)]
    return torch.cat(nearest).amax(dim=1)


def neighbourhoods(generated: Tensor, real: Tensor, k: int = 5, real_radii: Tensor | None = None) -> Neighbourhoods:
    r"""Return precision, recall, density and coverage.

    With :math:`B(v)` the ball around a vector that reaches to its ``k``-th nearest neighbour on its own side:

    - precision: the share of generated vectors that lie in some real vector's ball (Kynkäänniemi et al., 2019);
    - recall: the share of real vectors that lie in some generated vector's ball (the same);
    - density: :math:`\frac{1}{kN} \sum_j \sum_i [y_j \in B(x_i)]`, the mean number of real balls around a generated
      vector, over ``k`` (Naeem et al., 2020): unlike precision it is robust to the large ball of a real outlier;
    - coverage: the share of real vectors with some generated vector in their own ball (the same).

    Two samples of one distribution have density 1 and, of equal size, coverage :math:`1 - 2^{-k}`; the other two
    depend on the distribution. Distances are exact to about 1e-6 of a vector's length.

    Args:
        generated: ``(N, D)``.
        real: ``(M, D)``.
        k: Below ``N`` and ``M``.
        real_radii: The :func:`radii` of ``real``, where they were computed before; float64 ``(M,)``.

    Returns:
        Shares in 0..1; density from 0, possibly above 1.

    Raises:
        DataError: If a side has not more than ``k``, or a value is not finite.
    """
    generated, real = in_float64("precision_recall", k + 1, generated, real)
    slack = ROUNDING_SLACK * real.norm(dim=1).mean()
    real_reach = (radii(real, k) if real_radii is None else real_radii) + slack
    reach = radii(generated, k) + slack
    realistic = inside = 0
    covered, recalled = torch.zeros(2, len(real), dtype=torch.bool)
    for part, part_reach in zip(generated.split(ROWS_PER_BLOCK), reach.split(ROWS_PER_BLOCK), strict=True):
        distances = torch.cdist(part, real)
        within = distances <= real_reach
        realistic += int(within.any(dim=1).sum())
        inside += int(within.sum())
        covered |= within.any(dim=0)
        recalled |= (distances <= part_reach[:, None]).any(dim=0)
    n = len(generated)
    return Neighbourhoods(
        realistic / n, recalled.double().mean().item(), inside / (k * n), covered.double().mean().item()
    )


@dataclass(eq=False, kw_only=True)
class PrecisionRecall(TwoSampleMetric):
    """``precision``, ``recall``, ``density`` and ``coverage``.

    Attributes:
        k: A neighbourhood reaches to the k-th nearest neighbour.
        max_glyphs: The largest number of glyphs of each side; of more, a random subset is used.
    """

    while_training: bool = True
    k: int = 5
    max_glyphs: int = 10_000
    # The radii of the real side are the same at every evaluation and for the floor, and half of the cost.
    _real_radii: WeakKeyDictionary[Sample, Tensor] = field(default_factory=WeakKeyDictionary, init=False, repr=False)

    captions: ClassVar[Mapping[str, str]] = {
        "precision": "precision: generated that look real",
        "recall": "recall: real that could be generated",
        "density": "density: real neighbours of generated",
        "coverage": "coverage: real with generated nearby",
    }
    heading: ClassVar[str] = "Quality and diversity"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return all four values."""
        generated, others = (side.features[subset(len(side), self.max_glyphs, seed=0)] for side in (sample, real))
        if real not in self._real_radii:
            self._real_radii[real] = radii(others, self.k)
        shares = neighbourhoods(generated, others, self.k, self._real_radii[real])
        return {name: MetricValue(value, len(generated), better="max") for name, value in shares._asdict().items()}

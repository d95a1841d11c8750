"""Mean and covariance of features, which can be added up over batches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from handwriting.errors import DataError


@dataclass(frozen=True, eq=False)
class Moments:
    r"""Mean and scatter of vectors in float64; the sum of two moments describes the vectors of both.

    >>> both = Moments.of(torch.tensor([[0.0], [2.0]])) + Moments.of(torch.tensor([[4.0]]))
    >>> both.n, both.mean.item(), both.covariance.item()
    (3, 2.0, 4.0)

    Attributes:
        n: The number of vectors.
        mean: Their mean, float64 ``(D,)``.
        scatter: The sum of :math:`(x - \bar x)(x - \bar x)^T` over them, float64 ``(D, D)``.
    """

    n: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, vectors: Tensor) -> Moments:
        """Return the moments of some vectors.

        Args:
            vectors: ``(N, D)``.

        Raises:
            DataError: If there is no vector, or a value is not finite.
        """
        if not len(vectors):
            raise DataError("the mean of no vectors is undefined")
        vectors = vectors.to(torch.float64)
        if not vectors.isfinite().all():
            raise DataError("the mean of values that are not finite is undefined")
        mean = vectors.mean(dim=0)
        centred = vectors - mean
        return cls(len(vectors), mean, centred.T @ centred)

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of the vectors of both (Chan, Golub and LeVeque, 1979)."""
        n = self.n + other.n
        difference = other.mean - self.mean
        mean = self.mean + difference * (other.n / n)
        scatter = self.scatter + other.scatter + torch.outer(difference, difference) * (self.n * other.n / n)
        return Moments(n, mean, scatter)

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, float64 ``(D, D)``.

        Raises:
            DataError: If there are fewer than two vectors.
        """
        if self.n < 2:
            raise DataError("a covariance needs at least 2 glyphs")
        return self.scatter / (self.n - 1)

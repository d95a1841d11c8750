"""The nearest training glyph of each generated one: does the model copy its training data."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.errors import DataError
from handwriting.metrics.base import Evaluation, Metric, MetricValue, MetricValues, subset

MAX_PRODUCTS = 2**24
"""Numbers of one block of products: 64 MB."""
COPY_QUANTILE = 0.01
"""The share of test glyphs that are nearer to a training glyph than the limit for a copy."""


def nearest(queries: Tensor, glyphs: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return the nearest glyph to each query by :math:`\lVert q - g \rVert_2`, over pixels in 0..1.

    >>> black, white = torch.zeros(1, 1, 2, 2, dtype=torch.uint8), torch.full((1, 1, 2, 2), 255, dtype=torch.uint8)
    >>> nearest(white, torch.cat([black, white]))
    (tensor([0.], dtype=torch.float64), tensor([1]))

    Args:
        queries: uint8 ``(N, 1, H, W)``.
        glyphs: uint8 ``(M, 1, H, W)``.

    Returns:
        Distances, float64 ``(N,)`` from 0, and indices of glyphs, int64 ``(N,)``. The distance to the returned glyph is
        exact; which glyph is nearest is decided in float32, so of two almost equally near ones either may be returned.

    Raises:
        DataError: If there is no glyph, or the image sizes differ.
    """
    if not len(glyphs) or queries.shape[1:] != glyphs.shape[1:]:
        raise DataError(
            f"glyphs of shape {tuple(queries.shape)} have no neighbours among glyphs of shape {tuple(glyphs.shape)}"
        )
    flat = queries.flatten(1).float() / 255
    least = torch.full((len(queries),), torch.inf)
    index = torch.zeros(len(queries), dtype=torch.int64)
    block = max(1, MAX_PRODUCTS // max(len(queries), flat.shape[1]))
    for start in range(0, len(glyphs), block):
        part = glyphs[start : start + block].flatten(1).float() / 255
        # |g|^2 - 2 q g: the omitted |q|^2 is the same for all glyphs.
        values, indices = torch.addmm(part.square().sum(dim=1), flat, part.T, alpha=-2).min(dim=1)
        nearer = values < least
        least, index = torch.where(nearer, values, least), torch.where(nearer, indices + start, index)
    differences = (queries.double() - glyphs[index].double()) / 255
    return differences.flatten(1).norm(dim=1), index


@dataclass(eq=False, kw_only=True)
class NearestNeighbour(Metric):
    """``nearest_training_distance``, the median, and ``copies``, a share.

    A glyph counts as a copy where it lies nearer to a training glyph than 99% of real test glyphs do; of real test
    glyphs 1% do. A model that has memorised its training data has many copies, and a lower distance than test glyphs;
    a higher distance comes from glyphs unlike any training glyph.

    Attributes:
        max_glyphs: The largest number of generated and of test glyphs; of more, a random subset is used.
    """

    max_glyphs: int = 2_000

    captions: ClassVar[Mapping[str, str]] = {
        "nearest_training_distance": "median distance to the nearest",
        "copies": "nearer than 99% of test glyphs",
    }
    heading: ClassVar[str] = "Copies of training glyphs"
    by_classifier: ClassVar[bool] = False

    def compute(self, evaluation: Evaluation) -> MetricValues:
        """Return both, with the values of real test glyphs as floors."""
        training = torch.tensor(evaluation.reference.training.images)
        distances = []
        for side in (evaluation.generated, evaluation.reference.real):
            chosen = subset(len(side), self.max_glyphs, evaluation.seed)
            distances.append(nearest(torch.tensor(side.glyphs.images[chosen.numpy()]), training)[0])
        generated, real = distances
        copies = (generated < real.quantile(COPY_QUANTILE)).double().mean()
        return {
            "nearest_training_distance": MetricValue(
                generated.median().item(), len(generated), floor=real.median().item(), better="max"
            ),
            "copies": MetricValue(copies.item(), len(generated), floor=COPY_QUANTILE),
        }

"""KL and JS divergence of pixel intensities."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValues, TwoSampleMetric
from handwriting.metrics.divergence import divergences

INTENSITIES = 256
PSEUDOCOUNT = 1.0
"""Laplace's rule; next to millions of pixels it only keeps KL finite."""


def intensity_counts(images: Tensor) -> Tensor:
    """Return the number of pixels of each intensity, int64 ``(256,)``.

    Counts of the parts of a sample add up to its counts.

    Args:
        images: uint8 ``(N, 1, H, W)``.
    """
    # In parts, since counting needs eight bytes a pixel.
    return torch.stack([torch.bincount(part.flatten(), minlength=INTENSITIES) for part in images.split(1_000)]).sum(0)


@dataclass(eq=False, kw_only=True)
class PixelDivergence(TwoSampleMetric):
    """``pixel_kl`` and ``pixel_js``, in nats; the position of a pixel does not matter."""

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {
        "pixel_kl": "KL divergence of pixel intensities",
        "pixel_js": "JS divergence of pixel intensities",
    }
    heading: ClassVar[str] = "Similarity to real glyphs"
    by_classifier: ClassVar[bool] = False

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return both divergences."""
        real_counts, counts = (intensity_counts(torch.tensor(side.glyphs.images)) for side in (real, sample))
        return divergences("pixel", real_counts, counts, PSEUDOCOUNT, n=len(sample))

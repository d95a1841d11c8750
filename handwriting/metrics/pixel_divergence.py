"""KL and JS divergence of pixels' intensities."""

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
"""Laplace's; beside millions of pixels it only keeps KL finite."""


def intensity_counts(images: Tensor) -> Tensor:
    """Return how many pixels have each intensity, int64 ``(256,)``; counts of parts add up.

    Args:
        images: uint8 ``(N, 1, H, W)``.
    """
    # Part by part, since counting needs eight bytes a pixel.
    return torch.stack([torch.bincount(part.flatten(), minlength=INTENSITIES) for part in images.split(1_000)]).sum(0)


@dataclass(eq=False, kw_only=True)
class PixelDivergence(TwoSampleMetric):
    """``pixel_kl`` and ``pixel_js``, in nats; only the intensity of a pixel counts, not its place."""

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {
        "pixel_kl": "KL divergence of pixel intensities",
        "pixel_js": "JS divergence of pixel intensities",
    }
    heading: ClassVar[str] = "Similarity to real glyphs"
    by_classifier: ClassVar[bool] = False

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return both."""
        there, here = (intensity_counts(torch.tensor(side.glyphs.images)) for side in (real, sample))
        return divergences("pixel", there, here, PSEUDOCOUNT, n=len(sample))

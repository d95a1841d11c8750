"""Checkerboards: the ripple that transposed convolutions leave on what they draw."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.errors import DataError
from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric

PERIOD = 4
"""Two doublings by transposed convolution leave ripples of two and of four pixels."""


def ripple(images: Tensor) -> float:
    r"""Return how far the mean image ripples with a period of two or four pixels, as a share of its mean.

    Strokes lie anywhere, so that their mean is smooth; a checkerboard lies in the same place in every image (Odena et
    al., 2016). With :math:`\hat m` the Fourier transform of the mean image, it is

    .. math:: \sqrt{\sum_k |\hat m_k|^2} / |\hat m_0|

    over all frequencies k that are whole multiples of a quarter of the sampling rate in both directions, but 0.

    Args:
        images: uint8 ``(N, 1, H, W)``, sides multiples of four.

    Raises:
        DataError: If a side is not a multiple of four, or there is no ink at all.
    """
    height, width = images.shape[-2:]
    if height % PERIOD or width % PERIOD:
        raise DataError(f"checkerboard: sides must be multiples of {PERIOD}, not {height} and {width}.")
    mean = images.double().mean(dim=(0, 1))
    if not mean.any():
        raise DataError("checkerboard: the images are empty.")
    # Folded onto one tile, only these frequencies are left.
    tile = mean.reshape(height // PERIOD, PERIOD, width // PERIOD, PERIOD).mean(dim=(0, 2))
    return float(tile.std(correction=0) / tile.mean())


@dataclass(eq=False, kw_only=True)
class Checkerboard(TwoSampleMetric):
    """``checkerboard``: see :func:`ripple`."""

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {"checkerboard": "ripple of two or four pixels"}
    heading: ClassVar[str] = "Similarity to real glyphs"
    by_classifier: ClassVar[bool] = False

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return it of the sample alone."""
        return {"checkerboard": MetricValue(ripple(torch.tensor(sample.glyphs.images)), len(sample))}

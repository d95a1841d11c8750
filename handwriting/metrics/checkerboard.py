"""Checkerboards: the ripple that transposed convolutions leave in generated images."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.errors import DataError
from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric

PERIOD_PIXELS = 4
"""Two doublings by transposed convolution leave ripples with periods of two and of four pixels."""


def ripple(images: Tensor) -> float:
    r"""Return the ripple of the mean image with a period of two or four pixels, relative to its mean.

    Strokes lie anywhere, so their mean is smooth; a checkerboard lies at the same pixels of every image (Odena et al.,
    2016). With :math:`\hat m` the Fourier transform of the mean image, the ripple is

    .. math:: \sqrt{\sum_k |\hat m_k|^2} / |\hat m_0|

    over all frequencies k, except 0, that are multiples of a quarter of the sampling rate in both directions.

    Args:
        images: uint8 ``(N, 1, H, W)``; height and width are multiples of four.

    Returns:
        A pure number from 0.

    Raises:
        DataError: If height or width is not a multiple of four, or no image has any ink.
    """
    height, width = images.shape[-2:]
    if height % PERIOD_PIXELS or width % PERIOD_PIXELS:
        raise DataError(
            f"checkerboard needs images whose sides are multiples of {PERIOD_PIXELS} pixels, not {width} by {height}."
        )
    mean = images.double().mean(dim=(0, 1))
    if not mean.any():
        raise DataError("checkerboard needs images with ink, and these are empty.")
    # The mean over tiles keeps exactly these frequencies.
    tile = mean.reshape(height // PERIOD_PIXELS, PERIOD_PIXELS, width // PERIOD_PIXELS, PERIOD_PIXELS).mean(dim=(0, 2))
    return float(tile.std(correction=0) / tile.mean())


@dataclass(eq=False, kw_only=True)
class Checkerboard(TwoSampleMetric):
    """``checkerboard``: see :func:`ripple`."""

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {"checkerboard": "ripple of two or four pixels"}
    heading: ClassVar[str] = "Similarity to real glyphs"
    by_classifier: ClassVar[bool] = False

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return the ripple of the sample; real glyphs are not used."""
        return {"checkerboard": MetricValue(ripple(torch.tensor(sample.glyphs.images)), len(sample))}

"""KL and JS divergence of the recognised classes."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValues, TwoSampleMetric
from handwriting.metrics.divergence import divergences

PSEUDOCOUNT = 0.5
"""Jeffreys' prior: a class that never occurs counts as half a glyph on each side, so that KL stays finite."""


def class_counts(predicted: Tensor, classes: int) -> Tensor:
    """Return the number of glyphs recognised as each class, int64 ``(classes,)``.

    Counts of the parts of a sample add up to its counts.

    Args:
        predicted: The recognised class of each glyph, int64 ``(N,)``.
        classes: The number of classes.
    """
    return torch.bincount(predicted, minlength=classes)


@dataclass(eq=False, kw_only=True)
class ClassDivergence(TwoSampleMetric):
    """``class_kl`` and ``class_js``, in nats, of the distribution of recognised classes."""

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {
        "class_kl": "KL divergence of recognised classes",
        "class_js": "JS divergence of recognised classes",
    }
    heading: ClassVar[str] = "Classes"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return both divergences."""
        real_counts, counts = (class_counts(side.predicted, len(side.names)) for side in (real, sample))
        return divergences("class", real_counts, counts, PSEUDOCOUNT, n=len(sample))

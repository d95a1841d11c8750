"""KL and JS divergence of the classes that are seen."""

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
"""Jeffreys' prior: a class that is never seen counts as half a glyph on either side, so that KL stays finite."""


def class_counts(predicted: Tensor, classes: int) -> Tensor:
    """Return how many glyphs of each class are seen, int64 ``(classes,)``; counts of parts add up.

    Args:
        predicted: The class seen in each glyph, int64 ``(N,)``.
        classes: How many there are.
    """
    return torch.bincount(predicted, minlength=classes)


@dataclass(eq=False, kw_only=True)
class ClassDivergence(TwoSampleMetric):
    """``class_kl`` and ``class_js``, in nats, of the classes that the classifier sees."""

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {
        "class_kl": "KL divergence of recognised classes",
        "class_js": "JS divergence of recognised classes",
    }
    heading: ClassVar[str] = "Classes"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return both."""
        there, here = (class_counts(side.predicted, len(side.names)) for side in (real, sample))
        return divergences("class", there, here, PSEUDOCOUNT, n=len(sample))

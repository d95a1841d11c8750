"""Class accuracy: is the letter that was asked for the letter that is seen."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torchmetrics.functional.classification import multiclass_confusion_matrix

from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric


def confusion(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """Return how many glyphs of each class that was asked for are seen as each class.

    >>> confusion(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), classes=2).tolist()
    [[1, 1], [0, 1]]

    Args:
        labels: The class asked for, int64 ``(N,)``.
        predicted: The class seen, int64 ``(N,)``.
        classes: How many there are.

    Returns:
        int64 ``(classes, classes)``: rows are asked for, columns seen.
    """
    # Its checks refuse a single class.
    return multiclass_confusion_matrix(predicted, labels, classes, validate_args=False)


def class_accuracies(confusion: Tensor) -> Tensor:
    """Return the share of each class's glyphs that are seen as what they are.

    >>> class_accuracies(torch.tensor([[3, 1], [0, 0]])).tolist()
    [0.75, nan]

    Args:
        confusion: int64 ``(C, C)``, rows are asked for, columns seen.

    Returns:
        float64 ``(C,)`` in 0..1; not a number for a class that was not asked for.
    """
    return confusion.diagonal().double() / confusion.sum(dim=1)


@dataclass(eq=False, kw_only=True)
class ClassAccuracy(TwoSampleMetric):
    """``class_accuracy``, and ``worst_class_accuracy`` of the class that fares worst.

    None where a glyph's class is not known, or is not one that the classifier knows.
    """

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {
        "class_accuracy": "requested class is recognised",
        "worst_class_accuracy": "the same, worst class",
    }
    heading: ClassVar[str] = "Classes"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return both shares of the sample; real glyphs take no part."""
        if sample.names != sample.glyphs.alphabet or (sample.labels < 0).any():
            return {}
        seen = confusion(sample.labels, sample.predicted, len(sample.names))
        worst = torch.nan_to_num(class_accuracies(seen), nan=1).min().item()
        return {
            "class_accuracy": MetricValue(seen.trace().item() / len(sample), len(sample), better="max"),
            "worst_class_accuracy": MetricValue(worst, len(sample), better="max"),
        }

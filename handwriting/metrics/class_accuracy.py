"""Class accuracy: does the classifier recognise the requested class."""

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
    """Return the confusion matrix: the number of glyphs of each requested class that are recognised as each class.

    >>> confusion(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), classes=2).tolist()
    [[1, 1], [0, 1]]

    Args:
        labels: The requested classes, int64 ``(N,)``.
        predicted: The recognised classes, int64 ``(N,)``.
        classes: The number of classes.

    Returns:
        int64 ``(classes, classes)``: rows are requested classes, columns recognised ones.
    """
    # Its checks refuse a single class.
    return multiclass_confusion_matrix(predicted, labels, classes, validate_args=False)


def class_accuracies(confusion: Tensor) -> Tensor:
    """Return the share of the glyphs of each class that are recognised as it.

    >>> class_accuracies(torch.tensor([[3, 1], [0, 0]])).tolist()
    [0.75, nan]

    Args:
        confusion: int64 ``(C, C)``, rows are requested classes, columns recognised ones.

    Returns:
        float64 ``(C,)`` in 0..1; NaN for a class that was not requested.
    """
    return confusion.diagonal().double() / confusion.sum(dim=1)


@dataclass(eq=False, kw_only=True)
class ClassAccuracy(TwoSampleMetric):
    """``class_accuracy``, and ``worst_class_accuracy``, that of the worst class.

    Empty where the class of a glyph is unknown, or the classifier has other classes.
    """

    while_training: bool = True

    captions: ClassVar[Mapping[str, str]] = {
        "class_accuracy": "requested class is recognised",
        "worst_class_accuracy": "the same, worst class",
    }
    heading: ClassVar[str] = "Classes"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return both shares, 0..1, of the sample; real glyphs are not used."""
        if sample.names != sample.glyphs.alphabet or (sample.labels < 0).any():
            return {}
        matrix = confusion(sample.labels, sample.predicted, len(sample.names))
        worst = torch.nan_to_num(class_accuracies(matrix), nan=1).min().item()
        return {
            "class_accuracy": MetricValue(matrix.trace().item() / len(sample), len(sample), better="max"),
            "worst_class_accuracy": MetricValue(worst, len(sample), better="max"),
        }

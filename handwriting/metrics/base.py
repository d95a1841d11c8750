"""What a metric receives, and what it returns."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them,
# and metrics in other files inherit them.

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from handwriting.checking import Checked
from handwriting.features.space import FeatureSpace, Sample
from handwriting.glyphs import Glyphs
from handwriting.metric_values import MetricValue, MetricValues

__all__ = [
    "Evaluation",
    "Metric",
    "MetricValue",
    "MetricValues",
    "Reference",
    "TwoSampleMetric",
    "matched",
    "subset",
]

OTHER_METRICS = "Other metrics"


class Reference:
    """The real side of every evaluation, embedded once.

    The floor of a metric is its real-versus-real baseline: the value that real training glyphs reach in place of
    generated ones. A generator that is as good as the training data reaches the floor.

    Args:
        space: The feature space that glyphs are embedded in.
        training: All training glyphs.
        real: The real glyphs that generated ones are compared with: the test set; during training, the validation set.
        seed: The seed of the choice of training glyphs for the floor.

    Attributes:
        real: The embedded real glyphs.
        floor: Embedded training glyphs: of each class as many as ``real`` has, or all where there are fewer.
    """

    def __init__(self, space: FeatureSpace, training: Glyphs, real: Glyphs, seed: int = 0) -> None:
        self.space = space
        self.training = training
        self.real = space.embed(real)
        self.floor = space.embed(matched(training, real, seed))
        self._floors: dict[TwoSampleMetric, MetricValues] = {}

    def floors(self, metric: "TwoSampleMetric") -> MetricValues:
        """Return the floors of ``metric``; they are computed once."""
        if metric not in self._floors:
            self._floors[metric] = metric.compare(self.floor, self.real)
        return self._floors[metric]


def matched(training: Glyphs, like: Glyphs, seed: int) -> Glyphs:
    """Return as many training glyphs of each class as ``like`` has, or all of them where there are fewer.

    They are chosen without replacement. Unlabelled glyphs count as a class of their own.

    Args:
        training: The glyphs to choose from.
        like: The glyphs whose class counts are matched.
        seed: The seed of the choice.
    """
    generator = torch.Generator().manual_seed(seed)
    labels, wanted = torch.tensor(training.labels), torch.tensor(like.labels)
    if not set(wanted.unique().tolist()) <= set(labels.unique().tolist()):
        labels, wanted = torch.zeros_like(labels), torch.zeros_like(wanted)
    chosen = [
        (of_class := (labels == label).nonzero()[:, 0])[torch.randperm(len(of_class), generator=generator)[:count]]
        for label, count in zip(*(part.tolist() for part in wanted.unique(return_counts=True)), strict=True)
    ]
    return training[torch.cat(chosen).sort().values.numpy()]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One evaluation of one model: everything that a metric may use.

    Attributes:
        model: The model, in evaluation mode; metrics such as a likelihood call it themselves.
        generated: Its embedded glyphs: as many as there are real ones, in the same class proportions.
        reference: The real side.
        seed: The seed of anything random in a metric.
    """

    model: Any
    generated: Sample
    reference: Reference
    seed: int = 0


@dataclass(eq=False, kw_only=True)
class Metric(metaclass=Checked):
    """Computes one or several values of a model.

    A subclass declares the names that it returns, and how they are shown, in ``captions`` and ``heading``; tables and
    pages need no other edit.

    Attributes:
        while_training: Compute it every few epochs, too; meant for metrics that take no more than a second or two.
        captions: Each name that :meth:`compute` may return, with what it is in a few words. The caption of a name with
            a slash, such as ``class_fid/a``, stands under the part before the slash.
        heading: The group of metrics that the values are shown in.
        by_classifier: Whether the values depend on the features of the classifier, so that values by different
            classifiers cannot be compared. The classifier is needed in any case: each sample holds its features.
    """

    while_training: bool = False

    captions: ClassVar[Mapping[str, str]] = {}
    heading: ClassVar[str] = OTHER_METRICS
    by_classifier: ClassVar[bool] = True

    @classmethod
    def may_return(cls, name: str) -> bool:
        """Say whether :meth:`compute` may return a value of this name; a metric without captions may return any."""
        return not cls.captions or name.partition("/")[0] in cls.captions

    @abstractmethod
    def compute(self, evaluation: Evaluation) -> MetricValues:
        """Return the values by name; an empty dictionary where they mean nothing for this model or data.

        Raises:
            DataError: If there are too few glyphs.
        """

    def prepare(self, reference: Reference) -> None:
        """Compute once what every evaluation against ``reference`` needs."""

    def described(self, name: str, value: MetricValue) -> MetricValue:
        """Return a value with the caption and the heading that this class declares."""
        return replace(value, caption=self.captions.get(name.partition("/")[0], ""), heading=self.heading)


@dataclass(eq=False, kw_only=True)
class TwoSampleMetric(Metric):
    """Compares a sample with real glyphs; its floor is the same comparison of real training glyphs."""

    @abstractmethod
    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return the values by name.

        Args:
            sample: Embedded glyphs, generated or real training glyphs.
            real: The embedded real glyphs that they are compared with.
        """

    def compute(self, evaluation: Evaluation) -> MetricValues:
        """Compare generated glyphs with real ones, and add the floors."""
        values = self.compare(evaluation.generated, evaluation.reference.real)
        floors = evaluation.reference.floors(self) if values else {}
        return {
            name: replace(value, floor=floors[name].value if name in floors else None) for name, value in values.items()
        }

    def prepare(self, reference: Reference) -> None:
        """Compute the floors."""
        reference.floors(self)


def subset(count: int, size: int, seed: int) -> Tensor:
    """Return random indices without replacement.

    Args:
        count: The indices are below it.
        size: The number of indices; all ``count`` where there are fewer.
        seed: The seed of the choice.

    Returns:
        int64 ``(min(count, size),)``.
    """
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:size]

"""What a metric sees, and what it answers."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them,
# and metrics in other files inherit them.

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from handwriting.features.space import FeatureSpace, Sample
from handwriting.glyphs import Glyphs
from handwriting.metric_values import MetricValue, MetricValues

__all__ = ["Comparison", "Evaluation", "Metric", "MetricValue", "MetricValues", "Reference", "matched", "subset"]


class Reference:
    """The real side of every comparison, looked at once.

    Args:
        space: What looks at glyphs.
        training: Training glyphs, all of them.
        real: The real glyphs that generated ones are held against: the test set, or while training the validation set.
        seed: What the floor's training glyphs are drawn from.

    Attributes:
        real: The real glyphs.
        floor: As many training glyphs in the same class proportions, or as many of a class as there are.
    """

    def __init__(self, space: FeatureSpace, training: Glyphs, real: Glyphs, seed: int = 0) -> None:
        self.space = space
        self.training = training
        self.real = space.embed(real)
        self.floor = space.embed(matched(training, real, seed))
        self._floors: dict[Comparison, MetricValues] = {}

    def floors(self, metric: "Comparison") -> MetricValues:
        """Return what ``metric`` says of real training glyphs; computed once."""
        if metric not in self._floors:
            self._floors[metric] = metric.compare(self.floor, self.real)
        return self._floors[metric]


def matched(training: Glyphs, like: Glyphs, seed: int) -> Glyphs:
    """Return as many training glyphs of each class as ``like`` has, or all of them where there are fewer.

    They are drawn without replacement. Unlabelled glyphs count as a class of their own.
    """
    generator = torch.Generator().manual_seed(seed)
    labels, wanted = torch.tensor(training.labels), torch.tensor(like.labels)
    if not set(wanted.unique().tolist()) <= set(labels.unique().tolist()):
        labels, wanted = torch.zeros_like(labels), torch.zeros_like(wanted)
    chosen = [
        (own := (labels == label).nonzero()[:, 0])[torch.randperm(len(own), generator=generator)[:count]]
        for label, count in zip(*(part.tolist() for part in wanted.unique(return_counts=True)), strict=True)
    ]
    return training[torch.cat(chosen).sort().values.numpy()]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything about one evaluation of one model.

    Attributes:
        model: The model, in evaluation; measures of its own, such as a likelihood, ask it themselves.
        generated: Its glyphs: as many as real ones, in their class proportions.
        reference: The real side.
        seed: What anything random in a measure is drawn from.
    """

    model: Any
    generated: Sample
    reference: Reference
    seed: int = 0


@dataclass(eq=False, kw_only=True)
class Metric(ABC):
    """Takes one or several measures of a model.

    Attributes:
        while_training: Take them every few epochs, too; for what takes no more than a second or two.
        by_classifier: Whether they are taken by what the classifier sees, and so depend on which classifier it is.
    """

    while_training: bool = False

    by_classifier: ClassVar[bool] = True

    @abstractmethod
    def measure(self, evaluation: Evaluation) -> MetricValues:
        """Return the measures by name; none where they mean nothing for this model or data.

        Raises:
            DataError: If there are too few glyphs.
        """

    def prepare(self, reference: Reference) -> None:  # noqa: B027 - most have nothing to prepare
        """Compute what every evaluation against ``reference`` will need."""


@dataclass(eq=False, kw_only=True)
class Comparison(Metric):
    """Holds one sample against another; its floor holds real training glyphs in place of generated ones."""

    @abstractmethod
    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return the measures of a sample, held against real glyphs."""

    def measure(self, evaluation: Evaluation) -> MetricValues:
        """Compare generated glyphs with real ones, and put the floor beside."""
        found = self.compare(evaluation.generated, evaluation.reference.real)
        floors = evaluation.reference.floors(self) if found else {}
        return {name: replace(own, floor=floors[name].value if name in floors else None) for name, own in found.items()}

    def prepare(self, reference: Reference) -> None:
        """Compute the floors."""
        reference.floors(self)


def subset(count: int, size: int, seed: int) -> Tensor:
    """Return ``size`` indices below ``count``, or all of them where there are fewer, drawn without replacement."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:size]

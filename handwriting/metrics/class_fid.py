"""FID of each class: which letters are generated worse than others."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.features.moments import Moments
from handwriting.features.space import Sample
from handwriting.metric_values import CLASS_FID
from handwriting.metrics.base import Evaluation, Metric, MetricValue, MetricValues, subset
from handwriting.metrics.fid import frechet_distance


def principal_directions(moments: Moments, count: int) -> Tensor:
    """Return the principal directions of vectors with these moments, in descending order of variance.

    Args:
        moments: Of vectors with ``D`` dimensions.
        count: The number of directions; fewer are returned where there are fewer dimensions, or at most ``count``
            vectors.

    Returns:
        float64 ``(D, count)``.
    """
    _, vectors = torch.linalg.eigh(moments.covariance)
    return vectors.flip(1)[:, : min(count, moments.n - 1)]


def distance_at(n: int, one: Tensor, other: Tensor, repeats: int = 5, seed: int = 0) -> float:
    """Return the Fréchet distance between ``n`` vectors of each side, averaged over random subsets.

    Args:
        n: The size of the subsets; at most the size of each side.
        one: ``(N, D)``.
        other: ``(M, D)``.
        repeats: The number of subsets of each side, each without replacement.
        seed: The seed of the subsets.

    Returns:
        From 0, in the square of the features' unit.
    """
    pairs = (
        [Moments.of(side[subset(len(side), n, seed + repeat)]) for side in (one, other)] for repeat in range(repeats)
    )
    return sum(frechet_distance(*pair) for pair in pairs) / repeats


def class_of(sample: Sample, names: tuple[str, ...]) -> Tensor:
    """Return the class of each glyph: its true or requested class, or else the recognised one.

    Args:
        sample: Embedded glyphs.
        names: The names of the classes, which the result indexes.

    Returns:
        int64 ``(N,)``; -1 where ``names`` are neither the glyphs' classes nor those that the classifier knows.
    """
    unknown = torch.full((len(sample),), -1)
    labels = sample.labels if sample.glyphs.alphabet == names else unknown
    recognised = sample.predicted if sample.names == names else unknown
    return torch.where(labels >= 0, labels, recognised)


@dataclass(eq=False, kw_only=True)
class ClassFID(Metric):
    """``class_fid/<name>`` for each class, and how unequal the classes are.

    FID grows with fewer glyphs, and harder letters have a larger one even among real glyphs. Therefore all classes are
    measured with the same number of glyphs, in a few dimensions, and each is compared with its own floor:
    ``class_fid_worst`` is the largest ratio to the floor, ``class_fid_spread`` the largest ratio over the smallest.

    Attributes:
        components: The number of principal components of the real glyphs' features that are kept.
        min_glyphs: Classes with fewer glyphs, generated, real or training, are skipped.
        repeats: The number of random subsets of the common size that are averaged.
    """

    components: int = 16
    min_glyphs: int = 20
    repeats: int = 5

    captions: ClassVar[Mapping[str, str]] = {
        "class_fid_worst": "FID over its floor, worst class",
        "class_fid_spread": "the same, worst class over best",
        "class_fid": "FID of one class",
    }
    heading: ClassVar[str] = "Classes"

    def compute(self, evaluation: Evaluation) -> MetricValues:
        """Return the distance of each class that has enough glyphs; empty where no class has."""
        reference = evaluation.reference
        names = reference.real.glyphs.alphabet
        sides = (evaluation.generated, reference.real, reference.floor)
        classes = [class_of(side, names) for side in sides]
        counts = torch.stack([labels[labels >= 0].bincount(minlength=len(names)) for labels in classes]).amin(dim=0)
        kept = (counts >= self.min_glyphs).nonzero()[:, 0].tolist()
        if not kept:
            return {}
        n = int(counts[kept].min())
        directions = principal_directions(reference.real.moments, self.components)
        features = [side.features.double() @ directions for side in sides]
        values = {}
        for label in kept:
            generated, real, floor = (side[labels == label] for side, labels in zip(features, classes, strict=True))
            value, best = (distance_at(n, side, real, self.repeats, evaluation.seed) for side in (generated, floor))
            values[CLASS_FID + names[label]] = MetricValue(value, n, floor=best)
        return values | _inequality(values, n)


def _inequality(values: MetricValues, n: int) -> MetricValues:
    """Return the largest ratio to the floor and the spread of these; empty where a ratio is undefined."""
    pairs = [(value.value, value.floor or 0.0) for value in values.values()]
    if min(map(min, pairs)) <= 0:  # a class of equal glyphs
        return {}
    ratios = [value / floor for value, floor in pairs]
    return {
        "class_fid_worst": MetricValue(max(ratios), n, "times the floor", floor=1.0),
        "class_fid_spread": MetricValue(max(ratios) / min(ratios), n, floor=1.0),
    }

"""FID of each class: which letters are drawn worse than others."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handwriting.features.moments import Moments
from handwriting.features.space import Sample
from handwriting.metrics.base import Evaluation, Metric, MetricValue, MetricValues, subset
from handwriting.metrics.fid import frechet_distance


def principal_directions(moments: Moments, count: int) -> Tensor:
    """Return the directions in which vectors with these moments vary most, float64 ``(D, count)``.

    Fewer where there are fewer dimensions, or not more than ``count`` vectors.
    """
    _, vectors = torch.linalg.eigh(moments.covariance)
    return vectors.flip(1)[:, : min(count, moments.n - 1)]


def distance_at(n: int, one: Tensor, other: Tensor, draws: int = 5, seed: int = 0) -> float:
    """Return the Fréchet distance between ``n`` vectors of either side, averaged over some draws of them.

    Args:
        n: How many; no more than either side has.
        one: ``(N, D)``.
        other: ``(M, D)``.
        draws: How often they are drawn, each time without replacement.
        seed: What they are drawn from.

    Returns:
        From 0, in the square of the features' unit.
    """
    drawn = ([Moments.of(side[subset(len(side), n, seed + draw)]) for side in (one, other)] for draw in range(draws))
    return sum(frechet_distance(*pair) for pair in drawn) / draws


def class_of(sample: Sample, names: tuple[str, ...]) -> Tensor:
    """Return the class of each glyph: the one it has or was asked for, else the one that is seen in it.

    Args:
        sample: Some glyphs.
        names: The classes to number them by.

    Returns:
        int64 ``(N,)``; -1 where ``names`` are neither the glyphs' classes nor those that the classifier knows.
    """
    unknown = torch.full((len(sample),), -1)
    labels = sample.labels if sample.glyphs.alphabet == names else unknown
    seen = sample.predicted if sample.names == names else unknown
    return torch.where(labels >= 0, labels, seen)


@dataclass(eq=False, kw_only=True)
class ClassFID(Metric):
    """``class_fid/<name>`` for each class, and how unequal they are.

    FID grows with fewer glyphs, and harder letters have a larger one even among real glyphs. So all classes are
    measured with the same number of glyphs, in a few dimensions, and each is held against its own floor:
    ``class_fid_worst`` is the largest ratio to the floor, ``class_fid_spread`` the largest ratio over the smallest.

    Attributes:
        components: How many principal components of the real glyphs' features are kept.
        least: A class with fewer glyphs, generated, real or training, is left out.
        draws: How many draws of the common number of glyphs are averaged.
    """

    components: int = 16
    least: int = 20
    draws: int = 5

    captions: ClassVar[Mapping[str, str]] = {
        "class_fid_worst": "FID over its floor, worst class",
        "class_fid_spread": "the same, worst class over best",
        "class_fid": "FID of one class",
    }
    heading: ClassVar[str] = "Classes"

    def compute(self, evaluation: Evaluation) -> MetricValues:
        """Return the distance of each class that has enough glyphs; none where no class has."""
        reference = evaluation.reference
        names = reference.real.glyphs.alphabet
        sides = (evaluation.generated, reference.real, reference.floor)
        classes = [class_of(side, names) for side in sides]
        counts = torch.stack([own[own >= 0].bincount(minlength=len(names)) for own in classes]).amin(dim=0)
        kept = (counts >= self.least).nonzero()[:, 0].tolist()
        if not kept:
            return {}
        n = int(counts[kept].min())
        directions = principal_directions(reference.real.moments, self.components)
        features = [side.features.double() @ directions for side in sides]
        found = {}
        for label in kept:
            generated, real, floor = (own[of == label] for own, of in zip(features, classes, strict=True))
            value, best = (distance_at(n, side, real, self.draws, evaluation.seed) for side in (generated, floor))
            found[f"class_fid/{names[label]}"] = MetricValue(value, n, floor=best)
        return found | _inequality(found, n)


def _inequality(found: MetricValues, n: int) -> MetricValues:
    """Return the largest ratio to the floor and the spread of these; none where a ratio would not be a number."""
    pairs = [(measure.value, measure.floor or 0.0) for measure in found.values()]
    if min(map(min, pairs)) <= 0:  # a class of equal glyphs
        return {}
    ratios = [value / floor for value, floor in pairs]
    return {
        "class_fid_worst": MetricValue(max(ratios), n, "times the floor", floor=1.0),
        "class_fid_spread": MetricValue(max(ratios) / min(ratios), n, floor=1.0),
    }

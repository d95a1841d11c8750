"""The feature space: what a trained glyph classifier sees in glyphs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from handwriting.data.preparation.resizing import resize
from handwriting.errors import DataError
from handwriting.features.moments import Moments
from handwriting.glyphs import Glyphs
from handwriting.networks.classifier import FEATURES, SIDE, GlyphClassifier

AT_ONCE = 500
"""Glyphs that are looked at in one go."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Some glyphs, real or generated, and what the classifier sees in them; everything on the CPU.

    Attributes:
        glyphs: The glyphs; their labels are true, or were asked for, or unknown (-1).
        features: The classifier's last hidden layer, float32 ``(N, D)``.
        predicted: The class that it sees, an index of ``names``, int64 ``(N,)``.
        names: The classifier's classes; those of the glyphs unless these have no labels.

    Raises:
        DataError: If there is no glyph, or a feature is not finite.
    """

    glyphs: Glyphs
    features: Tensor
    predicted: Tensor
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what no measure can be taken of."""
        if not len(self.features):
            raise DataError("there is no glyph to measure")
        if not self.features.isfinite().all():
            raise DataError("the features of some glyphs are not finite numbers: nothing can be measured by them")

    def __len__(self) -> int:
        """Return the number of glyphs."""
        return len(self.features)

    def __getitem__(self, index: Tensor) -> Sample:
        """Return the glyphs at ``index``, int64 ``(M,)`` or bool ``(N,)``."""
        return Sample(self.glyphs[index.numpy()], self.features[index], self.predicted[index], self.names)

    @cached_property
    def labels(self) -> Tensor:
        """The labels of the glyphs, int64 ``(N,)``."""
        return torch.tensor(self.glyphs.labels)

    @cached_property
    def moments(self) -> Moments:
        """Mean and covariance of the features; computed once."""
        return Moments.of(self.features)


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """A trained classifier, and how far it can be trusted.

    Attributes:
        classifier: In evaluation mode.
        names: Its classes.
        accuracy: The share of real test glyphs that it recognises.
        tested: How many these were.
        hash: 8 hex digits of its weights: numbers are comparable where these agree.
        origin: ``own`` where it was trained on the data that is measured, or ``synthetic``.
    """

    classifier: GlyphClassifier
    names: tuple[str, ...]
    accuracy: float
    tested: int
    hash: str
    origin: str

    def __str__(self) -> str:
        """Return what stands beside every number."""
        kind = "glyph classifier" if self.origin == "own" else f"{self.origin} glyphs' classifier"
        return f"{kind} {self.hash}, {self.accuracy:.1%} of {self.tested:,} test glyphs right"

    def embed(self, glyphs: Glyphs) -> Sample:
        """Return glyphs with what the classifier sees in them."""
        return embed(self.classifier, glyphs, self.names)


def embed(classifier: GlyphClassifier, glyphs: Glyphs, names: tuple[str, ...]) -> Sample:
    """Return glyphs, of any size, with what a classifier of the classes ``names`` sees in them.

    Raises:
        DataError: If there is no glyph, or a feature is not finite.
    """
    device = next(classifier.parameters()).device
    features = [torch.zeros(0, FEATURES)]
    predicted = [torch.zeros(0, dtype=torch.int64)]
    with torch.no_grad():
        for start in range(0, len(glyphs), AT_ONCE):
            images = torch.tensor(resize(glyphs.images[start : start + AT_ONCE], SIDE)).to(device)
            seen = classifier.features(images / 255)
            features.append(seen.cpu())
            predicted.append(classifier.head(seen).argmax(dim=1).cpu())
    return Sample(glyphs, torch.cat(features), torch.cat(predicted), names)

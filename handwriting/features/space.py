"""The feature space: glyphs embedded by a trained glyph classifier."""

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

GLYPHS_PER_BATCH = 500
"""Glyphs that are embedded in one batch."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Glyphs, real or generated, embedded by a classifier; all tensors are on the CPU.

    Attributes:
        glyphs: The glyphs; their labels are the true classes, or the requested ones, or unknown (-1).
        features: The classifier's last hidden layer, float32 ``(N, D)``.
        predicted: The recognised class, an index of ``names``, int64 ``(N,)``.
        names: The names of the classifier's classes; those of the glyphs unless these have no labels.

    Raises:
        DataError: If there is no glyph, or a feature is not finite.
    """

    glyphs: Glyphs
    features: Tensor
    predicted: Tensor
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a sample that no metric can be computed from."""
        if not len(self.features):
            raise DataError("there is no glyph to evaluate")
        if not self.features.isfinite().all():
            raise DataError("the features of some glyphs are not finite numbers, so no metric can be computed")

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
    """A trained classifier, and its accuracy.

    Attributes:
        classifier: In evaluation mode.
        names: The names of its classes.
        accuracy: The share of real test glyphs that it recognises, 0..1.
        tested: The number of these test glyphs.
        hash: 8 hex digits of its weights: values by classifiers of equal hash are comparable.
        origin: ``own`` where it was trained on the evaluated data, or ``synthetic``.
    """

    classifier: GlyphClassifier
    names: tuple[str, ...]
    accuracy: float
    tested: int
    hash: str
    origin: str

    def __str__(self) -> str:
        """Return a description of the classifier in one line."""
        kind = "glyph classifier" if self.origin == "own" else f"{self.origin} glyphs' classifier"
        return f"{kind} {self.hash}, accuracy {self.accuracy:.1%} on {self.tested:,} test glyphs"

    def embed(self, glyphs: Glyphs) -> Sample:
        """Return embedded glyphs."""
        return embed(self.classifier, glyphs, self.names)


def embed(classifier: GlyphClassifier, glyphs: Glyphs, names: tuple[str, ...]) -> Sample:
    """Return embedded glyphs.

    Args:
        classifier: The classifier, in evaluation mode.
        glyphs: Glyphs of any size.
        names: The names of the classifier's classes.

    Raises:
        DataError: If there is no glyph, or a feature is not finite.
    """
    device = next(classifier.parameters()).device
    features = [torch.zeros(0, FEATURES)]
    predicted = [torch.zeros(0, dtype=torch.int64)]
    with torch.no_grad():
        for start in range(0, len(glyphs), GLYPHS_PER_BATCH):
            images = torch.tensor(resize(glyphs.images[start : start + GLYPHS_PER_BATCH], SIDE)).to(device)
            embedded = classifier.features(images / 255)
            features.append(embedded.cpu())
            predicted.append(classifier.head(embedded).argmax(dim=1).cpu())
    return Sample(glyphs, torch.cat(features), torch.cat(predicted), names)

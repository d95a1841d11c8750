"""Samples with invented features, and evaluations of them."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from handwriting.features.space import FeatureSpace, Sample
from handwriting.glyphs import Glyphs
from handwriting.metrics.base import Evaluation, Reference

NAMES = ("a", "b", "c")


def gaussian(n: int, dimensions: int = 8, seed: int = 0, shift: float = 0.0) -> Tensor:
    """Return vectors of a Gaussian with unit variances, float32 ``(n, dimensions)``."""
    return torch.randn(n, dimensions, generator=torch.Generator().manual_seed(seed)) + shift


def make_sample(
    features: Tensor,
    labels: Tensor | None = None,
    predicted: Tensor | None = None,
    images: np.ndarray | None = None,
    names: tuple[str, ...] = NAMES,
) -> Sample:
    """Return a sample with these features; glyphs are noise, and classes take turns, unless they are given."""
    n = len(features)
    turns = torch.arange(n) % len(names)
    pixels = np.random.default_rng(n).integers(0, 256, (n, 1, 4, 4), np.uint8) if images is None else images
    glyphs = Glyphs(pixels, (turns if labels is None else labels).numpy(), alphabet=names)
    return Sample(glyphs, features, turns if predicted is None else predicted, names)


class FakeSpace:
    """What values say of the classifier that they depend on."""

    hash = "abcd1234"
    accuracy = 0.9


class FakeReference(Reference):
    """A real side that was not embedded by any classifier."""

    def __init__(self, real: Sample, floor: Sample, space: FakeSpace | None = None) -> None:
        self.space = cast(FeatureSpace, space)
        self.training = floor.glyphs
        self.real = real
        self.floor = floor
        self._floors = {}


def make_evaluation(generated: Sample, real: Sample, floor: Sample, space: FakeSpace | None = None) -> Evaluation:
    """Return an evaluation; the floor's glyphs are all the training glyphs."""
    return Evaluation(None, generated, FakeReference(real, floor, space))

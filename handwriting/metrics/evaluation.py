"""ValidationMetrics a model: the protocol that every number in the project is taken by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.glyphs import Glyphs
from handwriting.metrics.base import Evaluation, Metric, MetricValues, Reference

SEED = 0
"""What evaluations draw latents from, so that two of the same weights are the same to the byte."""


class SamplesGlyphs(Protocol):
    """What can be measured: a model, or anything else that draws glyphs of given labels and styles."""

    def sample_glyphs(self, labels: NDArray[np.int64], styles: NDArray[np.int64], generator: torch.Generator) -> Glyphs:
        """Return one glyph for each label and style."""
        ...


def sample_like(model: SamplesGlyphs, like: Glyphs, seed: int = SEED) -> Glyphs:
    """Return as many generated glyphs as there are real ones, each asked for the class and style of one of them."""
    return model.sample_glyphs(like.labels, like.styles, torch.Generator().manual_seed(seed))


def evaluate_samples(model: SamplesGlyphs, reference: Reference, seed: int = SEED) -> Evaluation:
    """Let a model draw, and look at what it drew.

    By its averaged weights, as many glyphs as there are real ones in the reference, in their class proportions; an
    unconditional model as many of whatever it draws.

    Args:
        model: The model.
        reference: What its glyphs are held against.
        seed: What latents are drawn from.

    Raises:
        DataError: If it draws something that is no image.
    """
    return Evaluation(model, reference.space.embed(sample_like(model, reference.real.glyphs, seed)), reference, seed)


def prepare(metrics: Iterable[Metric], reference: Reference) -> tuple[list[Metric], list[str]]:
    """Compute what every evaluation against ``reference`` will need.

    Returns:
        The metrics that can be taken; and why any other refused, such as for too few glyphs.
    """
    ready: list[Metric] = []
    refused: list[str] = []
    for metric in metrics:
        try:
            metric.prepare(reference)
        except DataError as error:
            refused.append(f"{type(metric).__name__}: {error}")
        else:
            ready.append(metric)
    return ready, refused


def measure(evaluation: Evaluation, metrics: Iterable[Metric]) -> tuple[MetricValues, list[str]]:
    """Take every measure that means something for this model and data.

    Returns:
        The measures by name; and why any metric refused, such as for too few glyphs.
    """
    found: MetricValues = {}
    refused: list[str] = []
    space = evaluation.reference.space
    for metric in metrics:
        try:
            own = metric.measure(evaluation)
        except DataError as error:
            refused.append(f"{type(metric).__name__}: {error}")
            continue
        for name, one in own.items():
            if not all(math.isfinite(number) for number in (one.value, one.floor or 0, one.error or 0)):
                refused.append(f"{name} is {one.value}, its floor {one.floor}, its error {one.error}")
            elif metric.by_classifier:
                found[name] = replace(one, classifier=space.hash, accuracy=space.accuracy)
            else:
                found[name] = one
    return found, refused

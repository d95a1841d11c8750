"""The protocol by which every metric value in the project is computed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from handwriting.errors import DataError
from handwriting.glyphs import UNKNOWN, Glyphs, to_grey_levels
from handwriting.metrics.base import Evaluation, Metric, MetricValues, Reference
from handwriting.progress import step

SEED = 0
"""The seed of the latents of an evaluation, so that two evaluations of the same weights are equal to the byte."""


class SamplesGlyphs(Protocol):
    """What can be evaluated: a model, or anything else that samples glyphs.

    Attributes:
        conditions: What a caller may request: ``class``, ``style``, both, or nothing.
    """

    conditions: Any

    def sample(self, n: int, labels: Any, styles: Any, generator: torch.Generator) -> Tensor:
        """Return ``n`` images, float ``(n, 1, H, W)`` in [0, 1] on the CPU.

        ``labels`` and ``styles`` are indices, int64 ``(n,)``; None where any are to be sampled.
        """
        ...


def sample_like(model: SamplesGlyphs, like: Glyphs, seed: int = SEED) -> Glyphs:
    """Return as many generated glyphs as there are real ones, each of the class and style of one of them.

    A class or style that the model is not conditioned on, or that is not known of every real glyph, stays unknown.

    Args:
        model: The model.
        like: The real glyphs.
        seed: Seed of the latents.

    Raises:
        DataError: If the model's images are not finite.
    """
    known = {"class": like.labels, "style": like.styles}
    requested = {name: index for name, index in known.items() if name in model.conditions and (index >= 0).all()}
    labels, styles = (torch.tensor(requested[name]) if name in requested else None for name in known)
    images = model.sample(len(like), labels, styles, torch.Generator().manual_seed(seed))
    label, style = (requested.get(name, np.full(len(like), UNKNOWN)) for name in known)
    return Glyphs(to_grey_levels(images.numpy()), label, style, like.alphabet, like.style_names)


def evaluate_samples(model: SamplesGlyphs, reference: Reference, seed: int = SEED) -> Evaluation:
    """Let a model sample, and embed its samples.

    It samples by its averaged weights: as many glyphs as the reference has real ones, in their class proportions. An
    unconditional model samples as many glyphs of any class.

    Args:
        model: The model.
        reference: The real side.
        seed: The seed of the latents.

    Raises:
        DataError: If a sampled image is not finite.
    """
    return Evaluation(model, reference.space.embed(sample_like(model, reference.real.glyphs, seed)), reference, seed)


def prepare_metrics(metrics: Iterable[Metric], reference: Reference) -> tuple[list[Metric], list[str]]:
    """Compute once what every evaluation against ``reference`` needs.

    Returns:
        The metrics that can be computed; and why any other refused, such as for too few glyphs.
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


def compute_metrics(evaluation: Evaluation, metrics: Sequence[Metric]) -> tuple[MetricValues, list[str]]:
    """Compute every metric that means something for this model and data.

    Returns:
        The values by name, in the order of ``metrics``, with their captions; and why any metric refused, such as for
        too few glyphs.
    """
    values: MetricValues = {}
    refused: list[str] = []
    space = evaluation.reference.space
    with step("measuring") as report:
        for number, metric in enumerate(metrics):
            report(number / len(metrics), f"measuring {type(metric).__name__}")
            try:
                computed = metric.compute(evaluation)
            except DataError as error:
                refused.append(f"{type(metric).__name__}: {error}")
                continue
            for name, value in computed.items():
                if not all(math.isfinite(number) for number in (value.value, value.floor or 0, value.error or 0)):
                    refused.append(f"{name} is {value.value}, its floor {value.floor}, its error {value.error}")
                    continue
                values[name] = metric.described(name, value)
                if metric.by_classifier:
                    values[name] = replace(values[name], classifier=space.hash, accuracy=space.accuracy)
    return values, refused

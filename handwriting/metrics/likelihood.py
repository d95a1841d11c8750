"""The likelihood of real glyphs under a variational model: the terms of the ELBO, and a tighter bound."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from pydantic import PositiveInt
from torch import Tensor

from handwriting.data.loading.loader import Batch
from handwriting.metrics.base import Evaluation, Metric, MetricValue, MetricValues, subset

GLYPHS_PER_BATCH = 16
"""Glyphs whose importance samples are decoded in one batch."""


@runtime_checkable
class HasLikelihood(Protocol):
    """A model that bounds the likelihood of a glyph.

    Attributes:
        likelihood: ``bernoulli`` or ``gaussian``: the distribution of a pixel given the latents.
    """

    likelihood: str

    @property
    def condition_sizes(self) -> dict[str, int]:
        """The number of values of each condition."""

    def reconstruct(self, batch: Batch) -> Tensor:
        """Return the reconstruction of each glyph, ``(N, 1, H, W)`` in [0, 1]."""

    def negative_elbo(self, batch: Batch, seed: int) -> tuple[Tensor, Tensor]:
        """Return the reconstruction term and the KL term of each glyph, ``(N,)`` each, in nats."""

    def log_weights(self, batch: Batch, samples: int, generator: torch.Generator) -> Tensor:
        """Return the log-weights of importance samples, ``(N, samples)``, in nats."""


def binarised(images: Tensor, seed: int) -> Tensor:
    """Return every pixel as 1 with the probability of its grey level, else as 0 (Salakhutdinov and Murray, 2008).

    Args:
        images: float ``(N, 1, H, W)`` in [0, 1].
        seed: The seed of the pixels.

    Returns:
        float ``(N, 1, H, W)`` of 0 and 1.
    """
    return (torch.rand(images.shape, generator=torch.Generator().manual_seed(seed)) < images).to(images.dtype)


def grey_entropy(images: Tensor) -> float:
    r"""Return :math:`-\sum_i x_i \log x_i + (1 - x_i) \log(1 - x_i)` over pixels, mean over images, in nats.

    It is the binary cross-entropy of grey images with themselves.

    Args:
        images: ``(N, 1, H, W)`` in [0, 1].
    """
    grey = images.double()
    return float(-(grey.xlogy(grey) + (1 - grey).xlogy(1 - grey)).flatten(1).sum(dim=1).mean())


def importance_weighted(log_weights: Tensor) -> Tensor:
    r"""Return :math:`-\log \frac1K \sum_k w_k` of each glyph, ``(N,)``, in nats; the bound of Burda et al. (2016).

    >>> importance_weighted(torch.tensor([[-90.0, -90.0]]))
    tensor([90.])

    Args:
        log_weights: ``(N, K)``.
    """
    return math.log(log_weights.shape[1]) - torch.logsumexp(log_weights, dim=1)


@dataclass(eq=False, kw_only=True)
class Likelihood(Metric):
    r"""``mse``, ``reconstruction``, ``kl``, ``negative_elbo`` and ``importance_weighted_bound`` on real glyphs.

    - ``mse``: between a glyph and its reconstruction, over pixels in [0, 1].
    - ``reconstruction``, ``kl`` and their sum ``negative_elbo``: the loss without weight on the KL term, in nats.
    - ``importance_weighted_bound``: :math:`-\log p(x)` by ``samples`` latents for each glyph. Where the likelihood is
      a Bernoulli's, glyphs are binarised once, by seed 0, since grey ones have no likelihood under it. A conditional
      model receives the class; since :math:`p(x) \ge p(x | y) / C`, the logarithm of the number of classes is added.

    Only for variational models. Where the likelihood is a Bernoulli's, the floor of ``reconstruction`` and
    ``negative_elbo`` is the entropy of the grey pixels, the lowest value that a reconstruction can reach.

    Attributes:
        samples: The number k of latents for each glyph.
        max_glyphs: The largest number of real glyphs for the last bound, which costs ``samples`` decodings of each.
    """

    samples: PositiveInt = 500
    max_glyphs: PositiveInt = 1000

    captions: ClassVar[Mapping[str, str]] = {
        "mse": "squared reconstruction error, a pixel",
        "reconstruction": "reconstruction term",
        "kl": "KL term",
        "negative_elbo": "both terms: bound on -log p(x)",
        "importance_weighted_bound": "tighter bound on -log p(x)",
    }
    heading: ClassVar[str] = "Likelihood of real glyphs"
    by_classifier: ClassVar[bool] = False

    def compute(self, evaluation: Evaluation) -> MetricValues:
        """Return the terms and bounds; empty for a model that has no likelihood."""
        model: Any = evaluation.model
        if not isinstance(model, HasLikelihood):
            return {}
        batch = Batch.of(evaluation.reference.real.glyphs)
        squares = (model.reconstruct(batch) - batch.image).double().square().mean(dim=(1, 2, 3))
        reconstruction, kl = (term.double() for term in model.negative_elbo(batch, evaluation.seed))
        floor = grey_entropy(batch.image) if model.likelihood == "bernoulli" else None
        return {
            "mse": _mean(squares, ""),
            "reconstruction": replace(_mean(reconstruction, "nats"), floor=floor),
            "kl": _mean(kl, "nats"),
            "negative_elbo": replace(_mean(reconstruction + kl, "nats"), floor=floor),
            "importance_weighted_bound": self._bound(model, batch, evaluation.seed),
        }

    def _bound(self, model: HasLikelihood, batch: Batch, seed: int) -> MetricValue:
        unit = f"nats, k={self.samples}"
        if model.likelihood == "bernoulli":
            batch = batch._replace(image=binarised(batch.image, seed=0))
            unit += ", binarised"
        chosen = subset(len(batch.image), self.max_glyphs, seed)
        generator = torch.Generator().manual_seed(seed)
        bounds = [
            importance_weighted(model.log_weights(Batch(*(tensor[index] for tensor in batch)), self.samples, generator))
            for index in chosen.split(GLYPHS_PER_BATCH)
        ]
        classes = math.prod(model.condition_sizes.values())
        return _mean(torch.cat(bounds).double() + math.log(classes), unit)


def _mean(values: Tensor, unit: str) -> MetricValue:
    error = float(values.std() / math.sqrt(len(values))) if len(values) > 1 else None
    return MetricValue(float(values.mean()), len(values), unit, error=error)

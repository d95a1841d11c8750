"""KL and JS divergence of the classes that are seen, and of pixels' intensities."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from handwriting.errors import DataError
from handwriting.features.space import Sample
from handwriting.metrics.base import Comparison, Measure, Measures

INTENSITIES = 256
CLASS_PSEUDOCOUNT = 0.5
"""Jeffreys' prior: a class that is never seen counts as half a glyph on either side, so that KL stays finite."""
PIXEL_PSEUDOCOUNT = 1.0
"""Laplace's; beside millions of pixels it only keeps KL finite."""


def class_counts(predicted: Tensor, classes: int) -> Tensor:
    """Return how many glyphs of each class are seen, int64 ``(classes,)``; counts of parts add up.

    Args:
        predicted: The class seen in each glyph, int64 ``(N,)``.
        classes: How many there are.
    """
    return torch.bincount(predicted, minlength=classes)


def intensity_counts(images: Tensor) -> Tensor:
    """Return how many pixels have each intensity, int64 ``(256,)``; counts of parts add up.

    Args:
        images: uint8 ``(N, 1, H, W)``.
    """
    # Part by part, since counting needs eight bytes a pixel.
    return torch.stack([torch.bincount(part.flatten(), minlength=INTENSITIES) for part in images.split(1_000)]).sum(0)


def smoothed(counts: Tensor, pseudocount: float) -> Tensor:
    r"""Return counts as probabilities, :math:`(c_i + a) / \sum_j (c_j + a)`.

    >>> smoothed(torch.tensor([3, 0]), 0.5).tolist()
    [0.875, 0.125]

    Args:
        counts: ``(K,)``, from 0.
        pseudocount: What is added to each, so that no probability is 0.

    Returns:
        float64 ``(K,)``.
    """
    raised = counts.to(torch.float64) + pseudocount
    return raised / raised.sum()


def kl_divergence(p: Tensor, q: Tensor) -> float:
    r"""Return :math:`KL(p \| q) = \sum_i p_i \log(p_i / q_i)` in nats.

    Not symmetric: with real glyphs as ``p`` it punishes what is missing among the generated ones, ``q``.

    >>> round(kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])), 4)
    0.1438

    Args:
        p: Probabilities, ``(K,)``.
        q: Probabilities, ``(K,)``.

    Returns:
        From 0; infinite where ``q`` rules out what ``p`` allows.

    Raises:
        DataError: If one of them is not a distribution, or they are not over the same outcomes.
    """
    p, q = _distributions(p, q)
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum().clamp(min=0).item()


def js_divergence(p: Tensor, q: Tensor) -> float:
    r"""Return :math:`JS(p, q) = \frac12 KL(p \| m) + \frac12 KL(q \| m)` with :math:`m = (p + q) / 2`, in nats.

    Symmetric (Lin, 1991).

    >>> round(js_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])), 4)
    0.6931

    Args:
        p: Probabilities, ``(K,)``.
        q: Probabilities, ``(K,)``.

    Returns:
        In 0..log 2.

    Raises:
        DataError: If one of them is not a distribution, or they are not over the same outcomes.
    """
    p, q = _distributions(p, q)
    middle = (p + q) / 2
    return (kl_divergence(p, middle) + kl_divergence(q, middle)) / 2


def _distributions(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    p, q = p.to(torch.float64), q.to(torch.float64)
    if p.shape != q.shape:
        raise DataError(f"distributions over {len(p)} and {len(q)} outcomes cannot be compared")
    if not all((one >= 0).all() and abs(one.sum() - 1) < 1e-6 for one in (p, q)):  # false of what is not a number
        raise DataError("a distribution needs probabilities from 0 that sum to 1")
    return p, q


@dataclass(eq=False, kw_only=True)
class Divergence(Comparison):
    """``class_kl``, ``class_js``, ``pixel_kl`` and ``pixel_js``, in nats; KL is that of real from generated glyphs.

    The class of a glyph is the one that the classifier sees. Of pixels only the intensity counts, not the place.
    """

    while_training: bool = True

    def compare(self, sample: Sample, real: Sample) -> Measures:
        """Return both divergences of both histograms."""
        kinds: dict[str, tuple[Callable[[Sample], Tensor], float]] = {
            "class": (lambda side: class_counts(side.predicted, len(side.names)), CLASS_PSEUDOCOUNT),
            "pixel": (lambda side: intensity_counts(torch.tensor(side.glyphs.images)), PIXEL_PSEUDOCOUNT),
        }
        found = {}
        for kind, (count, pseudocount) in kinds.items():
            p, q = (smoothed(count(side), pseudocount) for side in (real, sample))
            found[f"{kind}_kl"] = Measure(kl_divergence(p, q), len(sample), "nats")
            found[f"{kind}_js"] = Measure(js_divergence(p, q), len(sample), "nats")
        return found

"""KL and JS divergence of two histograms, such as those of recognised classes or of pixel intensities."""

from __future__ import annotations

import torch
from torch import Tensor

from handwriting.errors import DataError
from handwriting.metric_values import MetricValue, MetricValues


def smoothed(counts: Tensor, pseudocount: float) -> Tensor:
    r"""Return counts as probabilities, :math:`(c_i + a) / \sum_j (c_j + a)`.

    >>> smoothed(torch.tensor([3, 0]), 0.5).tolist()
    [0.875, 0.125]

    Args:
        counts: ``(K,)``, from 0.
        pseudocount: Added to each count, so that no probability is 0.

    Returns:
        float64 ``(K,)``.
    """
    raised = counts.to(torch.float64) + pseudocount
    return raised / raised.sum()


def kl_divergence(p: Tensor, q: Tensor) -> float:
    r"""Return :math:`KL(p \| q) = \sum_i p_i \log(p_i / q_i)` in nats.

    Not symmetric: with real glyphs as ``p`` it punishes outcomes that generated glyphs, ``q``, lack.

    >>> round(kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])), 4)
    0.1438

    Args:
        p: Probabilities, ``(K,)``.
        q: Probabilities, ``(K,)``.

    Returns:
        From 0; infinite where ``q`` is 0 and ``p`` is not.

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
    if not all(
        (probabilities >= 0).all() and abs(probabilities.sum() - 1) < 1e-6 for probabilities in (p, q)
    ):  # false for NaN
        raise DataError("a distribution needs probabilities from 0 that sum to 1")
    return p, q


def divergences(kind: str, real: Tensor, sample: Tensor, pseudocount: float, n: int) -> MetricValues:
    """Return ``<kind>_kl``, with the real histogram as :math:`p`, and ``<kind>_js`` of two smoothed histograms.

    Args:
        kind: The prefix of the names, such as ``class``.
        real: Counts in real glyphs, ``(K,)``.
        sample: Counts in the sample, ``(K,)``.
        pseudocount: Added to each count.
        n: The number of glyphs in the sample.
    """
    p, q = smoothed(real, pseudocount), smoothed(sample, pseudocount)
    return {
        f"{kind}_kl": MetricValue(kl_divergence(p, q), n, "nats"),
        f"{kind}_js": MetricValue(js_divergence(p, q), n, "nats"),
    }

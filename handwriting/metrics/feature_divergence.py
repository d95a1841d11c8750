"""KL and JS divergence of the features, estimated by a classifier of real against generated glyphs."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handwriting.features.space import Sample
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric, subset
from handwriting.metrics.checks import in_float64

MIN_VECTORS = 50
"""Vectors that each side needs for the training of the classifier."""
FOLDS = 5
INVERSE_PENALTIES = (0.1, 0.01, 0.001, 0.0001)
"""Candidates for ``C``, the inverse weight of the penalty."""
MAX_LOG_ODDS = 50.0
"""Log-odds, in nats, are clipped at this size: larger ones only mean that no vector of the other side was near."""


def log_ratios(p: Tensor, q: Tensor, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return estimates of :math:`\log p(x) / q(x)` at each vector, by a classifier that was not trained on it.

    A logistic regression on the standardised features and their squares separates ``p`` from ``q``; its log-odds
    estimate the ratio (Sugiyama et al., 2012). Each fifth of the vectors is held out once, under several penalties. The
    penalty for a fifth, and a factor from 0 for its log-odds, are those that fit the held-out log-odds of the other
    fifths best; the factor becomes 0 where the classifier has learned nothing that generalises.

    Args:
        p: ``(N, D)``.
        q: ``(M, D)``.
        seed: The seed of the split into fifths.

    Returns:
        float64 ``(N,)`` and ``(M,)``, nats, within ±50.

    Raises:
        DataError: If a side has fewer than 50 vectors, or a value is not finite.
    """
    p, q = in_float64("feature_divergence", MIN_VECTORS, p, q)
    vectors = torch.cat([p, q]).numpy()
    of_p = np.repeat([True, False], [len(p), len(q)])
    fold = torch.cat([subset(len(side), len(side), seed) % FOLDS for side in (p, q)]).numpy()
    held_out = np.empty((len(INVERSE_PENALTIES), len(vectors)))
    for row, inverse_penalty in enumerate(INVERSE_PENALTIES):
        for part in range(FOLDS):
            classifier = _classifier(inverse_penalty).fit(vectors[fold != part], of_p[fold != part])
            held_out[row, fold == part] = classifier.decision_function(vectors[fold == part])
    log_ratio = np.empty(len(vectors))
    for part in range(FOLDS):
        held, others = fold == part, fold != part
        calibrated = [_calibrated(log_odds[others], of_p[others]) for log_odds in held_out]
        _, factor, row = min((loss, factor, row) for row, (factor, loss) in enumerate(calibrated))
        log_ratio[held] = factor * held_out[row, held]
    log_ratio = log_ratio.clip(-MAX_LOG_ODDS, MAX_LOG_ODDS)
    return log_ratio[of_p], log_ratio[~of_p]


def _classifier(inverse_penalty: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    regression = LogisticRegression(C=inverse_penalty, class_weight="balanced", max_iter=300)
    return make_pipeline(StandardScaler(), FunctionTransformer(_with_squares), StandardScaler(), regression)


def _with_squares(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([vectors, vectors**2], axis=1)


def _calibrated(log_odds: NDArray[np.float64], of_p: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the factor from 0 under which log-odds ``(N,)`` best predict ``of_p``, and the loss in nats."""
    from sklearn.linear_model import LogisticRegression

    # Almost unpenalised: the small penalty keeps the factor finite where the sides do not overlap.
    regression = LogisticRegression(C=1e6, fit_intercept=False, class_weight="balanced")
    regression.fit(log_odds[:, None], of_p)
    factor = max(0.0, float(regression.coef_[0, 0]))
    losses = np.logaddexp(0, np.where(of_p, -factor, factor) * log_odds)
    return factor, float(losses[of_p].mean() + losses[~of_p].mean()) / 2


def kl_estimate(of_p: NDArray[np.float64]) -> tuple[float, float]:
    r"""Return :math:`KL(p \| q) = E_p[\log p/q]` in nats, and its standard error.

    Args:
        of_p: :math:`\log p/q` at vectors of ``p``, ``(N,)``.
    """
    return float(of_p.mean()), float(of_p.std() / math.sqrt(len(of_p)))


def js_estimate(of_p: NDArray[np.float64], of_q: NDArray[np.float64]) -> tuple[float, float]:
    r"""Return :math:`JS(p, q) = \log 2 + \frac12 E_p[\log D] + \frac12 E_q[\log(1 - D)]` and its standard error.

    In nats, with :math:`D = p / (p + q)`. With any other ``D`` it is smaller: a lower bound on the average
    (Goodfellow et al., 2014).

    Args:
        of_p: :math:`\log p/q` at vectors of ``p``, ``(N,)``.
        of_q: The same at vectors of ``q``, ``(M,)``.
    """
    # log 2 is added to each, so that odds of exactly 1 throughout give exactly 0.
    real, generated = math.log(2) - np.logaddexp(0, -of_p), math.log(2) - np.logaddexp(0, of_q)
    value = (real.mean() + generated.mean()) / 2
    error = math.sqrt(real.var() / len(real) + generated.var() / len(generated)) / 2
    return float(value), error


@dataclass(eq=False, kw_only=True)
class FeatureDivergence(TwoSampleMetric):
    """``feature_kl`` of real from generated glyphs and ``feature_js``, in nats, each with its standard error.

    Both are 0, or below it by chance, where each feature has the same mean and variance among real and generated
    glyphs; differences in correlations alone are not detected. The estimates are too small rather than too large. Of
    Gaussians in 128 dimensions with 2,240 on each side: KL 0.43 of 0.5 and 2.6 of 3 for a shifted mean, 5.5 of 5.5 and
    6.2 of 7.4 for a standard deviation of 0.8 and 1.25; with 5,600 on each: 0.47, 2.9, 5.5 and 6.7. Where the sides do
    not overlap at all, JS is its largest, log 2, and KL is about 12 however far apart they are: a lower bound, limited
    by the number of glyphs.
    """

    captions: ClassVar[Mapping[str, str]] = {
        "feature_kl": "KL divergence of features",
        "feature_js": "JS divergence of features",
    }
    heading: ClassVar[str] = "Similarity to real glyphs"

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return both estimates."""
        of_p, of_q = log_ratios(real.features, sample.features)
        kl, js = kl_estimate(of_p), js_estimate(of_p, of_q)
        return {
            "feature_kl": MetricValue(kl[0], len(sample), "nats", error=kl[1]),
            "feature_js": MetricValue(js[0], len(sample), "nats", error=js[1]),
        }

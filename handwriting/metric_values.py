"""MetricValue: one number about a model, and the words and the order in which measures are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import FiniteFloat


@dataclass(frozen=True)
class MetricValue:
    """One number about a model, as ``evaluation.json`` holds it.

    Attributes:
        value: The number.
        n: Of how many glyphs it was taken, or of how many of each class.
        unit: What it is counted in; empty for a pure number.
        floor: The same number for real training glyphs in place of generated ones; None where there is no such thing.
        error: Its standard error, where it is an estimate that comes with one.
        better: Whether less is better or more.
        classifier: The hash of the classifier in whose features it was taken; None where it needs none.
        accuracy: The share of real test glyphs that this classifier recognises.
    """

    value: FiniteFloat
    n: int
    unit: str = ""
    floor: FiniteFloat | None = None
    error: FiniteFloat | None = None
    better: Literal["min", "max"] = "min"
    classifier: str | None = None
    accuracy: FiniteFloat | None = None

    @property
    def from_floor(self) -> float | None:
        """How far it is from its floor."""
        return None if self.floor is None else self.value - self.floor

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


MetricValues = dict[str, MetricValue]

GROUPS = {
    "Likeness to real glyphs": {
        "fid": "Frechet distance of features (FID)",  # without its accent, which the font of pictures lacks
        "fid_infinity": "FID of infinitely many glyphs",
        "kid": "kernel distance of features (KID)",
        "feature_kl": "KL divergence of features",
        "feature_js": "JS divergence of features",
        "pixel_kl": "KL divergence of pixel intensities",
        "pixel_js": "JS divergence of pixel intensities",
        "checkerboard": "ripple of two and four pixels",
        "inception_fid": "FID by Inception",
    },
    "Quality and variety": {
        "precision": "precision: generated that look real",
        "density": "density: how firmly they do",
        "recall": "recall: real that could be generated",
        "coverage": "coverage: real with generated nearby",
    },
    "Classes": {
        "class_accuracy": "class asked for is class seen",
        "worst_class_accuracy": "the same, of the worst class",
        "class_fid_worst": "FID over floor, of the worst class",
        "class_fid_spread": "the same, worst class over best",
        "class_kl": "KL divergence of classes seen",
        "class_js": "JS divergence of classes seen",
        "classification_accuracy": "real read after training on generated",
    },
    "Copies of training glyphs": {
        "nearest_training_distance": "distance to the nearest, median",
        "copies": "nearer than 99% of test glyphs",
    },
    "Likelihood of real glyphs": {
        "mse": "squared error of reconstruction, a pixel",
        "reconstruction": "reconstruction term",
        "kl": "KL term",
        "negative_elbo": "both: bound on -log p(x)",
        "importance_weighted_bound": "tighter bound on -log p(x)",
    },
}
"""What each measure is in words, in the order in which they are shown, under headings."""

_ORDER = [name for group in GROUPS.values() for name in group]


def in_order(names: Iterable[str]) -> list[str]:
    """Return names of measures in the order in which they are shown: unknown ones last, by name.

    >>> in_order(["mine", "kid", "class_fid/a", "fid"])
    ['fid', 'kid', 'class_fid/a', 'mine']
    """
    return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))


def of_one_class(name: str) -> bool:
    """Say whether a measure is that of one class, such as ``class_fid/a``."""
    return "/" in name


CLASS_FID = "class_fid/"
"""What the FID of one class is called, before its name."""


def class_names(measures: Mapping[str, MetricValue]) -> tuple[str, ...]:
    """Return the names of the classes that have an FID of their own."""
    return tuple(name.removeprefix(CLASS_FID) for name in measures if name.startswith(CLASS_FID))


def class_fids(
    measures: Mapping[str, MetricValue], names: Sequence[str], field: Literal["value", "floor"]
) -> NDArray[np.float64] | None:
    """Return the FID of each class, or its floor, ``(C,)``; NaN where it was not measured; None without any."""
    values = [getattr(measures.get(CLASS_FID + name), field, None) for name in names]
    return None if all(value is None for value in values) else np.array(values, np.float64)

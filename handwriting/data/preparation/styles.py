"""Style labels from the ink itself: thin or thick, compared with the other glyphs of the same class."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from handwriting.glyphs import UNKNOWN, Glyphs

STYLE_NAMES = ("thin", "thick")


def style_labels(
    train: Glyphs, other: Glyphs, how: Literal["median", "mean"], threshold: int = 127
) -> NDArray[np.int64]:
    """Call a glyph of ``other`` thick where it has more ink than its class has in ``train``, and thin otherwise.

    Ink is the number of pixels above ``threshold``. Only ``train`` sets the measure, so that nothing of a validation
    or test set leaks into training.

    Args:
        train: The glyphs whose median or mean ink divides thin from thick, class by class.
        other: The glyphs to label; ``train`` itself, or images of the same size.
        how: What divides a class: its median or its mean.
        threshold: A pixel above it is ink, 0..255.

    Returns:
        0 for thin and 1 for thick, int64 ``(len(other),)``; -1 for a class that ``train`` does not hold.
    """
    middle = np.median if how == "median" else np.mean
    measure, ink = _ink(train, threshold), _ink(other, threshold)
    styles = np.full(len(other), UNKNOWN, np.int64)
    for label in np.unique(train.labels):
        members = other.labels == label
        styles[members] = ink[members] > middle(measure[train.labels == label])
    return styles


def _ink(glyphs: Glyphs, threshold: int) -> NDArray[np.int64]:
    return np.count_nonzero(glyphs.images > threshold, axis=(1, 2, 3))

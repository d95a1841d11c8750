"""How little a piece of ink looks like one character, to a glyph classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from handwriting.data.preparation.resizing import fit
from handwriting.features.space import AT_ONCE, FeatureSpace
from handwriting.networks.classifier import SIDE

MARGIN = 0.07
"""The empty part of a glyph's square on each side, as in EMNIST."""


class Unlikeness:
    r"""What segmentation asks of each piece of ink: :math:`-\log \max_c p(c)`, by the class that it looks most like.

    Args:
        space: Of the classifier that is asked.
    """

    def __init__(self, space: FeatureSpace) -> None:
        self.classifier = space.classifier

    def __call__(self, pieces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Return the cost of each piece, float64 ``(n,)``, 0 and above, in nats.

        Args:
            pieces: Bright ink on dark, cut out tightly, uint8 ``(h, w)`` of any sizes.
        """
        costs = [np.zeros(0)]
        with torch.no_grad():
            for start in range(0, len(pieces), AT_ONCE):
                glyphs = np.stack([_framed(piece) for piece in pieces[start : start + AT_ONCE]])
                logits = self.classifier(torch.tensor(glyphs[:, None]) / 255)
                costs.append(-logits.log_softmax(dim=1).amax(dim=1).double().numpy())
        return np.concatenate(costs)


def _framed(piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a piece in the middle of a square with a margin, ``(SIDE, SIDE)``."""
    inner = fit(piece, round((1 - 2 * MARGIN) * SIDE))
    return np.pad(inner, (SIDE - len(inner)) // 2)

"""The cost of a piece of ink in segmentation: how unlike any single character a glyph classifier finds it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from handwriting.data.preparation.resizing import fit
from handwriting.features.space import GLYPHS_PER_BATCH, FeatureSpace
from handwriting.networks.classifier import SIDE

MARGIN_SHARE = 0.07
"""The empty share of a glyph's square on each side, as in EMNIST."""


class CharacterCost:
    r"""The cost of a piece of ink as one character, :math:`-\log \max_c p(c)`: low where a class is recognised.

    Args:
        space: The feature space whose classifier gives the probabilities.
    """

    def __init__(self, space: FeatureSpace) -> None:
        self.classifier = space.classifier

    def __call__(self, pieces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Return the cost of each piece, float64 ``(n,)``, 0 and above, in nats.

        Args:
            pieces: Bright ink on dark, without margins, uint8 ``(h, w)`` each, of any sizes.
        """
        costs = [np.zeros(0)]
        with torch.no_grad():
            for start in range(0, len(pieces), GLYPHS_PER_BATCH):
                glyphs = np.stack([_framed(piece) for piece in pieces[start : start + GLYPHS_PER_BATCH]])
                logits = self.classifier(torch.tensor(glyphs[:, None]) / 255)
                costs.append(-logits.log_softmax(dim=1).amax(dim=1).double().numpy())
        return np.concatenate(costs)


def _framed(piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a piece centred in a square with a margin, uint8 ``(SIDE, SIDE)``."""
    inner = fit(piece, round((1 - 2 * MARGIN_SHARE) * SIDE))
    return np.pad(inner, (SIDE - len(inner)) // 2)

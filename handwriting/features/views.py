"""Views of unlabelled glyphs by a classifier of other glyphs, for :mod:`handwriting.labelling`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handwriting.features.space import FeatureSpace
from handwriting.glyphs import Glyphs
from handwriting.labelling.descriptors import framed


def classifier_views(space: FeatureSpace, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the features of glyphs as they are and with their slant removed, each float32 ``(N, D)``.

    Args:
        space: The feature space of a classifier, of whatever alphabet.
        images: Bright ink on dark, uint8 ``(N, 1, H, W)``; at least one.
    """
    frames = {"classifier": framed(images), "upright classifier": framed(images, upright=True)}
    return {name: space.embed(Glyphs(frame[:, None])).features.numpy() for name, frame in frames.items()}

"""Splitting a data set so that both parts hold every class in the same proportion."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def hashes_of(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return a hash of the pixels of each image, uint64 ``(N,)``: equal images have equal ones."""
    digests = (hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(b"".join(digests), np.uint64)


def stratified_split(
    labels: NDArray[np.int64], fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold out a random share of every class; the same seed holds out the same glyphs.

    A class with two members or more is in both parts, and a class with one is only in the part that is kept.
    ``sklearn.model_selection.train_test_split`` refuses such a class, and fewer held-out glyphs than classes.

    >>> kept, held = stratified_split(np.array([0, 0, 0, 0, 1, 1, 2]), fraction=0.25, seed=0)
    >>> len(kept), len(held)
    (5, 2)

    Args:
        labels: The class of each glyph, int64 ``(N,)``.
        fraction: The share to hold out, in (0, 1).
        seed: The seed of the choice.

    Returns:
        The indices of the glyphs that are kept and of those held out, each int64 and ascending.
    """
    rng = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        count = min(max(1, round(fraction * len(members))), len(members) - 1)
        held[members[:count]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)

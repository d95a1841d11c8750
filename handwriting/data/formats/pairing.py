"""Pairing of images and labels, from any files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.glyphs import UNKNOWN, Glyphs

Reject = Callable[[str], None]
"""Called with a sentence about one invalid glyph; raises DataError, or returns to skip the glyph."""


def pair(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    alphabet: tuple[str, ...],
    reject: Reject,
    images_from: str,
    labels_from: str,
) -> Glyphs:
    """Return the glyphs whose labels are classes of the alphabet; arguments as for :func:`labelled_mask`."""
    keep = labelled_mask(images, indices, alphabet, reject, images_from, labels_from)
    if not keep.all():
        images, indices = images[keep], indices[keep]
    return Glyphs(images[:, None], indices, alphabet=alphabet)


def labelled_mask(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    alphabet: tuple[str, ...],
    reject: Reject,
    images_from: str,
    labels_from: str,
    shown: NDArray[Any] | None = None,
    unknown: bool = False,
) -> NDArray[np.bool_]:
    """Return which glyphs have a label that is a class, bool ``(N,)``; ``reject`` is called for each other one.

    Args:
        images: Bright ink on dark, uint8 ``(N, H, W)``.
        indices: The index of each glyph's class, int64 ``(N,)``.
        alphabet: The names of the classes.
        reject: Called with a message for each glyph without such a label.
        images_from: Where the images come from, for messages.
        labels_from: Where the labels come from, for messages.
        shown: The labels as the file has them, ``(N,)``, for messages; by default the indices.
        unknown: Whether -1 is an unknown label, and kept.

    Raises:
        DataError: If there are no images, another number of labels, or no label that is a class.
    """
    if not images.size:
        raise DataError(f"{images_from} holds no images {images.shape}. Give a file that does.")
    if len(images) != len(indices):
        raise DataError(
            f"{images_from} holds {len(images)} images, but {labels_from} {len(indices)} labels: they do not belong "
            "together. Give the labels of these images."
        )
    keep = (indices >= (UNKNOWN if unknown else 0)) & (indices < len(alphabet))
    shown = indices if shown is None else shown
    for number in np.flatnonzero(~keep):
        reject(f"{labels_from}: glyph {number} has the label {shown[number]}, none of the {len(alphabet)} classes.")
    if not keep.any():
        raise DataError(f"{labels_from} holds none of the {len(alphabet)} classes. Give the labels of these images.")
    return keep

"""Bringing images and labels together, from whatever files they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.glyphs import UNKNOWN, Glyphs

Bad = Callable[[str], None]
"""Is told of one bad glyph in a sentence; it raises DataError, or returns so that the glyph is left out."""


def pair(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    alphabet: tuple[str, ...],
    bad: Bad,
    images_from: str,
    labels_from: str,
) -> Glyphs:
    """Return the glyphs whose labels are classes of the alphabet; arguments as for :func:`usable`."""
    keep = usable(images, indices, alphabet, bad, images_from, labels_from)
    if not keep.all():
        images, indices = images[keep], indices[keep]
    return Glyphs(images[:, None], indices, alphabet=alphabet)


def usable(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    alphabet: tuple[str, ...],
    bad: Bad,
    images_from: str,
    labels_from: str,
    shown: NDArray[Any] | None = None,
    unknown: bool = False,
) -> NDArray[np.bool_]:
    """Return which glyphs have a label that is a class, bool ``(N,)``; each other one is told to ``bad``.

    Args:
        images: Bright ink on dark, uint8 ``(N, H, W)``.
        indices: The index of each glyph's class, int64 ``(N,)``.
        alphabet: The names of the classes.
        bad: What is told of each glyph that is left out.
        images_from: Where the images come from, for messages.
        labels_from: Where the labels come from, for messages.
        shown: The labels as the file has them, ``(N,)``, for messages; by default the indices.
        unknown: Whether -1 stands for a label that nobody knows, and is kept.

    Raises:
        DataError: If there are no images, or not as many labels, or no label at all that is a class.
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
        bad(f"{labels_from}: glyph {number} has the label {shown[number]}, none of the {len(alphabet)} classes.")
    if not keep.any():
        raise DataError(f"{labels_from} holds none of the {len(alphabet)} classes. Give the labels of these images.")
    return keep

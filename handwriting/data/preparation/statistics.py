"""What is in a set of glyphs, in numbers: how bright they are, and how far each lies from the others of its class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handwriting.glyphs import Glyphs

MAD_TO_SIGMA = 1.4826
"""The standard deviation of a normal distribution, in median absolute deviations."""
QUANTILES = (0, 0.25, 0.5, 0.75, 1)


def mean_images(glyphs: Glyphs) -> NDArray[np.uint8]:
    """Return the mean image of every class, uint8 ``(C, 1, H, W)``; empty for a class without a glyph."""
    means = np.zeros((len(glyphs.alphabet), *glyphs.image_shape), np.uint8)
    for label in np.unique(glyphs.labels[glyphs.labels >= 0]):
        means[label] = np.round(glyphs.images[glyphs.labels == label].mean(axis=0))
    return means


def mean_intensities(glyphs: Glyphs) -> NDArray[np.float64]:
    """Return the mean over the pixels of every glyph, float ``(N,)`` in 0..255."""
    return glyphs.images.mean(axis=(1, 2, 3), dtype=np.float64)


def class_distances(glyphs: Glyphs) -> NDArray[np.float64]:
    r"""Return how far every glyph lies from the mean image of its class.

    :math:`d_i = \lVert x_i - \bar x_{c(i)} \rVert_2`, over pixels in 0..255. Unlabelled glyphs are one class.

    >>> images = np.array([0, 10, 50], np.uint8)[:, None, None, None]
    >>> class_distances(Glyphs(images, [0, 0, 1], alphabet=("a", "b")))
    array([5., 5., 0.])

    Returns:
        Distances, float ``(N,)``.
    """
    distances = np.zeros(len(glyphs))
    for label in np.unique(glyphs.labels):  # class by class, since all at once would take four times the data's memory
        members = glyphs.labels == label
        pixels = glyphs.images[members].reshape(np.count_nonzero(members), -1).astype(np.float32)
        pixels -= pixels.mean(axis=0, dtype=np.float64)
        distances[members] = np.linalg.norm(pixels, axis=1)
    return distances


def robust_sigmas(values: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Return how many robust standard deviations every value lies above the median of its class.

    :math:`z_i = (d_i - \tilde d_c) / (1.4826 \cdot \mathrm{median}_{j \in c} |d_j - \tilde d_c|)`; the outliers
    themselves, up to half of a class, move neither median.

    Args:
        values: Any measure of each glyph, float ``(N,)``.
        labels: The class of each glyph, int64 ``(N,)``.

    Returns:
        Deviations, float ``(N,)``; below 0 under the median. All 0 in a class whose values are, at least half of
        them, the same: their spread cannot be estimated.
    """
    sigmas = np.zeros(len(values))
    for label in np.unique(labels):
        members = labels == label
        above = values[members] - np.median(values[members])
        sigma = MAD_TO_SIGMA * np.median(np.abs(above))
        if sigma > 1e-6 * np.abs(values[members]).max():  # and not only what rounding leaves of equal values
            sigmas[members] = above / sigma
    return sigmas


def class_quantiles(values: NDArray[np.floating], labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return the least, the lower quartile, the median, the upper quartile and the largest value of every class.

    Args:
        values: Any measure of each glyph, float ``(N,)``.
        labels: The class of each glyph, int64 ``(N,)``; those below 0 are ignored.
        classes: How many classes there are.

    Returns:
        float ``(classes, 5)``; not a number for a class without a glyph.
    """
    return _by_class(values, labels, classes, len(QUANTILES), lambda members: np.quantile(members, QUANTILES))


def class_moments(values: NDArray[np.floating], labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return the mean and the standard deviation of every class.

    Args:
        values: Any measure of each glyph, float ``(N,)``.
        labels: The class of each glyph, int64 ``(N,)``; those below 0 are ignored.
        classes: How many classes there are.

    Returns:
        float ``(classes, 2)``; not a number for a class without a glyph.
    """
    return _by_class(values, labels, classes, 2, lambda members: (members.mean(), members.std()))


def _by_class(
    values: NDArray[np.floating],
    labels: NDArray[np.int64],
    classes: int,
    width: int,
    summary: Callable[[NDArray[np.floating]], ArrayLike],
) -> NDArray[np.float64]:
    """Return ``summary`` of the values of every class, float ``(classes, width)``."""
    found = np.full((classes, width), np.nan)
    for label in np.unique(labels[labels >= 0]):
        found[label] = summary(values[labels == label])
    return found

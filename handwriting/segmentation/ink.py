"""Ink and paper told apart, whatever the light, the paper and the pen."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.pixels import Grey, Mask, closed, dilated, places, resized, within

COARSE = 512
"""The level of the paper is looked for in a picture of at most so many pixels a side: it changes slowly."""
WIDEST_STROKE = 1 / 16
"""No stroke is as wide as this share of the longer side."""
GRAIN = 2.5
"""Ink stands out of the paper's grain by so many of its standard deviations."""
FAINTEST = 12.0
"""Ink is at least so many of 255 levels denser than paper."""
FAINT_PART = 0.4
"""What is less dense than this share of the ink around is no ink: what shines through, smudges, shadows."""
SURE_PART = 0.6
"""A mark is somewhere denser than this share of it."""
PALEST = 0.4
"""Where it is palest, ink is still denser than this share of the page's usual ink."""
TILE, AROUND = 8, 50
"""Pixels: the ink around is averaged over tiles, and by a Gaussian of this standard deviation."""
WINDOW = 51
"""Pixels: the neighbourhood of the thresholds that know nothing of ink."""


def density(image: Grey) -> Grey:
    """Return how much darker than the paper around it each pixel is.

    Each channel is divided by the level of its paper, which a closing finds: strokes are narrow, shadows are wide. The
    channels are then weighted by how dark the page's own ink is in each of them, so that blue ink counts in red light
    and what has another colour than the ink, such as rules, counts less.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``, dark ink on light.

    Returns:
        uint8 ``(H, W)``: 0 for paper or lighter, 255 where no light comes back.
    """
    # What is darker than the paper by no more than its grain is paper.
    lifted = cv2.add(image, GRAIN * _grain(image))
    dense = cv2.bitwise_not(cv2.divide(lifted, paper_level(image), scale=255))
    if image.ndim == 2:
        return np.asarray(dense, np.uint8)
    step = max(1, max(image.shape) // COARSE)
    some = np.asarray(dense)[::step, ::step].reshape(-1, 3).astype(np.float32)
    total = some.sum(axis=1)
    weights = some[total >= np.percentile(total, 99)].mean(axis=0) + 1e-3
    return np.asarray(cv2.transform(dense, (weights / weights.sum())[None]), np.uint8)


def paper_level(image: Grey) -> Grey:
    """Return the level of the paper at each pixel of each channel, uint8 like the image, at least 1."""
    small = resized(image, within(image.shape, COARSE))
    window = max(3, round(WIDEST_STROKE * max(small.shape)) | 1)
    paper = closed(np.asarray(cv2.medianBlur(small, 3), np.uint8), window, window)
    smooth = np.maximum(cv2.blur(paper, (window // 2 | 1, window // 2 | 1)), 1)
    return np.asarray(cv2.resize(smooth, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _grain(image: Grey) -> NDArray[np.float64]:
    """Return the standard deviation of each channel's grain, by how far most pixels are from the median around them.

    OpenCV wants the levels to add to a picture as four numbers, whatever its channels are: ``(4,)``.
    """
    step = max(1, max(image.shape) // COARSE)
    part = np.ascontiguousarray(image[: image.shape[0] // step, : image.shape[1] // step])
    fine = cv2.absdiff(part, cv2.medianBlur(part, 3))
    grain = np.zeros(4)
    for number, channel in enumerate(np.moveaxis(np.atleast_3d(fine), 2, 0)):
        share = np.cumsum(np.bincount(channel.ravel(), minlength=256)) / channel.size
        grain[number] = np.interp(0.68, np.concatenate([[0], share]), np.arange(257))
    return grain


def ink_level(dense: Grey) -> float:
    """Return how dense the page's ink usually is in the middle of its strokes, 0..255; 0 where there is none."""
    peaks = (dense >= FAINTEST) & (dilated(dense, 3, 3) == dense)
    return float(np.percentile(dense[peaks], 75)) if peaks.any() else 0.0


class Ink(NamedTuple):
    """What a threshold tells.

    Attributes:
        mask: Where there may be ink, ``(H, W)``.
        sure: Where there certainly is some: a mark with none of it is none. By default, all of ``mask``.
    """

    mask: Mask
    sure: Mask | None = None


def by_density(dense: Grey) -> Ink:
    """Take for ink what is denser than a share of the ink around it, where it is much denser somewhere.

    A page's ink is paler where a pen runs dry, where light glares and where the camera is out of focus. Where there is
    no ink around, the page's usual ink is taken.
    """
    smooth = np.asarray(cv2.GaussianBlur(dense, (3, 3), 0), np.uint8)
    usual = ink_level(smooth)
    if not usual:
        return Ink(np.zeros(dense.shape, bool))
    level = _local_level(smooth, usual)
    least = [np.maximum(FAINTEST, share * level).astype(np.uint8) for share in (FAINT_PART, SURE_PART)]
    return Ink(*(smooth > cv2.resize(tiles, smooth.shape[::-1], interpolation=cv2.INTER_LINEAR) for tiles in least))


def _local_level(dense: Grey, usual: float) -> NDArray[np.float64]:
    """Return how dense the ink around each tile of a page is in the middle of its strokes."""
    rows, columns = places((dense >= PALEST * usual) & (dilated(dense, 3, 3) == dense))
    height, width = (-(-side // TILE) for side in dense.shape)
    tile = rows // TILE * width + columns // TILE
    share, total = (
        cv2.GaussianBlur(np.bincount(tile, weights, height * width).reshape(height, width), (0, 0), AROUND / TILE)
        for weights in (np.ones(len(rows)), dense[rows, columns])
    )
    few = 0.1 * float(share.max())
    return np.asarray((total + few * usual) / (share + few))


def by_otsu(dense: Grey) -> Ink:
    """Take for ink what is denser than the level that divides all pixels best into two groups.

    Source: N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    return Ink(cv2.threshold(dense, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1] > 0)


def by_neighbourhood(dense: Grey) -> Ink:
    """Take for ink what is clearly denser than the mean of its neighbourhood."""
    marks = cv2.adaptiveThreshold(dense, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, WINDOW, -FAINTEST)
    return Ink(marks > 0)


def by_sauvola(dense: Grey) -> Ink:
    r"""Take for ink what is darker than :math:`m (1 + k (s / R - 1))`, of the mean and deviation around it.

    Source: J. Sauvola and M. Pietikainen, Adaptive document image binarization, 2000, with k = 0.2 and R = 128.
    """
    light = 255 - dense.astype(np.float32)
    mean = np.asarray(cv2.blur(light, (WINDOW, WINDOW)))
    deviation = np.sqrt(np.maximum(np.asarray(cv2.blur(light * light, (WINDOW, WINDOW))) - mean * mean, 0))
    return Ink(light < mean * (1 + 0.2 * (deviation / 128 - 1)))


THRESHOLDS: dict[str, Callable[[Grey], Ink]] = {
    "density": by_density,
    "otsu": by_otsu,
    "adaptive": by_neighbourhood,
    "sauvola": by_sauvola,
}

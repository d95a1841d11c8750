"""Binarisation: ink separated from paper, for any light, paper and pen."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.pixels import Grey, Mask, closed, dilated, places, resized, within

COARSE = 512
"""Maximum side, in pixels, of the reduced picture in which the paper level is estimated: it varies slowly."""
WIDEST_STROKE = 1 / 16
"""Upper bound of the stroke width, as a share of the longer side."""
GRAIN = 2.5
"""Standard deviations of the paper's grain above which a pixel may be ink."""
FAINTEST = 12.0
"""Minimum density of ink above paper, in levels of 255."""
FAINT_PART = 0.4
"""Share of the local ink density below which a pixel is not ink, but show-through, a smudge or a shadow."""
SURE_PART = 0.6
"""Share of the local ink density that a connected component exceeds somewhere."""
PALEST = 0.4
"""Share of the page's typical ink density that even pale ink exceeds."""
TILE, AROUND = 8, 50
"""Side of the tiles over which local ink density is averaged, and standard deviation of its smoothing, in pixels."""
WINDOW = 51
"""Side of the neighbourhood of the adaptive and Sauvola thresholds, in pixels."""


def density(image: Grey) -> Grey:
    """Return the density of each pixel: how much darker it is than the paper around it.

    Each channel is divided by its paper level, which a closing estimates: strokes are narrow and shadows wide. Channels
    are weighted by the darkness of the page's own ink in each, so that blue ink counts in the red channel, and other
    colours than that of the ink, such as rules, count less.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``, dark ink on light.

    Returns:
        uint8 ``(H, W)``: 0 for paper or lighter, 255 where no light comes back.
    """
    # A pixel that is darker than the paper by no more than its grain is paper.
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
    """Return the paper level at each pixel of each channel, uint8 of the image's shape, at least 1."""
    small = resized(image, within(image.shape, COARSE))
    window = max(3, round(WIDEST_STROKE * max(small.shape)) | 1)
    paper = closed(np.asarray(cv2.medianBlur(small, 3), np.uint8), window, window)
    smooth = np.maximum(cv2.blur(paper, (window // 2 | 1, window // 2 | 1)), 1)
    return np.asarray(cv2.resize(smooth, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _grain(image: Grey) -> NDArray[np.float64]:
    """Return the standard deviation of each channel's grain, estimated from deviations from a median filter.

    It has shape ``(4,)`` for any number of channels, which is what OpenCV's arithmetic requires.
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
    """Return the typical density of the page's ink in the middle of its strokes, 0..255; 0 without ink."""
    peaks = (dense >= FAINTEST) & (dilated(dense, 3, 3) == dense)
    return float(np.percentile(dense[peaks], 75)) if peaks.any() else 0.0


class Ink(NamedTuple):
    """The result of binarisation.

    Attributes:
        mask: Pixels that may be ink, ``(H, W)``.
        sure: Pixels that certainly are ink; a component without any is rejected. By default all of ``mask``.
    """

    mask: Mask
    sure: Mask | None = None


def by_density(dense: Grey) -> Ink:
    """Threshold by a share of the local ink density, with hysteresis.

    Ink is paler where a pen runs dry, light glares or the camera is out of focus. Without ink nearby, the page's
    typical ink density is used.
    """
    smooth = np.asarray(cv2.GaussianBlur(dense, (3, 3), 0), np.uint8)
    usual = ink_level(smooth)
    if not usual:
        return Ink(np.zeros(dense.shape, bool))
    level = _local_level(smooth, usual)
    least = [np.maximum(FAINTEST, share * level).astype(np.uint8) for share in (FAINT_PART, SURE_PART)]
    return Ink(*(smooth > cv2.resize(tiles, smooth.shape[::-1], interpolation=cv2.INTER_LINEAR) for tiles in least))


def _local_level(dense: Grey, usual: float) -> NDArray[np.float64]:
    """Return the density of the ink around each tile of a page in the middle of its strokes."""
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
    """Threshold by the level that best separates all pixels into two groups.

    Source: N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    return Ink(cv2.threshold(dense, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1] > 0)


def by_neighbourhood(dense: Grey) -> Ink:
    """Threshold by the mean of the neighbourhood."""
    mask = cv2.adaptiveThreshold(dense, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, WINDOW, -FAINTEST)
    return Ink(mask > 0)


def by_sauvola(dense: Grey) -> Ink:
    r"""Threshold by :math:`m (1 + k (s / R - 1))`, with the local mean :math:`m` and standard deviation :math:`s`.

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

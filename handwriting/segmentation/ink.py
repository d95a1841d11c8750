"""Ink and paper told apart, whatever the light, the paper and the pen."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.pixels import Grey, Mask, closed, dilated, marks_of, resized, within

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
    if image.ndim == 2:
        return _channel_density(image)
    channels = [_channel_density(np.ascontiguousarray(image[..., number])) for number in range(3)]
    coarse = within(image.shape, COARSE)
    small = np.stack([resized(channel, coarse) for channel in channels]).reshape(3, -1).astype(np.float32)
    total = small.sum(axis=0)
    weights = small[:, total >= np.percentile(total, 99)].mean(axis=1) + 1e-3
    weights /= weights.sum()
    mixed = cv2.addWeighted(channels[0], weights[0], channels[1], weights[1], 0)
    return np.asarray(cv2.addWeighted(mixed, 1, channels[2], weights[2], 0), np.uint8)


def _channel_density(channel: Grey) -> Grey:
    # What is darker than the paper by no more than its grain is paper.
    lifted = cv2.convertScaleAbs(channel, alpha=1, beta=GRAIN * _grain(channel))
    relative = cv2.divide(lifted, np.maximum(paper_level(channel), 1), scale=255)
    return np.asarray(255 - relative, np.uint8)


def paper_level(channel: Grey) -> Grey:
    """Return the level of the paper at each pixel of one channel, uint8 ``(H, W)``."""
    small = resized(channel, within(channel.shape, COARSE))
    window = max(3, round(WIDEST_STROKE * max(small.shape)) | 1)
    paper = closed(np.asarray(cv2.medianBlur(small, 3), np.uint8), window, window)
    smooth = np.asarray(cv2.blur(paper, (window // 2 | 1, window // 2 | 1)), np.uint8)
    return np.asarray(cv2.resize(smooth, channel.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _grain(channel: Grey) -> float:
    """Return the standard deviation of a picture's grain, by how far most pixels are from the median around them."""
    step = max(1, max(channel.shape) // COARSE)
    part = np.ascontiguousarray(channel[: channel.shape[0] // step, : channel.shape[1] // step])
    fine = cv2.absdiff(part, cv2.medianBlur(part, 3))
    share = np.cumsum(np.bincount(fine.ravel(), minlength=256)) / fine.size
    return float(np.interp(0.68, np.concatenate([[0], share]), np.arange(257)))


def ink_level(dense: Grey) -> float:
    """Return how dense the page's ink usually is in the middle of its strokes, 0..255; 0 where there is none."""
    peaks = (dense >= FAINTEST) & (dilated(dense, 3, 3) == dense)
    return float(np.percentile(dense[peaks], 75)) if peaks.any() else 0.0


def by_density(dense: Grey) -> Mask:
    """Take for ink what is denser than a share of the ink around it, where it is much denser somewhere.

    A page's ink is paler where a pen runs dry, where light glares and where the camera is out of focus. Where there is
    no ink around, the page's usual ink is taken.
    """
    smooth = np.asarray(cv2.GaussianBlur(dense, (3, 3), 0), np.uint8)
    usual = ink_level(smooth)
    if not usual:
        return np.zeros(dense.shape, bool)
    level = _local_level(smooth, usual)
    numbers, boxes = marks_of(smooth > np.maximum(FAINTEST, FAINT_PART * level))
    sure = smooth > np.maximum(FAINTEST, SURE_PART * level)
    strong = np.bincount(numbers[sure], minlength=len(boxes)) > 0
    strong[0] = False
    return np.asarray(strong[numbers])


def _local_level(dense: Grey, usual: float) -> NDArray[np.float32]:
    """Return how dense the ink around each pixel is in the middle of its strokes, float32 ``(H, W)``."""
    peaks = ((dense >= PALEST * usual) & (dilated(dense, 3, 3) == dense)).astype(np.float32)
    tiles = max(1, dense.shape[0] // TILE), max(1, dense.shape[1] // TILE)
    share, total = (cv2.GaussianBlur(resized(part, tiles), (0, 0), AROUND / TILE) for part in (peaks, dense * peaks))
    few = 0.1 * float(share.max())
    level = np.asarray((total + few * usual) / (share + few), np.float32)
    return np.asarray(cv2.resize(level, dense.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def by_otsu(dense: Grey) -> Mask:
    """Take for ink what is denser than the level that divides all pixels best into two groups.

    Source: N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    return np.asarray(cv2.threshold(dense, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1] > 0)


def by_neighbourhood(dense: Grey) -> Mask:
    """Take for ink what is clearly denser than the mean of its neighbourhood."""
    marks = cv2.adaptiveThreshold(dense, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, WINDOW, -FAINTEST)
    return np.asarray(marks > 0)


def by_sauvola(dense: Grey) -> Mask:
    r"""Take for ink what is darker than :math:`m (1 + k (s / R - 1))`, of the mean and deviation around it.

    Source: J. Sauvola and M. Pietikainen, Adaptive document image binarization, 2000, with k = 0.2 and R = 128.
    """
    light = 255 - dense.astype(np.float32)
    mean = np.asarray(cv2.blur(light, (WINDOW, WINDOW)))
    deviation = np.sqrt(np.maximum(np.asarray(cv2.blur(light * light, (WINDOW, WINDOW))) - mean * mean, 0))
    return np.asarray(light < mean * (1 + 0.2 * (deviation / 128 - 1)))


THRESHOLDS: dict[str, Callable[[Grey], Mask]] = {
    "density": by_density,
    "otsu": by_otsu,
    "adaptive": by_neighbourhood,
    "sauvola": by_sauvola,
}

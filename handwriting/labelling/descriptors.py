"""Views of glyphs that need no training: directions of strokes, shape, and one space that joins all views."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 28
"""Height and width of a framed glyph, in pixels."""
INNER_SIDE = 22
"""The longer side of the ink in a framed glyph, in pixels."""
MIN_INK = 40
"""Pixels brighter than this are ink, 0..255."""
DIRECTIONS = 8
"""Bins of the direction of the gradient, over the full circle."""
CELL = 4
"""Distance of the points at which directions are counted, in pixels."""
SMOOTHING, CELL_SMOOTHING = 0.8, 2.0
"""Standard deviations of the Gaussians before the gradient and of the counts, in pixels."""
VIEW_DIMENSIONS, JOINT_DIMENSIONS = 64, 96
"""Principal components that are kept of each view, and of all views together."""
SHAPE_WEIGHT = 0.15
"""Weight of one standardised measurement, compared with 1 for the total scale of a view of many dimensions."""


def framed(images: NDArray[np.uint8], upright: bool = False) -> NDArray[np.uint8]:
    """Return glyphs cropped to their ink and fitted into the middle of a square.

    Args:
        images: Bright ink on dark, uint8 ``(N, 1, H, W)``.
        upright: Remove the slant of each glyph first, by its second moments.

    Returns:
        uint8 ``(N, SIDE, SIDE)``; a glyph without ink is empty.
    """
    frames = np.zeros((len(images), SIDE, SIDE), np.uint8)
    for image, frame in zip(images[:, 0], frames, strict=True):
        ink = _without_slant(image) if upright else image
        rows, columns = np.flatnonzero(ink.max(axis=1) > MIN_INK), np.flatnonzero(ink.max(axis=0) > MIN_INK)
        if not len(rows):
            continue
        crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        scale = INNER_SIDE / max(crop.shape)
        height, width = (max(1, round(scale * length)) for length in crop.shape)
        top, left = (SIDE - height) // 2, (SIDE - width) // 2
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        frame[top : top + height, left : left + width] = cv2.resize(crop, (width, height), interpolation=way)
    return frames


def _without_slant(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a glyph sheared so that its ink has no covariance of rows and columns; the shear is at most 45 degrees."""
    moments = cv2.moments(image)
    if moments["mu02"] < 1e-2:
        return image
    shear = float(np.clip(moments["mu11"] / moments["mu02"], -1, 1))
    margin = image.shape[0] // 2  # the shear moves the top and bottom rows sideways
    wide = np.pad(image, ((0, 0), (margin, margin)))
    middle = moments["m01"] / moments["m00"]
    back = np.array([[1, shear, -shear * middle], [0, 1, 0]], np.float32)
    height, width = wide.shape
    sheared = cv2.warpAffine(wide, back, (width, height), flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR)
    return np.asarray(sheared, np.uint8)


def stroke_directions(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how much ink runs in each direction around points of a grid.

    The magnitude of the gradient is shared between the two nearest of ``DIRECTIONS`` bins, smoothed over the plane,
    read every ``CELL`` pixels, and its square root scaled to length 1 (as histograms of oriented gradients; Dalal and
    Triggs, 2005).

    Args:
        frames: Bright ink on dark, uint8 ``(N, H, W)``.

    Returns:
        float32 ``(N, DIRECTIONS * (H // CELL) * (W // CELL))``; 0 for an empty glyph.
    """
    counts = []
    for frame in frames:
        smooth = cv2.GaussianBlur(frame.astype(np.float32) / 255, (0, 0), SMOOTHING)
        right, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
        magnitude = np.hypot(right, down)
        position = np.arctan2(down, right) * (DIRECTIONS / (2 * np.pi))
        lower = np.floor(position)
        share = position - lower
        first = lower.astype(np.int64) % DIRECTIONS
        planes = np.zeros((DIRECTIONS, *frame.shape), np.float32)
        np.put_along_axis(planes, first[None], (magnitude * (1 - share))[None], axis=0)
        second = np.zeros_like(planes)
        np.put_along_axis(second, ((first + 1) % DIRECTIONS)[None], (magnitude * share)[None], axis=0)
        spread = cv2.GaussianBlur((planes + second).transpose(1, 2, 0), (0, 0), CELL_SMOOTHING)
        counts.append(spread[CELL // 2 :: CELL, CELL // 2 :: CELL].ravel())
    roots = np.sqrt(np.maximum(np.stack(counts), 0))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.maximum(lengths, 1e-6), np.float32)


def block_directions(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return histograms of oriented gradients as OpenCV counts them: each block of 14 pixels has its own contrast.

    Args:
        frames: Bright ink on dark, uint8 ``(N, SIDE, SIDE)``.

    Returns:
        float32 ``(N, 324)``.
    """
    describe = cv2.HOGDescriptor((SIDE, SIDE), (SIDE // 2,) * 2, (SIDE // 4,) * 2, (SIDE // 4,) * 2, 9).compute
    return np.stack([np.asarray(describe(frame), np.float32).ravel() for frame in frames])


def aspects(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the logarithm of width over height of the ink of each glyph, float32 ``(N, 1)``; 0 without ink.

    Args:
        images: Bright ink on dark, uint8 ``(N, 1, H, W)``.
    """
    lengths = [(image[0] > MIN_INK) for image in images]
    ratios = [np.log((ink.any(axis=0).sum() + 2) / (ink.any(axis=1).sum() + 2)) for ink in lengths]
    return np.array(ratios, np.float32)[:, None]


def glyph_views(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the views of glyphs that need no training, each float32 ``(N, D)``.

    Args:
        images: Bright ink on dark, uint8 ``(N, 1, H, W)``.
    """
    if not len(images):
        raise ValueError("there is no glyph")
    upright = framed(images, upright=True)
    return {
        "directions": stroke_directions(framed(images)),
        "upright directions": stroke_directions(upright),
        "block directions": block_directions(upright),
        "aspect": aspects(images),
    }


def joint_view(views: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return one space in which distances count every view.

    A view of many dimensions is reduced to its principal components and scaled to a mean squared length of 1. A view of
    at most 3 dimensions holds single measurements, such as sizes: each is standardised and weighs ``SHAPE_WEIGHT``.

    Args:
        views: Views of the same glyphs, float32 ``(N, D)`` each; at least one.

    Returns:
        float32 ``(N, at most JOINT_DIMENSIONS)`` with a mean squared length of 1.
    """
    parts = []
    for view in views.values():
        if view.shape[1] <= 3:
            parts.append(SHAPE_WEIGHT * (view - view.mean(axis=0)) / np.maximum(view.std(axis=0), 1e-6))
        else:
            parts.append(principal_components(view, VIEW_DIMENSIONS))
    return principal_components(np.concatenate(parts, axis=1), JOINT_DIMENSIONS)


def principal_components(view: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the first principal components of a view, scaled to a mean squared length of 1, float32 ``(N, d)``."""
    centred = view - view.mean(axis=0)
    covariance = (centred.T @ centred).astype(np.float64)
    _, directions = np.linalg.eigh(covariance)
    components = centred @ directions[:, ::-1][:, :count].astype(np.float32)
    scale = np.sqrt((components**2).sum(axis=1).mean())
    return np.asarray(components / max(float(scale), 1e-6), np.float32)

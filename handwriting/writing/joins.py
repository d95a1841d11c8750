"""Where a hand joins its letters: the stroke that runs through each cut, traced along its centre line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.source import SourceWord, apply

INKED = 0.35
"""Share of full ink from which a pixel belongs to a stroke."""
STEP = 0.05
"""Distance of the samples of a traced stroke, in x-heights."""
REACH = 0.4
"""How far a stroke is traced to each side of the cut, in x-heights."""
SAMPLES = round(REACH / STEP)
"""Samples on each side of the cut."""
ACROSS = np.linspace(-0.4, 0.4, 33)
"""Where a stroke is sampled across its direction, in x-heights."""
MAX_WIDER = 1.7
"""Factor by which a stroke may be wider than at its cut before it counts as having run into a letter."""
MAX_TURN = np.cos(np.deg2rad(50))
"""Cosine of the turn between two samples at which a stroke has ended."""
AROUND = 0.22
"""Radius around the cut in which the direction of the stroke is measured, in x-heights."""
WHOLE = (-9.0, 9.0)
"""Heights between which letters touch each other."""
BAND = (-0.6, 1.9)
"""Heights above the baseline between which strokes join letters, in x-heights."""


@dataclass(frozen=True, eq=False)
class Stroke:
    """The stroke that joins two letters, sampled every ``STEP`` of its length from left to right.

    The cut is its middle sample.

    Attributes:
        points: Its centre line in the frame of its word, float64 ``(2 * SAMPLES + 1, 2)``, continued straight beyond
            where it was traced.
        traced: Whether each sample was traced.
        width: Its width, in x-heights; the median.
        level: Its ink, 0..1; the median.
        direction: Its angle at the cut above the baseline, in radians of the frame.
    """

    points: NDArray[np.float64]
    traced: NDArray[np.bool_]
    width: float
    level: float
    direction: float

    @property
    def height(self) -> float:
        """Its height at the cut, in x-heights above the baseline."""
        return float(self.points[SAMPLES, 1])


def strokes_between(word: SourceWord) -> list[Stroke | None]:
    """Return the stroke that joins each letter of a word to the next; None where the pen was lifted."""
    return strokes_and_tears(word)[0]


def strokes_and_tears(word: SourceWord) -> tuple[list[Stroke | None], list[bool]]:
    """Return what :func:`strokes_between` does, and whether each letter touches the next in a second place.

    A bar that reaches over the next letter does, and a cut would tear it.
    """
    boundaries = _boundaries(word)
    torn = [_is_torn(rows, columns) for rows, columns, _ in boundaries]
    # Of several places where two letters touch, as under a bar, the largest one counts.
    contacts = [_largest(rows[in_band], columns[in_band]) for rows, columns, in_band in boundaries]
    return _strokes(word, contacts), torn


def _strokes(word: SourceWord, contacts: Sequence[tuple[float, float] | None]) -> list[Stroke | None]:
    """Return the stroke through each place where a letter touches the next, column and row; None for none."""
    at = [number for number, contact in enumerate(contacts) if contact is not None]
    strokes: list[Stroke | None] = [None] * (len(word) - 1)
    if not at:
        return strokes
    ink = np.asarray(cv2.GaussianBlur(word.ink, (0, 0), 0.6), np.float32) / np.float32(255)
    unit = word.x_height
    places = np.array([contacts[number] for number in at])
    direction = np.array([_direction(ink, point, AROUND * unit) for point in places])
    start, width, level = _centred(ink, places, direction, unit)
    count = len(at)
    # To the left and to the right at once.
    both = _trace(ink, np.tile(start, (2, 1)), np.concatenate([-direction, direction]), np.tile(width, 2), unit)
    left, right = [part[:count] for part in both], [part[count:] for part in both]
    points, widths, levels = (
        np.concatenate([before[:, ::-1], here[:, None], behind], axis=1)
        for before, here, behind in zip(left[:3], (start, width, level), right[:3], strict=True)
    )
    samples = np.arange(-SAMPLES, SAMPLES + 1)
    traced = (-left[3][:, None] <= samples) & (samples <= right[3][:, None])
    framed = apply(word.to_frame, *points.reshape(-1, 2).T).reshape(points.shape)
    near = framed[:, SAMPLES + 2] - framed[:, SAMPLES - 2]
    for row, number in enumerate(at):
        known = traced[row]
        strokes[number] = Stroke(
            framed[row],
            known,
            float(np.median(widths[row, known])) / unit,
            float(np.median(levels[row, known])),
            float(np.arctan2(near[row, 1], near[row, 0])),
        )
    return strokes


def _is_torn(rows: NDArray, columns: NDArray) -> bool:
    if len(rows) < 3:
        return False
    groups = np.cumsum(np.concatenate([[0], np.diff(np.sort(rows)) > 2]))
    return int((np.bincount(groups) >= 3).sum()) > 1


def _boundaries(word: SourceWord) -> list[tuple[NDArray, NDArray, NDArray[np.bool_]]]:
    """Return rows and columns of the places between pixels where each letter touches the next.

    The third array says which of them lie within ``BAND``.
    """
    owner = np.where(word.ink >= INKED * 255, word.owner, 0)
    matrix = word.to_frame

    def is_inside(rows: NDArray, columns: NDArray, band: tuple[float, float]) -> NDArray[np.bool_]:
        v = matrix[1, 1] * rows + matrix[1, 0] * columns + matrix[1, 2]
        return (v > band[0]) & (v < band[1])

    height, width = owner.shape
    touching: list[tuple[NDArray, NDArray, NDArray, NDArray]] = []  # letter, row, column, whether in the band
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        left = max(0, -right)
        first = owner[: height - down, left : width - max(0, right)]
        second = owner[down:, max(0, right) : width + min(0, right)]
        rows, columns = np.nonzero(first != second)  # few places
        one, other = first[rows, columns], second[rows, columns]
        lower = np.minimum(one, other)
        found = (np.abs(one - other) == 1) & (lower > 0)
        rows, columns, lower = rows[found], columns[found], lower[found]
        ends = ((rows, columns + left), (rows + down, columns + left + right))
        on_page, in_band = (is_inside(*ends[0], band) & is_inside(*ends[1], band) for band in (WHOLE, BAND))
        middle_row, middle_column = rows + down / 2, columns + left + right / 2
        touching.append((lower[on_page], middle_row[on_page], middle_column[on_page], in_band[on_page]))
    letter, rows, columns, in_band = (np.concatenate(parts) for parts in zip(*touching, strict=True))
    return [(rows[own], columns[own], in_band[own]) for own in (letter == number for number in range(1, len(word)))]


def _largest(rows: NDArray, columns: NDArray) -> tuple[float, float] | None:
    """Return the middle, column and row, of the largest group of points that lie together; None for none."""
    if len(rows) < 3:
        return None
    order = np.argsort(rows)
    rows, columns = rows[order], columns[order]
    groups = np.cumsum(np.concatenate([[0], np.diff(rows) > 2]))
    largest = groups == np.bincount(groups).argmax()
    return float(columns[largest].mean()), float(rows[largest].mean())


def _direction(ink: NDArray[np.float32], point: NDArray, radius: float) -> NDArray[np.float64]:
    """Return the direction of the stroke around a point, to the right, a unit vector of column and row."""
    x, y = point
    top, left = max(0, int(y - radius)), max(0, int(x - radius))
    part = ink[top : int(y + radius) + 2, left : int(x + radius) + 2]
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
    dx, dy = columns + left - x, rows + top - y
    weight = part * (part > INKED) * (dx**2 + dy**2 <= radius**2)
    total = weight.sum()
    if total == 0:
        return np.array([1.0, 0.0])
    dx, dy = dx - (weight * dx).sum() / total, dy - (weight * dy).sum() / total
    xx, yy, xy = ((weight * one).sum() for one in (dx * dx, dy * dy, dx * dy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    # A joining stroke runs to the right; a steep one rises.
    vector = np.array([np.cos(angle), np.sin(angle)])
    return -vector if vector[0] < 0 or (vector[0] < 0.2 and vector[1] > 0) else vector


def _across(ink: NDArray[np.float32], points: NDArray, direction: NDArray, unit: float) -> tuple[NDArray, ...]:
    """Return for each point the offset of the middle of the stroke across its direction, its width and its level.

    Offsets and widths are in pixels; the width is 0 where there is no ink.
    """
    normal = np.stack([-direction[:, 1], direction[:, 0]], 1)
    places = points[:, None] + normal[:, None] * (ACROSS * unit)[None, :, None]
    profile = cv2.remap(ink, places[..., 0].astype(np.float32), places[..., 1].astype(np.float32), cv2.INTER_LINEAR)
    middle = len(ACROSS) // 2
    peak = profile[:, middle - 5 : middle + 6].argmax(1) + middle - 5
    inked = profile >= INKED * 0.8
    index = np.arange(len(ACROSS))
    rows = np.arange(len(points))
    before = np.where(~inked & (index <= peak[:, None]), index, -1).max(1)
    after = np.where(~inked & (index >= peak[:, None]), index, len(ACROSS)).min(1)
    run = (index > before[:, None]) & (index < after[:, None])
    weight = profile * run
    total = weight.sum(1)
    found = inked[rows, peak] & (total > 0)
    offset = np.where(found, (weight * ACROSS).sum(1) / np.maximum(total, 1e-6), 0) * unit
    width = np.where(found, run.sum(1) * (ACROSS[1] - ACROSS[0]), 0) * unit
    return offset[:, None] * normal, width, profile[rows, peak]


def _centred(
    ink: NDArray[np.float32], start: NDArray, direction: NDArray, unit: float
) -> tuple[NDArray, NDArray, NDArray]:
    shift, width, level = _across(ink, start, direction, unit)
    return start + shift, width, level


def _trace(
    ink: NDArray[np.float32], start: NDArray, direction: NDArray, width: NDArray, unit: float
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Follow strokes from where they are cut.

    Returns:
        The points of each stroke, ``(n, SAMPLES, 2)``, continued straight beyond its end; their widths and levels,
        ``(n, SAMPLES)``; and the number of points that were traced.
    """
    count = len(start)
    points = np.zeros((count, SAMPLES, 2))
    widths, levels = np.zeros((count, SAMPLES)), np.zeros((count, SAMPLES))
    length = np.zeros(count, np.int64)
    alive = np.ones(count, bool)
    here = start.copy()
    for step in range(SAMPLES):
        ahead = here + STEP * unit * direction
        shift, wide, level = _across(ink, ahead, direction, unit)
        centred = ahead + np.clip(shift, -0.06 * unit, 0.06 * unit)
        turned = centred - here
        turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
        alive &= (
            (wide > 0) & (wide < MAX_WIDER * np.maximum(width, 0.12 * unit)) & ((turned * direction).sum(1) > MAX_TURN)
        )
        direction = np.where(alive[:, None], direction + turned, direction)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        here = np.where(alive[:, None], centred, ahead)
        points[:, step], widths[:, step], levels[:, step] = here, wide, level
        length[alive] = step + 1
    return points, widths, levels, length

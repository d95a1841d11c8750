"""The strokes by which a drawn small letter joins its neighbours, in a hand that joins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.supplement_pen import HandPen

STEP = 0.04
"""Distance of the samples of a followed line, in x-heights."""
STUB = 0.5
"""Length of a neighbour's stroke that is drawn beyond a cut, in x-heights; joining strokes are compared over it."""
MAX_FOLLOWED = 1.2
"""Length over which a stroke is followed from its end to the height of joins, in x-heights."""
HIGH_EXIT = 0.3
"""How far from its end a stroke that stays above the height of joins is cut, in x-heights."""
NEAR = 0.1
"""Radius within which the direction of a line is measured, in x-heights."""
LEAD, LEAD_RISE = 0.25, 0.4
"""Length of the stroke that leads into a letter at the height of joins, in x-heights; and how much longer it is for
each x-height that the letter begins higher."""
ONE_SIDED = 0.93
"""Length of the mean of the directions, unit vectors, in which a line lies around its end."""
MAX_ANGLE = 0.7
"""The steepest angle at which a stroke leads into a letter, in radians of the frame."""
BOWL, BOWL_DIRECTION = 0.15, (0.3, 0.95)
"""How far a letter such as a reaches to the left of where it begins, in x-heights, so that it is entered at its side;
and the direction there, a unit vector."""
BAND = (-0.2, 1.2)
"""Heights in which a letter may be entered and left, in x-heights of the hand."""


def with_joins(lines: NDArray[np.float64], pen: HandPen) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the centre lines of a small letter with strokes that lead into it and out of it.

    Args:
        lines: Points of its centre lines in the frame of its word, ``(n, 2)``.
        pen: The hand's pen, which knows how high the hand joins letters.

    Returns:
        Its points with those of the strokes; and whether each belongs to the letter before (0), to the letter (1), or
        to the one after (2).
    """
    ends, inward = _ends(lines)
    inside = (ends[:, 1] > BAND[0] * pen.x_height) & (ends[:, 1] < BAND[1] * pen.x_height)
    if not inside.any():
        return lines, np.ones(len(lines), np.int64)
    ends, inward = ends[inside], inward[inside]
    first, last = int(ends[:, 0].argmin()), int(ends[:, 0].argmax())
    start, into = ends[first], inward[first]
    low = lines[(lines[:, 1] > pen.join_height) & (lines[:, 1] < BAND[1] * pen.x_height)]
    if len(low) and low[:, 0].min() < start[0] - BOWL:
        start, into = low[low[:, 0].argmin()], np.array(BOWL_DIRECTION)
    before, lead = _entry(start, into, pen)
    own_end, after = _exit(lines, ends[last], inward[last], pen)
    is_after = np.zeros(len(lines), bool)
    if len(own_end):
        is_after = (((lines[:, None] - own_end[None]) ** 2).sum(-1) < STEP**2).any(1)
    parts = [before, lead, lines[~is_after], lines[is_after], after]
    owners = np.repeat([0, 1, 1, 2, 2], [len(part) for part in parts])
    return np.concatenate(parts), owners


def _entry(
    end: NDArray[np.float64], inward: NDArray[np.float64], pen: HandPen
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the stroke of the letter before, up to the cut, and the stroke from there to where the letter begins."""
    angle = float(np.clip(pen.join_angle, 0, MAX_ANGLE))
    rising = np.array([np.cos(angle), np.sin(angle)])
    away = LEAD + LEAD_RISE * max(end[1] - pen.join_height, 0)
    cut = np.array([end[0] - away, pen.join_height])
    reach = 0.4 * float(np.linalg.norm(end - cut))
    share = np.linspace(0, 1, 80)[:, None]
    controls = cut, cut + reach * rising, end - reach * inward, end
    lead = sum(
        weight * point
        for weight, point in zip(
            ((1 - share) ** 3, 3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share), share**3),
            controls,
            strict=True,
        )
    )
    return cut - np.linspace(STUB, 0.01, 50)[:, None] * rising, np.asarray(lead)


def _exit(
    lines: NDArray[np.float64], end: NDArray[np.float64], inward: NDArray[np.float64], pen: HandPen
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what of a letter's last stroke lies beyond the cut, and how that goes on beyond the letter."""
    path = _followed(lines, end, inward)
    below = np.flatnonzero(path[:, 1] <= pen.join_height)
    if end[1] <= pen.join_height:  # it rises to the height of joins first
        cut = 0
    elif len(below):
        cut = int(below[0])
    else:
        cut = min(round(HIGH_EXIT / STEP), len(path) - 1)
    beyond = STUB - cut * STEP
    if beyond <= 0:
        return path[:cut], np.zeros((0, 2))
    return path[:cut], end - np.linspace(0.01, beyond, 50)[:, None] * inward


def _followed(lines: NDArray[np.float64], end: NDArray[np.float64], inward: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return samples along a line from its end, as far as it is followed."""
    path, here, direction = [end], end, inward
    for _ in range(round(MAX_FOLLOWED / STEP)):
        ahead = here + STEP * direction
        near = lines[((lines - ahead) ** 2).sum(1) < (STEP / 2) ** 2]
        if not len(near):
            break
        moved = near.mean(0) - here
        direction = 0.6 * direction + 0.4 * moved / max(float(np.linalg.norm(moved)), 1e-9)
        direction /= np.linalg.norm(direction)
        here = near.mean(0)
        path.append(here)
    return np.array(path)


def _ends(lines: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of lines, and the direction from each into its line."""
    apart = lines[None] - lines[:, None]
    distance = np.linalg.norm(apart, axis=-1)
    near = distance < NEAR
    ring = near & (distance > NEAR / 2)
    unit = apart / np.maximum(distance, 1e-9)[..., None]
    inward = (unit * ring[..., None]).sum(1) / np.maximum(ring.sum(1, keepdims=True), 1)
    # All that is near an end lies on one side of it, and further away than from any other point there.
    offset = np.linalg.norm((apart * near[..., None]).sum(1), axis=1) / near.sum(1)
    length = np.linalg.norm(inward, axis=1)
    one_sided = (length > ONE_SIDED) & ring.any(1)
    is_end = one_sided & (offset >= np.where(near & one_sided[None], offset[None], 0).max(1))
    return lines[is_end], inward[is_end] / length[is_end, None]

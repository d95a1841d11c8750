"""Lines of writing: their course, and the connected components that belong to each."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.components import Components
from handwriting.segmentation.pixels import Mask, dilated, numbered, places

ACROSS, DOWN = 4, 2
"""Factors by which the picture is reduced horizontally and vertically to find lines."""
ALONG = 3.5
"""Standard deviation of the smoothing along lines, in x-heights: wider than the gaps between words."""
THICK = 0.45
"""Standard deviation of the smoothing across lines, in x-heights: less than the line pitch."""
FAINTEST = 0.22
"""Minimum strength of a line relative to the strong lines of its page."""
NEAR = 1.1
"""Minimum distance of two lines, in x-heights; closer ridges are one line."""
FAR = 3.5
"""Maximum distance of ascenders and descenders from their line, in x-heights."""
COMMON = 0.5
"""A ridge is no line of its own if this share of its ink belongs to components of a neighbouring line."""
TALL, DOTS = 0.6, 0.7
"""A component lower than ``TALL`` x-heights is a dot, an accent or a dash. A ridge is no line if more than the share
``DOTS`` of its ink is in such components."""
STEP = 0.8
"""Maximum vertical offset of a line across an interruption, in x-heights."""
MUCH = 0.3
"""A component belongs to a second line, too, whose x-height zone holds this share of its ink in the first line's."""
ACCENT = 0.7
"""Factor of the distance to the lower line: a component between two lines is more often a dot or accent of it."""


@dataclass(frozen=True)
class Lines:
    """The lines of a page, from the top.

    Attributes:
        middles: The row of the middle of each line's x-height at each column, float64 ``(L, W)``.
        half: Half of the x-height of each line, in pixels, float64 ``(L,)``.
        ends: The first and last column of each line, float64 ``(L, 2)``; its middle is extrapolated level beyond them.
    """

    middles: NDArray[np.float64]
    half: NDArray[np.float64]
    ends: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.half)


def find_lines(components: Components, x_height: float) -> Lines:
    """Find the lines of a page as ridges of its ink, smoothed along the lines.

    Lines may slope and bend slightly. They are found in pieces, and pieces that continue each other are joined.

    Args:
        components: The components of a deskewed page.
        x_height: An estimate of the x-height, within a factor of two, in pixels.
    """
    width = components.shape[1]
    low, narrow = -(-components.shape[0] // DOWN), -(-width // ACROSS)
    cells = np.bincount(components.rows // DOWN * narrow + components.columns // ACROSS, minlength=low * narrow)
    small = (cells.reshape(low, narrow) / (DOWN * ACROSS)).astype(np.float32)
    along, thick = ALONG * x_height / ACROSS, THICK * x_height / DOWN
    blurred = cv2.GaussianBlur(small, (0, 0), sigmaX=along, sigmaY=thick, borderType=cv2.BORDER_CONSTANT)
    smoothed = np.asarray(blurred, np.float32)
    reach = max(1, round(0.8 * x_height / DOWN))
    ridges = (smoothed == dilated(smoothed, 2 * reach + 1, 1)) & (smoothed > 1e-4)
    if not ridges.any():
        return Lines(np.zeros((0, width)), np.zeros(0), np.zeros((0, 2)))
    ridges &= smoothed > FAINTEST * np.percentile(smoothed[ridges], 80)
    chains = _joined(_pieces(ridges, smoothed, x_height), x_height)
    columns = np.arange(width)
    middles = np.stack(
        [np.interp(columns, chain.columns * ACROSS + ACROSS / 2, chain.rows * DOWN + DOWN / 2) for chain in chains]
    )
    ends = np.array([chain.columns[[0, -1]] * ACROSS for chain in chains], float)
    order = np.argsort(middles.mean(axis=1))
    order = order[_apart(components, middles[order], x_height)]
    return _measured(components, middles[order], ends[order], x_height)


def _apart(components: Components, middles: NDArray[np.float64], x_height: float) -> list[int]:
    """Leave out ridges that are no lines: of dots alone, or of heads or tails of a neighbouring line's components.

    Args:
        components: Of the page.
        middles: The ridges' rows, from the top, float64 ``(L, W)``.
        x_height: In pixels.

    Returns:
        The indices of the lines.
    """
    held = np.zeros((len(middles), len(components)), np.int64)  # the ink of each component in each ridge
    for ridge, middle in enumerate(middles):
        part = components.between(middle.min() - x_height / 2, middle.max() + x_height / 2)
        near = np.abs(components.rows[part] - middle[components.columns[part]]) <= x_height / 2
        held[ridge] = np.bincount(components.owner[part][near], minlength=len(components))
    tall = components.boxes[:, cv2.CC_STAT_HEIGHT] > TALL * x_height
    ink = np.maximum(held.sum(axis=1), 1)
    dots = 1 - held[:, tall].sum(axis=1) / ink
    kept = list(range(len(middles)))
    while len(kept) > 1:
        doubts = []
        for place, line in enumerate(kept):
            doubt = COMMON + dots[line] if dots[line] > DOTS else 0.0
            for other in kept[max(place - 1, 0) : place] + kept[place + 1 : place + 2]:
                if ink[other] >= ink[line] and np.abs(middles[other] - middles[line]).mean() < FAR * x_height:
                    shared = held[line][held[other] >= held[line] / 2].sum() / ink[line]
                    doubt = max(doubt, float(shared))
            doubts.append(doubt)
        worst = int(np.argmax(doubts))
        if doubts[worst] <= COMMON:
            break
        del kept[worst]
    return kept


@dataclass(frozen=True)
class _Chain:
    """A ridge: its rows at some columns, and its total strength."""

    columns: NDArray[np.int64]
    rows: NDArray[np.float64]
    strength: float


def _pieces(ridges: Mask, smoothed: NDArray[np.float32], x_height: float) -> list[_Chain]:
    """Return the connected ridges, the strongest first."""
    reach = max(1, round(0.2 * x_height / DOWN))
    numbers, count = numbered(dilated(ridges.astype(np.uint8), 2 * reach + 1, 3) > 0)
    rows, columns = places(ridges)
    weights, owners = smoothed[rows, columns], numbers[rows, columns]
    order = np.lexsort((columns, owners))
    rows, columns, weights, owners = rows[order], columns[order], weights[order], owners[order]
    pieces = []
    for number in range(1, count):
        start, stop = np.searchsorted(owners, [number, number + 1])
        at, where = np.unique(columns[start:stop], return_inverse=True)
        total = np.bincount(where, weights[start:stop])
        mean = np.bincount(where, weights[start:stop] * rows[start:stop]) / total
        pieces.append(_Chain(at, mean, float(total.sum())))
    return sorted(pieces, key=lambda piece: -piece.strength)


def _joined(pieces: list[_Chain], x_height: float) -> list[_Chain]:
    """Join pieces that continue each other, and drop those that run next to a stronger one."""
    chains: list[_Chain] = []
    for piece in pieces:
        for index, chain in enumerate(chains):
            apart = DOWN / x_height * np.abs(np.interp(piece.columns, chain.columns, chain.rows) - piece.rows)
            common = (piece.columns >= chain.columns[0]) & (piece.columns <= chain.columns[-1])
            if common.mean() > 0.3:
                if apart[common].mean() < NEAR:
                    break  # a row of accents or descenders
            elif apart.min() < STEP:
                columns, first = np.unique(np.concatenate([chain.columns, piece.columns]), return_index=True)
                rows = np.concatenate([chain.rows, piece.rows])[first]
                chains[index] = _Chain(columns, rows, chain.strength + piece.strength)
                break
        else:
            chains.append(piece)
    return chains


def _measured(
    components: Components, middles: NDArray[np.float64], ends: NDArray[np.float64], x_height: float
) -> Lines:
    """Measure the x-height of each line, and move the line to the middle of it.

    The x-height zone is where the row profile of ink is at least half of its maximum.

    Args:
        components: The components of the page.
        middles: The rows of the lines, from the top, float64 ``(L, W)``.
        ends: The first and last column of each line, float64 ``(L, 2)``.
        x_height: An estimate of the x-height, in pixels.
    """
    reach = round(1.6 * x_height)
    half, moved = np.full(len(middles), x_height / 2), middles.copy()
    nearest = _nearest(components, Lines(middles, np.zeros(len(middles)), ends))
    offset = np.round(components.rows - middles[nearest, components.columns]).astype(int)
    near = np.abs(offset) <= reach
    across = 2 * reach + 1
    counts = np.bincount(nearest[near] * across + offset[near] + reach, minlength=len(middles) * across)
    blurred = cv2.GaussianBlur(
        counts.reshape(-1, across).astype(np.float32), (0, 0), max(0.8, 0.08 * x_height), None, 0.01
    )
    for number, profile in enumerate(blurred):
        core = profile[reach - reach // 3 : reach + reach // 3 + 1]
        level = 0.5 * core.max()
        peak = reach - reach // 3 + int(core.argmax())
        above, below = profile[: peak + 1] < level, profile[peak:] < level
        top = peak - int(above[::-1].argmax()) + 1 if above.any() else 0
        bottom = peak + int(below.argmax()) if below.any() else 2 * reach
        half[number] = (bottom - top) / 2
        moved[number] += (top + bottom - 1) / 2 - reach
    return Lines(moved, half, ends)


def assign(components: Components, lines: Lines) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Assign each connected component to its line; a component that joins two lines is split between them.

    A component belongs to the line whose x-height zone holds most of its ink. Without ink in any zone it belongs to the
    nearest line, where dots and accents prefer the line below.

    Args:
        components: The components of the page.
        lines: At least one line.

    Returns:
        The piece of each pixel of the components, from 0, int64 ``(p,)``, and the line of each piece, int64 ``(n,)``.
    """
    count, total = len(components), len(lines)
    nearest = _nearest(components, lines)
    away = np.abs(components.rows - lines.middles[nearest, components.columns])
    seen = (components.columns >= lines.ends[nearest, 0]) & (components.columns <= lines.ends[nearest, 1])
    within = (away <= 1.1 * lines.half[nearest]) & seen
    core = np.bincount(components.owner * total + nearest, within, minlength=count * total).reshape(count, total)
    belongs_to = core > MUCH * core.max(axis=1, keepdims=True)
    loose = ~belongs_to.any(axis=1)
    belongs_to[loose, _line_of_loose(components.boxes[loose], lines)] = True

    # For each component, every line maps to the nearest line that the component belongs to.
    numbers_of = np.arange(total)
    target = np.zeros((count, total), np.int64)
    single = belongs_to.sum(axis=1) == 1
    target[single] = belongs_to[single].argmax(axis=1)[:, None]
    for component in np.flatnonzero(~single):
        of_component = np.flatnonzero(belongs_to[component])
        target[component] = of_component[np.abs(numbers_of[:, None] - of_component).argmin(axis=1)]
    codes = components.owner * total + target[components.owner, nearest]
    used = np.bincount(codes, minlength=count * total) > 0
    return (np.cumsum(used) - 1)[codes], np.flatnonzero(used) % total


def _nearest(components: Components, lines: Lines) -> NDArray[np.int64]:
    """Return the nearest line of each pixel: borders run halfway between a baseline and the x-height line below it."""
    baselines, tops = lines.middles + lines.half[:, None], lines.middles - lines.half[:, None]
    nearest = np.zeros(len(components.rows), np.int64)
    passed = np.zeros(len(components.rows) + 1, np.int64)
    for border in (baselines[:-1] + tops[1:]) / 2:
        part = components.between(border.min(), border.max())
        nearest[part] += components.rows[part] > border[components.columns[part]]
        passed[part.stop] += 1
    return nearest + np.cumsum(passed)[:-1]


def _line_of_loose(boxes: NDArray[np.int64], lines: Lines) -> NDArray[np.int64]:
    """Return the nearest line of each component by its bounding box, int64 ``(n,)``."""
    left, top, wide, tall, _ = boxes.T
    at = np.clip(left + wide // 2, 0, lines.middles.shape[1] - 1)
    centres, half = lines.middles[:, at], lines.half[:, None]
    below = top - (centres + half)  # distance below each baseline
    above = (centres - half) - (top + tall - 1)  # distance above each x-height line
    return np.where(above > 0, ACCENT * above, np.maximum(below, 0)).argmin(axis=0)

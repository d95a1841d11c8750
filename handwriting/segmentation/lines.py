"""Lines of writing: where they run, and which marks stand in which."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.marks import Marks
from handwriting.segmentation.pixels import Mask, dilated, numbered, places

ACROSS, DOWN = 4, 2
"""Lines are looked for in a picture so many times narrower and lower."""
ALONG = 3.5
"""X-heights over which ink is smeared along lines: wider than the gaps between words."""
THICK = 0.45
"""X-heights over which ink is smeared across lines: less than from line to line."""
FAINTEST = 0.22
"""A line is at least this share as strong as the strong ones of its page."""
NEAR = 1.1
"""X-heights: two lines are farther apart than this; nearer ones are one."""
FAR = 3.5
"""X-heights: heads and tails of a line's marks are not farther from it."""
COMMON = 0.5
"""A ridge is no line of its own where this share of its ink belongs to marks of a neighbouring line."""
TALL, DOTS = 0.6, 0.7
"""A ridge is no line where this share of its ink is in marks lower than so many x-heights: dots, accents, dashes."""
STEP = 0.8
"""X-heights by which a line may rise or fall where it is interrupted."""
MUCH = 0.3
"""A mark stands in two lines where the second holds this share of its ink between their baselines and x-heights."""
ACCENT = 0.7
"""What lies between two lines is more often a dot or an accent of the lower one: its distance counts so much less."""


@dataclass(frozen=True)
class Lines:
    """The lines of a page, from the top.

    Attributes:
        middles: The row of the middle of each line's x-height at each column, float64 ``(L, W)``.
        half: Half of the x-height of each line, in pixels, float64 ``(L,)``.
        ends: The columns between which each line was seen, float64 ``(L, 2)``; beyond, its middle goes on level.
    """

    middles: NDArray[np.float64]
    half: NDArray[np.float64]
    ends: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many lines there are."""
        return len(self.half)


def find_lines(marks: Marks, x_height: float) -> Lines:
    """Find the lines of a page: the ridges of its ink, smeared along them.

    Lines may slope and bend a little. They are found piece by piece and joined where one goes on as the other ended.

    Args:
        marks: Of a page without skew.
        x_height: A guess at it, within a factor of two, in pixels.
    """
    width = marks.shape[1]
    low, narrow = -(-marks.shape[0] // DOWN), -(-width // ACROSS)
    cells = np.bincount(marks.rows // DOWN * narrow + marks.columns // ACROSS, minlength=low * narrow)
    small = (cells.reshape(low, narrow) / (DOWN * ACROSS)).astype(np.float32)
    along, thick = ALONG * x_height / ACROSS, THICK * x_height / DOWN
    blurred = cv2.GaussianBlur(small, (0, 0), sigmaX=along, sigmaY=thick, borderType=cv2.BORDER_CONSTANT)
    smeared = np.asarray(blurred, np.float32)
    reach = max(1, round(0.8 * x_height / DOWN))
    ridges = (smeared == dilated(smeared, 2 * reach + 1, 1)) & (smeared > 1e-4)
    if not ridges.any():
        return Lines(np.zeros((0, width)), np.zeros(0), np.zeros((0, 2)))
    ridges &= smeared > FAINTEST * np.percentile(smeared[ridges], 80)
    chains = _joined(_pieces(ridges, smeared, x_height), x_height)
    columns = np.arange(width)
    middles = np.stack(
        [np.interp(columns, chain.columns * ACROSS + ACROSS / 2, chain.rows * DOWN + DOWN / 2) for chain in chains]
    )
    ends = np.array([chain.columns[[0, -1]] * ACROSS for chain in chains], float)
    order = np.argsort(middles.mean(axis=1))
    order = order[_apart(marks, middles[order], x_height)]
    return _measured(marks, middles[order], ends[order], x_height)


def _apart(marks: Marks, middles: NDArray[np.float64], x_height: float) -> list[int]:
    """Leave out ridges that are no lines: of dots alone, or of heads or tails of a neighbouring line's marks.

    Args:
        marks: Of the page.
        middles: The ridges' rows, from the top, float64 ``(L, W)``.
        x_height: In pixels.

    Returns:
        The indices of the lines.
    """
    held = np.zeros((len(middles), len(marks)), np.int64)  # each mark's ink in each ridge
    for ridge, middle in enumerate(middles):
        part = marks.between(middle.min() - x_height / 2, middle.max() + x_height / 2)
        near = np.abs(marks.rows[part] - middle[marks.columns[part]]) <= x_height / 2
        held[ridge] = np.bincount(marks.owner[part][near], minlength=len(marks))
    tall = marks.boxes[:, cv2.CC_STAT_HEIGHT] > TALL * x_height
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
    """A ridge: its rows at some columns, and how strong it is in all."""

    columns: NDArray[np.int64]
    rows: NDArray[np.float64]
    strength: float


def _pieces(ridges: Mask, smeared: NDArray[np.float32], x_height: float) -> list[_Chain]:
    """Return the connected ridges, the strongest first."""
    reach = max(1, round(0.2 * x_height / DOWN))
    numbers, count = numbered(dilated(ridges.astype(np.uint8), 2 * reach + 1, 3) > 0)
    rows, columns = places(ridges)
    weights, owners = smeared[rows, columns], numbers[rows, columns]
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
    """Join pieces that continue each other; leave out those that run beside a stronger one."""
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


def _measured(marks: Marks, middles: NDArray[np.float64], ends: NDArray[np.float64], x_height: float) -> Lines:
    """Move each line to the middle of its own x-height, and measure that.

    Within the x-height, ink lies at least half as dense as where it is densest.

    Args:
        marks: Of the page.
        middles: The lines' rows, from the top, float64 ``(L, W)``.
        ends: Of the lines.
        x_height: A guess at it, in pixels.
    """
    reach = round(1.6 * x_height)
    half, moved = np.full(len(middles), x_height / 2), middles.copy()
    nearest = _nearest(marks, Lines(middles, np.zeros(len(middles)), ends))
    offset = np.round(marks.rows - middles[nearest, marks.columns]).astype(int)
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


def assign(marks: Marks, lines: Lines) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say which line each connected mark stands in; one that joins two lines is parted between them.

    A mark belongs to the line between whose baseline and x-height most of its ink lies; where none does, to the
    nearest line, dots and accents rather to the one below.

    Args:
        marks: What stands in them.
        lines: At least one line.

    Returns:
        The piece that each of the marks' pixels belongs to, from 0, int64 ``(p,)``, and the line of each piece, int64
        ``(n,)``.
    """
    count, total = len(marks), len(lines)
    nearest = _nearest(marks, lines)
    away = np.abs(marks.rows - lines.middles[nearest, marks.columns])
    seen = (marks.columns >= lines.ends[nearest, 0]) & (marks.columns <= lines.ends[nearest, 1])
    within = (away <= 1.1 * lines.half[nearest]) & seen
    core = np.bincount(marks.owner * total + nearest, within, minlength=count * total).reshape(count, total)
    stands_in = core > MUCH * core.max(axis=1, keepdims=True)
    loose = ~stands_in.any(axis=1)
    stands_in[loose, _line_of_loose(marks.boxes[loose], lines)] = True

    # Of each mark, every line is led to the nearest one that the mark stands in.
    numbers_of = np.arange(total)
    led = np.zeros((count, total), np.int64)
    single = stands_in.sum(axis=1) == 1
    led[single] = stands_in[single].argmax(axis=1)[:, None]
    for mark in np.flatnonzero(~single):
        own = np.flatnonzero(stands_in[mark])
        led[mark] = own[np.abs(numbers_of[:, None] - own).argmin(axis=1)]
    codes = marks.owner * total + led[marks.owner, nearest]
    used = np.bincount(codes, minlength=count * total) > 0
    return (np.cumsum(used) - 1)[codes], np.flatnonzero(used) % total


def _nearest(marks: Marks, lines: Lines) -> NDArray[np.int64]:
    """Return the line of each pixel: lines meet halfway between a baseline and the x-height below it."""
    baselines, tops = lines.middles + lines.half[:, None], lines.middles - lines.half[:, None]
    nearest = np.zeros(len(marks.rows), np.int64)
    passed = np.zeros(len(marks.rows) + 1, np.int64)
    for border in (baselines[:-1] + tops[1:]) / 2:
        part = marks.between(border.min(), border.max())
        nearest[part] += marks.rows[part] > border[marks.columns[part]]
        passed[part.stop] += 1
    return nearest + np.cumsum(passed)[:-1]


def _line_of_loose(boxes: NDArray[np.int64], lines: Lines) -> NDArray[np.int64]:
    """Return the line that each mark is nearest to, int64 ``(n,)``, by the marks' boxes."""
    left, top, wide, tall, _ = boxes.T
    at = np.clip(left + wide // 2, 0, lines.middles.shape[1] - 1)
    centres, half = lines.middles[:, at], lines.half[:, None]
    below = top - (centres + half)  # how far the mark hangs below each baseline
    above = (centres - half) - (top + tall - 1)  # how far it floats above each x-height
    return np.where(above > 0, ACCENT * above, np.maximum(below, 0)).argmin(axis=0)

"""Lines of writing: where they run, and which marks stand in which."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.marks import Marks
from handwriting.segmentation.pixels import Mask, dilated, marks_of, resized

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
    height, width = marks.numbers.shape
    ink = (marks.numbers > 0).astype(np.uint8)
    small = resized(ink.astype(np.float32), (-(-height // DOWN), -(-width // ACROSS)))
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
    rows, at = np.nonzero(ink)
    order = np.argsort(middles.mean(axis=1))
    order = order[_apart(middles[order], rows, at, marks, x_height)]
    return _measured(rows, at, middles[order], ends[order], x_height)


def _apart(
    middles: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    marks: Marks,
    x_height: float,
) -> list[int]:
    """Leave out ridges that are no lines: of dots alone, or of heads or tails of a neighbouring line's marks.

    Args:
        middles: The ridges' rows, from the top, float64 ``(L, W)``.
        rows: Of every pixel of ink.
        columns: Of the same.
        marks: What these belong to.
        x_height: In pixels.

    Returns:
        The indices of the lines.
    """
    owner = marks.numbers[rows, columns]
    count = len(marks.boxes)
    tall = (marks.boxes[:, cv2.CC_STAT_HEIGHT] > TALL * x_height)[owner]
    within = [np.abs(rows - middle[columns]) <= x_height / 2 for middle in middles]
    held = np.stack([np.bincount(owner[near], minlength=count) for near in within])  # each mark's ink in each ridge
    ink = np.maximum(held.sum(axis=1), 1)
    dots = np.array([1 - tall[near].mean() if near.any() else 1.0 for near in within])
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
    numbers, boxes = marks_of(dilated(ridges.astype(np.uint8), 2 * reach + 1, 3) > 0)
    rows, columns = np.nonzero(ridges)
    weights, owners = smeared[rows, columns], numbers[rows, columns]
    order = np.lexsort((columns, owners))
    rows, columns, weights, owners = rows[order], columns[order], weights[order], owners[order]
    pieces = []
    for number in range(1, len(boxes)):
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


def _measured(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    middles: NDArray[np.float64],
    ends: NDArray[np.float64],
    x_height: float,
) -> Lines:
    """Move each line to the middle of its own x-height, and measure that.

    Within the x-height, ink lies at least half as dense as where it is densest.

    Args:
        rows: Of every pixel of ink.
        columns: Of the same.
        middles: The lines' rows, from the top, float64 ``(L, W)``.
        ends: Of the lines.
        x_height: A guess at it, in pixels.
    """
    reach = round(1.6 * x_height)
    half, moved = np.full(len(middles), x_height / 2), middles.copy()
    nearest = _nearest(rows, columns, Lines(middles, np.zeros(len(middles)), ends))
    offset = np.round(rows - middles[nearest, columns]).astype(int)
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


def assign(marks: Marks, lines: Lines) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Say which line each connected mark stands in; one that joins two lines is parted between them.

    A mark belongs to the line between whose baseline and x-height most of its ink lies; where none does, to the
    nearest line, dots and accents rather to the one below.

    Args:
        marks: What stands in them.
        lines: At least one line.

    Returns:
        The number of the piece that each pixel belongs to, from 1, int32 ``(H, W)``, and the line of each piece, int64
        ``(n,)``, -1 for one that is far from all of them.
    """
    rows, columns = np.nonzero(marks.numbers)
    owner = marks.numbers[rows, columns]
    count = len(marks.boxes)
    total = len(lines)
    nearest = _nearest(rows, columns, lines)
    away = np.abs(rows - lines.middles[nearest, columns])
    seen = (columns >= lines.ends[nearest, 0]) & (columns <= lines.ends[nearest, 1])
    within = (away <= 1.1 * lines.half[nearest]) & seen
    core = np.bincount(owner * total + nearest, within, minlength=count * total).reshape(count, total)
    stands_in = core > MUCH * core.max(axis=1, keepdims=True)
    loose = ~stands_in.any(axis=1)
    loose[0] = False  # the paper
    stands_in[loose, _line_of_loose(marks.boxes[loose], lines)] = True

    # Of each mark, every line is led to the nearest one that the mark stands in.
    numbers_of = np.arange(total)
    led = np.zeros((count, total), np.int64)
    single = stands_in.sum(axis=1) == 1
    led[single] = stands_in[single].argmax(axis=1)[:, None]
    for mark in np.flatnonzero(~single[1:]) + 1:
        own = np.flatnonzero(stands_in[mark])
        led[mark] = own[np.abs(numbers_of[:, None] - own).argmin(axis=1)]
    codes, pieces = np.unique(owner.astype(np.int64) * total + led[owner, nearest], return_inverse=True)
    labels = np.zeros(marks.numbers.shape, np.int32)
    labels[rows, columns] = pieces + 1
    return labels, codes % total


def _nearest(rows: NDArray[np.int64], columns: NDArray[np.int64], lines: Lines) -> NDArray[np.int64]:
    """Return the line of each pixel: lines meet halfway between a baseline and the x-height below it."""
    nearest = np.zeros(len(rows), np.int64)
    for upper in range(len(lines) - 1):
        baseline = lines.middles[upper] + lines.half[upper]
        below = lines.middles[upper + 1] - lines.half[upper + 1]
        nearest += rows > ((baseline + below) / 2)[columns]
    return nearest


def _line_of_loose(boxes: NDArray[np.int64], lines: Lines) -> NDArray[np.int64]:
    """Return the line that each mark is nearest to, int64 ``(n,)``, by the marks' boxes."""
    left, top, wide, tall, _ = boxes.T
    at = np.clip(left + wide // 2, 0, lines.middles.shape[1] - 1)
    centres, half = lines.middles[:, at], lines.half[:, None]
    below = top - (centres + half)  # how far the mark hangs below each baseline
    above = (centres - half) - (top + tall - 1)  # how far it floats above each x-height
    return np.where(above > 0, ACCENT * above, np.maximum(below, 0)).argmin(axis=0)

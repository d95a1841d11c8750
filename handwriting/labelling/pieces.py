"""Pieces: what lies between two candidate cuts of a strip, any of which may be a character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.strips import BASELINE, MARGIN, ROWS, Strip
from handwriting.segmentation.cuts import local_minima
from handwriting.segmentation.seams import SIDEWAYS, Seams

SPACING, MIN_SPACING = 0.15, 3
"""Distance between candidate cuts other than the cheapest seams, in character pitches, and its least, in pixels."""
MIN_DISTANCE = 2
"""Distance below which two candidate cuts are one, in pixels of a strip."""
CORE, CORE_SIDEWAYS = (1.1, 0.1), 1.0
"""Extent above and below the baseline, in x-heights, in which a sideways step of a seam costs as much as a pixel of
ink: seams are nearly straight between the bodies of letters, and run around ascenders and tails."""
SMALL = 0.75
"""Height and width below which a component is a dot or a mark, which no cut divides, in x-heights."""
BAR_RISE, BAR_WIDTH, BAR_START = 1.0, 4.0, 0.3
"""Height above the baseline from which a component is a bar, as of F, P or T, which no cut divides either, and its
largest width, in x-heights; and the share of it from the left that lies above its letter: bars reach to the right."""
INKED = 64
"""Level from which a pixel counts as ink."""
REDUCED = 2
"""Factor by which pictures of pieces are smaller than strips."""
PICTURE_ROWS, PICTURE_COLUMNS = ROWS // REDUCED, 28
"""Height and width of the picture of a piece, in pixels."""
MIN_WIDTH, MAX_WIDTH = 0.1, 2.6
"""Minimum and maximum width of a piece, in character pitches."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """The candidate cuts of a word, and the pieces between them.

    Attributes:
        strip: The word.
        column: The column of each candidate cut in the middle of the x-height, rising, int64 ``(k,)``.
        cost: The ink that its seam crosses, in x-heights of full ink, float64 ``(k,)``.
        before: The ink to the left of each cut, in squares of the x-height, float64 ``(k,)``.
        part: The number of cuts to the left of each pixel, int64 ``(ROWS, W)``.
        first: The cut at which each piece starts, int64 ``(n,)``.
        last: The cut at which it ends, int64 ``(n,)``.
        above: How far its ink reaches above the baseline, in x-heights, float64 ``(n,)``.
        below: How far it reaches below the baseline, in x-heights, float64 ``(n,)``.
    """

    strip: Strip
    column: NDArray[np.int64]
    cost: NDArray[np.float64]
    before: NDArray[np.float64]
    part: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    above: NDArray[np.float64]
    below: NDArray[np.float64]

    @property
    def width(self) -> NDArray[np.float64]:
        """The width of each piece, in x-heights, float64 ``(n,)``."""
        return (self.column[self.last] - self.column[self.first]) / self.strip.x_height

    @property
    def span(self) -> float:
        """The width of the word, in x-heights."""
        return float(self.column[-1] - self.column[0]) / self.strip.x_height

    def overlap(self, ends: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the intersection over union of the columns of each piece and of some characters.

        Args:
            ends: The columns of the cuts before and after each character, int64 ``(m, 2)``.

        Returns:
            0..1, float64 ``(n, m)``.
        """
        first, last = self.column[self.first][:, None], self.column[self.last][:, None]
        shared = np.minimum(last, ends[:, 1]) - np.maximum(first, ends[:, 0])
        together = np.maximum(last, ends[:, 1]) - np.minimum(first, ends[:, 0])
        return np.asarray(np.maximum(shared, 0) / together)


def character_pitch(strips: Sequence[Strip], texts: Sequence[str]) -> float:
    """Return the width of a character of a hand, in x-heights: the median over words whose text is known."""
    return float(np.median([strip.span / len(text) for strip, text in zip(strips, texts, strict=True)]))


def find_pieces(strips: Sequence[Strip], pitch: float) -> list[Pieces]:
    """Find the candidate cuts and pieces of each strip.

    Args:
        strips: The words of one hand, of one x-height.
        pitch: The character pitch, in x-heights.
    """
    found: list[Pieces | None] = [None] * len(strips)
    by_width = np.argsort([strip.ink.shape[1] for strip in strips], kind="stable")
    for start in range(0, len(strips), 32):  # strips of similar width share one sweep
        chosen = by_width[start : start + 32]
        widest = max(strips[index].ink.shape[1] for index in chosen)
        band = np.zeros((ROWS, len(chosen), widest), np.float32)
        for row, index in enumerate(chosen):
            band[:, row, : strips[index].ink.shape[1]] = strips[index].ink / np.float32(255)
        x_height = strips[chosen[0]].x_height
        sideways = np.full(ROWS, SIDEWAYS, np.float32)
        sideways[max(0, BASELINE - round(CORE[0] * x_height)) : BASELINE + round(CORE[1] * x_height)] = CORE_SIDEWAYS
        seams = Seams.of_band(band, BASELINE - round(x_height / 2), sideways)
        for row, index in enumerate(chosen):
            found[index] = _pieces(strips[index], seams, row, pitch)
    return [pieces for pieces in found if pieces is not None]


def _pieces(strip: Strip, seams: Seams, row: int, pitch: float) -> Pieces:
    inked = strip.ink >= INKED
    columns = np.flatnonzero(inked.any(axis=0))
    width = strip.ink.shape[1]
    core = np.flatnonzero(inked[BASELINE - round(strip.x_height) : BASELINE].any(axis=0))
    core = core if len(core) else columns
    low, high = (int(core[0]), int(core[-1])) if len(core) else (MARGIN, width - MARGIN)
    cost = seams.cost[row, :width]
    column = _candidates(cost, low, high, max(MIN_SPACING, round(SPACING * pitch * strip.x_height)))
    path = seams.through(column, np.full(len(column), row))
    path[0], path[-1] = -1, width  # the ends hold all ink
    part = (np.arange(width)[None, None, :] > path[:, :, None]).sum(axis=0)
    part = _whole_marks(part, inked, strip.x_height)
    return _measured(strip, column, cost[column].astype(float) / strip.x_height, part, pitch)


def _candidates(cost: NDArray[np.float32], low: int, high: int, spacing: int) -> NDArray[np.int64]:
    """Return the columns of the candidate cuts: both ends, local minima of the cost, and a grid between them."""
    minima = np.flatnonzero(local_minima(cost[None, low : high + 1])[0]) + low
    cheapest = minima[np.argsort(cost[minima], kind="stable")]
    kept = [low - 1, high + 1]
    for column in (*cheapest, *range(low + spacing, high - spacing + 1, spacing)):
        if np.abs(np.array(kept) - column).min() >= MIN_DISTANCE:
            kept.append(int(column))
    return np.sort(np.array(kept, np.int64))


def _whole_marks(part: NDArray[np.int64], inked: NDArray[np.bool_], x_height: float) -> NDArray[np.int64]:
    """Return the part of each pixel with every dot, mark and bar in one part."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(inked.astype(np.uint8), connectivity=8)
    part = part.copy()
    for number in range(1, count):
        x, y, w, h, _ = boxes[number]
        is_small = max(w, h) <= SMALL * x_height
        is_bar = y + h <= BASELINE - BAR_RISE * x_height and w <= BAR_WIDTH * x_height
        if is_small or is_bar:
            pixels = labels[y : y + h, x : x + w] == number
            inside = part[y : y + h, x : x + w]
            held = np.sort(inside[pixels])
            inside[pixels] = np.bincount(held).argmax() if is_small else held[round(BAR_START * (len(held) - 1))]
    return part


def _measured(
    strip: Strip,
    column: NDArray[np.int64],
    cost: NDArray[np.float64],
    part: NDArray[np.int64],
    pitch: float,
) -> Pieces:
    count = len(column)
    inked = strip.ink >= INKED
    rows, columns = np.nonzero(inked)
    owner = part[rows, columns]
    top, bottom = np.full(count + 1, ROWS), np.full(count + 1, -1)
    np.minimum.at(top, owner, rows)
    np.maximum.at(bottom, owner, rows)
    amount = np.bincount(owner, strip.ink[rows, columns] / 255, minlength=count + 1)
    total = np.concatenate([[0], np.cumsum(amount)])
    first, last = np.triu_indices(count, 1)
    width = (column[last] - column[first]) / strip.x_height / pitch
    held = total[last + 1] - total[first + 1]
    kept = (width >= MIN_WIDTH) & ((width <= MAX_WIDTH) | (last == first + 1)) & (held > 1)
    first, last = first[kept], last[kept]
    # Parts between cuts first and last are first + 1 .. last: running extremes from each start.
    to_the_right = np.arange(count + 1) > np.arange(count)[:, None]
    tops = np.minimum.accumulate(np.where(to_the_right, top, ROWS), axis=1)
    bottoms = np.maximum.accumulate(np.where(to_the_right, bottom, -1), axis=1)
    above = (BASELINE - tops[first, last]) / strip.x_height
    below = (bottoms[first, last] + 1 - BASELINE) / strip.x_height
    before = total[1:-1] / strip.x_height**2
    return Pieces(strip, column, cost, before, part, first, last, above, below)


def pictures(pieces: Pieces, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return pictures of some pieces: the piece alone, and the piece in its surroundings.

    Args:
        pieces: The pieces of a word.
        chosen: The numbers of the pieces, int64 ``(n,)``.

    Returns:
        uint8 ``(n, 2, PICTURE_ROWS, PICTURE_COLUMNS)``, bright on dark, the piece in the middle, at its height.
    """
    ink = _reduced(pieces.strip.ink)
    around = _reduced(pieces.strip.around)
    part = pieces.part[1::REDUCED, 1::REDUCED]
    part = part[: ink.shape[0], : ink.shape[1]]
    half = PICTURE_COLUMNS // 2
    pad = ((0, 0), (half, half))
    stack = np.stack([np.pad(ink, pad), np.pad(around, pad)])
    part = np.pad(part, pad, constant_values=-1)
    first, last = pieces.first[chosen], pieces.last[chosen]
    centre = (pieces.column[first] + pieces.column[last]) // (2 * REDUCED)
    centre = np.clip(centre, 0, ink.shape[1] - 1)
    windows = np.lib.stride_tricks.sliding_window_view(stack, PICTURE_COLUMNS, axis=2)  # (2, rows, starts, columns)
    shown = windows[:, :, centre].transpose(2, 0, 1, 3).copy()
    parts = np.lib.stride_tricks.sliding_window_view(part, PICTURE_COLUMNS, axis=1)[:, centre].transpose(1, 0, 2)
    shown[:, 0] *= (parts > first[:, None, None]) & (parts <= last[:, None, None])
    return shown


def _reduced(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = (side // REDUCED for side in picture.shape)
    return np.asarray(
        cv2.resize(picture[: rows * REDUCED, : columns * REDUCED], (columns, rows), interpolation=cv2.INTER_AREA),
        np.uint8,
    )

"""Alignment: the cuts of a word that its text explains best, by dynamic programming over pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.pieces import Pieces

NEAR, NEAR_INK = 0.2, 0.05
"""Distance within which two cuts are the same, in x-heights, or the ink between them, in squares of the x-height."""
MAX_INK_COST, MAX_CUT_COST = 8.0, 4.0
"""The largest cost of a cut for each x-height of full ink that it crosses, and the largest cost of a cut, in nats."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """A word cut into the characters of its text.

    Attributes:
        text: The text.
        piece: The number of the piece of each character, int64 ``(n,)``.
        cost: The cost of each piece and of the cut after it, in nats, float64 ``(n,)``.
        cut: The probability that both cuts of each character lie where they were made, give or take ``NEAR``, ``(n,)``.
        excess: How much more than the best cuts the best that use each piece cost, in nats, float64 ``(m,)``.
    """

    text: str
    piece: NDArray[np.int64]
    cost: NDArray[np.float64]
    cut: NDArray[np.float64]
    excess: NDArray[np.float64]


def align(
    pieces: Pieces, text: str, characters: dict[str, int], costs: NDArray[np.float64], ink_cost: float = MAX_INK_COST
) -> Aligned | None:
    """Cut a word into the characters of its text.

    Args:
        pieces: The pieces of the word.
        text: At least one character.
        characters: The column of each character in ``costs``.
        costs: The cost of each piece as each character, in nats, float64 ``(n, c)``.
        ink_cost: What a cut costs for each x-height of full ink that it crosses, in nats; see :func:`ink_cost_of`.

    Returns:
        The cuts of least total cost; None where the word has too few pieces.
    """
    count = len(pieces.column)
    if count - 1 < len(text):
        return None
    after = cut_costs(pieces, ink_cost)
    tables = {}
    for character in set(text):
        table = np.full((count, count), np.inf)
        table[pieces.first, pieces.last] = costs[:, characters[character]] + after[pieces.last]
        tables[character] = table
    number = np.full((count, count), -1)
    number[pieces.first, pieces.last] = np.arange(len(pieces.first))

    best, forward = [_start(count)], [_start(count)]
    came_from = []
    for character in text:
        ways = best[-1][:, None] + tables[character]
        came_from.append(ways.argmin(axis=0))
        best.append(ways.min(axis=0))
        forward.append(_soft_minimum(forward[-1][:, None] + tables[character], 0))
    if not np.isfinite(best[-1][-1]):
        return None
    backward = [_start(count)[::-1]]
    for character in reversed(text):
        backward.append(_soft_minimum(tables[character] + backward[-1][None, :], 1))
    backward.reverse()
    total = forward[-1][-1]

    cuts = [count - 1]
    for origins in reversed(came_from):
        cuts.append(int(origins[cuts[-1]]))
    cuts.reverse()
    first, last = np.array(cuts[:-1]), np.array(cuts[1:])
    cost = np.array([tables[c][i, j] for c, i, j in zip(text, first, last, strict=True)])
    near = np.abs(pieces.column[:, None] - pieces.column) <= NEAR * pieces.strip.x_height
    near |= np.abs(pieces.before[:, None] - pieces.before) <= NEAR_INK
    cut = np.zeros(len(text))
    excess = np.full((count, count), np.inf)
    for order, character in enumerate(text):
        through = forward[order][:, None] + tables[character] + backward[order + 1][None, :] - total
        np.minimum(excess, through, out=excess)
        around = through[np.ix_(near[first[order]], near[last[order]])]
        cut[order] = np.exp(-np.maximum(around, 0)).sum()
    return Aligned(text, number[first, last], cost, np.minimum(cut, 1.0), excess[pieces.first, pieces.last])


def cut_costs(pieces: Pieces, ink_cost: float) -> NDArray[np.float64]:
    """Return the cost of each cut of a word, in nats, float64 ``(k,)``; its ends cost nothing."""
    costs = np.minimum(ink_cost * pieces.cost, MAX_CUT_COST)
    costs[0] = costs[-1] = 0.0
    return costs


def ink_cost_of(words: Sequence[tuple[Pieces, Aligned]]) -> float:
    """Return what a hand's cuts cost for each x-height of full ink that they cross, in nats.

    It is the slope of the log odds that a candidate is a cut, for normal densities of one variance (Fisher, 1936):
    cuts of joined letters cross little ink, those of letters that overlap as much as any candidate.

    Args:
        words: The pieces and cuts of some words.
    """
    crossed, cut = [], []
    for pieces, word in words:
        is_cut = np.zeros(len(pieces.cost), bool)
        is_cut[pieces.last[word.piece]] = True
        crossed.append(pieces.cost[1:-1])
        cut.append(is_cut[1:-1])
    ink, chosen = np.concatenate(crossed), np.concatenate(cut)
    if not chosen.any() or chosen.all():
        return MAX_INK_COST
    variance = chosen.mean() * ink[chosen].var() + (1 - chosen.mean()) * ink[~chosen].var()
    difference = ink[~chosen].mean() - ink[chosen].mean()
    return float(np.clip(difference / max(variance, 1e-6), 0.0, MAX_INK_COST))


def _start(count: int) -> NDArray[np.float64]:
    start = np.full(count, np.inf)
    start[0] = 0.0
    return start


def _soft_minimum(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the negative logarithm of the sum of ``exp(-values)``; infinite where all are."""
    least = values.min(axis=axis, keepdims=True)
    shift = np.where(np.isfinite(least), least, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray((shift - np.log(np.exp(shift - values).sum(axis=axis, keepdims=True))).squeeze(axis))

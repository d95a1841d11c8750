"""Reading: the characters of a word whose text is unknown, by the same pieces and costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.alignment import CUT_COST, MAX_CUT_COST
from handwriting.labelling.pieces import Pieces

CHARACTER_COST = 0.8
"""Cost of each character, in nats: two halves must not be cheaper than a whole."""


def read(pieces: Pieces, characters: Sequence[str], costs: NDArray[np.floating]) -> str:
    """Return the cheapest reading of a word, without any knowledge of language.

    Args:
        pieces: The pieces of the word.
        characters: The characters it may have.
        costs: The cost of each piece as each character, in nats, ``(n, c)``.
    """
    count = len(pieces.column)
    after = np.minimum(CUT_COST * pieces.cost, MAX_CUT_COST)
    after[-1] = 0.0
    best = np.argmin(costs, axis=1)
    step = costs[np.arange(len(best)), best] + after[pieces.last] + CHARACTER_COST
    total, came_from = np.full(count, np.inf), np.full(count, -1)
    total[0] = 0.0
    # Pieces are sorted by their first cut, so that every total is final when it is used.
    for piece, (first, last) in enumerate(zip(pieces.first, pieces.last, strict=True)):
        if total[first] + step[piece] < total[last]:
            total[last], came_from[last] = total[first] + step[piece], piece
    text, cut = "", count - 1
    while came_from[cut] >= 0:
        piece = came_from[cut]
        text, cut = characters[best[piece]] + text, pieces.first[piece]
    return text

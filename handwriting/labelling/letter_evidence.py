"""How well the letters of a text fit the ink of some words, by what was learned of the hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.alignment import align
from handwriting.labelling.learning import FLOOR, SHAPE_WEIGHT, UNSEEN, Learning, Scores
from handwriting.labelling.pieces import Pieces, character_pitch, find_pieces, pictures
from handwriting.labelling.shapes import measured
from handwriting.labelling.strips import Stripper


class LetterEvidence:
    """Costs of texts in words of one page.

    Args:
        stripper: Cuts strips out of the page.
        learning: What was learned of the hand.
        scores: The last classifier.
    """

    def __init__(self, stripper: Stripper, learning: Learning, scores: Scores) -> None:
        self.stripper = stripper
        self.shapes, self.ink_cost = learning.shapes, learning.ink_cost
        self.scores = scores
        self.column = {character: column for column, character in enumerate(learning.characters)}
        self.pitch = character_pitch([pieces.strip for pieces in learning.pieces], learning.texts)
        self._costs: dict[tuple[int, ...], tuple[Pieces, NDArray[np.float64]]] = {}

    def __call__(self, words: tuple[int, ...], text: str) -> float:
        """Return the mean cost of a letter, in nats, if some words show a text.

        Args:
            words: The numbers of the words over the page, of one line, from the left.
            text: At least one letter; spaces do not count.
        """
        lines = self.stripper.page.lines[list(words)]
        letters = "".join(text.split())
        if not letters or (lines != lines[0]).any():
            return UNSEEN
        if words not in self._costs:
            self._costs[words] = self._measured(words)
        pieces, costs = self._costs[words]
        unknown = len(self.column)
        columns = {letter: self.column.get(letter, unknown) for letter in letters}
        aligned = align(pieces, letters, columns, costs, self.ink_cost)
        return UNSEEN if aligned is None else float(aligned.cost.mean())

    def _measured(self, words: Sequence[int]) -> tuple[Pieces, NDArray[np.float64]]:
        """Return the pieces of some words, and the cost of each as each letter, the last being any that is unknown."""
        pieces = find_pieces([self.stripper.strip(words)], self.pitch)[0]
        if not len(pieces.first):
            return pieces, np.zeros((0, len(self.column) + 1))
        shown = self.scores(pictures(pieces, np.arange(len(pieces.first)))).astype(np.float64)
        costs = -np.log(np.maximum(np.exp(shown[:, :-1]), FLOOR))
        costs += SHAPE_WEIGHT * self.shapes.cost(measured(pieces), list(self.column))
        return pieces, np.column_stack([costs, np.full(len(costs), UNSEEN)])

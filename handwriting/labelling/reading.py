"""Reading: the characters of words whose text is unknown, by pieces and what was learned of the hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.alignment import cut_costs
from handwriting.labelling.learning import Learning, Scores, Train
from handwriting.labelling.pieces import Pieces, character_pitch, find_pieces, pictures
from handwriting.labelling.shapes import Shapes, measured
from handwriting.labelling.strips import Strip

JUNK_PER_CHARACTER = 6.0
"""Examples of junk for each example of a character: without a text any piece of a word may be taken for one."""
JUNK_OVERLAP = 0.55
"""Largest intersection over union with a character at which a piece is junk."""
MIN_WEIGHT = 0.3
"""Least weight of an example."""
MEMBERS = 3
"""Classifiers whose probabilities are averaged (Hansen and Salamon, 1990): one that has seen a page or two errs by its
seed."""
SHAPE_WEIGHT, JUNK_WEIGHT, MIN_LOG_JUNK = 0.3, 0.5, -6.0
"""Weights of the shape, and of the evidence that a piece is no junk, whose log probability counts down to the last."""


@dataclass(frozen=True, eq=False)
class Averaged:
    """The logarithm of the mean probabilities of some classifiers."""

    members: Sequence[Scores]

    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the log probabilities of the classes of pictures of pieces, as each member does."""
        mean = np.mean([np.exp(member(pictures)) for member in self.members], axis=0)
        return np.asarray(np.log(np.maximum(mean, np.finfo(np.float32).tiny)), np.float32)


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads the words of a hand, without any knowledge of language.

    Attributes:
        characters: The characters that it knows.
        shapes: The shapes of the hand.
        pitch: The character pitch of the hand, in x-heights.
        ink_cost: What a cut costs for each x-height of full ink that it crosses, in nats.
        scores: The classifiers of pieces.
    """

    characters: tuple[str, ...]
    shapes: Shapes
    pitch: float
    ink_cost: float
    scores: Averaged

    def read(self, strips: Sequence[Strip]) -> list[str]:
        """Return the cheapest reading of each word.

        Args:
            strips: The words, of the x-height of those that it learned from.
        """
        return [self._read(pieces) for pieces in find_pieces(strips, self.pitch)]

    def _read(self, pieces: Pieces) -> str:
        if not len(pieces.first):
            return ""
        shown = self.scores(pictures(pieces, np.arange(len(pieces.first)))).astype(np.float64)
        costs = SHAPE_WEIGHT * self.shapes.cost(measured(pieces), self.characters) - shown[:, :-1]
        best = costs.argmin(axis=1)
        step = costs[np.arange(len(best)), best] + JUNK_WEIGHT * np.maximum(shown[:, -1], MIN_LOG_JUNK)
        step += cut_costs(pieces, self.ink_cost)[pieces.last]
        return "".join(self.characters[best[piece]] for piece in _cheapest(pieces, step))


def _cheapest(pieces: Pieces, step: NDArray[np.float64]) -> list[int]:
    """Return the sequence of pieces from one end of a word to the other that costs least."""
    count = len(pieces.column)
    total, came_from = np.full(count, np.inf), np.full(count, -1)
    total[0] = 0.0
    # Pieces are sorted by their first cut, so that every total is final when it is used.
    for piece, (first, last) in enumerate(zip(pieces.first, pieces.last, strict=True)):
        if total[first] + step[piece] < total[last]:
            total[last], came_from[last] = total[first] + step[piece], piece
    chosen = []
    cut = count - 1
    while cut and came_from[cut] >= 0:
        chosen.append(int(came_from[cut]))
        cut = int(pieces.first[came_from[cut]])
    return chosen[::-1]


def learn_to_read(learning: Learning, train: Train) -> Reader:
    """Train a reader on the labels of a hand.

    Args:
        learning: The words of the hand, cut by their texts; at least two characters.
        train: Trains a classifier.
    """
    random = np.random.default_rng(learning.seed)
    column = {character: number for number, character in enumerate(learning.characters)}
    images, labels, weights = [], [], []
    for pieces, word, cuts in zip(learning.pieces, learning.aligned, learning.cuts(), strict=True):
        if word is None:
            continue
        overlap = pieces.overlap(cuts).max(axis=1)
        junk = random.permutation(np.flatnonzero(overlap < JUNK_OVERLAP))[: round(JUNK_PER_CHARACTER * len(word.text))]
        images.append(pictures(pieces, np.concatenate([word.piece, junk])))
        labels.append([column[character] for character in word.text] + [len(column)] * len(junk))
        weights.append(np.concatenate([np.maximum(word.cut, MIN_WEIGHT), np.ones(len(junk))]))
    examples = np.concatenate(images), np.concatenate(labels).astype(np.int64), np.concatenate(weights)
    scores = Averaged([train(*examples, len(column) + 1, learning.seed + member) for member in range(MEMBERS)])
    pitch = character_pitch([pieces.strip for pieces in learning.pieces], learning.texts)
    return Reader(learning.characters, learning.shapes, pitch, learning.ink_cost, scores)

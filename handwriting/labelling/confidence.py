"""How sure the label of a character is, when a text named it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.learning import Learning

CUT, RECOGNISED, SHAPE, CONSTANT = 0.63, 0.86, 0.80, 5.83
"""Weights of a logistic regression, fitted to 4,305 labels of 14 drawn pages, of which 96% were right: the log odds of
the cuts, the classifier's log probability, and the oddness of the shape."""
CUT_RANGE = (0.02, 0.98)
"""Range of the probability of cuts that counts."""


def confidences(learning: Learning) -> list[NDArray[np.float64]]:
    """Return the probability that the label of each character of each word is right, 0..1.

    Half of the labels come from each half of the words, named by what was learned from the other.

    Args:
        learning: The words of a hand, after at least one round.
    """
    column = {character: number for number, character in enumerate(learning.characters)}
    found = []
    for pieces, word, scores in zip(learning.pieces, learning.aligned, learning.scores, strict=True):
        if word is None:
            found.append(np.zeros(0))
            continue
        cut = np.clip(word.cut, *CUT_RANGE)
        named = np.array([column[character] for character in word.text])
        odds = (
            CONSTANT
            + CUT * np.log(cut / (1 - cut))
            - RECOGNISED * scores[word.piece, named]
            - SHAPE * learning.shapes.oddness(pieces, word.piece, word.text)
        )
        found.append(1 / (1 + np.exp(-odds)))
    return found

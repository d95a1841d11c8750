"""Letters of written words stand as far apart as those of the hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from handwriting.writing.bank import Bank
from handwriting.writing.contours import LetterSides
from handwriting.writing.spacing import pair_distance
from handwriting.writing.writer import HandWriter
from tests.writing.hands import drawn_word

TEXTS = ("nulon", "lunnou", "ounlun", "nnuull", "luonol", "unonlu", "oolnnu", "lnuoul")
WRITTEN = ("noun", "lull", "ulo", "olunnolu", "uuoo", "nlnl")


@cache
def bank(joined: bool) -> Bank:
    words = [
        drawn_word(text, number, joined=[joined] * (len(text) - 1), gap=0.35)
        for number, text in enumerate(text for text in TEXTS for _ in range(2))
    ]
    return Bank(words)


def errors(joined: bool) -> Iterator[float]:
    """Yield how far pairs of two runs stand off the hand's own distance."""
    hand = bank(joined)
    usual = hand.spacing.joined if joined else hand.spacing.apart
    for seed in range(3):
        writer = HandWriter(hand, seed)
        for text in WRITTEN:
            for first, second in pairwise(writer.place(text)):
                last, following = hand.drawings[first.run.drawings[-1]], hand.drawings[second.run.drawings[0]]
                sides = (
                    moved(hand.sides[one.word][one.letter], at[0])
                    for one, at in ((last, first.at), (following, second.at))
                )
                yield abs(pair_distance(*sides, joined) - usual.distance(last.label, following.label))


def moved(sides: LetterSides, along: float) -> LetterSides:
    left, right, tall_left, tall_right, lowest, middle = sides
    return LetterSides(left + along, right + along, tall_left + along, tall_right + along, lowest, middle + along)


@pytest.mark.parametrize("joined", [True, False])
def test_pairs_that_the_page_does_not_have_stand_as_the_hand_would_set_them(joined: bool) -> None:
    found = list(errors(joined))
    assert len(found) > 10
    assert np.median(found) < 0.06
    assert np.max(found) < 0.35


def test_what_is_added_to_a_hand_does_not_change_how_it_is_spaced() -> None:
    hand = bank(True)
    extended = hand.extended([drawn_word("nu", 99, gap=3.0, joined=[False])])
    assert extended.spacing is hand.spacing
    assert extended.join_rates is hand.join_rates
    assert len(extended.sides) == len(extended.words)

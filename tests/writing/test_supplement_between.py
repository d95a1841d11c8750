"""New drawings of rare letters: between two of the hand's own, whole, joined as they are, and the same for a seed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from handwriting.writing.bank import Bank
from handwriting.writing.pen import stroke_width
from handwriting.writing.source import INKED, SourceWord
from handwriting.writing.supplement_between import (
    LetterSpread,
    centre_lines,
    letter_spread,
    new_drawing,
    new_drawings,
)
from handwriting.writing.writer import HandWriter
from tests.writing.hands import drawn_hand, drawn_word

STILL = LetterSpread(0.0, 0.0, 0.0)


def shape_of(bank: Bank, number: int) -> NDArray[np.float64]:
    points = centre_lines(bank, bank.drawings[number])
    return points - [np.percentile(points[:, 0], (3, 97)).mean(), 0]


def apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the mean distance of two lines to each other, in x-heights."""
    return float(cKDTree(first).query(second)[0].mean() + cKDTree(second).query(first)[0].mean()) / 2


def parts(word: SourceWord, letter: int) -> int:
    own = (word.owner == letter + 1) & (word.ink >= INKED)
    return int(cv2.connectedComponents(own.astype(np.uint8))[0]) - 1


@pytest.fixture(scope="module")
def bank() -> Bank:
    """Two drawings of o, one of them larger; many of n and u."""
    large = drawn_word("nounn", 50)
    return Bank([*drawn_hand(["nunnu"] * 6), drawn_word("unonu", 40), _stretched(large, 1.35)])


def _stretched(word: SourceWord, factor: float) -> SourceWord:
    """Return a word with other proportions: its pixels count as smaller ones."""
    return SourceWord(**{**{name: getattr(word, name) for name in word.__dataclass_fields__},
                         "x_height": word.x_height / factor})  # fmt: skip


def test_a_new_drawing_lies_between_the_two(bank: Bank) -> None:
    first, second = bank.by_label["o"].tolist()
    for order in range(4):
        word = new_drawing(bank, first, second, STILL, np.random.default_rng(order), order)
        extended = bank.extended([word])
        new = shape_of(extended, len(bank.drawings))
        whole = apart(shape_of(bank, first), shape_of(bank, second))
        assert apart(new, shape_of(bank, first)) < 0.8 * whole
        assert apart(new, shape_of(bank, second)) < 0.8 * whole


def test_a_new_drawing_is_as_whole_as_the_old_and_its_strokes_are_as_wide(bank: Bank) -> None:
    old = [bank.drawings[number] for number in bank.by_label["o"]]
    for word in new_drawings(bank, 6, labels="o"):
        letter = word.labels.index("o")
        assert parts(word, letter) <= max(parts(bank.words[one.word], one.letter) for one in old)
        widths = [stroke_width(bank.words[one.word]) for one in old]
        assert 0.85 * min(widths) < stroke_width(word) < 1.15 * max(widths)


def test_new_drawings_join_as_the_old_ones_do(bank: Bank) -> None:
    extended = bank.extended(new_drawings(bank, 6, labels="o"))
    old = [bank.drawings[number] for number in bank.by_label["o"]]
    new = [extended.drawings[number] for number in extended.by_label["o"][len(old) :]]
    assert len(new) == 4
    for one in new:
        assert one.entry is not None
        assert one.exit is not None
        heights = [other.exit.height for other in old if other.exit is not None]
        assert min(heights) - 0.1 < one.exit.height < max(heights) + 0.1
        assert one.before is None  # what stands next to it is there for its strokes alone


def test_every_letter_has_as_many_as_are_needed(bank: Bank) -> None:
    words = new_drawings(bank, 5)
    assert {label for word in words for label in word.labels if label} == {"o"}
    assert len(bank.extended(words).by_label["o"]) == 5
    assert not new_drawings(bank.extended(words), 5)
    assert not new_drawings(bank, 5, labels="z")


def test_one_drawing_alone_is_changed_a_little() -> None:
    bank = Bank(drawn_hand(["nunnu", "nonun"]))
    words = new_drawings(bank, 4, labels="o")
    assert len({word.ink.tobytes() for word in words}) == len(words) == 3
    extended = bank.extended(words)
    old, *new = (shape_of(extended, number) for number in extended.by_label["o"])
    assert all(0.005 < apart(old, one) < 0.2 for one in new)


def test_the_same_seed_gives_the_same_drawings(bank: Bank) -> None:
    def inks(seed: int, labels: str) -> list[bytes]:
        return [word.ink.tobytes() for word in new_drawings(bank, 4, seed, labels) if "o" in word.labels]

    assert inks(1, "o") == inks(1, "on")
    assert inks(1, "o") != inks(2, "o")


def test_the_spread_is_that_of_the_hand(bank: Bank) -> None:
    spread = letter_spread(bank)
    assert 0 < spread.width < 0.1
    assert 0 < spread.height < 0.1


def test_the_writer_uses_new_drawings(bank: Bank) -> None:
    writer = HandWriter(bank.extended(new_drawings(bank, 8, labels="o")), 1)
    used = {one for _ in range(4) for run in writer.place("noon") for one in run.run.drawings}
    assert len(used & set(range(len(bank.drawings), len(writer.bank.drawings)))) >= 3

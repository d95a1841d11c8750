"""Rates and heights of joins."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.writing.joining import count_joins, join_heights


def test_rates_of_rare_pairs_are_drawn_towards_their_letter() -> None:
    pairs = [("a", second, True) for second in "bcdefg" * 10] + [("s", second, False) for second in "bcdefg" * 10]
    rates = count_joins([*pairs, ("s", "x", True)])
    assert rates.rate == pytest.approx(61 / 121)
    assert rates.of_letter("a") > 0.95
    assert rates.of_letter("s") < 0.1
    assert rates.of_pair("s", "x") < 0.35
    assert rates.of_pair("s", "q") == pytest.approx(rates.of_letter("s"))
    assert rates.of_letter("z") == pytest.approx(rates.rate)
    assert count_joins([]).of_pair("a", "b") == 0


def joins(heights: dict[str, float], seed: int = 0) -> list[tuple[str, str, float]]:
    rng = np.random.default_rng(seed)
    return [
        (letter, "n", height + rng.normal(0, 0.12)) for letter, height in heights.items() for _ in range(30)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "high",
    ["", "ovwb"],
)
def test_the_number_of_heights_is_that_of_the_hand(high: str) -> None:
    rng = np.random.default_rng(3)
    heights = {letter: (0.5 if letter in high else 0.2) + rng.normal(0, 0.03) for letter in "acdehilmnobtuvw"}
    found = join_heights(joins(heights))
    assert len(found.levels) == (2 if high else 1)
    assert {letter for letter, number in found.classes.items() if number == 1} == set(high)
    assert found.levels[0] == pytest.approx(0.2, abs=0.03)
    assert found.leaving["a"] == pytest.approx(heights["a"], abs=0.08)


def test_a_hand_without_joins_has_no_heights() -> None:
    assert join_heights([]).levels == ()

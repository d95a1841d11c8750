"""The slant of words, to half a degree."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.writing.slant import refined_slant


@pytest.mark.parametrize("degrees", [-12.0, 0.0, 2.0, 17.0, 31.5])
def test_a_slant_is_found_from_one_that_is_right_to_a_few_degrees(degrees: float) -> None:
    rng = np.random.default_rng(0)
    stems = np.repeat(np.arange(0, 40, 0.8), 60)
    rise = rng.uniform(-0.5, 2.0, len(stems))
    across = stems + np.tan(np.deg2rad(degrees)) * rise + rng.uniform(-0.08, 0.08, len(stems))
    word = np.repeat(np.arange(10), len(stems) // 10)
    for off in (-2.0, 0.0, 2.5):
        found = refined_slant(across, rise, word, float(np.tan(np.deg2rad(degrees + off))))
        assert np.degrees(np.arctan(found)) == pytest.approx(degrees, abs=0.6)


def test_words_without_ink_keep_the_rough_slant() -> None:
    assert refined_slant(np.zeros(0), np.zeros(0), np.zeros(0, int), 0.3) == 0.3

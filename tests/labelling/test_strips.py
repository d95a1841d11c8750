"""Strips: words set upright."""

from itertools import islice

import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from benchmarks.segmentation_sets import WORDS, word_pages
from handwriting.labelling.strips import slope_of
from handwriting.segmentation.auto import Auto


@pytest.mark.parametrize("degrees", [-10, 10, 25])
def test_the_slant_of_a_page_is_found(degrees):
    upright, slanted = (
        slope_of(Auto()(draw_page(random_style(3, size=(6, 3), slant=slant), 3).image)) for slant in (0, degrees)
    )
    assert np.rad2deg(np.arctan(slanted) - np.arctan(upright)) == pytest.approx(degrees, abs=5)


def test_a_page_of_words_by_many_writers_is_upright(shared_data):
    pages = islice(word_pages(shared_data / WORDS), 6)
    assert [slope_of(Auto()(page.image)) for page in pages] == [0] * 6

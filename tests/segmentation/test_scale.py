import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.segmentation.components import Components
from handwriting.segmentation.scale import component_height, skew, slant


def components(**chosen):
    style = random_style(3, **{"size": (6, 5), "dpi": 150, "font": 0, "slant": 0.0, **chosen})
    return Components.of(draw_page(style, 0).characters > 0)


@pytest.mark.parametrize("degrees", [-5.0, -2.0, 0.0, 1.0, 5.0])
def test_skew_is_measured_to_a_quarter_of_a_degree(degrees):
    page = components(skew=degrees, slope=0.0)
    assert skew(page, component_height(page)) == pytest.approx(degrees, abs=0.25)


@pytest.mark.parametrize("degrees", [-10.0, 0.0, 20.0])
def test_slant_is_measured_to_a_few_degrees(degrees):
    page = components(slant=degrees, unevenness=0.3)
    assert slant(page, 2.5 / 25.4 * 150) == pytest.approx(degrees, abs=5)


def test_marks_are_one_to_three_x_heights_tall():
    for dpi in (100, 200):
        assert 1 <= component_height(components(dpi=dpi, x_height=2.5)) / (2.5 / 25.4 * dpi) <= 3


def test_where_nothing_is_written_no_mark_has_a_height():
    empty = np.zeros((100, 100), bool)
    assert component_height(Components.of(empty)) == 0
    empty[50, 50] = True  # a speck
    assert component_height(Components.of(empty)) == 0

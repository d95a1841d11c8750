import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.segmentation.components import Components
from handwriting.segmentation.ink import by_density, density
from handwriting.segmentation.rules import remove_rules

STYLE = {"font": 0, "size": (6, 4), "margin": 0.4, "x_height": 2.6}
X_HEIGHT = 2.6 / 25.4 * 150


@pytest.mark.parametrize("rules", ["ruled", "squared"])
def test_rules_go_and_strokes_stay(rules):
    page = draw_page(random_style(0, rules=rules, **STYLE), 0)
    left, where = remove_rules(density(page.image), X_HEIGHT)
    components, truth = Components.of(*by_density(left)).mask(), page.characters > 0
    assert where.mean() > 0.02
    near = cv2.dilate(truth.astype(np.uint8), np.ones((3, 3))).astype(bool)
    assert components[~near].mean() < 2e-4
    assert components[truth].mean() > 0.97
    letters = cv2.connectedComponents(truth.astype(np.uint8))[0]
    assert abs(cv2.connectedComponents(components.astype(np.uint8))[0] - letters) < 0.03 * letters


def test_a_page_without_rules_is_left_as_it_is():
    page = draw_page(random_style(0, **STYLE), 0)
    dense = density(page.image)
    left, where = remove_rules(dense, X_HEIGHT)
    assert np.array_equal(left, dense)
    assert not where.any()


@pytest.mark.parametrize("slope", [0.0, 0.05])
def test_a_stroke_across_a_rule_as_dense_as_the_ink_is_not_cut(slope):
    dense = np.zeros((200, 600), np.uint8)
    cv2.line(dense, (0, 100), (599, round(100 + 600 * slope)), 200, 2)
    cv2.line(dense, (300, 60), (300, 170), 200, 3)
    left, _ = remove_rules(dense, 15)
    assert (left[60:170, 299:302].max(axis=1) > 150).all()
    assert (left[:, 20:280] > 100).mean() < 1e-3


def test_an_arched_row_of_letters_is_no_rule():
    dense = np.zeros((80, 800), np.uint8)
    for column in range(20, 780, 18):  # joined at the foot, like a long word
        cv2.ellipse(dense, (column, 40), (9, 15), 0, 180, 360, 200, 2)
    left, where = remove_rules(dense, 15)
    assert not where.any()
    assert np.array_equal(left, dense)

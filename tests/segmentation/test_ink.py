import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.segmentation.components import Components
from handwriting.segmentation.ink import FAINTEST, THRESHOLDS, density


def inked(image, threshold="density"):
    """Where a picture has ink, by a threshold."""
    return Components.of(*THRESHOLDS[threshold](density(image))).mask()


def bars(paper, ink=0.4, step=30):
    """Paper, given as its light, float ``(H, W)`` in 0..255, with a bar of ink every ``step`` columns."""
    light = paper.copy()
    for column in range(10, paper.shape[1] - 10, step):
        light[20:-20, column : column + 3] *= ink
    return np.rint(light).astype(np.uint8)


def uneven(height=200, width=300):
    """Paper whose right end gets a third of the light of its left."""
    return np.tile(np.linspace(240, 80, width), (height, 1))


def test_ink_is_as_dense_in_the_shade_as_in_the_light():
    dense = density(bars(uneven())).astype(float)
    strokes = dense[100, 11:-10:30]
    assert strokes.min() > 0.9 * strokes.max()
    assert strokes.mean() == pytest.approx(0.6 * 255, rel=0.06)
    assert np.median(dense[:, 25::30]) == 0


def test_the_grain_of_paper_is_no_ink():
    rng = np.random.default_rng(0)
    noisy = np.clip(bars(uneven()) + rng.normal(0, 6, (200, 300)), 0, 255).astype(np.uint8)
    components = inked(noisy)
    truth = bars(np.full((200, 300), 200.0)) < 150
    assert components[truth].mean() > 0.9
    assert components[~cv2.dilate(truth.astype(np.uint8), np.ones((3, 3))).astype(bool)].mean() < 1e-3


def test_what_has_another_colour_than_the_ink_counts_less():
    """Rules are light blue: in red light they are nearly as dark as the ink, in blue light they are not there."""
    image = np.full((120, 200, 3), 245, np.uint8)
    image[60] = (170, 200, 235)
    image[20:100, 20::20] = (120, 40, 30)  # reddish ink
    dense = density(image).astype(float)
    grey = density(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).astype(float)
    assert dense[60, 30] / dense[30, 40] < 0.8 * grey[60, 30] / grey[30, 40]


def test_pale_ink_is_kept_and_what_shines_through_is_not():
    paper = np.full((300, 900), 230.0)
    pale = bars(paper, ink=0.4).astype(float)
    pale[:, 600:] = bars(paper, ink=0.72)[:, 600:]  # half as dense, by itself
    pale[150:153, 20:400] = np.minimum(pale[150:153, 20:400], 230 * 0.85)  # shines through between full ink
    components = inked(pale.astype(np.uint8))
    assert components[100, 611:880:30].all()
    assert components[100, 11:580:30].all()
    assert not components[151, 25:390:30].any()


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_every_threshold_finds_the_ink_of_a_clean_page(threshold):
    page = draw_page(random_style(1, font=0, size=(4, 2.5), margin=0.4), 0)
    components, truth = inked(page.image, threshold), page.characters > 0
    assert (components & truth).sum() > 0.9 * truth.sum()
    assert (components & ~cv2.dilate(truth.astype(np.uint8), np.ones((3, 3))).astype(bool)).mean() < 0.002


def test_blank_paper_has_no_ink():
    blank = np.rint(uneven()).astype(np.uint8)
    assert density(blank).max() < FAINTEST
    assert not inked(blank).any()

"""Glyphs at the scale of their hand: sizes compare, baselines agree, and no ink is lost."""

import numpy as np
import pytest

from handwriting.data.preparation.own_scale import FITTING_SHARE, MARGIN, OwnScale

SCALE = OwnScale(size=64, x_height=16.0, baseline=40.0)


def crop(above, below, width=1.0, x_height=20.0, margin=4):
    """A rectangle of full ink with a margin around it; lengths in x-heights."""
    ink = np.full((round((above + below) * x_height), round(width * x_height)), 255, np.uint8)
    return np.pad(ink, margin)


def placed(above, below, width=1.0, scale=SCALE, x_height=20.0, margin=4):
    return scale.place(crop(above, below, width, x_height, margin), x_height, above, below)


def rows_and_columns(image):
    """The first row and column with ink, and those after the last, to a fraction of a pixel."""
    shares = image.astype(float) / 255
    ends = []
    for profile in (shares.max(axis=1), shares.max(axis=0)):
        inked = np.flatnonzero(profile > 0.5)
        ends += [inked[0], inked[-1] + 1]
    return ends


def test_a_glyph_stands_on_the_baseline_at_its_size_in_the_middle():
    assert rows_and_columns(placed(above=1, below=0)) == [24, 40, 24, 40]
    assert rows_and_columns(placed(above=1, below=1, width=2)) == [24, 56, 16, 48]
    assert rows_and_columns(placed(above=0.25, below=0, width=0.25)) == [36, 40, 30, 34]  # a full stop
    assert rows_and_columns(placed(above=2, below=-1.5, width=0.25)) == [8, 16, 30, 34]  # an apostrophe


@pytest.mark.parametrize("x_height", [8.0, 20.0, 80.0])
@pytest.mark.parametrize("margin", [0, 3, 40])
def test_neither_the_resolution_of_a_page_nor_the_margin_of_a_crop_counts(x_height, margin):
    assert rows_and_columns(placed(1.5, 0.5, x_height=x_height, margin=margin)) == [16, 48, 24, 40]


def test_a_fraction_of_a_pixel_is_kept():
    moved = OwnScale(size=64, x_height=16.0, baseline=40.5)
    image = placed(above=1, below=0, scale=moved)
    assert image[24, 32] == pytest.approx(image[40, 32], abs=2)
    assert 0 < image[24, 32] < 255


def test_a_glyph_beyond_an_edge_is_moved_inside_and_keeps_its_size():
    assert rows_and_columns(placed(above=1, below=2)) == [64 - 2 - 48, 62, 24, 40]
    assert rows_and_columns(placed(above=-3, below=4)) == [46, 62, 24, 40]


def test_a_glyph_larger_than_the_square_is_shrunk():
    top, bottom, left, right = rows_and_columns(placed(above=8, below=0, width=2))
    assert (top, bottom) == (2, 62)
    assert right - left == pytest.approx(60 * 2 / 8, abs=1)
    top, bottom, left, right = rows_and_columns(placed(above=1, below=0, width=8))
    assert (left, right) == (2, 62)
    assert bottom == 40


@pytest.mark.parametrize("reach", [(0.2, 0.1, 0.2), (1, 0, 1), (3, 2, 1), (-2, 3, 9), (30, 5, 1)])
def test_no_ink_is_lost(reach):
    image = placed(*reach)
    height, width = crop(*reach).shape
    side = min(16 / 20, 64 * (1 - 2 * MARGIN) / max(height - 8, width - 8))
    assert image.sum() == pytest.approx(255 * (height - 8) * (width - 8) * side**2, rel=0.1)


def test_a_crop_without_ink_stays_empty():
    assert not SCALE.place(np.zeros((9, 9), np.uint8), 20.0, 0.3, 0.0).any()


def test_nearly_all_glyphs_of_a_hand_fit_at_their_place():
    rng = np.random.default_rng(0)
    above, below, width = rng.uniform(1, 3, 1000), rng.uniform(0, 1, 1000), rng.uniform(0.2, 2, 1000)
    above[:20], below[20:40] = 9, 9  # pieces of other lines
    scale = OwnScale.fitting(above, below, width, 64)
    fits = (scale.baseline - above * scale.x_height >= 64 * MARGIN - 1e-6) & (
        scale.baseline + below * scale.x_height <= 64 * (1 - MARGIN) + 1e-6
    )
    assert FITTING_SHARE <= fits.mean() < FITTING_SHARE + 0.01
    assert scale.x_height == pytest.approx(64 * (1 - 2 * MARGIN) / 4, rel=0.05)


def test_one_glyph_is_a_hand():
    scale = OwnScale.fitting(np.array([2.0]), np.array([0.5]), np.array([1.0]), 28)
    assert rows_and_columns(placed(2, 0.5, scale=scale))[:2] == [1, 27]


def test_a_folder_of_full_stops_is_no_folder_of_blots():
    scale = OwnScale.fitting(np.full(9, 0.2), np.full(9, 0.0), np.full(9, 0.2), 28)
    assert scale.x_height < 20

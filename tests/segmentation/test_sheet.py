import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.segmentation.sheet import find_sheet, flattening

CORNERS = np.array([[120, 90], [660, 60], [700, 900], [90, 930]], float)


def photograph(corners, shape=(1000, 800), table=(96, 60, 30)):
    """A light quadrilateral on a wooden table."""
    rng = np.random.default_rng(0)
    image = np.full((*shape, 3), table, np.float32) * rng.uniform(0.8, 1.2, (shape[0], 1, 1)).astype(np.float32)
    cv2.fillPoly(image, [np.rint(corners).astype(np.int32)], (225, 222, 214))
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def test_the_corners_of_a_sheet_on_a_table_are_found():
    sheet = find_sheet(photograph(CORNERS))
    assert np.abs(sheet.corners - CORNERS).max() < 12
    height, width = sheet.mask.shape
    full = cv2.resize(sheet.mask, (800, 1000), interpolation=cv2.INTER_NEAREST)
    truth = cv2.fillPoly(np.zeros((1000, 800), np.uint8), [CORNERS.astype(np.int32)], 1)
    assert full[truth == 0].mean() < 0.005
    assert full[truth == 1].mean() > 0.95
    assert max(height, width) <= 320


def test_a_sheet_that_the_picture_cuts_off_is_found_without_corners():
    beyond = CORNERS - np.array([150, 0])
    sheet = find_sheet(photograph(beyond))
    assert sheet.corners is None
    assert sheet.mask[:, 0].mean() > 0.7  # nothing is cut off at the picture's edge
    assert sheet.mask[:, -1].max() == 0


@pytest.mark.parametrize("over", [{}, {"rules": "squared"}, {"shade": 0.5, "noise": 6.0}])
def test_a_scan_is_all_sheet(over):
    assert find_sheet(draw_page(random_style(2, size=(5, 5), **over), 0).image) is None


def test_a_shadow_across_the_sheet_is_no_edge():
    image = photograph(CORNERS).astype(float)
    image[:, :400] *= 0.8
    assert np.abs(find_sheet(image.astype(np.uint8)).corners - CORNERS).max() < 15


def test_a_sheet_seen_at_an_angle_is_made_a_rectangle():
    to_image, (height, width) = flattening(CORNERS)
    flat = np.array([[0, 0, 1], [width - 1, 0, 1], [width - 1, height - 1, 1], [0, height - 1, 1]], float)
    mapped = flat @ to_image.T
    assert mapped[:, :2] / mapped[:, 2:] == pytest.approx(CORNERS, abs=1e-3)
    assert (height, width) == (841, 611)

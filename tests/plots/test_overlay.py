from __future__ import annotations

import numpy as np
import pytest

from handwriting.plots.overlay import COLOURS, MAX_SIDE, draw_overlay
from handwriting.segmentation.page import Box, Kind, Piece


def piece(kind: Kind, *box: int) -> Piece:
    return Piece(kind, 0, 0, 0, Box(*box), Box(0, 0, 1, 1), 1.0, 0.0)


PIECES = [piece("character", 40, 40, 20, 20), piece("word", 30, 30, 60, 40), piece("line", 10, 20, 150, 60)]


def where(picture: np.ndarray, kind: Kind) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero((picture == COLOURS[kind]).all(axis=2))
    return int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@pytest.mark.parametrize("shape", [(100, 200), (100, 200, 3)])
def test_every_kind_is_boxed_in_its_colour_and_the_page_is_left_as_it_was(shape):
    image = np.full(shape, 200, np.uint8)
    picture = np.asarray(draw_overlay(image, PIECES))
    assert (image == 200).all()
    assert picture.shape == (100, 200, 3)
    for each in PIECES:
        assert where(picture, each.kind) == each.box
    assert (picture == 200).all(axis=2).mean() > 0.9


def test_the_smaller_is_drawn_over_the_larger():
    box = (20, 20, 50, 50)
    picture = np.asarray(draw_overlay(np.zeros((100, 100), np.uint8), [piece(kind, *box) for kind in COLOURS]))
    assert where(picture, "character") == box
    assert not (picture == COLOURS["word"]).all(axis=2).any()


def test_a_large_page_is_made_smaller_and_its_boxes_with_it():
    large = [piece("word", 3000, 300, 1500, 900)]
    picture = np.asarray(draw_overlay(np.full((3000, 6000), 255, np.uint8), large))
    assert picture.shape == (MAX_SIDE // 2, MAX_SIDE, 3)
    assert where(picture, "word") == pytest.approx((1000, 100, 500, 300), abs=2)


def test_boxes_at_the_edge_and_of_one_pixel_are_seen():
    picture = np.asarray(draw_overlay(np.zeros((50, 50), np.uint8), [piece("word", 49, 49, 1, 1)]))
    assert where(picture, "word") == (49, 49, 1, 1)


def test_the_colours_differ_also_in_how_light_they_are():
    lightness = sorted(np.array(list(COLOURS.values())) @ [0.299, 0.587, 0.114])
    assert min(np.diff(lightness)) > 25

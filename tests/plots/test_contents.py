from __future__ import annotations

import numpy as np
import pytest

from handwriting.plots.contents import (
    WIDTH,
    cell_side,
    columns_within,
    draw_captioned,
    draw_charts,
    draw_classes,
    draw_page,
    draw_pairs,
    width_next_to,
)
from handwriting.plots.grids import Block, draw_grid, in_cells


def charts(classes: int, empty: int | None = None):
    counts = np.arange(3 * classes).reshape(3, classes)
    choose_epochs, quantiles = np.ones((classes, 2)), np.tile(np.arange(5.0), (classes, 1))
    if empty is not None:
        choose_epochs[empty] = quantiles[empty] = np.nan
    return draw_charts([f"c{index}" for index in range(classes)], counts, choose_epochs, quantiles)


def test_the_bars_of_a_class_add_up_to_its_glyphs():
    counting = charts(4).axes[0]
    tops = [max(bar.get_y() + bar.get_height() for bar in counting.patches if round(bar.get_x() + 0.37) == place)
            for place in range(4)]  # fmt: skip
    assert tops == [0 + 4 + 8, 1 + 5 + 9, 2 + 6 + 10, 3 + 7 + 11]
    assert [text.get_text() for text in counting.get_xticklabels()] == ["c0", "c1", "c2", "c3"]


def test_a_class_without_a_glyph_leaves_a_gap():
    boxes = charts(4, empty=1).axes[2].patches
    assert sorted(round(box.get_path().vertices[:4, 0].mean()) for box in boxes) == [0, 2, 3]


def test_images_are_enlarged_and_reduced_by_whole_numbers_and_stand_in_the_middle():
    dot = np.zeros((1, 3, 3), np.uint8)
    dot[0, 1, 1] = 255
    enlarged = in_cells(dot, 13)[0]
    assert np.argwhere(enlarged == 255).tolist() == [[row, column] for row in range(4, 8) for column in range(4, 8)]
    assert in_cells(np.full((2, 5, 40, 30), 200, np.uint8), 20).shape == (2, 5, 20, 20)
    assert in_cells(np.full((1, 40, 30), 200, np.uint8), 20)[0, 10].tolist() == [0] * 2 + [200] * 15 + [0] * 3


@pytest.mark.parametrize("size", [8, 28, 32, 64, 128, 300])
def test_a_page_holds_as_many_columns_as_it_says(size):
    columns = columns_within(WIDTH, size)
    rows = np.zeros((2, columns, size, size), np.uint8)
    assert draw_classes("title", rows, ["mean"], ["x"] * columns).width <= WIDTH
    assert 35 <= cell_side(size) <= 90


@pytest.mark.parametrize("classes", [1, 26, 47, 62])
def test_every_class_gets_its_column_in_one_block_or_another(classes):
    rows = np.zeros((1, classes, 28, 28), np.uint8)
    rows[..., 14, 14] = 255
    drawn = np.asarray(draw_classes("", rows, [], ["i"] * classes))
    assert np.count_nonzero(drawn == 0) == 4 * classes


def test_before_stands_above_after():
    dark, empty = np.full((3, 1, 10, 10), 255, np.uint8), np.zeros((3, 1, 28, 28), np.uint8)
    drawn = np.asarray(draw_pairs("", dark, empty, (), columns=3))
    rows = np.flatnonzero((drawn == 0).any(axis=1))
    assert 0 < rows.mean() < drawn.shape[0] / 2


def test_panels_share_the_page_only_where_both_fit():
    glyph = np.zeros((4, 1, 28, 28), np.uint8)
    narrow = draw_captioned("narrow", [("", glyph, ["a\n1.0"] * 4)], 28)
    wide = draw_classes("wide", np.zeros((1, 26, 28, 28), np.uint8), [], ["a"] * 26)
    assert (
        draw_page("t", ["line"], None, [narrow, narrow]).height < draw_page("t", ["line"], None, [wide, narrow]).height
    )
    assert width_next_to(narrow.width) + narrow.width <= WIDTH == width_next_to(wide.width)
    assert draw_page("t", ["line"], charts(3), [narrow, narrow]).size > (WIDTH - 1, 500)


def test_long_names_stay_within_their_columns():
    """Beneath the names everything is as it is beneath short ones, and no name runs into the next."""
    glyph = np.zeros((1, 3, 28, 28), np.uint8)
    names = ["Ankle boot", "SMALL_z", "an extraordinarily long name"]
    drawn = np.asarray(draw_grid([Block(glyph, column_names=names)]))
    for edge in (12 + 59 - 3, 12 + 2 * 59 - 3):
        assert (drawn[:50, edge : edge + 3] > 150).all()

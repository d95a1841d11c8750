from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from handwriting.plots.curves import draw_losses, draw_plane, figure_bytes
from handwriting.plots.grids import Block, animation_bytes, as_rows, draw_grid, png_bytes


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture)


def test_rows_are_filled_in_order_and_the_rest_left_empty():
    images = np.arange(1, 6, dtype=np.uint8)[:, None, None, None].repeat(4, 2).repeat(4, 3)
    assert as_rows(images, 3)[:, :, 0, 0].tolist() == [[1, 2, 3], [4, 5, 0]]


def test_ink_is_drawn_dark_on_white_where_the_glyph_is():
    glyph = np.zeros((1, 1, 28, 28), np.uint8)
    glyph[0, 0, 10, 20] = 255
    page = pixels(draw_grid([Block(glyph)]))
    empty = pixels(draw_grid([Block(np.zeros_like(glyph))]))
    # Enlarged twice: one pixel of ink is a square of four.
    assert np.argwhere(page == 0).tolist() == [[12 + row, 12 + column] for row in (20, 21) for column in (40, 41)]
    assert (page != empty).sum() == 4


def test_float_and_uint8_glyphs_look_the_same():
    glyphs = np.random.default_rng(0).integers(0, 256, (2, 3, 28, 28), np.uint8)
    assert np.array_equal(pixels(draw_grid([Block(glyphs)])), pixels(draw_grid([Block(glyphs / 255)])))


def test_names_title_and_footer_leave_room_for_themselves():
    glyphs = np.zeros((2, 3, 28, 28), np.uint8)
    plain = draw_grid([Block(glyphs)])
    named = draw_grid([Block(glyphs, "name", ["thin", "thick"], ["a", "b", "c"])], title="title", footer="word " * 60)
    assert named.height > plain.height + 60
    assert (pixels(named) < 100).sum() > 500


def test_columns_stand_in_line_where_only_one_block_names_its_rows():
    glyph = np.zeros((1, 2, 28, 28), np.uint8)
    glyph[..., 5, 5] = 255
    page = pixels(draw_grid([Block(glyph, row_names=["thin"]), Block(glyph)]))
    rows, columns = np.nonzero(page == 0)
    assert len(set(rows)) == 4
    assert len(set(columns)) == 4


def test_large_glyphs_are_not_enlarged_and_small_ones_are():
    widths = [draw_grid([Block(np.zeros((1, 40, side, side), np.uint8))]).width for side in (128, 8)]
    assert widths[0] == 40 * (128 + 3) + 24
    assert widths[1] == 40 * (7 * 8 + 3) + 24


def test_the_same_picture_gives_the_same_bytes():
    picture = draw_grid([Block(np.ones((1, 2, 28, 28)) / 2)], footer="text")
    assert png_bytes(picture) == png_bytes(picture)


def test_an_animation_keeps_the_first_and_the_last_picture_and_not_too_many(tmp_path):
    for number in range(90):
        Image.new("L", (8, 8), number).save(tmp_path / f"{number:02d}.png")
    with Image.open(io.BytesIO(animation_bytes(sorted(tmp_path.glob("*.png")), max_frames=10))) as animation:
        assert animation.n_frames == 10
        assert animation.convert("L").getpixel((0, 0)) == pytest.approx(0, abs=3)
        animation.seek(9)
        assert animation.convert("L").getpixel((0, 0)) == pytest.approx(89, abs=3)


def test_training_and_validation_share_one_plot():
    rows = [{"samples": n, "train/loss": 9.0 - n, "val/loss": 9.5 - n, "train/kl": 1.0} for n in range(5)]
    figure = draw_losses(rows, "title")
    loss, kl = figure.axes
    assert [line.get_label() for line in loss.lines] == ["train", "val"]
    assert list(loss.lines[1].get_ydata()) == [9.5, 8.5, 7.5, 6.5, 5.5]
    assert [line.get_label() for line in kl.lines] == ["train"]
    assert figure_bytes(figure).startswith(b"\x89PNG")


def test_only_what_falls_far_has_a_logarithmic_axis():
    rows = [
        {"samples": n, "val/fid": 400.0 / n**2, "floor/fid": 1.5, "val/accuracy": n / 100, "val/loss": 9.0 - n}
        for n in (1, 2, 8)
    ]
    scales = {axes.get_title(): axes.get_yscale() for axes in draw_losses(rows, "run").axes}
    assert scales == {"fid": "log", "accuracy": "linear", "loss": "linear"}


def test_the_plane_names_each_class_at_its_middle():
    points = np.array([[0, 0], [2, 0], [10, 10], [5, 5]], float)
    figure = draw_plane(points, np.array([0, 0, 1, -1]), ["a", "b"], "title")
    assert {(text.get_text(), *text.get_position()) for text in figure.axes[0].texts} == {("a", 1, 0), ("b", 10, 10)}

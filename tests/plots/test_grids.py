"""Grids of glyphs, and pictures that are shown as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting.glyphs import Glyphs
from handwriting.plots import grids
from handwriting.plots.grids import INK, MARGIN, PAPER, Block, draw_glyphs, draw_grid, mark, picture_bytes, png_bytes

STEP, SHADE = 59, 240
"""From a cell to the next, in pixels, and the grey between them."""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8)
    path = tmp_path / "grid.png"
    path.write_bytes(png_bytes(Image.fromarray(noise)))
    return path


def by_class_and_style(each: int = 3) -> Glyphs:
    """Return glyphs of grey levels that tell class, style and number, in order."""
    labels, styles = (grid.ravel().repeat(each) for grid in np.meshgrid([0, 1], [0, 1], indexing="ij"))
    levels = (100 + 40 * labels + 10 * styles + np.tile(np.arange(each), 4)).astype(np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (len(levels), 1, 28, 28))
    return Glyphs(images, labels, styles, ("a", "b"), ("thin", "thick"))


def cells(page: Image.Image, rows: int, columns: int) -> np.ndarray:
    """Return the grey level in the middle of each cell; below the last row is the margin."""
    pixels = np.asarray(page)
    bottom = page.height - MARGIN
    found = [pixels[bottom - STEP * (rows - row) + 28] for row in range(rows)]
    left = first_cell(page)
    return np.array([[line[left + STEP * column + 28] for column in range(columns)] for line in found])


def first_cell(page: Image.Image) -> int:
    """Return where the first column of cells begins."""
    shaded = (np.asarray(page) == SHADE).sum(axis=0) >= STEP
    return int(np.flatnonzero(shaded)[0]) - 56


# Files


def test_a_picture_is_returned_whole(picture: Path):
    assert picture_bytes(picture) == picture.read_bytes()


def test_what_is_no_picture_is_not_returned(picture: Path, tmp_path: Path):
    text, empty = tmp_path / "text.png", tmp_path / "empty.png"
    text.write_text("<script>alert(1)</script>")
    empty.touch()
    assert [picture_bytes(path) for path in (text, empty, tmp_path / "nowhere.png", tmp_path)] == [None] * 4


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_not_returned(picture: Path, share: float):
    content = picture.read_bytes()
    picture.write_bytes(content[: int(share * len(content))])
    assert picture_bytes(picture) is None


def test_a_file_that_is_far_too_large_is_not_returned(picture: Path, monkeypatch: pytest.MonkeyPatch):
    size = picture.stat().st_size
    monkeypatch.setattr(grids, "MAX_FILE_BYTES", size - 1)
    assert picture_bytes(picture) is None
    monkeypatch.setattr(grids, "MAX_FILE_BYTES", size)
    assert picture_bytes(picture) == picture.read_bytes()


# Glyphs


def test_every_class_and_style_has_a_named_row():
    glyphs = by_class_and_style()
    page = draw_glyphs(glyphs, 3)
    names = ["a thin", "a thick", "b thin", "b thick"]
    assert np.array_equal(cells(page, 4, 3), PAPER - glyphs.images[:, 0, 0, 0].reshape(4, 3))
    assert page == draw_grid([Block(glyphs.images[:, 0].reshape(4, 3, 28, 28), row_names=names)])
    left = np.asarray(page)[:, : first_cell(page)]
    for row in range(4):
        name = left[page.height - MARGIN - STEP * (4 - row) :][:56]
        assert (name <= INK).any(), names[row]


@pytest.mark.parametrize("unknown", ["labels", "styles"])
def test_a_row_is_named_by_what_is_known_of_it(unknown: str):
    glyphs = by_class_and_style()
    page = draw_glyphs(replace(glyphs, **{unknown: np.full(12, -1)}), 3)
    names = ["thin", "thick"] * 2 if unknown == "labels" else ["a", "a", "b", "b"]
    assert page == draw_grid([Block(glyphs.images[:, 0].reshape(4, 3, 28, 28), row_names=names)])


@pytest.mark.parametrize(("count", "rows", "columns"), [(3, 1, 3), (10, 1, 10), (14, 2, 10)])
def test_glyphs_that_nobody_named_stand_in_rows_of_ten_without_names(count: int, rows: int, columns: int):
    levels = np.arange(100, 100 + count, dtype=np.uint8)
    page = draw_glyphs(Glyphs(np.broadcast_to(levels[:, None, None, None], (count, 1, 28, 28))), columns=count)
    assert first_cell(page) == MARGIN, "there is no room for names"
    shown = cells(page, rows, columns).ravel()
    assert shown[:count].tolist() == (PAPER - levels).tolist()
    assert (shown[count:] == PAPER).all()


# The mark


def test_the_mark_is_a_letter_in_ink_on_paper():
    page = np.asarray(mark())
    assert page.shape == (64, 64)
    assert page[[0, -1]].min() == page[:, [0, -1]].min() == PAPER, "nothing is cut off"
    assert 0.05 < (page <= INK).mean() < 0.6
    rows, columns = (np.flatnonzero((page < 128).any(axis=axis)) for axis in (1, 0))
    assert abs((rows[0] + rows[-1]) / 2 - 32) < 8
    assert abs((columns[0] + columns[-1]) / 2 - 32) < 8

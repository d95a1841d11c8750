"""What sample grids show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from handwriting.callbacks.samples import SampleGrids, real_rows
from handwriting.glyphs import Glyphs
from handwriting.plots import grids
from tests.builders import ALPHABET, make_glyphs, make_model


@pytest.fixture
def drawn(monkeypatch) -> list[list[grids.Block]]:
    """The blocks of every grid that is drawn."""
    seen: list[list[grids.Block]] = []

    def draw_grid(blocks, **text):
        seen.append(list(blocks))
        return Image.new("L", (8, 8))

    monkeypatch.setattr("handwriting.callbacks.samples.draw_grid", draw_grid)
    return seen


def test_a_conditional_model_has_one_named_column_a_class_and_fixed_latents(drawn):
    model = make_model("cgan", ("class",))
    callback = SampleGrids(rows=4)
    for _ in range(2):
        callback.picture(model, make_glyphs(30), "")
    generated, real = drawn[0]
    assert list(generated.column_names) == list(ALPHABET)
    assert generated.images.shape == (4, 3, 28, 28)
    assert np.array_equal(generated.images, drawn[1][0].images)
    expected = model.sample(12, torch.arange(3).repeat(4), generator=torch.Generator().manual_seed(0))
    assert np.array_equal(generated.images[:, 1], expected[1::3, 0])
    assert real.name == "real"


def test_rows_name_the_style_that_they_are_conditioned_on(drawn):
    SampleGrids(rows=4).picture(make_model("cvae", ("class", "style")), make_glyphs(30), "")
    ((block,),) = drawn
    assert list(block.row_names) == ["thin", "thick", "thin", "thick"]


def test_only_gans_are_shown_next_to_real_glyphs(drawn):
    for name in ("vae", "dcgan"):
        SampleGrids(rows=4).picture(make_model(name), make_glyphs(30), "")
    assert [len(blocks) for blocks in drawn] == [1, 2]
    assert drawn[1][0].images.shape == drawn[1][1].images.shape == (4, 4, 28, 28)


def test_real_glyphs_stand_in_the_column_of_their_class():
    images = np.zeros((6, 1, 28, 28), np.uint8)
    labels = np.array([2, 0, 0, 2, 0, 2])
    images[:, 0, 0, 0] = labels + 1
    laid = real_rows(Glyphs(images, labels, alphabet=ALPHABET), rows=2, columns=3, by_class=True)
    assert laid[:, :, 0, 0].tolist() == [[1, 0, 3], [1, 0, 3]]

"""What the pictures of a run show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from handwriting.callbacks.reconstructions import LatentSpace, one_of_each
from handwriting.callbacks.samples import SampleGrids, real_rows
from handwriting.glyphs import Glyphs
from handwriting.models.variational import VariationalModel
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
    asked = model.sample(12, torch.arange(3).repeat(4), generator=torch.Generator().manual_seed(0))
    assert np.array_equal(generated.images[:, 1], asked[1::3, 0])
    assert real.name == "real"


def test_rows_name_the_style_that_was_asked_for(drawn):
    SampleGrids(rows=4).picture(make_model("cvae", ("class", "style")), make_glyphs(30), "")
    ((block,),) = drawn
    assert list(block.row_names) == ["thin", "thick", "thin", "thick"]


def test_only_gans_are_shown_beside_real_glyphs(drawn):
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


def test_one_of_each_class_comes_before_the_second_of_any():
    labels = np.array([0, 0, 0, 1, 2, 2])
    glyphs = Glyphs(np.zeros((6, 1, 28, 28), np.uint8), labels, alphabet=ALPHABET)
    assert one_of_each(glyphs, 5).labels.tolist() == [0, 1, 2, 0, 2]


@pytest.mark.parametrize(("name", "conditions"), [("vae", ()), ("cvae", ("class",))])
def test_a_walk_leads_from_one_glyph_to_another(name, conditions):
    model = make_model(name, conditions)
    assert isinstance(model, VariationalModel)
    glyphs = make_glyphs(9)
    block = LatentSpace(rows=3, steps=5)._walks(model, glyphs)
    assert block.images.shape == (3, 7, 28, 28)
    start, goal = (0, 6) if conditions else (0, 1)
    np.testing.assert_allclose(block.images[0, 0], glyphs.images[start, 0] / 255, atol=1e-6)
    np.testing.assert_allclose(block.images[0, -1], glyphs.images[goal, 0] / 255, atol=1e-6)
    from handwriting.data.loading.loader import Batch

    rebuilt = model.reconstruct(Batch.of(glyphs)).numpy()
    np.testing.assert_allclose(block.images[0, 1], rebuilt[start, 0], atol=1e-5)

"""What reconstructions and walks show."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.callbacks.reconstructions import LatentSpace, one_of_each
from handwriting.glyphs import Glyphs
from handwriting.models.variational import VariationalModel
from tests.builders import ALPHABET, make_glyphs, make_model


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

from __future__ import annotations

import numpy as np
import pytest
import torch

from handwriting.errors import DataError
from handwriting.metrics import nearest_neighbour
from handwriting.metrics.nearest_neighbour import NearestNeighbour, nearest
from tests.metrics.samples import gaussian, make_evaluation, make_sample


def noise(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 1, 6, 6), np.uint8)


def test_the_nearest_equals_the_search_written_out(monkeypatch: pytest.MonkeyPatch):
    queries, glyphs = noise(30, 0), noise(200, 1)
    apart = np.linalg.norm(queries.reshape(30, 1, -1) / 255 - glyphs.reshape(1, 200, -1) / 255, axis=2)
    for products in (nearest_neighbour.MAX_PRODUCTS, 40 * 7):  # at once, and seven at a time
        monkeypatch.setattr(nearest_neighbour, "MAX_PRODUCTS", products)
        distance, index = nearest(torch.tensor(queries), torch.tensor(glyphs))
        assert index.tolist() == apart.argmin(axis=1).tolist()
        np.testing.assert_allclose(distance, apart.min(axis=1), atol=1e-12)


def test_a_glyph_finds_itself_at_no_distance():
    glyphs = torch.tensor(noise(100, 0))
    distance, index = nearest(glyphs[20:40], glyphs)
    assert index.tolist() == list(range(20, 40))
    assert distance.max() == 0


def test_a_model_that_copies_is_told_from_one_that_does_not():
    training, test = noise(300, 0), noise(200, 1)
    real, floor = make_sample(gaussian(200), images=test), make_sample(gaussian(300), images=training)
    metric = NearestNeighbour()
    copied = np.concatenate([training[:60], noise(140, 2)])
    copying = metric.compute(make_evaluation(make_sample(gaussian(200), images=copied), real, floor))
    honest = metric.compute(make_evaluation(make_sample(gaussian(200), images=noise(200, 3)), real, floor))
    assert copying["copies"].value == pytest.approx(0.3, abs=0.03)
    assert honest["copies"].value < 0.05
    assert copying["copies"].floor == 0.01
    distance = honest["nearest_training_distance"]
    assert distance.value == pytest.approx(distance.floor, rel=0.05)


def test_real_test_glyphs_copy_by_one_in_a_hundred():
    real, floor = make_sample(gaussian(400), images=noise(400, 1)), make_sample(gaussian(300), images=noise(300, 0))
    found = NearestNeighbour().compute(make_evaluation(real, real, floor))
    assert found["copies"].value == 0.01
    assert found["nearest_training_distance"].value == found["nearest_training_distance"].floor


def test_at_most_so_many_glyphs_are_taken():
    sides = [make_sample(gaussian(80), images=noise(80, seed)) for seed in range(3)]
    assert NearestNeighbour(max_glyphs=50).compute(make_evaluation(*sides))["copies"].n == 50


def test_glyphs_of_another_size_are_refused():
    with pytest.raises(DataError, match="no neighbours"):
        nearest(torch.zeros(2, 1, 6, 6, dtype=torch.uint8), torch.zeros(2, 1, 8, 8, dtype=torch.uint8))

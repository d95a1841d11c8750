from __future__ import annotations

import numpy as np
import pytest
import torch

from handwriting.errors import DataError
from handwriting.metrics.checkerboard import Checkerboard, ripple
from tests.metrics.samples import gaussian, make_evaluation, make_sample


def striped(height: float, period: int) -> torch.Tensor:
    """Noise of mean 100, every ``period``-th column raised by ``height``."""
    noise = np.random.default_rng(0).normal(100, 20, (400, 1, 28, 28))
    noise[..., ::period] += height
    return torch.tensor(noise.clip(0, 255).round().astype(np.uint8))


def test_noise_has_no_ripple():
    assert ripple(striped(0, 2)) < 0.005


@pytest.mark.parametrize("period", [2, 4])
def test_a_ripple_is_as_high_as_it_was_made(period):
    columns = np.zeros(28)
    columns[::period] = 40
    assert ripple(striped(40, period)) == pytest.approx(columns.std() / (100 + columns.mean()), rel=0.05)


def test_a_slope_and_a_ripple_of_another_period_are_none():
    slope = torch.arange(28).expand(1, 1, 28, 28).to(torch.uint8) + 100
    assert ripple(slope) < 0.02  # a slope is not quite smooth where the image ends
    seven = torch.full((1, 1, 28, 28), 100, dtype=torch.uint8)
    seven[..., ::7] += 50
    assert ripple(seven) < 1e-9


def test_the_floor_is_that_of_real_glyphs():
    even, uneven = (make_sample(gaussian(400), images=striped(height, 2).numpy()) for height in (0, 40))
    found = Checkerboard().compute(make_evaluation(uneven, even, even))["checkerboard"]
    assert found.value > 10 * found.floor > 0


@pytest.mark.parametrize(("images", "told"), [
    (torch.zeros(2, 1, 30, 28, dtype=torch.uint8), "multiples of 4 pixels, not 28 by 30"),
    (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), "empty"),
])  # fmt: skip
def test_what_has_no_ripple_to_speak_of_is_refused(images, told):
    with pytest.raises(DataError, match=told):
        ripple(images)

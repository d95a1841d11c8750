from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from handwriting.errors import DataError
from handwriting.metrics import precision_recall
from handwriting.metrics.precision_recall import PrecisionRecall, neighbourhoods, radii
from tests.metrics.samples import gaussian, make_evaluation, make_sample


def naive(generated: Tensor, real: Tensor, k: int) -> tuple[float, float, float, float]:
    fake, true = generated.double().numpy(), real.double().numpy()

    def apart(one, other):
        return np.sqrt(((one[:, None] - other[None]) ** 2).sum(axis=2))

    reach, fake_reach = (np.sort(apart(side, side), axis=1)[:, k] for side in (true, fake))
    between = apart(true, fake)
    inside = between <= reach[:, None]
    recalled = (between <= fake_reach[None]).any(axis=1)
    return inside.any(axis=0).mean(), recalled.mean(), inside.sum() / (k * len(fake)), inside.any(axis=1).mean()


@pytest.mark.parametrize(("n", "m", "k", "shift"), [(120, 90, 5, 0.0), (60, 130, 3, 0.7), (1100, 600, 5, 0.2)])
def test_all_four_equal_their_definitions_written_out(n: int, m: int, k: int, shift: float):
    generated, real = gaussian(n, 6, 0, shift), gaussian(m, 6, 1)
    assert neighbourhoods(generated, real, k) == pytest.approx(naive(generated, real, k))


def test_a_glyph_is_no_neighbour_of_itself_but_its_double_is():
    vectors = torch.tensor([[0.0], [0.0], [4.0], [6.0]])
    torch.testing.assert_close(radii(vectors, 1), torch.tensor([0.0, 0.0, 2.0, 2.0], dtype=torch.float64))


@pytest.mark.parametrize("vectors", [gaussian(200, 64), gaussian(10, 64).repeat(20, 1) * 100 + 1])
def test_identical_sets_share_everything(vectors: Tensor):
    found = neighbourhoods(vectors, vectors.clone())
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)


def test_two_samples_of_one_distribution_have_density_one_and_the_expected_coverage():
    found = np.mean([neighbourhoods(gaussian(500, 8, 2 * s), gaussian(500, 8, 2 * s + 1)) for s in range(6)], axis=0)
    precision, recall, density, coverage = found
    assert density == pytest.approx(1, abs=0.03)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.01)
    assert precision == pytest.approx(recall, abs=0.02)
    assert precision > 0.8


def test_glyphs_far_away_share_nothing():
    assert neighbourhoods(gaussian(100, shift=50), gaussian(100, seed=1)) == (0, 0, 0, 0)


def test_a_collapsed_generator_is_precise_and_recalls_nothing():
    real = gaussian(300)
    found = neighbourhoods(real[:1].repeat(100, 1), real)
    assert found.precision == 1
    assert found.recall < 0.01


def test_too_few_glyphs_for_k_are_refused():
    with pytest.raises(DataError, match="at least 6 glyphs on each side, and there are 9 and 5"):
        neighbourhoods(gaussian(9), gaussian(5), k=5)


def test_the_real_side_is_looked_at_once(monkeypatch: pytest.MonkeyPatch):
    looked = []
    monkeypatch.setattr(precision_recall, "radii", lambda vectors, k: looked.append(vectors) or radii(vectors, k))
    generated, real, floor = (make_sample(gaussian(40, seed=seed)) for seed in range(3))
    metric = PrecisionRecall()
    first = metric.compute(make_evaluation(generated, real, floor))
    second = metric.compute(make_evaluation(generated, real, floor))
    assert first == second
    assert len(looked) == 1 + 4  # the real side; the generated one and the floor, in each of two trials
    assert {name: measure.better for name, measure in first.items()} == dict.fromkeys(
        ("precision", "recall", "density", "coverage"), "max"
    )
    assert first["density"].floor is not None

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

from handwriting.errors import DataError
from handwriting.metrics.class_divergence import ClassDivergence, class_counts
from handwriting.metrics.divergence import js_divergence, kl_divergence, smoothed
from handwriting.metrics.pixel_divergence import PixelDivergence, intensity_counts
from tests.metrics.samples import gaussian, make_evaluation, make_sample


def distributions(k: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    p, q = torch.rand(2, k, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p[3] = 0
    return p / p.sum(), q / q.sum()


def test_both_equal_scipy():
    p, q = distributions()
    assert kl_divergence(p, q) == pytest.approx(rel_entr(p.numpy(), q.numpy()).sum())
    assert js_divergence(p, q) == pytest.approx(jensenshannon(p, q) ** 2)


def test_only_js_is_symmetric():
    p, q = distributions()
    assert js_divergence(p, q) == pytest.approx(js_divergence(q, p))
    assert math.isinf(kl_divergence(q, p))
    assert not math.isinf(kl_divergence(p, q))


def test_js_ends_at_log_two():
    assert js_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])) == pytest.approx(math.log(2))


@pytest.mark.parametrize("wrong", [[0.5, 0.4], [1.5, -0.5], [float("nan"), 1.0]])
def test_what_is_no_distribution_is_refused(wrong: list[float]):
    with pytest.raises(DataError, match="sum to 1"):
        kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor(wrong))
    with pytest.raises(DataError, match="2 and 3 outcomes"):
        js_divergence(torch.full((2,), 0.5), torch.full((3,), 1 / 3))


def test_smoothing_keeps_kl_finite_and_probabilities_summing_to_one():
    real, generated = smoothed(torch.tensor([10, 10]), 0.5), smoothed(torch.tensor([20, 0]), 0.5)
    assert generated.sum() == 1
    assert kl_divergence(real, generated) == pytest.approx(
        0.5 * math.log(0.5 / (20.5 / 21)) + 0.5 * math.log(0.5 / (0.5 / 21))
    )


def test_counts_of_parts_add_up_and_equal_those_of_numpy():
    images = torch.randint(0, 200, (2300, 1, 3, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    whole = intensity_counts(images)
    assert whole.tolist() == np.bincount(images.numpy().ravel(), minlength=256).tolist()
    assert torch.equal(whole, intensity_counts(images[:1100]) + intensity_counts(images[1100:]))
    predicted = torch.tensor([0, 2, 2, 0, 1])
    assert class_counts(predicted, 4).tolist() == [2, 1, 2, 0]
    assert torch.equal(class_counts(predicted, 4), class_counts(predicted[:2], 4) + class_counts(predicted[2:], 4))


def test_identical_sets_have_none():
    sample, floor = make_sample(gaussian(30)), make_sample(gaussian(33))
    evaluation = make_evaluation(sample, sample, floor)
    found = ClassDivergence().compute(evaluation) | PixelDivergence().compute(evaluation)
    assert set(found) == {"class_kl", "class_js", "pixel_kl", "pixel_js"}
    assert all(measure.value == pytest.approx(0, abs=1e-8) for measure in found.values())
    assert all(measure.unit == "nats" and measure.floor > 0 for name, measure in found.items() if "pixel" in name)


def test_a_class_that_is_never_generated_costs_more_than_one_generated_too_often():
    real = make_sample(gaussian(300))
    two_classes = make_sample(gaussian(300), predicted=torch.arange(300) % 2)
    missing = ClassDivergence().compare(two_classes, real)["class_kl"].value
    invented = ClassDivergence().compare(real, two_classes)["class_kl"].value
    assert missing > 3 * invented > 0


def test_ink_that_is_too_pale_shows_in_the_pixels_alone():
    images = np.random.default_rng(0).integers(0, 256, (60, 1, 8, 8), np.uint8)
    real = make_sample(gaussian(60), images=images)
    pale = make_sample(gaussian(60), images=images // 2)
    found = ClassDivergence().compare(pale, real) | PixelDivergence().compare(pale, real)
    assert found["class_js"].value == 0
    assert found["pixel_js"].value > 0.1

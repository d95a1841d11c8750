"""The bounds of variational models."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from handwriting.data.loading.loader import Batch
from handwriting.glyphs import Glyphs
from handwriting.metrics.base import Evaluation
from handwriting.metrics.likelihood import Likelihood, binarised, grey_entropy, importance_weighted
from tests.builders import ALPHABET, STYLES, make_batch, make_model


def evaluation(model, n: int = 12) -> Evaluation:
    grey = np.random.default_rng(0).integers(0, 256, (n, 1, 28, 28), np.uint8)
    glyphs = Glyphs(grey, np.arange(n) % 3, np.arange(n) % 2, ALPHABET, STYLES)
    return Evaluation(model, None, SimpleNamespace(real=SimpleNamespace(glyphs=glyphs)))  # type: ignore[arg-type]


@pytest.mark.parametrize("components", [0, 3])
def test_the_mean_log_weight_is_minus_both_terms(components):
    model, batch = make_model("vae", (), f"model.prior_components={components}"), make_batch(4)
    weights = model.log_weights(batch, 4000, torch.Generator().manual_seed(0)).double()
    terms = torch.stack([sum(model.negative_elbo(batch, seed)) for seed in range(100)]).double()  # type: ignore[arg-type]
    apart = (weights.mean(dim=1) + terms.mean(dim=0)).abs()
    error = (weights.var(dim=1) / 4000 + terms.var(dim=0) / 100).sqrt()
    assert (apart < 4 * error).all()


def test_the_bound_is_exact_where_the_latent_says_nothing():
    model, batch = make_model("vae"), make_batch(4)
    with torch.no_grad():
        decoder, encoder = model.averaged.average[1], model.averaged.average[0]
        for weight in [*decoder.parameters(), *encoder.head.parameters()]:
            weight.zero_()  # every pixel 1 with probability a half, and the posterior is the prior
    bound = importance_weighted(model.log_weights(batch, 7, torch.Generator()))
    assert bound.tolist() == pytest.approx([784 * math.log(2)] * 4, rel=1e-5)


def test_more_latents_make_it_tighter():
    model, batch = make_model("vae"), make_batch(8)
    weights = model.log_weights(batch, 512, torch.Generator().manual_seed(0))
    # In the mean over the groups of k that 512 latents make.
    bounds = [importance_weighted(weights.reshape(-1, k)).mean().item() for k in (1, 16, 512)]
    assert bounds == sorted(bounds, reverse=True)


def test_a_conditional_model_pays_for_being_told_the_class():
    metric = Likelihood(samples=5)
    model = make_model("cvae", ("class",))
    found = metric.compute(evaluation(model))["importance_weighted_bound"]
    grey = Batch.of(evaluation(model).reference.real.glyphs)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    black = grey._replace(image=binarised(grey.image, 0))
    asked = Batch(*(part[order] for part in black))
    told = importance_weighted(model.log_weights(asked, 5, torch.Generator().manual_seed(0)))
    assert found.value == pytest.approx(told.mean().item() + math.log(3), rel=1e-6)
    assert found.unit == "nats, k=5, binarised"


def test_pixels_are_binarised_once_and_in_proportion_to_their_grey():
    grey = torch.tensor([0.0, 0.25, 1.0]).repeat_interleave(784 * 20).view(-1, 1, 28, 28)
    once, again = binarised(grey, 0), binarised(grey, 0)
    assert torch.equal(once, again)
    shares = [once[grey == level].mean().item() for level in (0.0, 0.25, 1.0)]
    assert shares == [0.0, pytest.approx(0.25, abs=0.02), 1.0]


def test_the_terms_add_up_and_the_same_seed_gives_the_same():
    model = make_model("vae")
    found, again = (Likelihood(samples=2).compute(evaluation(model)) for _ in range(2))
    assert found["negative_elbo"].value == pytest.approx(found["reconstruction"].value + found["kl"].value)
    assert found == again
    images = Batch.of(evaluation(model).reference.real.glyphs)
    assert found["mse"].value == pytest.approx((model.reconstruct(images) - images.image).square().mean().item())


def test_the_floor_of_the_loss_is_the_entropy_of_the_grey_pixels():
    found = Likelihood(samples=2).compute(evaluation(make_model("vae")))
    grey = Batch.of(evaluation(None).reference.real.glyphs).image
    itself = torch.nn.functional.binary_cross_entropy(grey, grey, reduction="none").sum(dim=(1, 2, 3)).mean().item()
    assert found["reconstruction"].floor == found["negative_elbo"].floor == pytest.approx(itself, rel=1e-5)
    gaussian = Likelihood(samples=2).compute(evaluation(make_model("vae", (), "model.likelihood=gaussian")))
    assert gaussian["negative_elbo"].floor is None
    assert grey_entropy(torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3)) == pytest.approx(math.log(2))


def test_an_adversarial_model_has_no_likelihood():
    assert Likelihood().compute(evaluation(make_model("dcgan"))) == {}

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from handwriting.models.losses import (
    Likelihood,
    discriminator_bce,
    discriminator_hinge,
    generator_bce,
    gradient_penalty,
    kl_to_prior,
    negative_log_likelihood,
    with_free_bits,
)
from tests.builders import make_model


def test_kl_equals_the_closed_form_of_two_gaussians():
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_to_prior(mean, log_variance), expected)


def test_kl_of_the_prior_to_itself_is_zero():
    assert kl_to_prior(torch.zeros(2, 3), torch.zeros(2, 3)).abs().max() == 0


def test_reparameterised_gradients_equal_those_of_the_expectation():
    # E[z^2] = mean^2 + variance, so its derivatives are 2 mean and, by the log-variance, the variance itself.
    torch.manual_seed(0)
    mean = torch.full((200_000, 1), 0.7, requires_grad=True)
    log_variance = torch.full((200_000, 1), -0.4, requires_grad=True)
    (make_model("vae").reparameterise(mean, log_variance) ** 2).mean().backward()
    assert mean.grad is not None
    assert log_variance.grad is not None
    assert mean.grad.sum().item() == pytest.approx(2 * 0.7, rel=0.02)
    assert log_variance.grad.sum().item() == pytest.approx(math.exp(-0.4), rel=0.02)


def test_free_bits_take_no_gradient_from_a_latent_that_costs_less():
    kl = torch.tensor([[0.1, 2.0], [0.3, 4.0]], requires_grad=True)
    loss = with_free_bits(kl, free_bits=0.5)
    loss.backward()
    assert loss.item() == pytest.approx(0.5 + 3.0)
    assert kl.grad is not None
    assert kl.grad[:, 0].abs().sum() == 0
    assert kl.grad[:, 1].abs().sum() > 0


def test_the_continuous_bernoulli_is_a_density():
    grid = torch.linspace(0, 1, 20_001).view(-1, 1, 1, 1)
    for logit in (-4.0, -0.01, 0.0, 1.5):
        nll = negative_log_likelihood("continuous_bernoulli", torch.full_like(grid, logit), grid, torch.zeros(()))
        assert np.trapezoid(torch.exp(-nll).numpy(), dx=1 / 20_000) == pytest.approx(1, abs=1e-3)


def test_the_gaussian_equals_that_of_torch():
    logits, images, log_scale = torch.randn(2, 1, 3, 3), torch.rand(2, 1, 3, 3), torch.tensor(-1.3)
    expected = -Normal(logits.sigmoid(), log_scale.exp()).log_prob(images).flatten(1).sum(1)
    torch.testing.assert_close(negative_log_likelihood("gaussian", logits, images, log_scale), expected)


def test_the_penalty_equals_finite_differences_on_grey_images():
    # In float64, so that a difference quotient means something; no stochastic layer, so that it is a function.
    torch.manual_seed(0)
    score_of = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 36, 1)).double()
    real, fake, epsilon = torch.rand(3, 1, 8, 8), torch.rand(3, 1, 8, 8), torch.rand(3, 1, 1, 1)

    def score(images):
        return score_of(images.double()).squeeze(1)

    penalty = gradient_penalty(score, real, fake, epsilon)

    between = (epsilon * real + (1 - epsilon) * fake).double()
    step, gradient = 1e-5, torch.zeros_like(between)
    for row in range(8):
        for column in range(8):
            moved = torch.zeros_like(between)
            moved[:, :, row, column] = step
            gradient[:, 0, row, column] = (score(between + moved) - score(between - moved)) / (2 * step)
    expected = (gradient.flatten(1).norm(dim=1) - 1) ** 2
    torch.testing.assert_close(penalty.double(), expected, rtol=1e-4, atol=1e-6)


def test_the_penalty_trains_the_critic_and_ignores_autocast():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 1))
    images = torch.rand(3, 1, 8, 8), torch.rand(3, 1, 8, 8), torch.rand(3, 1, 1, 1)
    exact = gradient_penalty(lambda x: critic(x).squeeze(1), *images)
    with torch.autocast("cpu", torch.bfloat16):
        cast = gradient_penalty(lambda x: critic(x).squeeze(1), *images)
    assert cast.dtype == torch.float32
    torch.testing.assert_close(cast, exact, rtol=0, atol=0)
    exact.mean().backward()
    assert critic[1].weight.grad.abs().sum() > 0


def test_a_perfect_discriminator_has_no_loss():
    sure, unsure = torch.full((4,), 50.0), torch.zeros(4)
    assert discriminator_bce(sure, -sure).item() == pytest.approx(0, abs=1e-6)
    assert discriminator_hinge(sure, -sure).item() == 0
    assert discriminator_bce(unsure, unsure).item() == pytest.approx(2 * math.log(2))
    assert generator_bce(unsure).item() == pytest.approx(math.log(2))


def test_smoothing_is_one_sided():
    # With real images at 0.9 their best score is log(0.9 / 0.1); generated ones still belong at minus infinity.
    score = torch.tensor([math.log(9.0)], requires_grad=True)
    discriminator_bce(score, torch.tensor([-50.0]), smoothing=0.1).backward()
    assert score.grad is not None
    assert score.grad.item() == pytest.approx(0, abs=1e-6)
    fake = torch.tensor([-3.0], requires_grad=True)
    discriminator_bce(torch.tensor([3.0]), fake, smoothing=0.1).backward()
    assert fake.grad is not None
    assert fake.grad.item() > 0


@pytest.mark.parametrize("likelihood", get_args(Likelihood))
def test_a_likelihood_is_as_exact_whatever_the_precision_of_the_network(likelihood):
    """Networks that compute in bfloat16 hand over logits of that type."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(16, 1, 28, 28, generator=generator)
    rounded = (8 * torch.randn(16, 1, 28, 28, generator=generator)).bfloat16()
    found, gradients = [], []
    for logits in (rounded.clone().requires_grad_(), rounded.float().requires_grad_()):
        with torch.autocast("cpu", torch.bfloat16):
            found.append(negative_log_likelihood(likelihood, logits, images, torch.zeros(())))
        found[-1].sum().backward()
        assert logits.grad is not None
        gradients.append(logits.grad.float())
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0.01, atol=1e-3)

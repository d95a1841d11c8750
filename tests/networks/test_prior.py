from __future__ import annotations

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from handwriting.networks.prior import MixturePrior, NormalPrior, log_normal


def mixture(sizes: tuple[int, ...] = (3, 2)) -> MixturePrior:
    torch.manual_seed(0)
    prior = MixturePrior(5, 7, sizes)
    with torch.no_grad():
        for weight in prior.parameters():
            weight.normal_()
    return prior


def asked(n: int) -> torch.Tensor:
    return torch.stack([torch.arange(n) % 3, torch.arange(n) % 2], dim=1)


def by_torch(prior: MixturePrior, row: torch.Tensor) -> MixtureSameFamily:
    parts = Independent(Normal(prior.mean[row], (0.5 * prior.log_variance[row]).exp()), 1)
    return MixtureSameFamily(Categorical(logits=prior.logit[row]), parts)


def test_the_densities_are_those_of_torch():
    latent, condition = torch.randn(12, 5), asked(12)
    prior = mixture()
    wanted = by_torch(prior, condition[:, 0] * 2 + condition[:, 1]).log_prob(latent)
    assert torch.allclose(prior.log_density(latent, condition), wanted, atol=1e-5)
    normal = Independent(Normal(torch.zeros(5), torch.ones(5)), 1).log_prob(latent)
    assert torch.allclose(NormalPrior(5).log_density(latent, condition), normal, atol=1e-5)
    assert torch.allclose(log_normal(latent, torch.zeros(5), torch.zeros(5)), normal, atol=1e-5)


def test_bfloat16_around_it_costs_no_digits():
    latent, condition, prior = torch.randn(12, 5), asked(12), mixture()
    with torch.autocast("cpu", torch.bfloat16):
        found = prior.log_density(latent, condition)
    assert torch.equal(found, prior.log_density(latent, condition))


@pytest.mark.parametrize("sizes", [(), (3, 2)])
def test_what_is_drawn_has_the_mean_and_the_spread_of_its_condition(sizes):
    prior, n = mixture(sizes), 20_000
    condition = torch.tensor([[2, 1]] if sizes else [[]], dtype=torch.long).expand(n, -1)
    drawn = prior.sample(condition, torch.Generator().manual_seed(0))
    wanted = by_torch(prior, torch.tensor(5 if sizes else 0))
    assert torch.allclose(drawn.mean(dim=0), wanted.mean, atol=4 * float(wanted.stddev.max()) / n**0.5)
    assert torch.allclose(drawn.std(dim=0), wanted.stddev, rtol=0.05)
    assert torch.equal(drawn, prior.sample(condition, torch.Generator().manual_seed(0)))

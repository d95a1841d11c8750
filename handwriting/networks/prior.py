"""The densities over a latent space that a variational autoencoder samples from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class NormalPrior(nn.Module):
    """The standard normal density, whatever the condition."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def log_density(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return log p(z) ``(N,)`` of latents ``(N, latent_dim)``."""
        return log_normal(latent, torch.zeros_like(latent), torch.zeros_like(latent))

    def sample(self, condition: Tensor, generator: torch.Generator | None, temperature: float = 1.0) -> Tensor:
        """Return a latent ``(N, latent_dim)`` for each condition ``(N, C)``, on the CPU, as is ``generator``.

        Standard deviations are multiplied by ``temperature``.
        """
        return temperature * torch.randn(len(condition), self.latent_dim, generator=generator)


class MixturePrior(nn.Module):
    r"""A mixture of diagonal Gaussians, learned for each condition: :math:`p(z|y) = \sum_k w_{yk} N(\mu_{yk}, s_{yk})`.

    It is fitted to the latents that glyphs are encoded to, so that its samples lie where the decoder was trained
    (Tomczak and Welling, 2018, whose simplest baseline it is).

    Args:
        latent_dim: Length of the latent.
        components: Gaussians for each condition.
        condition_sizes: How many values each condition takes; empty for one mixture.
    """

    def __init__(self, latent_dim: int, components: int, condition_sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = tuple(condition_sizes)
        shape = (math.prod(self.sizes), components)
        self.mean = nn.Parameter(torch.randn(*shape, latent_dim))
        self.log_variance = nn.Parameter(torch.zeros(*shape, latent_dim))
        self.logit = nn.Parameter(torch.zeros(shape))

    def _row(self, condition: Tensor) -> Tensor:
        """Return which mixture belongs to each condition ``(N, C)``."""
        row = condition.new_zeros(len(condition))
        for size, column in zip(self.sizes, condition.T, strict=True):
            row = row * size + column
        return row

    def log_density(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return log p(z|y) ``(N,)`` of latents ``(N, latent_dim)`` under conditions ``(N, C)``."""
        with torch.autocast(latent.device.type, enabled=False):  # differences of squares need every digit
            # Squares multiplied out, for all conditions at once: two products of matrices rather than a tensor of
            # every latent's distance to every component.
            precision = (-self.log_variance).exp()
            constant = (self.mean**2 * precision + self.log_variance + math.log(2 * math.pi)).sum(dim=2)
            products = latent**2 @ precision.flatten(0, 1).T - 2 * latent @ (self.mean * precision).flatten(0, 1).T
            each = self.logit.log_softmax(dim=1) - 0.5 * (products.unflatten(1, self.logit.shape) + constant)
            return torch.logsumexp(each[torch.arange(len(latent)), self._row(condition)], dim=1)

    def sample(self, condition: Tensor, generator: torch.Generator | None, temperature: float = 1.0) -> Tensor:
        """Return a latent ``(N, latent_dim)`` for each condition ``(N, C)``, on the CPU, as is ``generator``.

        Standard deviations are multiplied by ``temperature``.
        """
        row = self._row(condition)
        chosen = torch.multinomial(self.logit.cpu().softmax(dim=1)[row], 1, generator=generator).squeeze(1)
        mean, log_variance = self.mean.cpu()[row, chosen], self.log_variance.cpu()[row, chosen]
        return mean + temperature * torch.randn(mean.shape, generator=generator) * (0.5 * log_variance).exp()


def log_normal(value: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the log-density of a diagonal Gaussian, summed over the last dimension."""
    squares = (value - mean) ** 2 * (-log_variance).exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi)).sum(dim=-1)

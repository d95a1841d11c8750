"""The two players of an adversarial game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from handwriting.networks.conditioning import Condition
from handwriting.networks.trunks import ConvExpander, ConvReducer, MLPExpander, MLPReducer, Network, Norm, Upsample

Conditioning = Literal["projection", "concat", "multiply", "acgan"]
Output = Literal["tanh", "sigmoid"]


class Verdict(NamedTuple):
    """What a discriminator says of each image."""

    score: Tensor
    """How real it looks, unbounded, ``(N,)``."""
    guesses: tuple[Tensor, ...]
    """With an auxiliary classifier, the logits ``(N, size)`` of each condition; otherwise empty."""


class Generator(nn.Module):
    """Noise and condition to an image.

    The condition reaches it as an embedding: multiplied with the noise for ``multiply``, joined to it otherwise.

    Args:
        network: ``conv`` or ``mlp``.
        image_size: Side of the image in pixels.
        latent_dim: Length of the noise.
        condition_sizes: How many values each condition takes; empty for an unconditional generator.
        conditioning: How a condition enters the game; see :class:`Discriminator` for its other half.
        channels: Channels of the smallest map.
        norm: Normalisation between convolutions.
        upsample: ``transposed`` or ``resize`` convolutions.
        pixel_shuffle: Make the last doubling by rearranging channels into pixels.
        output: ``tanh`` for images in [-1, 1], ``sigmoid`` for [0, 1].
    """

    def __init__(
        self,
        network: Network,
        image_size: int,
        latent_dim: int,
        condition_sizes: Sequence[int],
        conditioning: Conditioning,
        channels: int,
        norm: Norm,
        upsample: Upsample,
        pixel_shuffle: bool,
        output: Output,
    ) -> None:
        super().__init__()
        self.condition = Condition(condition_sizes, "embedding", latent_dim)
        self.multiply = conditioning == "multiply" and self.condition.width > 0
        in_dim = latent_dim if self.multiply else latent_dim + self.condition.width
        self.trunk: nn.Module = (
            MLPExpander(in_dim, image_size, channels)
            if network == "mlp"
            else ConvExpander(in_dim, image_size, channels, norm, upsample, pixel_shuffle)
        )
        self.output = nn.Tanh() if output == "tanh" else nn.Sigmoid()

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return images ``(N, 1, H, W)`` for noise ``(N, latent_dim)`` and condition indices ``(N, C)``."""
        embedded = self.condition(condition)
        vector = latent * embedded if self.multiply else torch.cat([latent, embedded], dim=1)
        return self.output(self.trunk(vector).float())


class Discriminator(nn.Module):
    r"""Image and condition to a score: how real the image is, as an image of that condition.

    - ``projection``: :math:`s = w^T f(x) + e(y)^T f(x)` (Miyato and Koyama, 2018).
    - ``concat``: the condition is embedded as a second channel of the image (Mirza and Osindero, 2014).
    - ``multiply``: the image is multiplied by an embedding of its own size.
    - ``acgan``: the condition is not shown but guessed, by a second head (Odena et al., 2017).

    Args:
        network: ``conv`` or ``mlp``.
        image_size: Side of the image in pixels.
        condition_sizes: How many values each condition takes; empty for an unconditional discriminator.
        conditioning: One of the above.
        channels: Channels of the smallest map; the features are twice as long.
        norm: Normalisation between convolutions.
        dropout: Probability of dropping a channel after each convolution.
        spectral: Divide each weight by its largest singular value (Miyato et al., 2018).
        pixel_shuffle: Make the first halving by rearranging pixels into channels.
    """

    def __init__(
        self,
        network: Network,
        image_size: int,
        condition_sizes: Sequence[int],
        conditioning: Conditioning,
        channels: int,
        norm: Norm,
        dropout: float,
        spectral: bool,
        pixel_shuffle: bool,
    ) -> None:
        super().__init__()
        features = 2 * channels
        self.how = conditioning if condition_sizes else "nothing"
        self.image_size = image_size
        planes = 1 + (self.how == "concat")
        self.trunk: nn.Module = (
            MLPReducer(image_size, planes, features, dropout, spectral)
            if network == "mlp"
            else ConvReducer(image_size, planes, features, channels, norm, dropout, spectral, pixel_shuffle)
        )
        widths = {"projection": features, "concat": image_size**2, "multiply": image_size**2}
        self.condition = Condition(condition_sizes if self.how in widths else (), "embedding", widths.get(self.how, 0))
        score = nn.Linear(features, 1)
        self.score = spectral_norm(score) if spectral else score
        if spectral and self.how == "projection":
            for table in self.condition.tables:
                spectral_norm(table)
        self.guess = nn.ModuleList(nn.Linear(features, size) for size in condition_sizes if self.how == "acgan")

    def forward(self, images: Tensor, condition: Tensor) -> Verdict:
        """Judge images ``(N, 1, H, W)`` under condition indices ``(N, C)``."""
        if self.how in ("concat", "multiply"):
            plane = self.condition(condition).view(-1, 1, self.image_size, self.image_size)
            images = torch.cat([images, plane], dim=1) if self.how == "concat" else images * plane
        features = self.trunk(images)
        score = self.score(features).float().squeeze(1)
        if self.how == "projection":
            score = score + (self.condition(condition) * features.float()).sum(dim=1)
        return Verdict(score, tuple(head(features).float() for head in self.guess))

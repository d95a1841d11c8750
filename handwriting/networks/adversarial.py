"""The two networks of a GAN."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from handwriting.networks.conditioning import Condition, Dense
from handwriting.networks.layers import check_image
from handwriting.networks.stack import Stack, flatten

Conditioning = Literal["projection", "concat", "multiply", "acgan", "onehot"]
Output = Literal["tanh", "sigmoid"]


class DiscriminatorOutput(NamedTuple):
    """The discriminator's output for each image."""

    score: Tensor
    """How real the image looks, unbounded, ``(N,)``; what a value means depends on the losses."""
    class_logits: tuple[Tensor, ...]
    """With an auxiliary classifier, the logits ``(N, size)`` of each condition; otherwise empty."""


class Generator(nn.Module):
    """From noise and condition to an image.

    The condition reaches it as an embedding, multiplied with the noise for ``multiply`` and concatenated with it
    otherwise, or as one-hot vectors concatenated with it for ``onehot``.

    Args:
        layers: From the noise to the image.
        image_size: Side of the image in pixels.
        latent_dim: Length of the noise.
        condition_sizes: How many values each condition takes; empty for an unconditional generator.
        conditioning: How a condition enters; see :class:`Discriminator` for its other half.
        output: ``tanh`` for images in [-1, 1], ``sigmoid`` for [0, 1].
    """

    def __init__(
        self,
        layers: Sequence[str],
        image_size: int,
        latent_dim: int,
        condition_sizes: Mapping[str, int],
        conditioning: Conditioning,
        output: Output,
    ) -> None:
        super().__init__()
        multiply = conditioning == "multiply"
        embedding = Condition(condition_sizes, "onehot" if conditioning == "onehot" else "embedding", latent_dim)
        self.factor = embedding if multiply and embedding.width else None
        concatenated = Condition({}) if self.factor else embedding
        self.trunk = Stack(layers, (latent_dim,), concatenated, key="model.generator_layers")
        check_image(layers, self.trunk.shape, image_size, "model.generator_layers")
        self.output = nn.Tanh() if output == "tanh" else nn.Sigmoid()

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return images ``(N, 1, H, W)`` for noise ``(N, latent_dim)`` and condition indices ``(N, C)``."""
        vector = latent * self.factor(condition) if self.factor else latent
        return self.output(self.trunk(vector, condition).float())


class Discriminator(nn.Module):
    r"""From image and condition to a score: how real the image is, as an image of that condition.

    - ``projection``: :math:`s = w^T f(x) + e(y)^T f(x)` (Miyato and Koyama, 2018).
    - ``concat``: the condition is embedded as a second channel of the image (Mirza and Osindero, 2014).
    - ``multiply``: the image is multiplied by an embedding of its own size.
    - ``acgan``: the condition is no input but classified, by a second head (Odena et al., 2017).
    - ``onehot``: one-hot vectors are concatenated where the layers say ``concat``.

    Args:
        layers: From the image to the features that the score is computed from.
        image_size: Side of the image in pixels.
        condition_sizes: How many values each condition takes; empty for an unconditional discriminator.
        conditioning: One of the above.
        spectral: Divide each weight by its largest singular value (Miyato et al., 2018).
    """

    def __init__(
        self,
        layers: Sequence[str],
        image_size: int,
        condition_sizes: Mapping[str, int],
        conditioning: Conditioning,
        spectral: bool,
    ) -> None:
        super().__init__()
        self.method = conditioning if condition_sizes else "nothing"
        self.image_size = image_size
        planes = 1 + (self.method == "concat")
        concatenated = Condition(condition_sizes if self.method == "onehot" else {})
        trunk_shape = (planes, image_size, image_size)
        self.trunk = Stack(layers, trunk_shape, concatenated, spectral, key="model.discriminator_layers")
        features = math.prod(self.trunk.shape)
        widths = {"projection": features, "concat": image_size**2, "multiply": image_size**2}
        self.condition = Condition(
            condition_sizes if self.method in widths else {}, "embedding", widths.get(self.method, 0)
        )
        score = Dense(self.trunk.units, 1)
        self.score = spectral_norm(score) if spectral else score
        if spectral and self.method == "projection":
            for table in self.condition.tables:
                spectral_norm(table)
        classified = condition_sizes.values() if self.method == "acgan" else ()
        # `guess` holds the class heads; checkpoints name their weights by it.
        self.guess = nn.ModuleList(nn.Linear(features, size) for size in classified)

    def forward(self, images: Tensor, condition: Tensor) -> DiscriminatorOutput:
        """Return the output for images ``(N, 1, H, W)`` under condition indices ``(N, C)``."""
        if self.method in ("concat", "multiply"):
            plane = self.condition(condition).view(-1, 1, self.image_size, self.image_size)
            images = torch.cat([images, plane], dim=1) if self.method == "concat" else images * plane
        features = flatten(self.trunk(images, condition))
        score = self.score(features).float().squeeze(1)
        if self.method == "projection":
            score = score + (self.condition(condition) * features.float()).sum(dim=1)
        return DiscriminatorOutput(score, tuple(head(features).float() for head in self.guess))

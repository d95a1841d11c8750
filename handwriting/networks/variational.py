"""The two halves of a variational autoencoder."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from handwriting.networks.conditioning import Condition, Dense
from handwriting.networks.layers import check_image
from handwriting.networks.stack import Stack, flatten


class Encoder(nn.Module):
    """From image and condition to the mean and log-variance of a diagonal Gaussian over the latent.

    Args:
        layers: From the image to the features that both are computed from.
        image_size: Side of the image in pixels.
        latent_dim: Length of the latent.
        condition: What ``concat`` adds; of width 0 where the encoder receives none.
    """

    def __init__(self, layers: Sequence[str], image_size: int, latent_dim: int, condition: Condition) -> None:
        super().__init__()
        self.trunk = Stack(layers, (1, image_size, image_size), condition, key="model.encoder_layers")
        self.head = Dense(self.trunk.units, 2 * latent_dim)

    def forward(self, images: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance, ``(N, latent_dim)`` each, of images in [0, 1] and condition ``(N, C)``."""
        features = flatten(self.trunk(images, condition))
        mean, log_variance = self.head(features).float().chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """From latent and condition to the logit of each pixel.

    Args:
        layers: From the latent to the image.
        image_size: Side of the image in pixels.
        latent_dim: Length of the latent.
        condition: What ``concat`` adds.
    """

    def __init__(self, layers: Sequence[str], image_size: int, latent_dim: int, condition: Condition) -> None:
        super().__init__()
        self.trunk = Stack(layers, (latent_dim,), condition, key="model.decoder_layers")
        check_image(layers, self.trunk.shape, image_size, "model.decoder_layers")

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return logits ``(N, 1, H, W)`` for latents ``(N, latent_dim)`` and condition indices ``(N, C)``."""
        return self.trunk(latent, condition).float()

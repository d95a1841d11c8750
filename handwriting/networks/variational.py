"""The two halves of a variational autoencoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from handwriting.networks.conditioning import Condition
from handwriting.networks.trunks import ConvExpander, ConvReducer, MLPExpander, MLPReducer, Network, Norm, Upsample


class Encoder(nn.Module):
    """Image and condition to the mean and log-variance of a diagonal Gaussian over the latent.

    Args:
        network: ``conv`` or ``mlp``.
        image_size: Side of the image in pixels.
        latent_dim: Length of the latent.
        condition: The encoded condition, joined to the features; of width 0 where the encoder sees none.
        channels: Channels of the smallest map; the hidden layer has four times as many units.
        norm: Normalisation between convolutions.
    """

    def __init__(
        self, network: Network, image_size: int, latent_dim: int, condition: Condition, channels: int, norm: Norm
    ) -> None:
        super().__init__()
        hidden = 4 * channels
        self.condition = condition
        self.trunk: nn.Module = (
            MLPReducer(image_size, out_dim=hidden)
            if network == "mlp"
            else ConvReducer(image_size, out_dim=hidden, channels=channels, norm=norm)
        )
        self.head = nn.Linear(hidden + condition.width, 2 * latent_dim)

    def forward(self, images: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance, ``(N, latent_dim)`` each, of images in [0, 1] and condition ``(N, C)``."""
        features = self.trunk(images)
        joined = torch.cat([features, self.condition(condition).to(features.dtype)], dim=1)
        mean, log_variance = self.head(joined).float().chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """Latent and condition to the logit of each pixel.

    Args:
        network: ``conv`` or ``mlp``.
        image_size: Side of the image in pixels.
        latent_dim: Length of the latent.
        condition: The encoded condition, joined to the latent.
        channels: Channels of the smallest map.
        norm: Normalisation between convolutions.
        upsample: ``transposed`` or ``resize`` convolutions.
        pixel_shuffle: Make the last doubling by rearranging channels into pixels.
    """

    def __init__(
        self,
        network: Network,
        image_size: int,
        latent_dim: int,
        condition: Condition,
        channels: int,
        norm: Norm,
        upsample: Upsample,
        pixel_shuffle: bool,
    ) -> None:
        super().__init__()
        in_dim = latent_dim + condition.width
        self.condition = condition
        self.trunk: nn.Module = (
            MLPExpander(in_dim, image_size, channels)
            if network == "mlp"
            else ConvExpander(in_dim, image_size, channels, norm, upsample, pixel_shuffle)
        )

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return logits ``(N, 1, H, W)`` for latents ``(N, latent_dim)`` and condition indices ``(N, C)``."""
        return self.trunk(torch.cat([latent, self.condition(condition)], dim=1)).float()

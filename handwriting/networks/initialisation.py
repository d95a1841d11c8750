"""Starting weights."""

from __future__ import annotations

from typing import Literal

from torch import nn

Initialisation = Literal["default", "glorot", "glorot_score", "dcgan"]
How = Literal["default", "glorot", "dcgan"]


def initialise(network: nn.Module, how: How) -> None:
    """Draw the starting weights of every linear, convolution and normalisation layer in place.

    Args:
        network: Any module.
        how: ``default`` leaves PyTorch's own; ``glorot`` is Glorot-normal (Glorot and Bengio, 2010); ``dcgan`` is
            N(0, 0.02) for weights and N(1, 0.02) for normalisation gains (Radford et al., 2016, section 4).
    """
    if how == "default":
        return
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            # A spectral norm keeps the weight it normalises as `original` of a parametrisation.
            parametrised = getattr(layer, "parametrizations", None)
            weight = parametrised.weight.original if parametrised else layer.weight
            nn.init.xavier_normal_(weight) if how == "glorot" else nn.init.normal_(weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d | nn.InstanceNorm2d) and layer.affine and how == "dcgan":
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)

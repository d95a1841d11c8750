"""Starting weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import Tensor, nn

Initialisation = Literal["default", "glorot_uniform", "glorot_normal", "dcgan"]


WEIGHTS: dict[Initialisation, Callable[[Tensor], Tensor]] = {
    "glorot_uniform": nn.init.xavier_uniform_,
    "glorot_normal": nn.init.xavier_normal_,
    "dcgan": partial(nn.init.normal_, mean=0.0, std=0.02),
}


def initialise(network: nn.Module, initialisation: Initialisation) -> None:
    """Initialise the weights of every linear, convolution and normalisation layer in place.

    Args:
        network: Any module.
        initialisation: ``default`` leaves PyTorch's own; ``glorot_uniform`` (the default of Keras) and
            ``glorot_normal`` keep the variance through a layer, both ways (Glorot and Bengio, 2010); ``dcgan`` is
            N(0, 0.02) for weights and N(1, 0.02) for normalisation gains (Radford et al., 2016, section 4). Biases
            begin at 0.
    """
    if initialisation == "default":
        return
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            # A spectral norm keeps the weight it normalises as `original` of a parametrisation.
            parametrised = getattr(layer, "parametrizations", None)
            weight = parametrised.weight.original if parametrised else layer.weight
            WEIGHTS[initialisation](weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d | nn.InstanceNorm2d) and layer.affine and initialisation == "dcgan":
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)

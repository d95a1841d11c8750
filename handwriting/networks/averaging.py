"""An exponential moving average of a network's weights."""

from __future__ import annotations

from copy import deepcopy
from math import prod

import torch
from torch import Tensor, nn


class MovingAverage(nn.Module):
    r"""A copy of a network that follows it slowly: :math:`\bar w \leftarrow d\,\bar w + (1 - d)\,w`.

    The decay grows with the number of updates as ``min(decay, (1 + t) / (10 + t))``, so that a short run is not held
    back by the random weights it began with (Yazici et al., 2019, "The unusual effectiveness of averaging in GAN
    training", for the idea; the warm-up is TensorFlow's).

    Args:
        network: The network to follow; it is copied, not kept.
        decay: The decay after warm-up, in 0..1; 0 copies the network at every update.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.average = deepcopy(network).eval().requires_grad_(False)

    @staticmethod
    def _tensors(network: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
        """Split the state of ``network`` into floating point tensors and counters."""
        state = [*network.parameters(), *network.buffers()]
        return [t.detach() for t in state if t.is_floating_point()], [t for t in state if not t.is_floating_point()]

    @torch.no_grad()
    def update(self, network: nn.Module, steps: range) -> None:
        """Move the average towards ``network`` as far as its last updates, counted from 0, would have."""
        decay = prod(min(self.decay, (1 + step) / (10 + step)) for step in steps)
        (own, own_counters), (new, new_counters) = self._tensors(self.average), self._tensors(network)
        torch._foreach_lerp_(own, new, 1 - decay)
        for counter, newer in zip(own_counters, new_counters, strict=True):
            counter.copy_(newer)

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        """Replace the weights of ``network`` by the average."""
        network.load_state_dict(self.average.state_dict())

    def forward(self, *inputs: Tensor) -> Tensor:
        """Run the averaged network, always in evaluation mode."""
        return self.average.eval()(*inputs)

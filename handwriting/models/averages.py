"""Means of what a training step logs, kept on the device so that no step waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


class Averages:
    """Running means of named scalars, added as tensors and read seldom.

    >>> averages = Averages()
    >>> averages.add({"loss": torch.tensor(1.0)})
    >>> averages.add({"loss": torch.tensor(3.0)})
    >>> averages.take()
    {'loss': 2.0}
    >>> averages.take()
    {}

    Attributes:
        latest: The last values that were logged, by their full names.
        muted: Whether what is added counts for nothing but its name, which processes that are summed over must share.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._weights: dict[str, int] = {}
        self.latest: dict[str, float] = {}
        self.muted = False

    def add(self, values: Mapping[str, Tensor], weight: int = 1) -> None:
        """Add one value of each name, each a scalar tensor, counted ``weight`` times."""
        if self.muted:
            values, weight = {name: torch.zeros_like(value) for name, value in values.items()}, 0
        for name, value in values.items():
            value = value.detach() * weight if weight != 1 else value.detach()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._weights[name] = self._weights.get(name, 0) + weight

    def take(self, reduce: Callable[[Tensor], Tensor] = lambda tensor: tensor) -> dict[str, float]:
        """Return the mean of each name and start anew; the one moment at which the device is waited for.

        Args:
            reduce: Sums a float64 tensor ``(K,)`` over processes.
        """
        if not self._sums:
            return {}
        names = sorted(self._sums)
        device = self._sums[names[0]].device
        sums = torch.stack([self._sums[name].to(torch.float64) for name in names])
        weights = torch.tensor([self._weights[name] for name in names], dtype=torch.float64, device=device)
        total_sums, total_weights = reduce(torch.cat([sums, weights])).chunk(2)
        self._sums, self._weights = {}, {}
        return dict(zip(names, (total_sums / total_weights).tolist(), strict=True))

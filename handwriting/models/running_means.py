"""Means of what a training step measures, kept on the device so that no step waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


class RunningMeans:
    """Means of named scalars: added as tensors, read seldom.

    >>> means = RunningMeans()
    >>> means.add({"loss": torch.tensor(1.0)})
    >>> means.add({"loss": torch.tensor(3.0)})
    >>> means.take()
    {'loss': 2.0}
    >>> means.take()
    {}

    Attributes:
        muted: While true, values are added with weight 0. A process without a glyph of its own thus has the names that
            the others have, over which they all sum.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._weights: dict[str, int] = {}
        self.muted = False

    def add(self, values: Mapping[str, Tensor], weight: int = 1) -> None:
        """Add one value of each name.

        Args:
            values: Scalar tensors by name, on the model's device; their gradients are dropped.
            weight: How often each value counts; the number of glyphs, where a value is the mean over a batch.
        """
        if self.muted:
            values, weight = {name: torch.zeros_like(value) for name, value in values.items()}, 0
        for name, value in values.items():
            value = value.detach() * weight if weight != 1 else value.detach()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._weights[name] = self._weights.get(name, 0) + weight

    @property
    def names(self) -> set[str]:
        """The names of the values that were added since the means were taken."""
        return set(self._sums)

    def take(self, reduce: Callable[[Tensor], Tensor] = lambda tensor: tensor) -> dict[str, float]:
        """Return the mean of each name and start from scratch. The device is waited for here and nowhere else.

        Args:
            reduce: Sums a float64 tensor ``(K,)`` over all processes.
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

"""What a glyph is conditioned on, its class and its style, as vectors that a network takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Encoding = Literal["onehot", "embedding"]
Unit = tuple[tuple[str, int], ...]
"""What one value of a vector belongs to: ``(("class", 3),)`` to the glyphs of class 3; ``()`` to all glyphs alike."""


class Condition(nn.Module):
    """Encode the indices of each condition (class, style, ...).

    ``onehot`` gives each its one-hot vector; ``embedding`` adds up one learned vector for each, so that the width does
    not depend on the number of classes.

    Args:
        sizes: How many values each condition takes, such as ``{"class": 26, "style": 2}``.
        encoding: ``onehot`` or ``embedding``.
        dim: The width of an embedding; one-hot vectors are ``sum(sizes)`` wide in all.

    Attributes:
        names: The conditions, in the order of their indices.
        width: The length of the vector that :meth:`forward` returns; 0 without any condition.
    """

    def __init__(self, sizes: Mapping[str, int], encoding: Encoding = "onehot", dim: int = 32) -> None:
        super().__init__()
        self.sizes = dict(sizes)
        self.names = tuple(sizes)
        self.tables = nn.ModuleList(nn.Embedding(size, dim) for size in sizes.values() if encoding == "embedding")
        self.width = (dim if self.tables else sum(sizes.values())) if sizes else 0

    def units(self) -> dict[str, tuple[Unit, ...]]:
        """Return what each value of the vectors that :meth:`encode` returns belongs to, by the same names."""
        if self.tables:
            return {"condition": ((),) * self.width}
        return {name: tuple(((name, index),) for index in range(size)) for name, size in self.sizes.items()}

    def encode(self, indices: Tensor) -> dict[str, Tensor]:
        """Return the vectors ``(N, ...)`` for indices int64 ``(N, C)`` by the name of each; embeddings as one sum.

        Without any condition there is none, whatever the indices: a network need not take what another one takes.
        """
        if not self.names:
            return {}
        if self.tables:
            vectors = [table(column) for table, column in zip(self.tables, indices.T, strict=True)]
            return {"condition": torch.stack(vectors).sum(0)}
        columns = zip(self.sizes.items(), indices.T, strict=True)
        return {name: F.one_hot(column, size).float() for (name, size), column in columns}

    def forward(self, indices: Tensor) -> Tensor:
        """Return one vector ``(N, width)`` for indices int64 ``(N, C)``."""
        return torch.cat([indices.new_zeros(len(indices), 0).float(), *self.encode(indices).values()], dim=1)


class Dense(nn.Linear):
    """A fully connected layer that knows which of its inputs are one-hot conditions.

    Args:
        units: What each input belongs to.
        outputs: Number of outputs.
        bias: Whether a bias is added.
    """

    def __init__(self, units: Sequence[Unit], outputs: int, bias: bool = True) -> None:
        super().__init__(len(units), outputs, bias)
        self.units = tuple(units)

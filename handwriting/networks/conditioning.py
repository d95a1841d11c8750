"""What a glyph is asked to be - its class, its style - as one vector that a network can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Encoding = Literal["onehot", "embedding"]


class Condition(nn.Module):
    """Encode the indices of each condition (class, style, ...) as one vector.

    ``onehot`` joins the one-hot vectors of all conditions; ``embedding`` adds up one learned vector for each, so that
    its width does not depend on the number of classes. Without any condition the vector is empty.

    Args:
        sizes: How many values each condition takes, such as ``(26, 2)`` for 26 letters in two styles.
        encoding: ``onehot`` or ``embedding``.
        dim: The width of an embedding; one-hot vectors are ``sum(sizes)`` wide.

    Attributes:
        width: The length of the vector that :meth:`forward` returns.
    """

    def __init__(self, sizes: Sequence[int], encoding: Encoding = "onehot", dim: int = 32) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        self.tables = nn.ModuleList(nn.Embedding(size, dim) for size in sizes if encoding == "embedding")
        self.width = (dim if self.tables else sum(sizes)) if sizes else 0

    def forward(self, indices: Tensor) -> Tensor:
        """Return ``(N, width)`` for indices int64 ``(N, len(sizes))``."""
        if self.tables:
            return torch.stack([table(column) for table, column in zip(self.tables, indices.T, strict=True)]).sum(0)
        columns = [F.one_hot(column, size) for size, column in zip(self.sizes, indices.T, strict=True)]
        return torch.cat([indices.new_zeros(len(indices), 0), *columns], dim=1).float()

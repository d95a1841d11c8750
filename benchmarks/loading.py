"""Batches by GlyphLoader, compared with pure indexing and with a DataLoader that fetches glyph by glyph."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.timing import Benchmark, measure_rate
from handwriting.data.loading.loader import GlyphLoader
from handwriting.glyphs import Glyphs


def by_our_loader(glyphs: Glyphs, batch_size: int) -> Benchmark:
    """Return a benchmark of whole epochs of GlyphLoader."""
    loader = GlyphLoader(glyphs, batch_size, training=True)
    return lambda seconds: measure_rate(lambda: sum(len(batch.image) for batch in loader), seconds)


def by_indexing(glyphs: Glyphs, batch_size: int) -> Benchmark:
    """Return a benchmark that only indexes shuffled images and labels: an upper bound for every loader."""
    images, labels = torch.tensor(glyphs.images), torch.tensor(glyphs.labels)

    def once() -> int:
        seen = 0
        for index in torch.randperm(len(images)).split(batch_size):
            batch, _ = images.index_select(0, index) / 255, labels.index_select(0, index)
            seen += len(batch)
        return seen

    return lambda seconds: measure_rate(once, seconds)


class _OneByOne(Dataset[tuple[Tensor, int]]):
    def __init__(self, glyphs: Glyphs) -> None:
        self.images, self.labels = torch.tensor(glyphs.images), glyphs.labels.tolist()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.images[index] / 255, self.labels[index]


def by_data_loader(glyphs: Glyphs, batch_size: int) -> Benchmark:
    """Return a benchmark of whole shuffled epochs of torch's DataLoader, without worker processes."""
    loader = DataLoader(_OneByOne(glyphs), batch_size, shuffle=True)
    return lambda seconds: measure_rate(lambda: sum(len(images) for images, _ in loader), seconds)

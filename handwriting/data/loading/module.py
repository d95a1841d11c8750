"""GlyphData: the one DataModule, over whatever source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray

from handwriting.data.loading.loader import Batch, GlyphLoader, Steps
from handwriting.data.loading.settings import Loading
from handwriting.data.sources.base import GlyphSource
from handwriting.glyphs import Glyphs

__all__ = ["Batch", "GlyphData", "GlyphLoader"]


class GlyphData(pl.LightningDataModule):
    """The glyphs of a source, served in batches.

    After :meth:`setup`, ``train``, ``val`` and ``test`` hold the prepared glyphs, ``report`` what each step of their
    preparation removed or added, and ``whole`` the training glyphs before outliers, balancing and styles.

    Args:
        source: Where the glyphs come from.
        read: What the source's ``read`` returned, where it was called before; released once it is prepared.
        loading: How batches are made.
    """

    train: Glyphs
    val: Glyphs
    test: Glyphs
    whole: Glyphs
    report: dict[str, int]

    def __init__(
        self, source: GlyphSource, read: tuple[Glyphs, Glyphs] | None = None, loading: Loading | None = None
    ) -> None:
        super().__init__()
        self.source = source
        self._read = read
        self.loading = loading or Loading()

    def setup(self, stage: str = "fit") -> None:
        """Read and prepare the glyphs; whatever the stage, once."""
        if hasattr(self, "train"):
            return
        train, test = self._read or self.source.read()
        self._read = None
        self.train, self.val, self.test, self.report, _, self.whole = self.source.prepared(train, test)

    def set_up_again(self, held_out: Mapping[str, NDArray[np.uint64]]) -> None:
        """Read and prepare the glyphs once more, holding out those that an earlier session held out.

        Args:
            held_out: The hashes of those glyphs, by the part that they are in, as :attr:`GlyphSource.held_out`.
        """
        self.source.held_before = held_out
        self.source.skipped.clear()
        del self.train
        self.setup()

    def __str__(self) -> str:
        """Show the source; Lightning's own text expects the data sets of torch."""
        return repr(self.source)

    @property
    def batch_size(self) -> int:
        """Glyphs in a batch, on each device."""
        return self.loading.batch_size

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.train.alphabet

    @property
    def style_names(self) -> tuple[str, ...]:
        """The names of the styles; empty where there are none."""
        return self.train.style_names

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with any training glyph, as prepared."""
        return self.train.fingerprint()

    def train_dataloader(self) -> Steps:
        """Return shuffled and augmented training batches, some in each step."""
        return Steps(self._loader(self.train, training=True), self.loading.batches_per_step)

    def val_dataloader(self) -> GlyphLoader:
        """Return the validation set, in order."""
        return self._loader(self.val)

    def test_dataloader(self) -> GlyphLoader:
        """Return the test set, in order."""
        return self._loader(self.test)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Return a batch, or a step of several, as it is: the loader has made it where it is wanted."""
        return batch

    def _loader(self, glyphs: Glyphs, training: bool = False) -> GlyphLoader:
        trainer = self.trainer
        return GlyphLoader(
            glyphs,
            self.loading.batch_size,
            training=training,
            augment=self.loading.augment,
            seed=self.loading.seed,
            epoch=lambda: trainer.current_epoch if trainer else 0,
            device=trainer.strategy.root_device if trainer else torch.device("cpu"),
            rank=trainer.global_rank if trainer else 0,
            world_size=trainer.world_size if trainer else 1,
        )

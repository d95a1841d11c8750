"""A limit in batches or glyphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
from pydantic import PositiveInt

from handwriting.callbacks.base import RunCallback, batch_size
from handwriting.models.base import GlyphModel


@dataclass(eq=False)
class Limit(RunCallback):
    """End training after a number of batches or glyphs, counted from the start of the run and over all processes.

    ``trainer.max_steps`` counts optimizer steps, of which a GAN takes two for each batch.

    Attributes:
        max_batches: The largest number of batches; None for no limit.
        max_samples: The number of glyphs after which the current batch is the last; None for no limit.
    """

    max_batches: PositiveInt | None = None
    max_samples: PositiveInt | None = None

    def batches(self, size: int) -> int | None:
        """Return the number of batches of ``size`` glyphs after which training ends; None for no limit."""
        limits = [self.max_batches, self.max_samples and -(-self.max_samples // size)]
        return min((limit for limit in limits if limit), default=None)

    def on_train_start(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Let the model stop within a step; end at once where a resumed run has reached the limit before."""
        each = batch_size(trainer) * trainer.world_size
        pl_module.batch_limit = self.batches(each)
        self._stop(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: GlyphModel, outputs: Any, batch: Any, batch_idx: int  # type: ignore[override]
    ) -> None:  # fmt: skip
        """Stop once the limit is reached."""
        self._stop(trainer, pl_module)

    @staticmethod
    def _stop(trainer: pl.Trainer, model: GlyphModel) -> None:
        if model.batch_limit is not None and model.batches >= model.batch_limit:
            trainer.should_stop = True

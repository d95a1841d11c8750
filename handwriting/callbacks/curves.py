"""losses.png."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytorch_lightning as pl
from pydantic import NonNegativeFloat

from handwriting.callbacks.base import RunCallback
from handwriting.plots.curves import draw_losses, figure_bytes
from handwriting.runs import MetricsFile


@dataclass(eq=False)
class Curves(RunCallback):
    """Draw every logged value, training and validation in the same axes: ``losses.png``.

    Attributes:
        every_seconds: Drawing takes about a second, so it is done no more often than this, and when training ends.
    """

    every_seconds: NonNegativeFloat = 60.0

    def __post_init__(self) -> None:
        """Start the clock."""
        self._drawn = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw, where the last drawing is old."""
        if time.monotonic() - self._drawn > self.every_seconds:
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw once more."""
        self._draw(trainer, pl_module)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Draw what there is: it shows what went wrong."""
        self._draw(trainer, pl_module)

    def _draw(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        rows = MetricsFile(self.folder(trainer) / "metrics.csv").read()
        if trainer.is_global_zero and rows:
            title = f"{type(model).__name__}, {self.folder(trainer).name}"
            self.save(trainer, "losses.png", figure_bytes(draw_losses(rows, title)))
        self._drawn = time.monotonic()

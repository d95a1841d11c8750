"""losses.png: the curves of everything that was logged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytorch_lightning as pl
from pydantic import NonNegativeFloat

from handwriting.callbacks.base import RunCallback
from handwriting.plots.curves import draw_losses, figure_bytes
from handwriting.runs import MetricsFile


@dataclass(eq=False)
class Curves(RunCallback):
    """Draw every logged value, training and validation in the same axes: ``losses.png``.

    Attributes:
        every_seconds: The least time between two drawings in seconds, since each takes about one; the last one is
            drawn when training ends.
    """

    pictures: ClassVar[Mapping[str, str]] = {"losses.png": "Losses and metrics"}

    every_seconds: NonNegativeFloat = 60.0

    def __post_init__(self) -> None:
        """Start the clock."""
        self._drawn = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw where the last drawing is old enough."""
        if time.monotonic() - self._drawn > self.every_seconds:
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the complete curves."""
        self._draw(trainer, pl_module)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Draw the curves so far: they show what went wrong."""
        self._draw(trainer, pl_module)

    def _draw(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        rows = MetricsFile(self.folder(trainer) / "metrics.csv").read()
        if trainer.is_global_zero and rows:
            title = f"{type(model).__name__}, {self.folder(trainer).name}"
            self.save(trainer, "losses.png", figure_bytes(draw_losses(rows, title)))
        self._drawn = time.monotonic()

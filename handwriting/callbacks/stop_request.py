"""Ending a run from outside."""

from __future__ import annotations

from dataclasses import dataclass

import pytorch_lightning as pl

from handwriting.callbacks.base import RunCallback
from handwriting.runs.folder import STOP_FILE


@dataclass(eq=False)
class StopRequest(RunCallback):
    """End the run after the epoch in which a file called ``stop`` was put into its folder.

    A sweep does so with a trial that is not worth its time; a person with ``touch runs/<folder>/stop``. The run can be
    gone on with later.

    Attributes:
        reason: What the file said, once the run was asked to stop.
    """

    def __post_init__(self) -> None:
        """Nobody has asked yet."""
        self.reason: str | None = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look for the file, in the first process; the others do as it does."""
        if trainer.strategy.broadcast(self._asked(trainer)):
            trainer.should_stop = True

    def _asked(self, trainer: pl.Trainer) -> bool:
        file = self.folder(trainer) / STOP_FILE
        if trainer.is_global_zero and file.is_file():
            self.reason = file.read_text("utf-8", "replace").strip() or "asked to stop"
            file.unlink()
        return self.reason is not None
